/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-options.h"

#include <string.h>

#include "engine/allow-line.h"
#include "engine/allow.h"
#include "engine/signs.h"
#include "scan/slice.h"

/* A log prefix that iptables or nftables accepts has at most 127 bytes. */
#define PREFIX_BYTES_MAX 127
/* Of PATH_MAX, a NUL. */
#define PATH_BYTES_MAX 4095
/* How often an option may be given. */
#define STRINGS_MAX 256

static const gchar *const CONFIDENCE_WORDS[] = { "low", "medium", "high", "confirmed", NULL };
static const gchar *const ALERT_ON_WORDS[] = { "window", "daemon", "client", "host", NULL };
/* As pk_sign_name() has them, by number: a test compares. */
static const gchar *const SIGN_WORDS[PK_N_SIGNS + 1] = { "scanner",
                                                         "retries",
                                                         "unsettled",
                                                         "other_ports",
                                                         "other_destinations",
                                                         "one_source_port",
                                                         "scanner_packet",
                                                         "service_ports",
                                                         "consecutive_ports",
                                                         "periodic",
                                                         "repeated_inside",
                                                         "retried_ports",
                                                         "shared_list",
                                                         NULL };

/* clang-format off */
static const PkOption OPTIONS[] =
{
  { "window", PK_OPTION_INTEGER, 1, 3600, 30, "seconds", NULL,
    "hits of a source are kept for this long (event time)", G_STRUCT_OFFSET(PkOptions, window_seconds) },
  { "settle", PK_OPTION_INTEGER, 1, 3600, 10, "seconds", NULL,
    "a candidate is judged when no new attempt came for this long; at most window",
    G_STRUCT_OFFSET(PkOptions, settle_seconds) },
  { "min-ports", PK_OPTION_INTEGER, 2, 32, 3, "distinct ports", NULL,
    "fewer are no knock", G_STRUCT_OFFSET(PkOptions, min_ports) },
  { "max-ports", PK_OPTION_INTEGER, 2, 31, 8, "distinct ports", NULL,
    "more are a scan; at least min-ports", G_STRUCT_OFFSET(PkOptions, max_ports) },
  { "min-packets", PK_OPTION_INTEGER, 2, 32, 3, "attempts", NULL,
    "fewer are no knock; at least min-ports", G_STRUCT_OFFSET(PkOptions, min_packets) },
  { "max-packets", PK_OPTION_INTEGER, 2, 31, 12, "attempts", NULL,
    "more are the sign retries; at least min-packets", G_STRUCT_OFFSET(PkOptions, max_packets) },
  { "min-duration", PK_OPTION_INTEGER, 0, 3600, 0, "seconds", NULL,
    "a shorter knock is not reported; at most window", G_STRUCT_OFFSET(PkOptions, min_duration_seconds) },
  { "scan-memory", PK_OPTION_INTEGER, 60, 86400, 3600, "seconds", NULL,
    "a source that scanned counts as a scanner for this long", G_STRUCT_OFFSET(PkOptions, scan_memory_seconds) },
  { "confirm-window", PK_OPTION_INTEGER, 1, 3600, 120, "seconds", NULL,
    "what proves a knock comes within this long after it", G_STRUCT_OFFSET(PkOptions, confirm_window_seconds) },
  { "cooldown", PK_OPTION_INTEGER, 0, 86400, 300, "seconds", NULL,
    "the same knock is not reported again for this long", G_STRUCT_OFFSET(PkOptions, cooldown_seconds) },
  { "min-confidence", PK_OPTION_WORD, 0, 0, PK_CONFIDENCE_MEDIUM, "", CONFIDENCE_WORDS,
    "alerts below are counted, not written", G_STRUCT_OFFSET(PkOptions, min_confidence) },
  { "max-sources", PK_OPTION_INTEGER, 1024, 16777216, 262144, "sources", NULL,
    "hard cap of sources remembered", G_STRUCT_OFFSET(PkOptions, max_sources) },
  { "max-windows", PK_OPTION_INTEGER, 64, 16777216, 0, "sources", NULL,
    "hard cap of sources with several attempts; default max-sources/16, at most max-sources",
    G_STRUCT_OFFSET(PkOptions, max_windows) },
  { "max-alerts", PK_OPTION_INTEGER, 1, 10000, 60, "a minute", NULL,
    "more alerts are counted, not written", G_STRUCT_OFFSET(PkOptions, max_alerts) },
  { "signs", PK_OPTION_WORDS, 0, 0, PK_SIGNS_ALL, "", SIGN_WORDS,
    "what makes a candidate low; all,-WORD turns one off", G_STRUCT_OFFSET(PkOptions, signs) },
  { "alert-on", PK_OPTION_WORDS, 0, 0, PK_ALERT_ON_WINDOW, "", ALERT_ON_WORDS,
    "what becomes an alert; window: knocks in denials, and all confirmations", G_STRUCT_OFFSET(PkOptions, alert_on) },
  { "known-sequences", PK_OPTION_PATH, 0, 0, 0, "", NULL,
    "file of known knocks instead of those built in; \"\" for none", G_STRUCT_OFFSET(PkOptions, known_sequences) },
  { "ipv6-prefix", PK_OPTION_INTEGER, 32, 128, 64, "bits", NULL,
    "IPv6 sources are remembered by their network of that size", G_STRUCT_OFFSET(PkOptions, ipv6_prefix) },
  { "heartbeat", PK_OPTION_INTEGER, 0, 86400, 0, "seconds", NULL,
    "a relay says this often that it works; 0: never", G_STRUCT_OFFSET(PkOptions, heartbeat_seconds), TRUE },
  { "deny-prefix", PK_OPTION_STRINGS, 0, 0, 0, "", NULL,
    "netfilter log prefix that means a denial; may be repeated", G_STRUCT_OFFSET(PkOptions, deny_prefix) },
  { "accept-prefix", PK_OPTION_STRINGS, 0, 0, 0, "", NULL,
    "netfilter log prefix that means a permitted connection; may be repeated",
    G_STRUCT_OFFSET(PkOptions, accept_prefix) },
  { "allow", PK_OPTION_ENTRIES, 0, 0, 0, "", NULL,
    "a network of which no alert is wanted, and why: \"192.0.2.0/24 our scanners\"; may be repeated",
    G_STRUCT_OFFSET(PkOptions, allow) },
  { "allow-file", PK_OPTION_PATH, 1, 0, 0, "", NULL,
    "a file of such lines", G_STRUCT_OFFSET(PkOptions, allow_file) },
  { "state-file", PK_OPTION_PATH, 1, 0, 0, "", NULL,
    "folder of the file in which state outlives a restart", G_STRUCT_OFFSET(PkOptions, state_file), TRUE },
  { "save-interval", PK_OPTION_INTEGER, 0, 3600, 60, "seconds", NULL,
    "state is saved this often, and when the host stops; 0: only then",
    G_STRUCT_OFFSET(PkOptions, save_interval_seconds), TRUE },
};
/* clang-format on */

