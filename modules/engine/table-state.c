/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/table-private.h"

#include "engine/state-rows.h"

/* What a table keeps as sections of a state file, and back. */

/* Of a shard so much is gathered under one lock, whatever ends first: some 0.2 ms. */
#define SLICE_SOURCES 2048
#define SLICE_HITS 4096
#define SLICE_REPORTS 64
#define MINUTE_USEC (60 * (gint64) G_USEC_PER_SEC)

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
  guint32 first;         /* place of a source */
  const PkStateRow *row; /* NULL: reports */
  guint64 next_report;
  gboolean more;
} Part;

static void
_gather_sources(PkShard *shard, gpointer user_data)
{
  Part *self = user_data;
  gsize section = pk_state_begin_section(&self->writer, PK_STATE_SOURCES);
  guint32 n = 0, hits = 0, index = self->first, shard_end = pk_shard_end(shard);
  guint32 end = MIN(shard_end, self->first + SLICE_SOURCES);
  PkSourceState state;

  for (; index < end && hits < SLICE_HITS; index++)
    if (pk_shard_get_source(shard, index, &state))
      {
        pk_state_put_source(&self->writer, &state);
        hits += state.n;
        n++;
      }
  pk_state_end_section(&self->writer, section, n);
  self->first = index;
  self->more = index < shard_end;
}

static void
_begin_records(PkShard *shard, gpointer user_data)
{
  for (gsize i = 0; i < G_N_ELEMENTS(ROWS); i++)
    pk_recent_begin_walk(pk_shard_recent(shard, ROWS[i]->kind));
}

static void
_gather_records(PkShard *shard, gpointer user_data)
{
  Part *self = user_data;

  if (self->row)
    self->more = pk_state_put_recent(&self->writer, self->row, pk_shard_recent(shard, self->row->kind));
  else
    self->more = pk_reports_put_next(pk_ledger_reports(pk_shard_ledger(shard)), &self->writer, SLICE_REPORTS,
                                     &self->next_report);
}

static gboolean
_hand_over(Part *self, PkStateSink sink, gpointer user_data, GError **error)
{
  gboolean ok = sink(self->writer.data, self->writer.len, user_data, error);

  self->writer.len = 0;
  return ok;
}

/* Where it gets its records from, and where it takes them. */
typedef struct _Path
{
  PkTable *table;
  PkStateSink sink;
  gpointer user_data;
} Path;

static gboolean
_write_parts(const Path *path, guint i, PkShardVisit gather, Part *part, GError **error)
{
  do
    {
      pk_table_visit_shard(path->table, i, gather, part);
      if (!_hand_over(part, path->sink, path->user_data, error))
        return FALSE;
    }
  while (part->more);
  return TRUE;
}

/* Sources before what was judged of them: a candidate that is judged in between is in the file as one that is open
 * and reported, and cooldown() takes care of that. */
static gboolean
_write_shard(const Path *path, guint i, Part *part, GError **error)
{
  part->first = 0;
  if (!_write_parts(path, i, _gather_sources, part, error))
    return FALSE;
  pk_table_visit_shard(path->table, i, _begin_records, NULL);
  part->next_report = 0;
  for (gsize row = 0; row <= G_N_ELEMENTS(ROWS); row++)
    {
      part->row = row < G_N_ELEMENTS(ROWS) ? ROWS[row] : NULL;
      if (!_write_parts(path, i, _gather_records, part, error))
        return FALSE;
    }
  return TRUE;
}

static void
_put_count(PkStateWriter *writer, const gint *count)
{
  pk_state_put_u32(writer, (guint32) MAX(g_atomic_int_get(count), 0));
}

/* As the times that it holds are told, which do not go back when the clock is set back. */
static gint64
_saved_usec(const PkTable *table, gint64 now_usec)
{
  return MAX(now_usec + pk_table_get_usec(&table->set_back_sec), pk_table_latest_usec(table));
}

static void
_put_common(PkTable *table, gint64 now_usec, PkStateWriter *writer)
{
  gsize section = pk_state_begin_section(writer, PK_STATE_COMMON);

  pk_state_put_time(writer, _saved_usec(table, now_usec));
  pk_state_put_bytes(writer, table->config.secret, sizeof(table->config.secret));
  pk_state_put_bytes(writer, table->config.names_secret, sizeof(table->config.names_secret));
  pk_state_put_u64(writer, table->config.memory.salt);
  pk_state_put_u32(writer, (guint32) g_atomic_int_get(&table->services_began_sec));
  _put_count(writer, &table->caps.alerts.minute);
  _put_count(writer, &table->caps.alerts.alerts);
  _put_count(writer, &table->caps.alerts.held_back);
  pk_state_end_section(writer, section, 1);
}

