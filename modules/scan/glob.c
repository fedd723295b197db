/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/glob.h"

#include "scan/slice.h"

static gchar
_fold(gchar c)
{
  return c == '\\' ? '/' : g_ascii_tolower(c);
}

/* Only the last star is gone back to, so that time is bounded by the product of
 * the lengths. */
static gboolean
_fits(PkSlice pattern, PkSlice text)
{
  gsize p = 0, t = 0, star = G_MAXSIZE, resume = 0;

  while (t < text.len)
    {
      if (p < pattern.len && pattern.data[p] == '*')
        {
          star = p++;
          resume = t;
        }
      else if (p < pattern.len && _fold(pattern.data[p]) == _fold(text.data[t]))
        {
          p++;
          t++;
        }
      else if (star != G_MAXSIZE)
        {
          p = star + 1;
          t = ++resume;
        }
      else
        return FALSE;
    }
  while (p < pattern.len && pattern.data[p] == '*')
    p++;
  return p == pattern.len;
}

gboolean
pk_glob_list_fits(const gchar *list, PkSlice text)
{
  PkSlice rest = pk_slice_from_string(list);

  while (rest.len)
    {
      gssize bar = pk_slice_find_char(rest, '|');
      PkSlice pattern = pk_slice(rest.data, bar < 0 ? rest.len : (gsize) bar);

      if (_fits(pattern, text))
        return TRUE;
      rest = pk_slice_from(rest, MIN(pattern.len + 1, rest.len));
    }
  return FALSE;
}
