/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/pattern.h"

#include "scan/address.h"
#include "scan/slice.h"

/* Each literal is looked for once, from where the one before it ended, and not
 * farther than a hole may be long, so that a pattern takes time in proportion
 * to its own length; {key*} makes it at most ELASTIC_MAX times that. */

#define ELASTIC_MAX 16
#define PLACES_MAX 64

/* ---- parts of a pattern ------------------------------------------------------- */

typedef struct _Part
{
  PkSlice literal;              /* empty for a hole */
  PkSlice key;                  /* of a hole */
  PkSlice value;                /* of {key=value}; of a hole in a whole text, what it holds */
  gchar kind;                   /* of a hole: '!', '#', '@', '%', '*', '=', or 0 */
  PkPatternAcceptsFunc accepts; /* of a hole in a whole text; NULL: it is free */
} Part;

static gchar
_kind_of(gchar last)
{
  return last == '!' || last == '#' || last == '@' || last == '%' || last == '*' ? last : '\0';
}

/* at is behind the opening brace; what is returned, behind the closing one. */
static const gchar *
_read_hole(const gchar *at, Part *part)
{
  const gchar *start = at, *equals = NULL;

  for (; *at != '}'; at++)
    if (*at == '=' && !equals)
      equals = at;
  part->kind = equals ? '=' : _kind_of(at[-1]);
  part->key = pk_slice(start, (gsize) ((equals ? equals : at - (part->kind != '\0')) - start));
  if (equals)
    part->value = pk_slice(equals + 1, (gsize) (at - equals - 1));
  return at + 1;
}

/* Empty where a hole or nothing follows. */
static PkSlice
_peek_literal(const gchar *pattern)
{
  return pk_slice(pattern, (gsize) (strchrnul(pattern, '{') - pattern));
}

