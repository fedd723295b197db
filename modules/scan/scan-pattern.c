/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/netfilter-prefix.h"
#include "scan/pattern.h"
#include "scan/slice.h"
#include "scan/tuple.h"

/* Sentences with holes, whose values go to the row's tuple; see PkPattern. */

typedef struct _Reader
{
  const PkDialect *dialect;
  const PkScanContext *context;
  const PkLine *line;
  PkEvent *event;
  PkSlice id;
  PkPatternMatch lead, head, sentence;
} Reader;

/* ---- ids ---------------------------------------------------------------------- */

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

static gboolean
_knows_id(const PkPatternSpec *spec, PkSlice id)
{
  for (const PkPattern *pattern = spec->patterns; pattern->pattern; pattern++)
    if (pattern->id && _is_id(pattern->id, id))
      return TRUE;
  return FALSE;
}

/* ---- the sentence -------------------------------------------------------------- */

/* A prefix with a colon, "DROP:", looks like the name of a program. */
static void
_judge_prefix(const Reader *self, PkTuple *tuple)
{
  static const PkNetfilterSpec words = { .words = TRUE };
  PkNetfilterPrefix prefix = { .raw = pk_pattern_get(&self->head, "prefix") };
  PkSlice word;
  PkVerdict verdict;

  prefix.from_program = prefix.raw.len == 0;
  if (prefix.from_program)
    prefix.raw = self->line->program;
  prefix.text = pk_slice_trim(prefix.raw);
  verdict = pk_netfilter_prefix_judge(&prefix, &words, self->context, &word);
  pk_tuple_set_verdict(tuple, verdict, word);
}

static void
_put_finds(const Reader *self, PkTuple *tuple)
{
  const PkPatternSpec *spec = self->dialect->pattern;
  PkPatternMatch found;

  for (guint i = 0; i < G_N_ELEMENTS(spec->finds) && spec->finds[i]; i++)
    {
      PkSlice text = self->line->text;

      if (pk_pattern_find(spec->finds[i], &text, &found))
        pk_pattern_put(&found, pk_tuple_put_pair, tuple);
    }
}

static PkScanResult
_read_sentence(Reader *self, const PkPattern *pattern)
{
  PkTuple tuple;
  PkScanResult result;

  pk_tuple_start_anew(self->event);
  pk_tuple_init(&tuple, self->dialect->tuple, self->event);
  pk_tuple_put_header(&tuple, self->line);
  pk_tuple_put(&tuple, PK_SLICE("_id"), self->id);
  if (pattern->verdict != PK_VERDICT_NONE)
    pk_tuple_set_verdict(&tuple, pattern->verdict, pk_slice_from_string(pattern->word));
  else if (self->dialect->pattern->prefix)
    _judge_prefix(self, &tuple);
  pk_pattern_put(&self->lead, pk_tuple_put_pair, &tuple);
  pk_pattern_put(&self->head, pk_tuple_put_pair, &tuple);
  pk_pattern_put(&self->sentence, pk_tuple_put_pair, &tuple);
  _put_finds(self, &tuple);
  result = pk_tuple_finish(&tuple);
  return result == PK_SCAN_IGNORED && self->dialect->pattern->prefix && tuple.verdict == PK_VERDICT_NONE
             ? PK_SCAN_UNKNOWN_PREFIX
             : result;
}

/* A sentence of a known id that is none of its patterns is cut, or of a release
 * that is not known yet. */
static PkScanResult
_read_text(Reader *self, PkSlice text, gboolean any_id)
{
  const PkPatternSpec *spec = self->dialect->pattern;
  gboolean is_known = FALSE;

  for (const PkPattern *pattern = spec->patterns; pattern->pattern; pattern++)
    {
      PkSlice rest = text;
      PkScanResult result;

      if (!any_id && !_is_id(pattern->id, self->id))
        continue;
      is_known |= !any_id && pattern->id;
      if (!pk_pattern_match(pattern->pattern, &rest, &self->sentence))
        continue;
      result = _read_sentence(self, pattern);
      if (result != PK_SCAN_NO_MATCH)
        return result;
    }
  return any_id ? PK_SCAN_NO_MATCH : is_known ? PK_SCAN_MALFORMED : spec->otherwise;
}

/* ---- the line -------------------------------------------------------------------- */

static gboolean
_read_head(Reader *self)
{
  const PkPatternSpec *spec = self->dialect->pattern;
  PkSlice text = pk_slice_trim(self->lead.before);

  for (guint i = 0; i < G_N_ELEMENTS(spec->heads) && spec->heads[i]; i++)
    {
      PkSlice rest = text;

      if (pk_pattern_find(spec->heads[i], &rest, &self->head))
        return TRUE;
    }
  self->head.n = 0;
  return !spec->heads[0];
}

/* *text becomes what follows the lead. */
static gboolean
_find_lead(Reader *self, PkSlice *text)
{
  const PkPatternSpec *spec = self->dialect->pattern;

  for (guint i = 0; i < G_N_ELEMENTS(spec->leads) && spec->leads[i]; i++)
    {
      PkSlice rest = *text;

      if (!pk_pattern_find(spec->leads[i], &rest, &self->lead) || !_read_head(self))
        continue;
      self->id = pk_pattern_get(&self->lead, "id");
      if (pk_slice_ends_with(self->id, PK_SLICE(":")))
        self->id.len--;
      *text = pk_slice_trim(rest);
      return TRUE;
    }
  self->lead.n = self->head.n = 0;
  return FALSE;
}

PkScanResult
pk_scan_pattern(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  const PkPatternSpec *spec = self->pattern;
  PkSlice text = pk_slice_trim(line->text);
  Reader reader;

  reader.dialect = self;
  reader.context = context;
  reader.line = line;
  reader.event = event;
  reader.id = pk_slice(NULL, 0);
  if (_find_lead(&reader, &text) || !spec->leads[0])
    return _read_text(&reader, text, FALSE);
  /* "RT_FLOW_SESSION_CLOSE: session closed ..." looks like a program's message. */
  reader.id = line->program;
  if (_knows_id(spec, line->program))
    return _read_text(&reader, text, FALSE);
  return spec->bare ? _read_text(&reader, text, TRUE) : PK_SCAN_NO_MATCH;
}
