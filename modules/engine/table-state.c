/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/table-private.h"

#include "engine/state-rows.h"

/* What a table keeps as sections of a state file, and back. */

/* So many places of a shard are gathered under one lock: some 0.3 ms. */
#define SLICE_SOURCES 2048

static const PkStateRow *const ROWS[] = {
  &pk_state_row_memories,  &pk_state_row_holds, &pk_state_row_doors,  &pk_state_row_sequences, &pk_state_row_services,
  &pk_state_row_listeners, &pk_state_row_sets,  &pk_state_row_judged, &pk_state_row_trails,    &pk_state_row_stages,
};

static const PkStateRow *
_find_row(PkStateKind kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS(ROWS); i++)
    if (ROWS[i]->kind == kind)
      return ROWS[i];
  return NULL;
}

/* ---- writing ---------------------------------------------------------------- */

/* A part of a shard. */
typedef struct _Part
{
  PkStateWriter writer;
  guint32 first, end;    /* places of sources; end: of the shard */
  const PkStateRow *row; /* NULL: reports */
} Part;

static void
_gather_sources(PkShard *shard, gpointer user_data)
{
  Part *self = user_data;
  gsize section = pk_state_begin_section(&self->writer, PK_STATE_SOURCES);
  PkSourceState state;
  guint32 n = 0, end;

  self->end = pk_shard_end(shard);
  end = MIN(self->end, self->first + SLICE_SOURCES);
  for (guint32 index = self->first; index < end; index++)
    if (pk_shard_get_source(shard, index, &state))
      {
        pk_state_put_source(&self->writer, &state);
        n++;
      }
  pk_state_end_section(&self->writer, section, n);
}

static void
_gather_records(PkShard *shard, gpointer user_data)
{
  Part *self = user_data;

  if (self->row)
    pk_state_put_recent(&self->writer, self->row, pk_shard_recent(shard, self->row->kind));
  else
    pk_reports_put_all(pk_ledger_reports(pk_shard_ledger(shard)), &self->writer);
}

static gboolean
_hand_over(Part *self, PkStateSink sink, gpointer user_data, GError **error)
{
  gboolean ok = sink(self->writer.data, self->writer.len, user_data, error);

  self->writer.len = 0;
  return ok;
}

/* Sources before what was judged of them: a candidate that is judged in between is in the file as one that is open
 * and reported, and cooldown() takes care of that. */
static gboolean
_write_shard(PkTable *table, guint i, Part *part, PkStateSink sink, gpointer user_data, GError **error)
{
  part->end = 1;
  for (part->first = 0; part->first < part->end; part->first += SLICE_SOURCES)
    {
      pk_table_visit_shard(table, i, _gather_sources, part);
      if (!_hand_over(part, sink, user_data, error))
        return FALSE;
    }
  for (gsize row = 0; row <= G_N_ELEMENTS(ROWS); row++)
    {
      part->row = row < G_N_ELEMENTS(ROWS) ? ROWS[row] : NULL;
      pk_table_visit_shard(table, i, _gather_records, part);
      if (!_hand_over(part, sink, user_data, error))
        return FALSE;
    }
  return TRUE;
}

static void
_put_count(PkStateWriter *writer, const gint *count)
{
  pk_state_put_u32(writer, (guint32) MAX(g_atomic_int_get(count), 0));
}

static void
_put_common(PkTable *table, PkStateWriter *writer)
{
  gsize section = pk_state_begin_section(writer, PK_STATE_COMMON);

  pk_state_put_bytes(writer, table->config.secret, sizeof(table->config.secret));
  pk_state_put_bytes(writer, table->config.names_secret, sizeof(table->config.names_secret));
  pk_state_put_u64(writer, table->config.memory.salt);
  pk_state_put_u32(writer,
                   MAX((guint32) g_atomic_int_get(&table->ticked_sec), (guint32) g_atomic_int_get(&table->seen_sec)));
  pk_state_put_u32(writer, (guint32) g_atomic_int_get(&table->services_began_sec));
  _put_count(writer, &table->caps.alerts.minute);
  _put_count(writer, &table->caps.alerts.alerts);
  _put_count(writer, &table->caps.alerts.held_back);
  pk_state_end_section(writer, section, 1);
}

gboolean
pk_table_write(PkTable *self, PkStateSink sink, gpointer user_data, GError **error)
{
  Part part = { .first = 0 };
  gboolean ok;

  _put_common(self, &part.writer);
  ok = _hand_over(&part, sink, user_data, error);
  for (guint i = 0; ok && i < self->n_slots; i++)
    ok = _write_shard(self, i, &part, sink, user_data, error);
  pk_state_writer_clear(&part.writer);
  return ok;
}

/* ---- reading ---------------------------------------------------------------- */

/* Where a record is, and by what it is ordered. */
typedef struct _Place
{
  gint64 usec;
  const guint8 *at;
} Place;

/* What is put into the table in its order, once all sections are known. */
typedef struct _Lists
{
  GArray *sources, *reports; /* of Place */
  guint n_common;
} Lists;