/* FALSE: the pattern is at its end. */
static gboolean
_next_part(const gchar **pattern, Part *ret_part)
{
  ret_part->literal = _peek_literal(*pattern);
  ret_part->key.len = 0;
  *pattern += ret_part->literal.len;
  if (ret_part->literal.len == 0 && **pattern == '\0')
    return FALSE;
  if (ret_part->literal.len == 0)
    *pattern = _read_hole(*pattern + 1, ret_part);
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

/* What is looked for is short and near, which memmem() is not made for. */
static gssize
_find(PkSlice text, PkSlice needle)
{
  const gchar *at = text.data, *last;

  if (text.len < needle.len)
    return -1;
  last = at + text.len - needle.len;
  while (at <= last && (at = memchr(at, needle.data[0], (gsize) (last - at) + 1)) != NULL)
    {
      if (memcmp(at, needle.data, needle.len) == 0)
        return at - text.data;
      at++;
    }
  return -1;
}

/* How much of text a hole takes that holds at least from bytes, and that
 * literal follows if it is not empty.  Negative: it does not fit. */
static gssize
_measure_hole(gboolean is_word, gsize from, PkSlice literal, PkSlice text)
{
  PkSlice most = pk_slice(text.data, MIN(text.len, PK_PATTERN_HOLE_BYTES_MAX));
  gsize limit = is_word ? _measure_word(most) : most.len;
  gssize found;

  if (literal.len == 0)
    return (gssize) limit;
  if (from > limit)
    return -1;
  found = _find(pk_slice(text.data + from, MIN(text.len, limit + literal.len) - from), literal);
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

/* Columns may be padded: a blank at the end of a literal stands for several. */
static PkSlice
_skip_literal(PkSlice text, PkSlice literal)
{
  text = pk_slice_from(text, literal.len);
  if (literal.len > 0 && literal.data[literal.len - 1] == ' ')
    while (text.len && text.data[0] == ' ')
      text = pk_slice_from(text, 1);
  return text;
}

static gboolean _match(PkPatternMatch *self, const gchar *pattern, PkSlice *text);

/* Tries one end of the hole after the other. */
static gboolean
_match_elastic(PkPatternMatch *self, PkSlice key, const gchar *pattern, PkSlice *text)
{
  PkSlice literal = _peek_literal(pattern);
  guint n = self->n;
  gssize len = 0;

  for (guint i = 0; i < ELASTIC_MAX; i++)
    {
      PkSlice rest;

      len = _measure_hole(FALSE, (gsize) len + 1, literal, *text);
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

/* And the literal that follows. */
static gboolean
_match_hole(PkPatternMatch *self, const Part *hole, const gchar **pattern, PkSlice *text)
{
  PkSlice literal = _peek_literal(*pattern);
  gssize len = _measure_hole(hole->kind != '\0', 0, literal, *text);
  PkSlice value = pk_slice(text->data, len < 0 ? 0 : (gsize) len);

  if (len < 0 || !_fits_kind(hole->kind, value) || !_keep(self, hole->key, value))
    return FALSE;
  *text = _skip_literal(pk_slice_from(*text, (gsize) len), literal);
  *pattern += literal.len;
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
        *text = _skip_literal(*text, part.literal);
      }
    else if (part.kind == '*')
      return _match_elastic(self, part.key, pattern, text);
    else if (part.kind == '=' && !_keep(self, part.key, part.value))
      return FALSE;
    else if (part.kind == '=')
      continue;
    else if (pk_slice_equals(part.key, PK_SLICE("end")))
      return text->len == 0;
    else if (!_match_hole(self, &part, &pattern, text))
      return FALSE;
  return TRUE;
}

gboolean
pk_pattern_match(const gchar *pattern, PkSlice *text, PkPatternMatch *ret_match)
{
  PkSlice rest = *text;

  ret_match->n = 0;
  ret_match->before = pk_slice(text->data, 0);
  if (!_match(ret_match, pattern, &rest))
    return FALSE;
  *text = rest;
  return TRUE;
}

gboolean
pk_pattern_find(const gchar *pattern, PkSlice *text, PkPatternMatch *ret_match)
{
  PkSlice first = _peek_literal(pattern), here = *text;
  gssize at;

  if (first.len == 0)
    return pk_pattern_match(pattern, text, ret_match);
  for (guint i = 0; i < PLACES_MAX && (at = _find(here, first)) >= 0; i++)
    {
      PkSlice rest = here = pk_slice_from(here, (gsize) at);

      if (pk_pattern_match(pattern, &rest, ret_match))
        {
          ret_match->before = pk_slice(text->data, (gsize) (here.data - text->data));
          *text = rest;
          return TRUE;
        }
      here = pk_slice_from(here, 1);
    }
  return FALSE;
}

/* ---- whole texts -------------------------------------------------------------- */

/* The literal that separates two free holes is taken at its last occurrence, and
 * what is typed is matched from the nearer end, so that free text may hold what
 * the pattern is made of. */

#define PARTS_MAX 16

static gboolean
_is_hole(const Part *part)
{
  return part->key.len > 0;
}

static gboolean
_is_free(const Part *part)
{
  return _is_hole(part) && !part->accepts;
}

static gssize
_find_last(PkSlice text, PkSlice needle)
{
  for (gsize end = text.len; end >= needle.len;)
    {
      const gchar *found = memrchr(text.data, needle.data[0], end - needle.len + 1);

      if (!found)
        return -1;
      if (memcmp(found, needle.data, needle.len) == 0)
        return found - text.data;
      end = (gsize) (found - text.data) + needle.len - 1;
    }
  return -1;
}

static gboolean
_accepts_all(const Part *hole, PkSlice value)
{
  for (gsize i = 0; i < value.len; i++)
    if (!hole->accepts(value.data[i]))
      return FALSE;
  return value.len > 0;
}

/* How much of text a typed hole takes.  A literal ends it, at its first
 * occurrence, or at the end of text where nothing follows: "from 192.0.2.1.".
 * Without one it takes as much as it accepts. */
static gsize
_measure_forward(const Part *part, const Part *end, PkSlice text)
{
  const Part *next = part + 1;
  gsize len = 0;

  if (next < end && !_is_hole(next))
    {
      gssize at = next + 1 == end ? (gssize) text.len - (gssize) next->literal.len : pk_slice_find(text, next->literal);

      return at < 0 ? 0 : (gsize) at;
    }
  while (len < text.len && part->accepts(text.data[len]))
    len++;
  return len;
}

static gsize
_measure_backward(const Part *part, const Part *previous, PkSlice text)
{
  gsize len = 0;

  if (!_is_hole(previous))
    {
      gssize at = _find_last(text, previous->literal);

      return at < 0 ? 0 : text.len - (gsize) at - previous->literal.len;
    }
  while (len < text.len && part->accepts(text.data[text.len - 1 - len]))
    len++;
  return len;
}

/* Matches parts from *first on with the beginning of *text, until a free hole
 * or n; takes what was matched away from *text. */
static gboolean
_match_forward(Part *parts, gsize *first, gsize n, PkSlice *text)
{
  for (; *first < n && !_is_free(&parts[*first]); (*first)++)
    {
      Part *part = &parts[*first];
      gsize len = part->literal.len;

      if (!_is_hole(part) && !pk_slice_starts_with(*text, part->literal))
        return FALSE;
      if (_is_hole(part))
        {
          len = _measure_forward(part, parts + n, *text);
          part->value = pk_slice(text->data, len);
          if (!_accepts_all(part, part->value))
            return FALSE;
        }
      *text = pk_slice_from(*text, len);
    }
  return TRUE;
}

/* The same from the end of *text, back to the last free hole, which must exist. */
static gboolean
_match_backward(Part *parts, gsize *last, PkSlice *text)
{
  for (; !_is_free(&parts[*last]); (*last)--)
    {
      Part *part = &parts[*last];
      gsize len = part->literal.len;

      if (!_is_hole(part) && !pk_slice_ends_with(*text, part->literal))
        return FALSE;
      if (_is_hole(part))
        {
          len = _measure_backward(part, part - 1, *text);
          part->value = pk_slice(pk_slice_end(*text) - len, len);
          if (!_accepts_all(part, part->value))
            return FALSE;
        }
      text->len -= len;
    }
  return TRUE;
}

/* text lies between and in the free holes first and last, which a literal
 * parts; typed parts may follow that. */
static gboolean
_match_between(Part *parts, gsize first, gsize last, PkSlice text)
{
  gsize next = first + 2;
  gssize at;

  if (first == last)
    {
      parts[first].value = text;
      return TRUE;
    }
  at = _find_last(text, parts[first + 1].literal);
  if (at < 0)
    return FALSE;
  parts[first].value = pk_slice(text.data, (gsize) at);
  text = pk_slice_from(text, (gsize) at + parts[first + 1].literal.len);
  if (!_match_forward(parts, &next, last, &text) || next != last)
    return FALSE;
  parts[last].value = text;
  return TRUE;
}

static gboolean
_match_whole(Part *parts, gsize n, PkSlice text)
{
  gsize first = 0, last = n - 1;

  if (!_match_forward(parts, &first, n, &text))
    return FALSE;
  if (first == n)
    return text.len == 0;
  return _match_backward(parts, &last, &text) && _match_between(parts, first, last, text);
}

static gsize
_split(const gchar *pattern, PkPatternHoleFunc hole, Part *parts)
{
  gsize n = 0;

  while (n < PARTS_MAX && _next_part(&pattern, &parts[n]))
    {
      if (_is_hole(&parts[n]))
        parts[n].accepts = hole(parts[n].key);
      n++;
    }
  return n;
}

gboolean
pk_pattern_match_whole(const gchar *pattern, PkPatternHoleFunc hole, PkSlice text, PkPatternMatch *ret_match)
{
  Part parts[PARTS_MAX];
  gsize n = _split(pattern, hole, parts);

  if (!_match_whole(parts, n, text))
    return FALSE;
  ret_match->n = 0;
  ret_match->before = pk_slice(text.data, 0);
  for (gsize i = 0; i < n; i++)
    if (_is_hole(&parts[i]))
      _keep(ret_match, parts[i].key, parts[i].value);
  return TRUE;
}

/* ---- what was found ------------------------------------------------------------- */

PkSlice
pk_pattern_get(const PkPatternMatch *match, const gchar *key)
{
  for (guint i = 0; i < match->n; i++)
    if (pk_slice_equals(match->keys[i], pk_slice_from_string(key)))
      return match->values[i];
  return pk_slice(NULL, 0);
}

void
pk_pattern_put(const PkPatternMatch *match, PkPairFunc func, gpointer user_data)
{
  for (guint i = 0; i < match->n; i++)
    if (!func(user_data, match->keys[i], match->values[i]))
      return;
}

gboolean
pk_pattern_take(const gchar *pattern, PkSlice *text, PkPairFunc func, gpointer user_data)
{
  PkPatternMatch match;

  if (!pk_pattern_find(pattern, text, &match))
    return FALSE;
  pk_pattern_put(&match, func, user_data);
  return TRUE;
}
