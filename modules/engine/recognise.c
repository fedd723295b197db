/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include "engine/prefix-memo.h"
#include "engine/recognise.h"
#include "engine/registry.h"
#include "scan/scan.h"
#include "scan/slice.h"
#include "scan/tuple.h"

struct _PkRecogniser
{
  guint64 number;                   /* random: no other has it, nor had one before at its address */
  const PkDialect *const *dialects; /* borrowed */
  gsize n_dialects;
  PkRegistry *registry;
  PkScanContext context;
  GArray *prefixes; /* of PkPrefix; texts point into strings */
  GPtrArray *strings;
  PkTupleIndex *tuple_indexes[PK_NEEDLES_ROWS_MAX]; /* by row; NULL: it has no tuple */
};

/* What a line lacks is had when a row asks for it, and once. */
typedef struct _Completion
{
  PkCompleteFunc complete; /* NULL: done */
  gpointer user_data;
} Completion;

static gint
_compare_longest_first(gconstpointer a, gconstpointer b)
{
  const PkPrefix *left = a, *right = b;

  return left->len == right->len ? 0 : left->len < right->len ? 1 : -1;
}

static void
_add_prefixes(PkRecogniser *self, const GPtrArray *texts, PkVerdict verdict)
{
  for (guint i = 0; i < texts->len; i++)
    {
      gchar *text = g_strdup(g_ptr_array_index(texts, i));
      PkPrefix prefix = { .text = text, .len = strlen(text), .verdict = verdict };

      g_ptr_array_add(self->strings, text);
      g_array_append_val(self->prefixes, prefix);
    }
}

static void
_index_tuples(PkRecogniser *self)
{
  for (gsize row = 0; row < self->n_dialects; row++)
    if (self->dialects[row]->tuple)
      self->tuple_indexes[row] = pk_tuple_index_new(self->dialects[row]->tuple);
}

PkRecogniser *
pk_recogniser_new_of(const PkDialect *const *dialects, gsize n, const PkOptions *options)
{
  PkRecogniser *self = g_new0(PkRecogniser, 1);

  self->number = (guint64) g_random_int() << 32 | g_random_int() | 1;
  self->dialects = dialects;
  self->n_dialects = n;
  self->registry = pk_registry_new(dialects, n);
  self->prefixes = g_array_new(FALSE, FALSE, sizeof(PkPrefix));
  self->strings = g_ptr_array_new_with_free_func(g_free);
  _add_prefixes(self, options->deny_prefix, PK_VERDICT_DENY);
  _add_prefixes(self, options->accept_prefix, PK_VERDICT_ACCEPT);
  g_array_sort(self->prefixes, _compare_longest_first);
  self->context.prefixes = (const PkPrefix *) (gpointer) self->prefixes->data;
  self->context.n_prefixes = self->prefixes->len;
  _index_tuples(self);
  return self;
}

PkRecogniser *
pk_recogniser_new(const PkOptions *options, GError **error)
{
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);

  return pk_recogniser_new_of(dialects, n, options);
}

void
pk_recogniser_free(PkRecogniser *self)
{
  if (!self)
    return;
  pk_registry_free(self->registry);
  g_array_unref(self->prefixes);
  g_ptr_array_unref(self->strings);
  for (gsize row = 0; row < G_N_ELEMENTS(self->tuple_indexes); row++)
    g_free(self->tuple_indexes[row]);
  g_free(self);
}

static gboolean
_begins_with_alert_word(PkSlice text)
{
  for (guint branch = PK_BRANCH_NONE + 1; branch < PK_N_BRANCHES; branch++)
    if (pk_slice_starts_with(text, pk_slice_from_string(pk_branch_name((PkBranch) branch))))
      return TRUE;
  return FALSE;
}

static gboolean
_is_alert(PkSlice text)
{
  return _begins_with_alert_word(text) && pk_slice_find(text, PK_SLICE(" alert_id=")) >= 0;
}

/* Tags do not survive a hop, so what another relay wrote is told by its program
 * and its text. */
static gboolean
_is_own(const PkLine *line)
{
  return pk_slice_equals(line->program, PK_SLICE("port-knock")) &&
         (_is_alert(line->text) || pk_slice_starts_with(line->text, PK_SLICE(PK_HEARTBEAT_WORD " ")));
}

void
pk_recogniser_find_leads(const PkRecogniser *self, const PkLine *line, PkRowSet *ret_rows)
{
  pk_registry_find_leads(self->registry, line, ret_rows);
}

static PkScanResult
_try_row(const PkRecogniser *self, guint row, const PkLine *line, gsize body, PkEvent *event)
{
  const PkDialect *dialect = self->dialects[row];
  PkScanContext context = self->context;

  context.tuple_index = self->tuple_indexes[row];
  context.netfilter_body = body;
  pk_event_init(event);
  event->dialect = dialect;
  event->time_usec = line->time_usec;
  return dialect->scan(dialect, &context, line, event);
}

