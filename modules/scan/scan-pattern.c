/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/netfilter-prefix.h"
#include "scan/pattern.h"
#include "scan/slice.h"
#include "scan/tuple.h"

/* Sentences with holes, whose values go to the row's tuple; see PkPattern. */

#define IDS_MAX 8

typedef struct _Reader
{
  const PkDialect *dialect;
  const PkScanContext *context;
  const PkLine *line;
  PkEvent *event;
  PkSlice id, ids[IDS_MAX];
  guint n_ids;
  PkSlice prefix; /* what {prefix} was judged by */
  PkPatternMatch lead, head, sentence;
} Reader;

/* ---- ids ---------------------------------------------------------------------- */

/* "106023" is the id of "4-106023" and of "session-4-106023": what may be an
 * id begins a text or follows "-" or "_". */
static void
_split_id(Reader *self, PkSlice text)
{
  self->id = text;
  self->n_ids = 0;
  for (gsize at = 0; at < text.len && self->n_ids < IDS_MAX; at++)
    if (at == 0 || text.data[at - 1] == '-' || text.data[at - 1] == '_')
      self->ids[self->n_ids++] = pk_slice_from(text, at);
}

/* Most of many ids differ in their first bytes. */
static inline gboolean
_equals_id(const gchar *id, PkSlice text)
{
  gsize i = 0;

  while (i < text.len && id[i] == text.data[i] && id[i] != '\0')
    i++;
  return i == text.len && id[i] == '\0';
}

static gboolean
_has_id(const Reader *self, const gchar *id)
{
  for (guint i = 0; i < self->n_ids; i++)
    if (_equals_id(id, self->ids[i]))
      return TRUE;
  return FALSE;
}

static gboolean
_knows_id(const Reader *self)
{
  for (const PkPattern *pattern = self->dialect->pattern->patterns; pattern->pattern; pattern++)
    if (pattern->id && _has_id(self, pattern->id))
      return TRUE;
  return FALSE;
}

/* ---- the sentence -------------------------------------------------------------- */

/* A prefix with a colon, "DROP:", looks like the name of a program. */
static void
_judge_prefix(Reader *self, PkTuple *tuple)
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
  self->prefix = prefix.text;
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
  pk_tuple_init(&tuple, self->dialect->tuple, self->context->tuple_index, self->event);
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
  self->event->sentence = pattern->pattern;
  if (result != PK_SCAN_IGNORED || !self->dialect->pattern->prefix || tuple.verdict != PK_VERDICT_NONE)
    return result;
  self->event->failed = NULL;
  pk_event_set_text(self->event, PK_TEXT_ACTION_WORD, self->prefix.data, self->prefix.len);
  return PK_SCAN_UNKNOWN_PREFIX;
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

      if (any_id ? pattern->verdict == PK_VERDICT_NEITHER : pattern->id && !_has_id(self, pattern->id))
        continue;
      is_known |= !any_id && pattern->id;
      if (!pk_pattern_match(pattern->pattern, &rest, &self->sentence))
        continue;
      result = _read_sentence(self, pattern);
      if (result != PK_SCAN_NO_MATCH)
        return result;
    }
  self->event->failed = is_known ? "a sentence of that id is written otherwise" : "no sentence of the row fits";
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

static PkSlice
_without_colon(PkSlice id)
{
  return pk_slice(id.data, id.len - pk_slice_ends_with(id, PK_SLICE(":")));
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
      _split_id(self, _without_colon(pk_pattern_get(&self->lead, "id")));
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
  _split_id(&reader, pk_slice(NULL, 0));
  if (_find_lead(&reader, &text) || !spec->leads[0])
    return _read_text(&reader, text, FALSE);
  /* "RT_FLOW_SESSION_CLOSE: session closed ..." looks like a program's message. */
  _split_id(&reader, line->program);
  if (_knows_id(&reader))
    return _read_text(&reader, text, FALSE);
  if (spec->bare)
    return _read_text(&reader, text, TRUE);
  event->failed = "what stands before a sentence of the row is not there";
  return PK_SCAN_NO_MATCH;
}
