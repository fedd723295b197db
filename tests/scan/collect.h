/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef COLLECT_H_INCLUDED
#define COLLECT_H_INCLUDED

#include "scan/guard-page.h"
#include "scan/pairs.h"

/* Pairs as one text, "<key>=<value>" each, from a reader whose input ends at a
 * guard page. */

static inline gboolean
collect_pair(gpointer user_data, PkSlice key, PkSlice value)
{
  GString *out = user_data;

  g_string_append_c(out, '<');
  g_string_append_len(out, key.data, (gssize) key.len);
  g_string_append(out, ">=<");
  g_string_append_len(out, value.data, (gssize) value.len);
  g_string_append_c(out, '>');
  return TRUE;
}

typedef gboolean (*CollectReader)(PkSlice text, gconstpointer spec, GString *out);

/* NULL: the reader says that text is nothing of its kind.  To be freed. */
static inline gchar *
collect(CollectReader reader, gconstpointer spec, const gchar *data, gsize len)
{
  GuardPage page = guard_page_new(data, len);
  GString *out = g_string_new(NULL);
  gboolean found = reader(page.text, spec, out);

  guard_page_free(&page);
  return g_string_free(out, !found);
}

/* Any end of data; a crash is what the caller would see. */
static inline void
collect_cut_anywhere(CollectReader reader, gconstpointer spec, const gchar *data)
{
  for (gsize len = 0; len <= strlen(data); len++)
    g_free(collect(reader, spec, data, len));
}

#endif
