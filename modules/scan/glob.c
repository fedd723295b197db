/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/glob.h"

#include "scan/slice.h"

static inline gchar
_fold(gchar c)
{
  return c == '\\' ? '/' : c >= 'A' && c <= 'Z' ? (gchar) (c | 0x20) : c;
}

static gboolean
_starts_with(PkSlice text, PkSlice part)
{
  for (gsize i = 0; i < part.len; i++)
    if (_fold(text.data[i]) != _fold(part.data[i]))
      return FALSE;
  return TRUE;
}

/* Offset of part in text, or -1. */
static gssize
_find(PkSlice text, PkSlice part)
{
  gchar first = part.len ? _fold(part.data[0]) : '\0';

  for (gsize at = 0; at + part.len <= text.len; at++)
    if (part.len == 0 || (_fold(text.data[at]) == first && _starts_with(pk_slice_from(text, at), part)))
      return (gssize) at;
  return -1;
}

static PkSlice
_take_part(PkSlice *pattern)
{
  gssize star = pk_slice_find_char(*pattern, '*');
  PkSlice part = pk_slice(pattern->data, star < 0 ? pattern->len : (gsize) star);

  *pattern = pk_slice_from(*pattern, part.len);
  return part;
}

/* Parts between stars are taken where they come first, the last one at the end:
 * what fits at all fits so, and time is bounded by the product of the lengths. */
static gboolean
_fits(PkSlice pattern, PkSlice text)
{
  PkSlice part = _take_part(&pattern);

  if (text.len < part.len || !_starts_with(text, part))
    return FALSE;
  text = pk_slice_from(text, part.len);
  if (pattern.len == 0)
    return text.len == 0;
  for (;;)
    {
      gssize at;

      pattern = pk_slice_from(pattern, 1);
      part = _take_part(&pattern);
      if (pattern.len == 0)
        return text.len >= part.len && _starts_with(pk_slice_from(text, text.len - part.len), part);
      at = _find(text, part);
      if (at < 0)
        return FALSE;
      text = pk_slice_from(text, (gsize) at + part.len);
    }
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
