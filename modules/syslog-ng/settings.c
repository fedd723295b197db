/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "settings.h"

#include <string.h>

/* syslog-ng cuts names of name-value pairs at 255 bytes. */
#define PREFIX_BYTES_MAX 128
#define PERSIST_NAME_BYTES_MAX 128
#define ALLOW_VALUES_MAX 4

static const gchar *const INJECT_MODES[] = { "pass-through", "internal", NULL };
static const gchar *const FIELDS_MODES[] = { "core", "all", "none", NULL };
static const gchar *const USE_TIMES[] = { "message", "received", NULL };
/* The order makes yes 1. */
static const gchar *const YES_NO[] = { "no", "yes", NULL };

/* clang-format off */
static const PkOption WORD_OPTIONS[] =
{
  { "inject-mode", PK_OPTION_WORD, 0, 0, PK_INJECT_PASS_THROUGH, "", INJECT_MODES,
    "where alerts come out", G_STRUCT_OFFSET(PkSettings, inject_mode) },
  { "fields", PK_OPTION_WORD, 0, 0, PK_FIELDS_CORE, "", FIELDS_MODES,
    "name-value pairs of a recognised message", G_STRUCT_OFFSET(PkSettings, fields) },
  { "use-time", PK_OPTION_WORD, 0, 0, PK_USE_TIME_MESSAGE, "", USE_TIMES,
    "which stamp is the time of an event", G_STRUCT_OFFSET(PkSettings, use_time) },
  { "correlate", PK_OPTION_WORD, 0, 0, TRUE, "", YES_NO,
    "no: recognise and tag only", G_STRUCT_OFFSET(PkSettings, correlate) },
};
/* clang-format on */

static gint *
_integer(gconstpointer base, const PkOption *option)
{
  return (gint *) ((gchar *) base + option->offset);
}

void
pk_settings_init(PkSettings *self)
{
  memset(self, 0, sizeof(*self));
  pk_options_init(&self->engine);
  self->prefix = g_strdup(PK_SETTINGS_DEFAULT_PREFIX);
  for (gsize i = 0; i < G_N_ELEMENTS(WORD_OPTIONS); i++)
    *_integer(self, &WORD_OPTIONS[i]) = WORD_OPTIONS[i].default_value;
}

void
pk_settings_clear(PkSettings *self)
{
  pk_options_clear(&self->engine);
  g_clear_pointer(&self->prefix, g_free);
  g_clear_pointer(&self->persist_name, g_free);
}

void
pk_settings_copy(const PkSettings *self, PkSettings *dest)
{
  *dest = *self;
  pk_options_copy(&self->engine, &dest->engine);
  dest->prefix = g_strdup(self->prefix);
  dest->persist_name = g_strdup(self->persist_name);
}

static gboolean
_set_word(PkSettings *self, const PkOption *option, const gchar *value, GError **error)
{
  gchar *words;

  for (gint i = 0; option->words[i]; i++)
    if (strcmp(option->words[i], value) == 0)
      {
        *_integer(self, option) = i;
        return TRUE;
      }
  words = g_strjoinv(", ", (gchar **) option->words);
  g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "%s: \"%.160s\" is not permitted, it takes one of %s",
              option->name, value, words);
  g_free(words);
  return FALSE;
}

/* '@' because ".SDATA.knock@32473." makes the fields structured data. */
static gboolean
_is_name(const gchar *text, gsize max)
{
  static const gchar PERMITTED[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@";
  gsize len = strlen(text);

  return len > 0 && len <= max && strspn(text, PERMITTED) == len;
}

static gboolean
_set_name(gchar **member, const gchar *name, const gchar *value, gsize max, GError **error)
{
  if (!_is_name(value, max))
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE,
                  "%s: \"%.160s\" is not permitted, it takes 1 to %" G_GSIZE_FORMAT
                  " letters, digits and the characters . _ - @",
                  name, value, max);
      return FALSE;
    }
  g_free(*member);
  *member = g_strdup(value);
  return TRUE;
}

