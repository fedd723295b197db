/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "cli/arguments.h"
#include "fuzz/fuzz.h"

/* Lines of "NAME VALUE" for the option table, and the same as arguments of the
 * command.  What is refused must say which option and which value; what is not
 * must lie in its range. */

#define ARGUMENTS_MAX 16

static void
_check_refusal(const GError *error, const gchar *name, const gchar *value)
{
  g_assert_true(error->domain == PK_OPTION_ERROR);
  g_assert_true(strncmp(error->message, name, MIN(strlen(name), 160)) == 0);
  if (error->code == PK_OPTION_ERROR_VALUE && strlen(value) <= 80 && strcmp(name, "allow") != 0)
    g_assert_true(strstr(error->message, value) != NULL);
  g_assert_true(error->code == PK_OPTION_ERROR_UNKNOWN || strlen(error->message) > strlen(name) + 10);
}

static void
_check_ranges(const PkOptions *options)
{
  gsize n;
  const PkOption *table = pk_option_table(&n);

  for (gsize i = 0; i < n; i++)
    {
      gint value = *(const gint *) ((const gchar *) options + table[i].offset);

      if (table[i].type == PK_OPTION_INTEGER)
        g_assert_true(value >= table[i].min && value <= table[i].max);
    }
}

static void
_set_lines(gchar **lines)
{
  PkOptions options;
  GError *error = NULL;

  pk_options_init(&options);
  for (; *lines; lines++)
    {
      gchar *name = g_strdup(*lines), *blank = strchr(name, ' ');
      const gchar *value = blank ? blank + 1 : "";

      if (blank)
        *blank = '\0';
      if (!pk_options_set(&options, name, value, &error))
        _check_refusal(error, name, value);
      g_clear_error(&error);
      g_free(name);
    }
  if (pk_options_check(&options, &error))
    _check_ranges(&options);
  else
    g_assert_true(error->domain == PK_OPTION_ERROR && error->code != PK_OPTION_ERROR_UNKNOWN);
  g_clear_error(&error);
  pk_options_clear(&options);
}

static void
_parse_as_arguments(gchar **lines)
{
  GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
  GError *error = NULL;
  PkArguments arguments;

  for (guint i = 0; i < ARGUMENTS_MAX && *lines; i++, lines++)
    {
      gchar **words = g_strsplit(*lines, " ", 2);

      g_ptr_array_add(argv, words[0] ? g_strdup_printf("--%s", words[0]) : g_strdup(""));
      if (words[0] && words[1])
        g_ptr_array_add(argv, g_strdup(words[1]));
      g_strfreev(words);
    }
  g_ptr_array_add(argv, NULL);
  if (pk_arguments_parse(PK_FOR_REPLAY, (gchar *const *) argv->pdata, &arguments, &error))
    pk_arguments_clear(&arguments);
  else
    g_assert_true(error && error->message[0]);
  g_clear_error(&error);
  g_ptr_array_unref(argv);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  gchar *text = size ? g_strndup((const gchar *) data, MIN(size, 4096)) : g_strdup("");
  gchar **lines = g_strsplit(text, "\n", 64);

  _set_lines(lines);
  _parse_as_arguments(lines);
  g_strfreev(lines);
  g_free(text);
  return 0;
}
