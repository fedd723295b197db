/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/pattern.h"

#include "scan/address.h"
#include "scan/slice.h"

/* Each literal is looked for once, from where the one before it ended, so that
 * a pattern takes time in proportion to the text; {key*} makes it at most
 * ELASTIC_MAX times that. */

#define ELASTIC_MAX 16

/* ---- parts of a pattern ------------------------------------------------------- */

typedef struct _Part
{
  PkSlice literal; /* empty for a hole */
  PkSlice key;     /* of a hole */
  gchar kind;      /* one of KINDS, or 0 */
} Part;

static const gchar KINDS[] = "!#@%*";

static gchar
_kind_of(gchar last)
{
  return last != '\0' && strchr(KINDS, last) ? last : '\0';
}

/* FALSE: the pattern is at its end. */
static gboolean
_next_part(const gchar **pattern, Part *ret_part)
{
  gboolean is_hole = **pattern == '{';
  gsize len = strcspn(*pattern, is_hole ? "}" : "{");

  memset(ret_part, 0, sizeof(*ret_part));
  if (len == 0)
    return FALSE;
  if (is_hole)
    {
      ret_part->kind = _kind_of((*pattern)[len - 1]);
      ret_part->key = pk_slice(*pattern + 1, len - 1 - (ret_part->kind != 0));
    }
  else
    ret_part->literal = pk_slice(*pattern, len);
  *pattern += len + is_hole;
  return TRUE;
}

/* ---- holes -------------------------------------------------------------------- */

static gsize
_measure_word(PkSlice text)
{
  gssize blank = pk_slice_find_char(text, ' ');

  return blank < 0 ? text.len : (gsize) blank;
}

static gboolean
_fits_kind(gchar kind, PkSlice value)
{
  PkAddr addr;
  guint64 number;
  guint8 protocol;

  switch (kind)
    {
    case '#':
      return pk_number_parse(value, G_MAXUINT64, &number);
    case '@':
      return pk_addr_parse(value, &addr);
    case '%':
      return pk_protocol_parse(value, &protocol);
    default:
      return value.len > 0;
    }
}

/* How much of text a hole takes that holds at least from bytes; pattern is what
 * follows it.  Negative: it does not fit. */
static gssize
_measure_hole(gboolean is_word, gsize from, const gchar *pattern, PkSlice text)
{
  gsize limit = is_word ? _measure_word(text) : text.len;
  gssize found;
  Part next;

  if (!_next_part(&pattern, &next) || !next.literal.len)
    return (gssize) limit;
  if (from > limit)
    return -1;
  found = pk_slice_find(pk_slice(text.data + from, MIN(text.len, limit + next.literal.len) - from), next.literal);
  return found < 0 ? -1 : found + (gssize) from;
}

static gboolean
_keep(PkPatternMatch *self, PkSlice key, PkSlice value)
{
  if (self->n == PK_PATTERN_HOLES_MAX)
    return FALSE;
  self->keys[self->n] = key;
  self->values[self->n++] = value;
  return TRUE;
}

static gboolean _match(PkPatternMatch *self, const gchar *pattern, PkSlice *text);

/* Tries one end of the hole after the other. */
static gboolean
_match_elastic(PkPatternMatch *self, PkSlice key, const gchar *pattern, PkSlice *text)
{
  guint n = self->n;
  gssize len = 0;

  for (guint i = 0; i < ELASTIC_MAX; i++)
    {
      PkSlice rest;

      len = _measure_hole(FALSE, (gsize) len + 1, pattern, *text);
      if (len < 0)
        return FALSE;
      rest = pk_slice_from(*text, (gsize) len);
      self->n = n;
      if (_keep(self, key, pk_slice(text->data, (gsize) len)) && _match(self, pattern, &rest))
        {
          *text = rest;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
_match_hole(PkPatternMatch *self, const Part *hole, const gchar *pattern, PkSlice *text)
{
  gssize len = _measure_hole(hole->kind != 0, 0, pattern, *text);
  PkSlice value = pk_slice(text->data, len < 0 ? 0 : (gsize) len);

  if (len < 0 || !_fits_kind(hole->kind, value) || !_keep(self, hole->key, value))
    return FALSE;
  *text = pk_slice_from(*text, (gsize) len);
  return TRUE;
}

static gboolean
_match(PkPatternMatch *self, const gchar *pattern, PkSlice *text)
{
  Part part;

  while (_next_part(&pattern, &part))
    if (part.literal.len)
      {
        if (!pk_slice_starts_with(*text, part.literal))
          return FALSE;
        *text = pk_slice_from(*text, part.literal.len);
      }
    else if (part.kind == '*')
      return _match_elastic(self, part.key, pattern, text);
    else if (pk_slice_equals(part.key, PK_SLICE("end")))
      return text->len == 0;
    else if (!_match_hole(self, &part, pattern, text))
      return FALSE;
  return TRUE;
}

gboolean
pk_pattern_match(const gchar *pattern, PkSlice *text, PkPatternMatch *ret_match)
{
  PkSlice rest = *text;

  ret_match->n = 0;
  if (!_match(ret_match, pattern, &rest))
    return FALSE;
  *text = rest;
  return TRUE;
}

gboolean
pk_pattern_find(const gchar *pattern, PkSlice *text, PkPatternMatch *ret_match)
{
  const gchar *rest = pattern;
  PkSlice from = *text;
  Part first;
  gssize at;

  if (!_next_part(&rest, &first) || !first.literal.len)
    return pk_pattern_match(pattern, text, ret_match);
  while ((at = pk_slice_find(from, first.literal)) >= 0)
    {
      PkSlice here = pk_slice_from(from, (gsize) at);

      if (pk_pattern_match(pattern, &here, ret_match))
        {
          *text = here;
          return TRUE;
        }
      from = pk_slice_from(from, (gsize) at + first.literal.len);
    }
  return FALSE;
}

void
pk_pattern_put(const PkPatternMatch *match, PkPairFunc func, gpointer user_data)
{
  for (guint i = 0; i < match->n; i++)
    if (!func(user_data, match->keys[i], match->values[i]))
      return;
}