G_STATIC_ASSERT(G_N_ELEMENTS(OPTIONS) <= 32); /* bits of PkOptions.given */

G_DEFINE_QUARK(pk - option - error - quark, pk_option_error)

const PkOption *
pk_option_table(gsize *ret_n)
{
  *ret_n = G_N_ELEMENTS(OPTIONS);
  return OPTIONS;
}

static gint *
_integer(PkOptions *self, const PkOption *option)
{
  return G_STRUCT_MEMBER_P(self, option->offset);
}

static gchar **
_path(const PkOptions *self, const PkOption *option)
{
  return G_STRUCT_MEMBER_P(self, option->offset);
}

static GPtrArray **
_strings(const PkOptions *self, const PkOption *option)
{
  return G_STRUCT_MEMBER_P(self, option->offset);
}

static gboolean
_has_strings(const PkOption *option)
{
  return option->type == PK_OPTION_STRINGS || option->type == PK_OPTION_ENTRIES;
}

static const PkOption *
_find(const gchar *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(OPTIONS); i++)
    if (strcmp(OPTIONS[i].name, name) == 0)
      return &OPTIONS[i];
  return NULL;
}

static gboolean
_was_given(const PkOptions *self, const gchar *name)
{
  return (self->given >> (_find(name) - OPTIONS)) & 1;
}

void
pk_options_init(PkOptions *self)
{
  memset(self, 0, sizeof(*self));
  for (gsize i = 0; i < G_N_ELEMENTS(OPTIONS); i++)
    {
      if (_has_strings(&OPTIONS[i]))
        *_strings(self, &OPTIONS[i]) = g_ptr_array_new_with_free_func(g_free);
      else if (OPTIONS[i].type != PK_OPTION_PATH)
        *_integer(self, &OPTIONS[i]) = OPTIONS[i].default_value;
    }
}