gboolean
pk_table_write(PkTable *self, gint64 now_usec, PkStateSink sink, gpointer user_data, GError **error)
{
  const Path path = { self, sink, user_data };
  Part part = { .first = 0 };
  gboolean ok;

  _put_common(self, now_usec, &part.writer);
  ok = _hand_over(&part, sink, user_data, error);
  for (guint i = 0; ok && i < self->n_slots; i++)
    ok = _write_shard(&path, i, &part, error);
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
  PkStateClock clock;
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

/* Which services are open is not known any more after a pause of scan-memory(): it is learned anew. */
static void
_fit_common(PkTable *table, gint64 saved_usec, const PkStateClock *clock)
{
  gint64 memory_usec = table->config.memory.seconds * (gint64) G_USEC_PER_SEC;
  gint64 minute_usec = table->caps.alerts.minute * MINUTE_USEC;

  table->services_began_sec = (gint) pk_state_clock_cut_sec(clock, (guint32) table->services_began_sec);
  if (clock->now_usec - saved_usec > memory_usec)
    table->services_began_sec = 0;
  table->caps.alerts.minute = (gint) (pk_state_clock_cut(clock, minute_usec, clock->now_usec) / MINUTE_USEC);
}

static void
_get_common(PkTable *table, PkStateReader *reader, PkStateClock *clock)
{
  gint64 saved_usec = pk_state_get_time(reader);

  pk_state_clock_init(clock, saved_usec, clock->now_usec);
  /* The first tick tells whether the clock was set back since. */
  pk_table_set_usec(&table->seen_sec, MIN(clock->now_usec, G_MAXUINT32 * (gint64) G_USEC_PER_SEC));
  pk_state_get_bytes(reader, table->config.secret, sizeof(table->config.secret));
  pk_state_get_bytes(reader, table->config.names_secret, sizeof(table->config.names_secret));
  table->config.memory.salt = pk_state_get_u64(reader) | 1;
  table->services_began_sec = (gint) pk_state_get_u32(reader);
  table->caps.alerts.minute = (gint) pk_state_get_max(reader, 4, G_MAXINT32);
  table->caps.alerts.alerts = (gint) pk_state_get_max(reader, 4, G_MAXINT32 / 2);
  table->caps.alerts.held_back = (gint) pk_state_get_max(reader, 4, G_MAXINT32 / 2);
  _fit_common(table, saved_usec, clock);
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
      _get_common(table, &section->records, &lists->clock);
    }
  else if (section->kind == PK_STATE_SOURCES)
    _list_sources(section, lists->sources);
  else if (section->kind == PK_STATE_REPORTS)
    _list_reports(section, lists->reports);
  else
    pk_state_get_recent(section, row, &lists->clock, _choose_recent, table);
  return !section->records.failed && section->records.at == section->records.end;
}

/* The newest that have room, the oldest of them first, so that lists that are ordered by age come out right. */
static void
_put_sources(PkTable *table, GArray *places, const guint8 *end, const PkStateClock *clock)
{
  guint max = (guint) table->caps.room.max_sources;
  PkSourceState state;

  g_array_sort(places, _compare_places);
  for (guint i = places->len > max ? places->len - max : 0; i < places->len; i++)
    {
      PkStateReader reader = { .at = g_array_index(places, Place, i).at, .end = end };

      pk_state_get_source(&reader, &state);
      pk_source_state_fit(&state, clock);
      pk_shard_put_source(pk_table_slot_of(table, state.hash)->shard, &state);
    }
}

/* In the order in which they end, as each shard keeps them. */
static void
_put_reports(PkTable *table, GArray *places, const guint8 *end, const PkStateClock *clock)
{
  PkReportState state;

  g_array_sort(places, _compare_places);
  for (guint i = 0; i < places->len; i++)
    {
      PkStateReader reader = { .at = g_array_index(places, Place, i).at, .end = end };

      pk_state_get_report(&reader, &state);
      pk_report_state_fit(&state, clock, table->config.ledger.cooldown_usec);
      pk_reports_put_back(pk_ledger_reports(pk_shard_ledger(pk_table_slot_of(table, state.source)->shard)), &state);
    }
}

static gboolean
_read(PkTable *table, const guint8 *data, gsize len, gint64 now_usec)
{
  PkStateReader reader = { .at = data, .end = data + len };
  Lists lists = {
    g_array_new(FALSE, FALSE, sizeof(Place)), g_array_new(FALSE, FALSE, sizeof(Place)), 0, { .now_usec = now_usec }
  };
  PkStateSection section;
  gboolean ok = TRUE;

  while (ok && pk_state_next_section(&reader, &section))
    ok = _read_section(table, &section, &lists);
  ok = ok && !reader.failed && lists.n_common == 1;
  if (ok)
    {
      _put_sources(table, lists.sources, data + len, &lists.clock);
      _put_reports(table, lists.reports, data + len, &lists.clock);
    }
  g_array_unref(lists.sources);
  g_array_unref(lists.reports);
  return ok;
}

PkTable *
pk_table_new_from_state(const PkOptions *options, const guint8 *data, gsize len, gint64 now_usec, GError **error)
{
  PkTable *self = pk_table_new(options, error);

  if (self && !_read(self, data, len, now_usec))
    {
      g_set_error(error, PK_STATE_ERROR, PK_STATE_ERROR_REFUSED, "its contents are damaged");
      g_clear_pointer(&self, pk_table_free);
    }
  return self;
}
