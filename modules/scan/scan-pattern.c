/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/pattern.h"
#include "scan/slice.h"
#include "scan/tuple.h"

/* Sentences with holes, whose values go to the row's tuple; see PkPattern. */

/* "106023" is the id of "4-106023" and of "session-4-106023". */
static gboolean
_is_id(const gchar *id, PkSlice found)
{
  PkSlice wanted = pk_slice_from_string(id);

  if (!id)
    return TRUE;
  return pk_slice_ends_with(found, wanted) &&
         (found.len == wanted.len || found.data[found.len - wanted.len - 1] == '-' ||
          found.data[found.len - wanted.len - 1] == '_');
}

static PkScanResult
_read_match(const PkPattern *pattern, const PkDialect *dialect, const PkLine *line, PkSlice id,
            const PkPatternMatch *match, PkEvent *event)
{
  PkTuple tuple;

  pk_tuple_start_anew(event);
  pk_tuple_init(&tuple, dialect->tuple, event);
  pk_tuple_put_header(&tuple, line);
  pk_tuple_put(&tuple, PK_SLICE("_id"), id);
  if (pattern->verdict != PK_VERDICT_NONE)
    pk_tuple_set_verdict(&tuple, pattern->verdict, pk_slice_from_string(pattern->word));
  pk_pattern_put(match, pk_tuple_put_pair, &tuple);
  return pk_tuple_finish(&tuple);
}

static PkScanResult
_try_patterns(const PkDialect *self, const PkLine *line, PkSlice id, PkSlice text, PkEvent *event)
{
  PkPatternMatch match;

  for (const PkPattern *pattern = self->pattern->patterns; pattern->pattern; pattern++)
    {
      PkSlice rest = text;
      PkScanResult result;

      if (!_is_id(pattern->id, id) || !pk_pattern_match(pattern->pattern, &rest, &match))
        continue;
      result = _read_match(pattern, self, line, id, &match, event);
      if (result != PK_SCAN_NO_MATCH)
        return result;
    }
  return self->pattern->otherwise;
}

/* "RT_FLOW_SESSION_CLOSE: session closed ..." looks like a program's message. */
static PkScanResult
_try_program(const PkDialect *self, const PkLine *line, PkSlice text, PkEvent *event)
{
  if (line->program.len == 0 || !self->pattern->patterns[0].id)
    return PK_SCAN_NO_MATCH;
  return _try_patterns(self, line, line->program, text, event);
}

static PkSlice
_get_id(const PkPatternMatch *lead)
{
  for (guint i = 0; i < lead->n; i++)
    if (pk_slice_equals(lead->keys[i], PK_SLICE("id")) && pk_slice_find_char(lead->values[i], ' ') < 0)
      return lead->values[i];
  return pk_slice(NULL, 0);
}

PkScanResult
pk_scan_pattern(const PkDialect *self, const PkScanContext *context G_GNUC_UNUSED, const PkLine *line, PkEvent *event)
{
  PkSlice text = pk_slice_trim(line->text);
  const PkPatternSpec *spec = self->pattern;
  PkPatternMatch lead;

  if (!spec->leads[0])
    return _try_patterns(self, line, pk_slice(NULL, 0), text, event);
  for (guint i = 0; i < G_N_ELEMENTS(spec->leads) && spec->leads[i]; i++)
    if (pk_pattern_find(spec->leads[i], &text, &lead))
      return _try_patterns(self, line, _get_id(&lead), pk_slice_trim(text), event);
  return _try_program(self, line, text, event);
}