void
pk_options_clear(PkOptions *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS(OPTIONS); i++)
    if (_has_strings(&OPTIONS[i]))
      g_clear_pointer(_strings(self, &OPTIONS[i]), g_ptr_array_unref);
    else if (OPTIONS[i].type == PK_OPTION_PATH)
      g_clear_pointer(_path(self, &OPTIONS[i]), g_free);
}

static gpointer
_copy_string(gconstpointer string, gpointer user_data)
{
  return g_strdup(string);
}

void
pk_options_copy(const PkOptions *self, PkOptions *dest)
{
  *dest = *self;
  for (gsize i = 0; i < G_N_ELEMENTS(OPTIONS); i++)
    if (OPTIONS[i].type == PK_OPTION_PATH)
      *_path(dest, &OPTIONS[i]) = g_strdup(*_path(self, &OPTIONS[i]));
    else if (_has_strings(&OPTIONS[i]))
      {
        GPtrArray *copy = g_ptr_array_copy(*_strings(self, &OPTIONS[i]), _copy_string, NULL);

        g_ptr_array_set_free_func(copy, g_free);
        *_strings(dest, &OPTIONS[i]) = copy;
      }
}

static gboolean
_set_integer(PkOptions *self, const PkOption *option, const gchar *value, GError **error)
{
  gint64 number;

  if (!g_ascii_string_to_signed(value, 10, option->min, option->max, &number, NULL))
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE,
                  "%s: \"%s\" is not permitted, it takes a whole number from %d to %d (%s)", option->name, value,
                  option->min, option->max, option->unit);
      return FALSE;
    }
  *_integer(self, option) = (gint) number;
  return TRUE;
}

static gboolean
_set_word(PkOptions *self, const PkOption *option, const gchar *value, GError **error)
{
  gchar *words;

  for (gint i = 0; option->words[i]; i++)
    if (strcmp(option->words[i], value) == 0)
      {
        *_integer(self, option) = i;
        return TRUE;
      }
  words = g_strjoinv(", ", (gchar **) option->words);
  g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "%s: \"%s\" is not permitted, it takes one of %s",
              option->name, value, words);
  g_free(words);
  return FALSE;
}

static gint
_find_word(const PkOption *option, const gchar *word)
{
  for (gint i = 0; option->words[i]; i++)
    if (strcmp(option->words[i], word) == 0)
      return i;
  return -1;
}

/* "all,-periodic": from left to right; a list that begins with "-WORD" begins with all. */
static gboolean
_add_word(const PkOption *option, const gchar *word, gboolean is_first, gint *bits)
{
  gint all = (1 << g_strv_length((gchar **) option->words)) - 1, i;
  gboolean off = word[0] == '-';

  if (strcmp(word, "all") == 0 || strcmp(word, "none") == 0)
    {
      *bits = word[0] == 'a' ? all : 0;
      return TRUE;
    }
  i = _find_word(option, off ? word + 1 : word);
  if (i < 0)
    return FALSE;
  if (is_first)
    *bits = off ? all : 0;
  *bits = off ? *bits & ~(1 << i) : *bits | 1 << i;
  return TRUE;
}

static gboolean
_set_words(PkOptions *self, const PkOption *option, const gchar *value, GError **error)
{
  gchar **given = g_strsplit(value, ",", 0), *words;
  gint bits = 0;
  gboolean ok = given[0] != NULL;

  for (guint i = 0; ok && given[i]; i++)
    ok = _add_word(option, g_strstrip(given[i]), i == 0, &bits);
  g_strfreev(given);
  if (ok)
    {
      *_integer(self, option) = bits;
      return TRUE;
    }
  words = g_strjoinv(", ", (gchar **) option->words);
  g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE,
              "%s: \"%.160s\" is not permitted, it takes all, none, or a comma list of %s, each with - to turn it off",
              option->name, value, words);
  g_free(words);
  return FALSE;
}

static gboolean
_check_length(const PkOption *option, const gchar *value, gsize min, gsize max, GError **error)
{
  gsize len = strlen(value);

  if (len >= min && len <= max)
    return TRUE;
  g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE,
              "%s: \"%.160s\" is not permitted, it takes %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT " characters",
              option->name, value, min, max);
  return FALSE;
}

static gboolean
_check_entry(const PkOption *option, const gchar *value, GError **error)
{
  PkAllowLine line;

  if (pk_allow_line_parse(pk_slice_from_string(value), &line, error))
    return TRUE;
  g_prefix_error(error, "%s: ", option->name);
  return FALSE;
}

