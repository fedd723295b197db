/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/arguments.h"

#include "scan/address.h"
#include "scan/slice.h"

#define DAY_SECONDS 86400
#define YEAR_MIN 1970
#define YEAR_MAX 9998
#define HELP_COLUMN 26

/* An option of the command itself. */
typedef struct _PkOwnOption
{
  const gchar *name;
  const gchar *argument;                                                  /* as help shows it; NULL: takes none */
  guint commands;                                                         /* PK_FOR_* */
  gboolean (*set)(PkArguments *self, const gchar *value, GError **error); /* value is NULL where there is none */
  const gchar *help;
} PkOwnOption;

static gboolean
_refuse(const gchar *name, const gchar *value, const gchar *permitted, GError **error)
{
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: \"%s\" is not permitted, it takes %s", name, value,
              permitted);
  return FALSE;
}

static gboolean
_set_truth(PkArguments *self, const gchar *value, GError **error)
{
  self->truth = value;
  return TRUE;
}

static gboolean
_set_source(PkArguments *self, const gchar *value, GError **error)
{
  if (!pk_addr_parse(pk_slice_from_string(value), &self->source) || pk_addr_is_unspecified(&self->source))
    return _refuse("source", value, "an IPv4 or IPv6 address", error);
  return TRUE;
}

static gboolean
_set_format(PkArguments *self, const gchar *value, GError **error)
{
  if (g_str_equal(value, "text"))
    self->format = PK_FORMAT_TEXT;
  else if (g_str_equal(value, "json"))
    self->format = PK_FORMAT_JSON;
  else
    return _refuse("format", value, "one of text, json", error);
  return TRUE;
}

static gboolean
_set_year(PkArguments *self, const gchar *value, GError **error)
{
  guint64 year;

  if (!pk_number_parse(pk_slice_from_string(value), YEAR_MAX, &year) || year < YEAR_MIN)
    return _refuse("year", value, "a year from 1970 to 9998", error);
  self->year = (gint) year;
  return TRUE;
}

/* "+HH:MM" to seconds. */
static gboolean
_parse_utc_offset(PkSlice text, gint *ret_seconds)
{
  guint64 hours, minutes;

  if (text.len != 6 || (text.data[0] != '+' && text.data[0] != '-') || text.data[3] != ':')
    return FALSE;
  if (!pk_number_parse(pk_slice(text.data + 1, 2), 14, &hours) ||
      !pk_number_parse(pk_slice(text.data + 4, 2), 59, &minutes))
    return FALSE;
  *ret_seconds = (gint) (hours * 60 + minutes) * (text.data[0] == '-' ? -60 : 60);
  return TRUE;
}

static gboolean
_set_utc_offset(PkArguments *self, const gchar *value, GError **error)
{
  if (!_parse_utc_offset(pk_slice_from_string(value), &self->utc_offset_seconds))
    return _refuse("utc-offset", value, "an offset such as +01:00 or -08:00", error);
  self->has_utc_offset = TRUE;
  return TRUE;
}

static gboolean
_set_scope(PkArguments *self, const gchar *value, GError **error)
{
  if (g_str_equal(value, "host"))
    self->scope_is_host = TRUE;
  else if (g_str_equal(value, "none"))
    self->scope_is_host = FALSE;
  else
    return _refuse("scope", value, "one of host, none", error);
  return TRUE;
}

static gboolean
_set_stats(PkArguments *self, const gchar *value, GError **error)
{
  self->stats = TRUE;
  return TRUE;
}

static gboolean
_set_help(PkArguments *self, const gchar *value, GError **error)
{
  self->help = TRUE;
  return TRUE;
}

static const PkOwnOption OWN_OPTIONS[] = {
  { "truth", "LABELS", PK_FOR_SCORE, _set_truth, "what the files really hold; must be given, see the manual page" },
  { "source", "ADDRESS", PK_FOR_EXPLAIN, _set_source,
    "tell what was seen of this source in the files, in text, and why it was reported or not" },
  { "format", "FORMAT", PK_FOR_REPLAY | PK_FOR_DIALECTS, _set_format,
    "text, a line to read, or json, an object a line [default text]" },
  { "format", "FORMAT", PK_FOR_SCORE, _set_format, "text, a report to read, or json, one object [default text]" },
  { "year", "YYYY", PK_FOR_REPLAY | PK_FOR_EXPLAIN | PK_FOR_SCORE, _set_year,
    "the year of stamps that have none [default: the latest that is not in the future]" },
  { "utc-offset", "+HH:MM", PK_FOR_REPLAY | PK_FOR_EXPLAIN | PK_FOR_SCORE, _set_utc_offset,
    "the zone of stamps that have none [default: the local zone as it was then]" },
  { "scope", "SCOPE", PK_FOR_REPLAY | PK_FOR_EXPLAIN | PK_FOR_SCORE, _set_scope,
    "host: the same source seen by two log hosts is two sources; or none [default none]" },
  { "stats", NULL, PK_FOR_REPLAY, _set_stats, "print counters to standard error at the end" },
  { "help", NULL, PK_FOR_REPLAY | PK_FOR_EXPLAIN | PK_FOR_SCORE | PK_FOR_DIALECTS, _set_help, "print this" },
};