PkScanResult
pk_recogniser_try_row(const PkRecogniser *self, guint row, const PkLine *line, PkEvent *event)
{
  return _try_row(self, row, line, 0, event);
}

/* A broken line of one row may be a sound line of a later one, so only a match
 * or a row's word that the line is of no interest ends the search. */
static PkScanResult
_try_rows(const PkRecogniser *self, const PkRowSet *rows, const PkLine *line, gsize body, PkEvent *event)
{
  PkScanResult worst = PK_SCAN_NO_MATCH;
  guint worst_row = 0, last_row = 0;

  for (guint row = 0; row < self->n_dialects; row++)
    {
      PkScanResult result;

      if (!pk_row_set_has(rows, row))
        continue;
      last_row = row;
      result = _try_row(self, row, line, body, event);
      if (result == PK_SCAN_MATCH || result == PK_SCAN_IGNORED)
        return result;
      if (worst != PK_SCAN_NO_MATCH)
        continue;
      worst = result;
      worst_row = row;
    }
  /* The event is that of the row which said so. */
  return worst == PK_SCAN_NO_MATCH || worst_row == last_row ? worst : _try_row(self, worst_row, line, body, event);
}

static void
_complete(Completion *self, PkLine *line)
{
  if (!self->complete)
    return;
  self->complete(line, self->user_data);
  self->complete = NULL;
  line->sdata.len = MIN(line->sdata.len, PK_LINE_BYTES_MAX);
}

static PkScanResult
_complete_and_try(const PkRecogniser *self, const PkRowSet *rows, PkLine *line, gsize body, Completion *completion,
                  PkEvent *ret_event)
{
  if (pk_row_set_is_empty(rows))
    return PK_SCAN_NO_MATCH;
  _complete(completion, line);
  return _try_rows(self, rows, line, body, ret_event);
}

static PkScanResult
_scan_known(const PkPrefixMemo *known, const PkLine *line, gsize body, PkEvent *event)
{
  event->dialect = known->dialect;
  event->time_usec = line->time_usec;
  return pk_netfilter_scan_body(line, body, (PkVerdict) known->verdict, pk_slice(known->word, known->word_len), event);
}

static PkScanResult
_try_prefix_rows(const PkRecogniser *self, const PkPrefixKey *key, PkLine *line, gsize body, Completion *completion,
                 PkEvent *ret_event)
{
  PkScanResult result;
  PkRowSet rows;

  pk_registry_select_prefixes(self->registry, line, body, &rows);
  result = _complete_and_try(self, &rows, line, body, completion, ret_event);
  if (result == PK_SCAN_MATCH)
    pk_prefix_memo_put(key, line, body, ret_event);
  return result;
}

/* The short way.  Unless it ends with a match, the long one begins anew. */
static PkScanResult
_recognise_by_prefix(const PkRecogniser *self, PkLine *line, Completion *completion, PkEvent *ret_event)
{
  gssize body = pk_netfilter_find_body(line);
  const PkPrefixMemo *known;
  PkPrefixKey key;

  if (body < 0)
    return PK_SCAN_NO_MATCH;
  pk_event_init(ret_event);
  pk_prefix_key_init(&key, self->number, line, (gsize) body, ret_event);
  known = pk_prefix_memo_find(&key);
  if (!known)
    return _try_prefix_rows(self, &key, line, (gsize) body, completion, ret_event);
  _complete(completion, line);
  return _scan_known(known, line, (gsize) body, ret_event);
}

static PkScanResult
_recognise(const PkRecogniser *self, PkLine *line, Completion *completion, PkEvent *ret_event)
{
  PkRowSet rows;

  pk_registry_select(self->registry, line, &rows);
  return _complete_and_try(self, &rows, line, 0, completion, ret_event);
}

PkScanResult
pk_recognise_begun(const PkRecogniser *self, PkLine *line, PkCompleteFunc complete, gpointer user_data,
                   PkEvent *ret_event)
{
  Completion completion = { complete, user_data };

  line->text.len = MIN(line->text.len, PK_LINE_BYTES_MAX);
  if (G_UNLIKELY(_is_own(line)))
    return PK_SCAN_OWN;
  if (_recognise_by_prefix(self, line, &completion, ret_event) == PK_SCAN_MATCH)
    return PK_SCAN_MATCH;
  return _recognise(self, line, &completion, ret_event);
}

static void
_leave_as_is(PkLine *line, gpointer user_data)
{
}

PkScanResult
pk_recognise(const PkRecogniser *self, const PkLine *line, PkEvent *ret_event)
{
  PkLine cut = *line;

  return pk_recognise_begun(self, &cut, _leave_as_is, NULL, ret_event);
}