static gboolean
_set_one(PkSettings *self, const gchar *name, const gchar *value, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS(WORD_OPTIONS); i++)
    if (strcmp(WORD_OPTIONS[i].name, name) == 0)
      return _set_word(self, &WORD_OPTIONS[i], value, error);
  if (strcmp(name, "prefix") == 0)
    return _set_name(&self->prefix, name, value, PREFIX_BYTES_MAX, error);
  if (strcmp(name, "persist-name") == 0)
    return _set_name(&self->persist_name, name, value, PERSIST_NAME_BYTES_MAX, error);
  return pk_options_set(&self->engine, name, value, error);
}

static gboolean
_refuse(const gchar *name, const gchar *value, const gchar *permitted, GError **error)
{
  g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "%s: \"%.160s\" is not permitted, it takes %s", name,
              value, permitted);
  return FALSE;
}

/* A word of an entry, which a blank would end. */
static gboolean
_append_word(GString *entry, const gchar *name, const gchar *word, GError **error)
{
  if (word[0] == '\0' || strpbrk(word, " \t"))
    return _refuse("allow", word, "a network, a reason, and then perhaps a destination network and a date", error);
  g_string_append_printf(entry, "%s%s ", name, word);
  return TRUE;
}

/* "" stands for one that is not given. */
static gboolean
_append_optional(GString *entry, const gchar *name, const gchar *word, GError **error)
{
  return !word || word[0] == '\0' || _append_word(entry, name, word, error);
}

/* allow("NETWORK" "REASON" ["DESTINATION" ["DATE"]]) as an entry of the file. */
static gboolean
_append_entry(GString *entry, GList *values, GError **error)
{
  const gchar *reason = g_list_nth_data(values, 1), *dest = g_list_nth_data(values, 2);
  const gchar *until = g_list_nth_data(values, 3);

  reason += strspn(reason, " \t");
  if (g_str_has_prefix(reason, "dest=") || g_str_has_prefix(reason, "until="))
    return _refuse("allow", reason, "a reason that begins otherwise", error);
  if (!_append_word(entry, "", values->data, error) || !_append_optional(entry, "dest=", dest, error) ||
      !_append_optional(entry, "until=", until, error))
    return FALSE;
  g_string_append(entry, reason);
  return TRUE;
}

static gboolean
_set_allow(PkSettings *self, GList *values, GError **error)
{
  GString *entry;
  gboolean ok;

  if (g_list_length(values) > ALLOW_VALUES_MAX)
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "allow: it takes %d values at most, not %u",
                  ALLOW_VALUES_MAX, g_list_length(values));
      return FALSE;
    }
  entry = g_string_new(NULL);
  ok = _append_entry(entry, values, error) && pk_options_set(&self->engine, "allow", entry->str, error);
  g_string_free(entry, TRUE);
  return ok;
}

static const PkOption *
_find_engine_option(const gchar *name)
{
  gsize n;
  const PkOption *table = pk_option_table(&n);

  for (gsize i = 0; i < n; i++)
    if (strcmp(table[i].name, name) == 0)
      return &table[i];
  return NULL;
}

static gboolean
_has_words(const gchar *name)
{
  const PkOption *option = _find_engine_option(name);

  return option && option->type == PK_OPTION_WORDS;
}

/* signs(all -periodic) is the same as signs("all,-periodic"). */
static gboolean
_set_words(PkSettings *self, const gchar *name, GList *values, GError **error)
{
  GString *words = g_string_new(values->data);
  gboolean ok;

  for (values = values->next; values; values = values->next)
    g_string_append_printf(words, ",%s", (const gchar *) values->data);
  ok = pk_options_set(&self->engine, name, words->str, error);
  g_string_free(words, TRUE);
  return ok;
}

static gboolean
_may_be_repeated(const gchar *name)
{
  const PkOption *option = _find_engine_option(name);

  return option && option->type == PK_OPTION_STRINGS;
}

static gboolean
_set_all(PkSettings *self, const gchar *name, GList *values, GError **error)
{
  if (values && values->next && strcmp(name, "allow") == 0)
    return _set_allow(self, values, error);
  if (values && values->next && _has_words(name))
    return _set_words(self, name, values, error);
  if (values && values->next && !_may_be_repeated(name))
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "%s: it takes one value, not %u", name,
                  g_list_length(values));
      return FALSE;
    }
  if (!values)
    return _set_one(self, name, "", error);
  for (; values; values = values->next)
    if (!_set_one(self, name, values->data, error))
      return FALSE;
  return TRUE;
}

