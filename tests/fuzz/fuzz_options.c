/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "cli/arguments.h"
#include "fuzz/fuzz.h"
#include "fuzz/options.h"

/* Lines of "NAME VALUE" for the option table, and the same as arguments of each
 * command, where a line that begins with '-' stands for itself.  What is refused
 * must say which option and which value; what is not must lie in its range. */

#define ARGUMENTS_MAX 16

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
        fuzz_check_refusal(error, name, value);
      g_clear_error(&error);
      g_free(name);
    }
  if (pk_options_check(&options, &error))
    fuzz_check_ranges(&options);
  else
    g_assert_true(error->domain == PK_OPTION_ERROR && error->code != PK_OPTION_ERROR_UNKNOWN);
  g_clear_error(&error);
  pk_options_clear(&options);
}

static void
_parse_as_arguments(guint command, gchar **lines)
{
  GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
  GError *error = NULL;
  PkArguments arguments;

  for (guint i = 0; i < ARGUMENTS_MAX && *lines; i++, lines++)
    {
      gchar **words = g_strsplit(*lines, " ", 2);

      g_ptr_array_add(argv, words[0] && words[0][0] != '-' ? g_strdup_printf("--%s", words[0])
                                                           : g_strdup(words[0] ? words[0] : ""));
      if (words[0] && words[1])
        g_ptr_array_add(argv, g_strdup(words[1]));
      g_strfreev(words);
    }
  g_ptr_array_add(argv, NULL);
  if (pk_arguments_parse(command, (gchar *const *) argv->pdata, &arguments, &error))
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
  for (guint command = PK_FOR_REPLAY; command <= PK_FOR_DIALECTS; command <<= 1)
    _parse_as_arguments(command, lines);
  g_strfreev(lines);
  g_free(text);
  return 0;
}
