/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef FUZZ_OPTIONS_H_INCLUDED
#define FUZZ_OPTIONS_H_INCLUDED

#include <string.h>

#include "port-knock/pk-options.h"

/* What must hold of any option that was refused, and of options that were not. */

/* "NAME: ...", with the value and more than that; allow's value is cut into words. */
static inline void
fuzz_check_refusal(const GError *error, const gchar *name, const gchar *value)
{
  g_assert_true(error->domain == PK_OPTION_ERROR);
  g_assert_true(strncmp(error->message, name, MIN(strlen(name), 160)) == 0);
  if (error->code == PK_OPTION_ERROR_VALUE && strlen(value) <= 80 && strcmp(name, "allow") != 0)
    g_assert_true(strstr(error->message, value) != NULL);
  g_assert_true(error->code == PK_OPTION_ERROR_UNKNOWN || strlen(error->message) > strlen(name) + 10);
}

/* After pk_options_check(). */
static inline void
fuzz_check_ranges(const PkOptions *options)
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

#endif
