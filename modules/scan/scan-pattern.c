/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/address.h"
#include "scan/slice.h"
#include "scan/tuple.h"

/* Sentences with holes, whose values go to the row's tuple; see PkPattern.
 * Each literal is looked for once, from where the one before it ended, so that
 * a pattern takes time in proportion to the text. */

/* ---- parts of a pattern ------------------------------------------------------- */

typedef struct _Part
{
  PkSlice literal; /* empty for a hole */
  PkSlice key;     /* of a hole */
  gchar kind;      /* '!', '#', '@', or 0 */
} Part;

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
      gchar last = (*pattern)[len - 1];

      ret_part->kind = last == '!' || last == '#' || last == '@' ? last : 0;
      ret_part->key = pk_slice(*pattern + 1, len - 1 - (ret_part->kind != 0));
    }
  else
    ret_part->literal = pk_slice(*pattern, len);
  *pattern += len + is_hole;
  return TRUE;
}

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

  if (kind == '#')
    return pk_number_parse(value, G_MAXUINT64, &number);
  return kind != '@' || pk_addr_parse(value, &addr);
}

/* How much of text a hole takes; pattern is what follows it.  Negative: it does
 * not fit. */
static gssize
_measure_hole(const Part *hole, const gchar *pattern, PkSlice text)
{
  gsize limit = hole->kind ? _measure_word(text) : text.len;
  gssize len = (gssize) limit;
  Part next;

  if (_next_part(&pattern, &next) && next.literal.len)
    len = pk_slice_find(pk_slice(text.data, MIN(text.len, limit + next.literal.len)), next.literal);
  return len > 0 && _fits_kind(hole->kind, pk_slice(text.data, (gsize) len)) ? len : -1;
}

typedef gboolean (*StoreFunc)(gpointer user_data, PkSlice key, PkSlice value);

/* Matches pattern with the beginning of *text, which becomes what is left. */
static gboolean
_match(const gchar *pattern, PkSlice *text, StoreFunc store, gpointer user_data)
{
  Part part;

  while (_next_part(&pattern, &part))
    {
      gssize len = (gssize) part.literal.len;

      if (part.literal.len && !pk_slice_starts_with(*text, part.literal))
        return FALSE;
      if (pk_slice_equals(part.key, PK_SLICE("end")))
        return text->len == 0;
      if (part.key.len)
        {
          len = _measure_hole(&part, pattern, *text);
          if (len < 0 || !store(user_data, part.key, pk_slice(text->data, (gsize) len)))
            return FALSE;
        }
      *text = pk_slice_from(*text, (gsize) len);
    }
  return TRUE;
}

/* ---- the lead ----------------------------------------------------------------- */

static gboolean
_store_id(gpointer user_data, PkSlice key, PkSlice value)
{
  if (pk_slice_equals(key, PK_SLICE("id")))
    *(PkSlice *) user_data = value;
  return pk_slice_find_char(value, ' ') < 0;
}

/* The first place in *text that lead fits; *text becomes what follows it. */
static gboolean
_find_lead(const gchar *lead, PkSlice *text, PkSlice *ret_id)
{
  const gchar *pattern = lead;
  PkSlice rest = *text;
  Part first;
  gssize at;

  _next_part(&pattern, &first);
  while ((at = pk_slice_find(rest, first.literal)) >= 0)
    {
      PkSlice after = pk_slice_from(rest, (gsize) at);

      if (_match(lead, &after, _store_id, ret_id))
        {
          *text = after;
          return TRUE;
        }
      rest = pk_slice_from(rest, (gsize) at + first.literal.len);
    }
  return FALSE;
}

/* "106023" is the id of "%ASA-4-106023" and of "%ASA-session-4-106023". */
static gboolean
_is_id(const gchar *id, PkSlice found)
{
  PkSlice wanted = pk_slice_from_string(id);

  if (!id)
    return TRUE;
  return pk_slice_ends_with(found, wanted) &&
         (found.len == wanted.len || found.data[found.len - wanted.len - 1] == '-');
}

/* ---- the line ----------------------------------------------------------------- */

/* PK_SCAN_NO_MATCH: the text is none of the pattern. */
static PkScanResult
_try_pattern(const PkPattern *pattern, const PkTupleSpec *spec, const PkLine *line, PkSlice text, PkEvent *event)
{
  PkScanResult result = PK_SCAN_NO_MATCH;
  PkTuple tuple;

  pk_tuple_init(&tuple, spec, event);
  pk_tuple_put_header(&tuple, line);
  if (pattern->verdict != PK_VERDICT_NONE)
    pk_tuple_set_verdict(&tuple, pattern->verdict, pk_slice_from_string(pattern->word));
  if (_match(pattern->pattern, &text, pk_tuple_put_pair, &tuple) || tuple.rejected != PK_SCAN_MATCH)
    result = pk_tuple_finish(&tuple);
  if (result == PK_SCAN_NO_MATCH)
    pk_tuple_start_anew(event);
  return result;
}

static PkScanResult
_try_patterns(const PkDialect *self, const PkLine *line, PkSlice id, PkSlice text, PkEvent *event)
{
  for (const PkPattern *pattern = self->pattern->patterns; pattern->pattern; pattern++)
    if (_is_id(pattern->id, id))
      {
        PkScanResult result = _try_pattern(pattern, self->tuple, line, text, event);

        if (result != PK_SCAN_NO_MATCH)
          return result;
      }
  return self->pattern->otherwise;
}

PkScanResult
pk_scan_pattern(const PkDialect *self, const PkScanContext *context G_GNUC_UNUSED, const PkLine *line, PkEvent *event)
{
  PkSlice text = pk_slice_trim(line->text), id = pk_slice(NULL, 0);
  const PkPatternSpec *spec = self->pattern;

  if (!spec->leads[0])
    return _try_patterns(self, line, id, text, event);
  for (guint i = 0; i < G_N_ELEMENTS(spec->leads) && spec->leads[i]; i++)
    if (_find_lead(spec->leads[i], &text, &id))
      return _try_patterns(self, line, id, pk_slice_trim(text), event);
  return PK_SCAN_NO_MATCH;
}