static gboolean
_add_string(PkOptions *self, const PkOption *option, const gchar *value, GError **error)
{
  GPtrArray *strings = *_strings(self, option);

  if (strings->len >= STRINGS_MAX)
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "%s: it can be given at most %d times", option->name,
                  STRINGS_MAX);
      return FALSE;
    }
  g_ptr_array_add(strings, g_strdup(value));
  return TRUE;
}

static gboolean
_set_path(PkOptions *self, const PkOption *option, const gchar *value, GError **error)
{
  gchar **path = _path(self, option);

  if (!_check_length(option, value, (gsize) option->min, PATH_BYTES_MAX, error))
    return FALSE;
  g_free(*path);
  *path = g_strdup(value);
  return TRUE;
}

gboolean
pk_options_set(PkOptions *self, const gchar *name, const gchar *value, GError **error)
{
  const PkOption *option = _find(name);
  gboolean ok = FALSE;

  if (!option)
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_UNKNOWN, "%s: there is no such option", name);
      return FALSE;
    }
  switch (option->type)
    {
    case PK_OPTION_INTEGER:
      ok = _set_integer(self, option, value, error);
      break;
    case PK_OPTION_WORD:
      ok = _set_word(self, option, value, error);
      break;
    case PK_OPTION_WORDS:
      ok = _set_words(self, option, value, error);
      break;
    case PK_OPTION_STRINGS:
      ok = _check_length(option, value, 1, PREFIX_BYTES_MAX, error) && _add_string(self, option, value, error);
      break;
    case PK_OPTION_ENTRIES:
      ok = _check_entry(option, value, error) && _add_string(self, option, value, error);
      break;
    case PK_OPTION_PATH:
      ok = _set_path(self, option, value, error);
      break;
    }
  if (ok)
    self->given |= 1u << (option - OPTIONS);
  return ok;
}

/* A default follows an option that the user did set, so that min-ports(5)
 * alone is a valid configuration. */
static void
_derive_defaults(PkOptions *self)
{
  if (!_was_given(self, "settle"))
    self->settle_seconds = MIN(self->settle_seconds, self->window_seconds);
  if (!_was_given(self, "max-ports"))
    self->max_ports = MAX(self->max_ports, MIN(self->min_ports, 31));
  if (!_was_given(self, "min-packets"))
    self->min_packets = MAX(self->min_packets, self->min_ports);
  if (!_was_given(self, "max-packets"))
    self->max_packets = MAX(self->max_packets, MIN(self->min_packets, 31));
  if (!_was_given(self, "max-windows"))
    self->max_windows = self->max_sources / 16;
}

static gboolean
_require(gboolean condition, GError **error, const gchar *name, gint value, const gchar *relation, const gchar *other,
         gint other_value)
{
  if (!condition)
    g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_CONFLICT,
                "%s: %d is not permitted, it must be %s %s, which is %d", name, value, relation, other, other_value);
  return condition;
}

static gboolean
_check_prefixes_differ(const PkOptions *self, GError **error)
{
  for (guint i = 0; i < self->deny_prefix->len; i++)
    {
      const gchar *prefix = g_ptr_array_index(self->deny_prefix, i);

      if (g_ptr_array_find_with_equal_func(self->accept_prefix, prefix, g_str_equal, NULL))
        {
          g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_CONFLICT,
                      "accept-prefix: \"%s\" is not permitted, deny-prefix has it too", prefix);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
pk_options_check(PkOptions *self, GError **error)
{
  _derive_defaults(self);
  return _require(self->settle_seconds <= self->window_seconds, error, "settle", self->settle_seconds, "at most",
                  "window", self->window_seconds) &&
         _require(self->min_duration_seconds <= self->window_seconds, error, "min-duration", self->min_duration_seconds,
                  "at most", "window", self->window_seconds) &&
         _require(self->max_ports >= self->min_ports, error, "max-ports", self->max_ports, "at least", "min-ports",
                  self->min_ports) &&
         _require(self->min_packets >= self->min_ports, error, "min-packets", self->min_packets, "at least",
                  "min-ports", self->min_ports) &&
         _require(self->max_packets >= self->min_packets, error, "max-packets", self->max_packets, "at least",
                  "min-packets", self->min_packets) &&
         _require(self->max_windows <= self->max_sources, error, "max-windows", self->max_windows, "at most",
                  "max-sources", self->max_sources) &&
         _check_prefixes_differ(self, error) && pk_allow_check_lines(self->allow, error);
}
