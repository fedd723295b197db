/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/octets.h"
#include "scan/pairs.h"
#include "scan/pattern.h"
#include "scan/slice.h"
#include "scan/tuple.h"

/* key=value, key="value with blanks", key:"value"; and so on.  Every byte is
 * looked at once or twice. */

#define ENDS_MAX 5

typedef struct _Reader
{
  const gchar *at, *end;
  gchar equals;
  gboolean is_first; /* no key was read yet */
  guint n_ends;
  gchar ends[ENDS_MAX];
} Reader;

static void
_init(Reader *self, PkSlice text, const PkKvSpec *spec)
{
  PkSlice ends = pk_slice_from_string(spec->ends);

  *self = (Reader){ .at = text.data, .end = pk_slice_end(text), .equals = spec->equals, .is_first = TRUE };
  self->n_ends = (guint) MIN(ends.len, ENDS_MAX);
  memcpy(self->ends, ends.data, self->n_ends);
}

static gboolean
_is_end(const Reader *self, gchar c)
{
  for (guint i = 0; i < self->n_ends; i++)
    if (self->ends[i] == c)
      return TRUE;
  return FALSE;
}

static inline guint64
_mask_ends(const Reader *self, guint64 octets)
{
  guint64 mask = 0;

  for (guint i = 0; i < self->n_ends; i++)
    mask |= pk_octets_equal(octets, self->ends[i]);
  return mask;
}

/* The first end at or after at. */
static const gchar *
_find_end(const Reader *self, const gchar *at)
{
  for (; at < self->end; at += 8)
    {
      guint64 mask = _mask_ends(self, pk_octets_load(at, self->end));

      if (mask)
        return MIN(at + pk_octets_before(mask), self->end);
    }
  return self->end;
}

/* The first equals or end at or after at. */
static const gchar *
_find_key_end(const Reader *self, const gchar *at)
{
  for (; at < self->end; at += 8)
    {
      guint64 octets = pk_octets_load(at, self->end);
      guint64 mask = _mask_ends(self, octets) | pk_octets_equal(octets, self->equals);

      if (mask)
        return MIN(at + pk_octets_before(mask), self->end);
    }
  return self->end;
}

/* at is behind the opening quote; what is returned is the closing one, or the
 * end of a text that was cut. */
static const gchar *
_find_quote(const Reader *self, const gchar *at)
{
  while (at < self->end)
    {
      guint64 octets = pk_octets_load(at, self->end);
      guint64 mask = pk_octets_equal(octets, '"') | pk_octets_equal(octets, '\\');

      at += pk_octets_before(mask);
      if (mask && *at == '"')
        return at;
      at += mask ? 2 : 0;
    }
  return self->end;
}

static gboolean
_is_bracket(gchar c)
{
  return c == '[' || c == '(' || c == '{' || c == '<';
}

static void
_skip_blanks(Reader *self)
{
  while (self->at < self->end && *self->at == ' ')
    self->at++;
}

static PkSlice
_take_value(Reader *self)
{
  const gchar *start = self->at, *stop;

  if (start < self->end && *start == '"')
    {
      stop = _find_quote(self, ++start);
      self->at = stop < self->end ? stop + 1 : stop;
      if (self->at < self->end && !_is_end(self, *self->at))
        self->at = _find_end(self, self->at);
    }
  else
    self->at = stop = _find_end(self, start);
  return pk_slice(start, (gsize) (stop - start));
}

/* "%%01POLICY/6/POLICYDENY(l)[0]:vsys" are a word and the first key. */
static PkSlice
_split_first_key(Reader *self, PkSlice text, PkSlice *ret_word)
{
  const gchar *colon = self->equals != ':' && text.len ? memrchr(text.data, ':', text.len) : NULL;
  gsize len = colon ? (gsize) (colon - text.data) : 0;

  self->is_first = FALSE;
  *ret_word = pk_slice(text.data, len);
  return colon ? pk_slice_from(text, len + 1) : text;
}

/* A word without a value goes to the key "_word". */
static gboolean
_take_pair(Reader *self, PkPairFunc func, gpointer user_data)
{
  const gchar *start = self->at, *stop = _find_key_end(self, start);
  PkSlice key = pk_slice(start, (gsize) (stop - start)), word = pk_slice(NULL, 0);

  self->at = stop;
  if (stop == self->end || *stop != self->equals)
    return func(user_data, PK_SLICE("_word"), key);
  self->at++;
  if (!_is_end(self, ' '))
    _skip_blanks(self);
  if (self->is_first)
    key = _split_first_key(self, key, &word);
  if (word.len && !func(user_data, PK_SLICE("_word"), word))
    return FALSE;
  return func(user_data, key, _take_value(self));
}

void
pk_pairs_kv(PkSlice text, const PkKvSpec *spec, PkPairFunc func, gpointer user_data)
{
  Reader reader;

  if (spec->head && !pk_pattern_take(spec->head, &text, func, user_data))
    return;
  _init(&reader, text, spec);
  while (reader.at < reader.end)
    if (*reader.at == ' ' || _is_bracket(*reader.at) || _is_end(&reader, *reader.at))
      reader.at++;
    else if (!_take_pair(&reader, func, user_data))
      return;
}

PkScanResult
pk_scan_kv(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  PkTuple tuple;

  pk_tuple_init(&tuple, self->tuple, context->tuple_index, event);
  pk_tuple_put_header(&tuple, line);
  pk_pairs_kv(line->text, self->kv, pk_tuple_put_pair, &tuple);
  return pk_tuple_finish(&tuple);
}