static const PkOwnOption *
_find_own(guint command, PkSlice name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(OWN_OPTIONS); i++)
    if ((OWN_OPTIONS[i].commands & command) && pk_slice_equals(name, pk_slice_from_string(OWN_OPTIONS[i].name)))
      return &OWN_OPTIONS[i];
  return NULL;
}

static const PkOption *
_find_engine(PkSlice name)
{
  gsize n;
  const PkOption *table = pk_option_table(&n);

  for (gsize i = 0; i < n; i++)
    if (!table[i].for_hosts && pk_slice_equals(name, pk_slice_from_string(table[i].name)))
      return &table[i];
  return NULL;
}

/* ---- the command line ------------------------------------------------------ */

/* "--NAME" or "--NAME=VALUE" as it stands, and the word after it. */
typedef struct _PkArgument
{
  PkSlice name;       /* without the dashes */
  const gchar *value; /* NULL: the next word */
} PkArgument;

static PkArgument
_split_argument(const gchar *word)
{
  PkSlice name = pk_slice_from_string(word + 2);
  gssize equals = pk_slice_find_char(name, '=');

  if (equals < 0)
    return (PkArgument){ name, NULL };
  return (PkArgument){ pk_slice(name.data, equals), name.data + equals + 1 };
}

/* Moves *argv to the value if that is a word of its own. */
static const gchar *
_take_value(const PkArgument *argument, gchar *const **argv, GError **error)
{
  if (argument->value)
    return argument->value;
  if ((*argv)[1])
    return *++*argv;

  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s needs a value", argument->name.data);
  return NULL;
}

static gboolean
_parse_own(PkArguments *self, const PkOwnOption *option, const PkArgument *argument, gchar *const **argv,
           GError **error)
{
  const gchar *value = NULL;

  if (option->argument)
    {
      value = _take_value(argument, argv, error);
      if (!value)
        return FALSE;
    }
  else if (argument->value)
    {
      g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s takes no value", option->name);
      return FALSE;
    }
  return option->set(self, value, error);
}

static gboolean
_parse_engine(PkArguments *self, const PkOption *option, const PkArgument *argument, gchar *const **argv,
              GError **error)
{
  const gchar *value = _take_value(argument, argv, error);

  return value && pk_options_set(&self->engine, option->name, value, error);
}

static gboolean
_parse_option(PkArguments *self, guint command, gchar *const **argv, GError **error)
{
  PkArgument argument = _split_argument(**argv);
  const PkOwnOption *own = _find_own(command, argument.name);
  const PkOption *engine = _find_engine(argument.name);

  if (own)
    return _parse_own(self, own, &argument, argv, error);
  if (engine)
    return _parse_engine(self, engine, &argument, argv, error);
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "unknown option \"--%.*s\"",
              (gint) argument.name.len, argument.name.data);
  return FALSE;
}

static gboolean
_parse_word(PkArguments *self, guint command, gchar *const **argv, gboolean *only_inputs, GError **error)
{
  gchar *word = **argv;

  if (*only_inputs || word[0] != '-' || word[1] == '\0')
    {
      g_ptr_array_add(self->inputs, word);
      return TRUE;
    }
  if (g_str_equal(word, "--"))
    {
      *only_inputs = TRUE;
      return TRUE;
    }
  if (g_str_equal(word, "-h"))
    return _set_help(self, NULL, error);
  if (word[1] == '-')
    return _parse_option(self, command, argv, error);

  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "unknown option \"%s\"", word);
  return FALSE;
}

static gboolean
_check_truth(const PkArguments *self, guint command, GError **error)
{
  if (command != PK_FOR_SCORE || self->truth)
    return TRUE;
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "no --truth given; it says what the files really hold");
  return FALSE;
}

static gboolean
_parse_words(PkArguments *self, guint command, gchar *const *argv, GError **error)
{
  gboolean only_inputs = FALSE;

  for (; *argv && !self->help; argv++)
    if (!_parse_word(self, command, &argv, &only_inputs, error))
      return FALSE;
  return self->help || (_check_truth(self, command, error) && pk_options_check(&self->engine, error));
}

gboolean
pk_arguments_parse(guint command, gchar *const *argv, PkArguments *ret_arguments, GError **error)
{
  PkArguments self = { .inputs = g_ptr_array_new() };

  pk_options_init(&self.engine);
  self.engine.single_shard = TRUE;
  if (!_parse_words(&self, command, argv, error))
    {
      pk_arguments_clear(&self);
      return FALSE;
    }
  *ret_arguments = self;
  return TRUE;
}

void
pk_arguments_clear(PkArguments *self)
{
  pk_options_clear(&self->engine);
  g_ptr_array_free(self->inputs, TRUE);
}

