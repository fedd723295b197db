/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/octets.h"
#include "scan/pairs.h"
#include "scan/slice.h"
#include "scan/tuple.h"

/* No log has more columns that matter. */
#define COLUMNS_MAX 256

/* RFC 4180: a quote inside a quoted value is written twice. */
static const gchar *
_find_closing_quote(const gchar *at, const gchar *end)
{
  for (; (at = pk_octets_find(at, end, '"')) < end; at += 2)
    if (end - at == 1 || at[1] != '"')
      return at;
  return end;
}

/* The value that begins at *at, which becomes where the separator after it is. */
static PkSlice
_take_value(const gchar **at, const gchar *end, gchar separator)
{
  const gchar *start = *at, *stop;

  if (start < end && *start == '"')
    {
      stop = MIN(_find_closing_quote(++start, end), end);
      *at = MIN(pk_octets_find(stop, end, separator), end);
    }
  else
    *at = stop = MIN(pk_octets_find(start, end, separator), end);
  return pk_slice(start, (gsize) (stop - start));
}

static PkSlice
_format_number(guint number, gchar *out)
{
  gchar *start = out + 4;

  do
    *--start = (gchar) ('0' + number % 10);
  while ((number /= 10) > 0);
  return pk_slice(start, (gsize) (out + 4 - start));
}

/* Behind the separator with which an anchor begins. */
static gssize
_find_anchor(const PkCsvSpec *spec, PkSlice text)
{
  gssize at = spec->anchors[0] ? -1 : 0;

  for (guint i = 0; i < G_N_ELEMENTS(spec->anchors) && spec->anchors[i] && at < 0; i++)
    {
      at = pk_slice_find(text, pk_slice_from_string(spec->anchors[i]));
      at += at >= 0;
    }
  return at;
}

void
pk_pairs_csv(PkSlice text, const PkCsvSpec *spec, PkPairFunc func, gpointer user_data)
{
  gssize start = _find_anchor(spec, text);
  const gchar *end = text.data + text.len;
  guint column = MAX(spec->anchor_column, 1);
  gchar number[4];

  if (start < 0)
    return;
  for (const gchar *at = text.data + start; at <= end && column < COLUMNS_MAX; at++, column++)
    {
      while (spec->separator == ' ' && at < end && *at == ' ')
        at++;
      if (!func(user_data, _format_number(column, number), _take_value(&at, end, spec->separator)))
        return;
    }
}

PkScanResult
pk_scan_csv(const PkDialect *self, const PkScanContext *context G_GNUC_UNUSED, const PkLine *line, PkEvent *event)
{
  PkTuple tuple;

  pk_tuple_init(&tuple, self->tuple, event);
  pk_tuple_put_header(&tuple, line);
  pk_pairs_csv(line->text, self->csv, pk_tuple_put_pair, &tuple);
  return pk_tuple_finish(&tuple);
}
