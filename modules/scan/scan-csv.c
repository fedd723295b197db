/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/octets.h"
#include "scan/pairs.h"
#include "scan/pattern.h"
#include "scan/slice.h"
#include "scan/tuple.h"

/* No log has more columns that matter. */
#define COLUMNS_MAX 256

/* Beyond end lies nothing, whatever pk_octets_find() says of its eight bytes. */
static const gchar *
_find(const gchar *at, const gchar *end, gchar byte)
{
  const gchar *found = pk_octets_find(at, end, byte);

  return MIN(found, end);
}

/* RFC 4180: a quote inside a quoted value is written twice. */
static const gchar *
_find_closing_quote(const gchar *at, const gchar *end)
{
  for (; (at = _find(at, end, '"')) < end; at += 2)
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
      start++;
      stop = _find_closing_quote(start, end);
      *at = _find(stop, end, separator);
    }
  else
    *at = stop = _find(start, end, separator);
  return pk_slice(start, (gsize) (stop - start));
}

#define VARIANT_BYTES_MAX 8

/* A key is written from its end, so that the variant's value goes before it. */
typedef struct _Keys
{
  guint variant_column; /* 0: none */
  PkSlice variant;      /* empty before that column */
  gchar key[VARIANT_BYTES_MAX + 1 + 4];
} Keys;

static PkSlice
_format_key(Keys *self, guint column)
{
  gchar *end = self->key + sizeof(self->key), *start = end;

  do
    *--start = (gchar) ('0' + column % 10);
  while ((column /= 10) > 0);
  if (self->variant.len > 0)
    {
      *--start = ':';
      start -= self->variant.len;
      memcpy(start, self->variant.data, self->variant.len);
    }
  return pk_slice(start, (gsize) (end - start));
}

static void
_note_variant(Keys *self, guint column, PkSlice value)
{
  if (column == self->variant_column)
    self->variant = pk_slice(value.data, MIN(value.len, VARIANT_BYTES_MAX));
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
  const gchar *end = pk_slice_end(text);
  Keys keys = { .variant_column = spec->variant_column };
  guint column = MAX(spec->anchor_column, 1);
  gssize start;

  if (spec->head)
    text = pk_slice_trim(text);
  if (spec->head && !pk_pattern_take(spec->head, &text, func, user_data))
    return;
  start = _find_anchor(spec, text);
  if (start < 0)
    return;
  for (const gchar *at = text.data + start; at <= end && column < COLUMNS_MAX; at++, column++)
    {
      PkSlice value;

      while (spec->separator == ' ' && at < end && *at == ' ')
        at++;
      value = _take_value(&at, end, spec->separator);
      if (!func(user_data, _format_key(&keys, column), value))
        return;
      _note_variant(&keys, column, value);
    }
}

PkScanResult
pk_scan_csv(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  PkTuple tuple;

  pk_tuple_init(&tuple, self->tuple, context->tuple_index, event);
  pk_tuple_put_header(&tuple, line);
  pk_pairs_csv(line->text, self->csv, pk_tuple_put_pair, &tuple);
  return pk_tuple_finish(&tuple);
}