gboolean
pk_settings_set(PkSettings *self, const gchar *name, GList *values, GError **error)
{
  gchar *canonical = g_strdelimit(g_strdup(name), "_", '-');
  gboolean ok = _set_all(self, canonical, values, error);

  g_free(canonical);
  return ok;
}

static gboolean
_strings_equal(const GPtrArray *self, const GPtrArray *other)
{
  if (self->len != other->len)
    return FALSE;
  for (guint i = 0; i < self->len; i++)
    if (strcmp(g_ptr_array_index(self, i), g_ptr_array_index(other, i)) != 0)
      return FALSE;
  return TRUE;
}

/* The engine reads no allow list, and nothing that is the host's: another one is no reason for another engine. */
static gboolean
_is_of_engine(const PkOption *option)
{
  return !option->for_hosts && option->offset != G_STRUCT_OFFSET(PkOptions, allow) &&
         option->offset != G_STRUCT_OFFSET(PkOptions, allow_file);
}

static gboolean
_option_equals(const PkOption *option, const PkOptions *self, const PkOptions *other)
{
  const gint *left = _integer(self, option), *right = _integer(other, option);

  switch (option->type)
    {
    case PK_OPTION_STRINGS:
    case PK_OPTION_ENTRIES:
      return _strings_equal(*(GPtrArray **) left, *(GPtrArray **) right);
    case PK_OPTION_PATH:
      return g_strcmp0(*(gchar **) left, *(gchar **) right) == 0;
    default:
      return *left == *right;
    }
}

gboolean
pk_settings_engine_equals(const PkOptions *self, const PkOptions *other)
{
  gsize n;
  const PkOption *table = pk_option_table(&n);

  for (gsize i = 0; i < n; i++)
    if (_is_of_engine(&table[i]) && !_option_equals(&table[i], self, other))
      return FALSE;
  return TRUE;
}

/* ---- as text, for the log ---------------------------------------------------- */

static void
_append_set_words(GString *out, const PkOption *option, gint bits)
{
  const gchar *separator = "";

  for (gint i = 0; option->words[i]; i++)
    if (bits & 1 << i)
      {
        g_string_append_printf(out, "%s%s", separator, option->words[i]);
        separator = ",";
      }
}

static void
_append_option(GString *out, const PkOption *option, gconstpointer base)
{
  const gint *member = _integer(base, option);

  g_string_append_printf(out, "%s%s(", out->len > 0 ? " " : "", option->name);
  switch (option->type)
    {
    case PK_OPTION_INTEGER:
      g_string_append_printf(out, "%d", *member);
      break;
    case PK_OPTION_WORD:
      g_string_append(out, option->words[*member]);
      break;
    case PK_OPTION_WORDS:
      _append_set_words(out, option, *member);
      break;
    case PK_OPTION_STRINGS:
    case PK_OPTION_ENTRIES:
      g_string_append_printf(out, "%u values", (*(GPtrArray *const *) member)->len);
      break;
    case PK_OPTION_PATH:
      g_string_append(out, *(gchar *const *) member);
      break;
    }
  g_string_append_c(out, ')');
}

gchar *
pk_settings_describe(const PkSettings *self)
{
  GString *out = g_string_new(NULL);
  gsize n;
  const PkOption *table = pk_option_table(&n);

  for (gsize i = 0; i < n; i++)
    if ((self->engine.given >> i) & 1)
      _append_option(out, &table[i], &self->engine);
  for (gsize i = 0; i < G_N_ELEMENTS(WORD_OPTIONS); i++)
    if (*_integer(self, &WORD_OPTIONS[i]) != WORD_OPTIONS[i].default_value)
      _append_option(out, &WORD_OPTIONS[i], self);
  if (strcmp(self->prefix, PK_SETTINGS_DEFAULT_PREFIX) != 0)
    g_string_append_printf(out, "%sprefix(%s)", out->len > 0 ? " " : "", self->prefix);
  if (self->persist_name)
    g_string_append_printf(out, "%spersist-name(%s)", out->len > 0 ? " " : "", self->persist_name);
  if (out->len == 0)
    g_string_append(out, "defaults");
  return g_string_free(out, FALSE);
}