/* ---- the clock -------------------------------------------------------------- */

static gint
_local_offset_seconds(gint64 now_usec)
{
  GTimeZone *zone = g_time_zone_new_local();
  gint interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, now_usec / G_USEC_PER_SEC);
  gint offset_seconds = interval < 0 ? 0 : g_time_zone_get_offset(zone, interval);

  g_time_zone_unref(zone);
  return offset_seconds;
}

/* The moment from which every stamp falls into year: see PkClock. */
static gint64
_last_moment_usec(gint year, gint utc_offset_seconds)
{
  GDateTime *next_year = g_date_time_new_utc(year + 1, 1, 1, 0, 0, 0);
  gint64 next_year_seconds = g_date_time_to_unix(next_year) - utc_offset_seconds;

  g_date_time_unref(next_year);
  return (next_year_seconds - DAY_SECONDS) * G_USEC_PER_SEC - 1;
}

PkClock
pk_arguments_clock(const PkArguments *self, gint64 now_usec)
{
  PkClock clock = { .now_usec = now_usec };

  clock.utc_offset_seconds = self->has_utc_offset ? self->utc_offset_seconds : _local_offset_seconds(now_usec);
  if (self->year)
    clock.now_usec = _last_moment_usec(self->year, clock.utc_offset_seconds);
  return clock;
}

/* ---- help -------------------------------------------------------------------- */

static void
_append_name(GString *out, const gchar *name, const gchar *argument)
{
  gsize start = out->len;

  g_string_append_printf(out, "  --%s %s", name, argument ? argument : "");
  while (out->len - start < HELP_COLUMN)
    g_string_append_c(out, ' ');
}

static void
_append_integer_range(GString *out, const PkOption *option)
{
  const gchar *space = option->unit && option->unit[0] ? " " : "";

  g_string_append_printf(out, " [%d..%d%s%s", option->min, option->max, space, option->unit ? option->unit : "");
  if (option->default_value >= option->min)
    g_string_append_printf(out, "; default %d", option->default_value);
  g_string_append(out, "]");
}

static void
_append_words(GString *out, const PkOption *option)
{
  for (gsize i = 0; option->words[i]; i++)
    g_string_append_printf(out, "%s%s", i ? "|" : " [", option->words[i]);
  g_string_append_printf(out, "; default %s]", option->words[option->default_value]);
}

static gboolean
_is_on(const PkOption *option, gsize i)
{
  return (option->default_value >> i) & 1;
}

static gboolean
_are_all_on(const PkOption *option)
{
  for (gsize i = 0; option->words[i]; i++)
    if (!_is_on(option, i))
      return FALSE;
  return TRUE;
}

static void
_append_word_list(GString *out, const PkOption *option)
{
  const gchar *comma = "";

  for (gsize i = 0; option->words[i]; i++)
    g_string_append_printf(out, "%s%s", i ? "|" : " [", option->words[i]);
  g_string_append(out, "; default ");
  if (_are_all_on(option))
    g_string_append(out, "all");
  for (gsize i = 0; option->words[i] && !_are_all_on(option); i++)
    if (_is_on(option, i))
      {
        g_string_append_printf(out, "%s%s", comma, option->words[i]);
        comma = ",";
      }
  g_string_append_c(out, ']');
}

static void
_append_engine_option(GString *out, const PkOption *option)
{
  static const gchar *const arguments[] = {
    [PK_OPTION_INTEGER] = "N",      [PK_OPTION_WORD] = "WORD",     [PK_OPTION_WORDS] = "WORDS",
    [PK_OPTION_STRINGS] = "STRING", [PK_OPTION_ENTRIES] = "ENTRY", [PK_OPTION_PATH] = "FILE",
  };

  _append_name(out, option->name, arguments[option->type]);
  g_string_append(out, option->help);
  if (option->type == PK_OPTION_INTEGER)
    _append_integer_range(out, option);
  else if (option->type == PK_OPTION_WORD)
    _append_words(out, option);
  else if (option->type == PK_OPTION_WORDS)
    _append_word_list(out, option);
  g_string_append_c(out, '\n');
}

void
pk_arguments_append_help(guint command, GString *out)
{
  gsize n;
  const PkOption *table = pk_option_table(&n);

  g_string_append(out, "Options:\n");
  for (gsize i = 0; i < G_N_ELEMENTS(OWN_OPTIONS); i++)
    if (OWN_OPTIONS[i].commands & command)
      {
        _append_name(out, OWN_OPTIONS[i].name, OWN_OPTIONS[i].argument);
        g_string_append_printf(out, "%s\n", OWN_OPTIONS[i].help);
      }
  if (command == PK_FOR_DIALECTS)
    return;
  g_string_append(out, "\nEngine options, as in the configuration of syslog-ng:\n");
  for (gsize i = 0; i < n; i++)
    if (!table[i].for_hosts)
      _append_engine_option(out, &table[i]);
}
