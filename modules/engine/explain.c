/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include "engine/recognise.h"
#include "scan/slice.h"

/* What a shape that does not say it itself missed in a line. */
static const gchar *const FAILED[PK_N_SCAN_RESULTS] = {
  [PK_SCAN_NO_MATCH] = "it is not written like that",
  [PK_SCAN_IGNORED] = "it says nothing about a knock",
  [PK_SCAN_MALFORMED] = "an address, a protocol or a port is missing or cannot be",
  [PK_SCAN_UNKNOWN_PREFIX] = "its log prefix says neither deny nor accept",
  [PK_SCAN_CONTEXT] = "it is nothing by itself, and adds to what another line says",
};

static const gchar *
_find_needle(const PkDialect *dialect, PkSlice text)
{
  for (gsize i = 0; i < PK_DIALECT_NEEDLES_MAX && dialect->needles[i]; i++)
    if (pk_slice_find(text, pk_slice_from_string(dialect->needles[i])) >= 0)
      return dialect->needles[i];
  return NULL;
}

static const gchar *
_find_word(const PkDialect *dialect, PkSlice text)
{
  for (gsize i = 0; i < PK_DIALECT_WORDS_MAX && dialect->words[i]; i++)
    if (pk_slice_find_nocase(text, pk_slice_from_string(dialect->words[i])) >= 0)
      return dialect->words[i];
  return NULL;
}

static void
_find_lead(const PkDialect *dialect, const PkLine *line, PkExplanation *ret_lead)
{
  *ret_lead = (PkExplanation){ .dialect = dialect, .needle = _find_needle(dialect, line->text) };
  ret_lead->by_program = !ret_lead->needle;
  ret_lead->word = _find_word(dialect, line->text);
  if (dialect->words[0] && !ret_lead->word)
    ret_lead->failed = "none of the words that it asks for is there";
}

static guint
_count_values(const PkEvent *event)
{
  guint n = 0;

  for (guint32 has = event->has; has; has &= has - 1)
    n++;
  return n;
}

typedef struct _Search
{
  const PkRecogniser *recogniser;
  const PkLine *line;
  PkScanResult result; /* of the whole */
  guint best;          /* how near the nearest row is, from 1 */
} Search;

/* A row that decided is nearer than one that was only tried, and that than one
 * whose words are missing; of equals the one that read more. */
static guint
_try_nearness(const Search *self, guint row, PkExplanation *candidate, PkEvent *event)
{
  PkScanResult result;

  if (candidate->failed)
    return 1;
  result = pk_recogniser_try_row(self->recogniser, row, self->line, event);
  candidate->failed = event->failed ? event->failed : FAILED[result];
  candidate->failed_key = event->failed ? event->failed_key : NULL;
  candidate->sentence = event->sentence;
  return (result == self->result && result != PK_SCAN_NO_MATCH ? 100 : 2) + _count_values(event);
}

static void
_find_nearest(Search *self, PkEvent *event, PkExplanation *ret_nearest)
{
  PkRowSet leads;
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);

  pk_recogniser_find_leads(self->recogniser, self->line, &leads);
  for (guint i = 0; i < n; i++)
    {
      PkExplanation candidate;
      guint nearness;

      if (!pk_row_set_has(&leads, i))
        continue;
      _find_lead(dialects[i], self->line, &candidate);
      nearness = _try_nearness(self, i, &candidate, event);
      if (nearness <= self->best)
        continue;
      self->best = nearness;
      *ret_nearest = candidate;
    }
}

PkScanResult
pk_recognise_explain(const PkRecogniser *self, const PkLine *line, PkEvent *ret_event, PkExplanation *ret_explanation)
{
  PkScanResult result = pk_recognise(self, line, ret_event);
  PkLine cut = *line;
  Search search = { .recogniser = self, .line = &cut, .result = result };
  PkEvent scratch;

  cut.text.len = MIN(cut.text.len, PK_LINE_BYTES_MAX);
  cut.sdata.len = MIN(cut.sdata.len, PK_LINE_BYTES_MAX);
  *ret_explanation = (PkExplanation){ .dialect = NULL };
  if (result == PK_SCAN_MATCH)
    {
      _find_lead(ret_event->dialect, &cut, ret_explanation);
      ret_explanation->sentence = ret_event->sentence;
    }
  else if (result != PK_SCAN_OWN)
    _find_nearest(&search, &scratch, ret_explanation);
  return result;
}