static gint
_compare_places(gconstpointer a, gconstpointer b)
{
  const Place *left = a, *right = b;

  if (left->usec != right->usec)
    return left->usec < right->usec ? -1 : 1;
  return left->at < right->at ? -1 : left->at > right->at;
}

static void
_list_sources(PkStateSection *section, GArray *places)
{
  PkStateReader *records = &section->records;
  PkSourceState state;

  for (guint32 i = 0; i < section->n_records && !records->failed; i++)
    {
      Place place = { .at = records->at };

      pk_state_get_source(records, &state);
      place.usec = state.arrival_usec;
      g_array_append_val(places, place);
    }
}

static void
_list_reports(PkStateSection *section, GArray *places)
{
  PkStateReader *records = &section->records;
  PkReportState state;

  for (guint32 i = 0; i < section->n_records && !records->failed; i++)
    {
      Place place = { .at = records->at };

      pk_state_get_report(records, &state);
      place.usec = state.ends_usec;
      g_array_append_val(places, place);
    }
}

static void
_get_common(PkTable *table, PkStateReader *reader)
{
  pk_state_get_bytes(reader, table->config.secret, sizeof(table->config.secret));
  pk_state_get_bytes(reader, table->config.names_secret, sizeof(table->config.names_secret));
  table->config.memory.salt = pk_state_get_u64(reader) | 1;
  table->ticked_sec = (gint) pk_state_get_u32(reader);
  table->services_began_sec = (gint) pk_state_get_u32(reader);
  table->caps.alerts.minute = (gint) pk_state_get_max(reader, 4, G_MAXINT32);
  table->caps.alerts.alerts = (gint) pk_state_get_max(reader, 4, G_MAXINT32 / 2);
  table->caps.alerts.held_back = (gint) pk_state_get_max(reader, 4, G_MAXINT32 / 2);
}

static PkRecent *
_choose_recent(guint64 key, PkStateKind kind, gpointer user_data)
{
  return pk_shard_recent(pk_table_slot_of(user_data, key)->shard, kind);
}

/* The secrets come first: keys are made with them. */
static gboolean
_read_section(PkTable *table, PkStateSection *section, Lists *lists)
{
  const PkStateRow *row = _find_row(section->kind);

  if ((section->kind == PK_STATE_COMMON) != (lists->n_common == 0))
    return FALSE;
  if (section->kind == PK_STATE_COMMON)
    {
      lists->n_common++;
      _get_common(table, &section->records);
    }
  else if (section->kind == PK_STATE_SOURCES)
    _list_sources(section, lists->sources);
  else if (section->kind == PK_STATE_REPORTS)
    _list_reports(section, lists->reports);
  else
    pk_state_get_recent(section, row, _choose_recent, table);
  return !section->records.failed && section->records.at == section->records.end;
}

/* The newest that have room, the oldest of them first, so that lists that are ordered by age come out right. */
static void
_put_sources(PkTable *table, GArray *places, const guint8 *end)
{
  guint max = (guint) table->caps.room.max_sources;
  PkSourceState state;

  g_array_sort(places, _compare_places);
  for (guint i = places->len > max ? places->len - max : 0; i < places->len; i++)
    {
      PkStateReader reader = { .at = g_array_index(places, Place, i).at, .end = end };

      pk_state_get_source(&reader, &state);
      pk_shard_put_source(pk_table_slot_of(table, state.hash)->shard, &state);
    }
}

/* In the order in which they end, as each shard keeps them. */
static void
_put_reports(PkTable *table, GArray *places, const guint8 *end)
{
  PkReportState state;

  g_array_sort(places, _compare_places);
  for (guint i = 0; i < places->len; i++)
    {
      PkStateReader reader = { .at = g_array_index(places, Place, i).at, .end = end };

      pk_state_get_report(&reader, &state);
      pk_reports_put_back(pk_ledger_reports(pk_shard_ledger(pk_table_slot_of(table, state.source)->shard)), &state);
    }
}

static gboolean
_read(PkTable *table, const guint8 *data, gsize len)
{
  PkStateReader reader = { .at = data, .end = data + len };
  Lists lists = { g_array_new(FALSE, FALSE, sizeof(Place)), g_array_new(FALSE, FALSE, sizeof(Place)), 0 };
  PkStateSection section;
  gboolean ok = TRUE;

  while (ok && pk_state_next_section(&reader, &section))
    ok = _read_section(table, &section, &lists);
  ok = ok && !reader.failed && lists.n_common == 1;
  if (ok)
    {
      _put_sources(table, lists.sources, data + len);
      _put_reports(table, lists.reports, data + len);
    }
  g_array_unref(lists.sources);
  g_array_unref(lists.reports);
  return ok;
}

PkTable *
pk_table_new_from_state(const PkOptions *options, const guint8 *data, gsize len, GError **error)
{
  PkTable *self = pk_table_new(options, error);

  if (self && !_read(self, data, len))
    {
      g_set_error(error, PK_STATE_ERROR, PK_STATE_ERROR_REFUSED, "its contents are damaged");
      g_clear_pointer(&self, pk_table_free);
    }
  return self;
}
