/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/table-private.h"

#include "engine/state-rows.h"

/* The contents of a table in another one, with other options.  No other thread
 * uses either, so nothing is locked. */

/* Where a source, or a report, is in the old table. */
typedef struct _Place
{
  gint64 age_usec; /* arrival time of the last hit; or when the cooldown ends */
  guint64 hash;
  PkShard *shard;
  guint32 index;
} Place;

static gint
_compare_newest_first(gconstpointer a, gconstpointer b)
{
  const Place *left = a, *right = b;

  return left->age_usec == right->age_usec ? 0 : left->age_usec < right->age_usec ? 1 : -1;
}

static GArray *
_list_sources(PkTable *self)
{
  GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));

  for (guint i = 0; i < self->n_slots; i++)
    for (guint32 index = 0; index < pk_shard_end(self->slots[i].shard); index++)
      {
        Place place = { .shard = self->slots[i].shard, .index = index };

        if (pk_shard_get_key(place.shard, index, &place.hash, &place.age_usec))
          g_array_append_val(places, place);
      }
  g_array_sort(places, _compare_newest_first);
  return places;
}

/* The oldest first, so that lists that are ordered by age come out right. */
static void
_copy_sources(PkTable *self, PkTable *old)
{
  GArray *places = _list_sources(old);
  guint n = MIN(places->len, (guint) self->caps.room.max_sources);

  for (guint i = n; i < places->len; i++)
    {
      const Place *place = &g_array_index(places, Place, i);

      pk_shard_drop_source(place->shard, place->index, self->slots[0].shard);
    }
  for (guint i = n; i > 0; i--)
    {
      const Place *place = &g_array_index(places, Place, i - 1);

      pk_shard_copy_source(place->shard, place->index, pk_table_slot_of(self, place->hash)->shard);
    }
  g_array_unref(places);
}

static GArray *
_list_reports(PkTable *self)
{
  GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));

  for (guint i = 0; i < self->n_slots; i++)
    for (guint32 index = 0; index < pk_ledger_count_reports(pk_shard_ledger(self->slots[i].shard)); index++)
      {
        Place place = { .shard = self->slots[i].shard, .index = index };

        place.hash = pk_ledger_get_report_key(pk_shard_ledger(place.shard), index, &place.age_usec);
        g_array_append_val(places, place);
      }
  g_array_sort(places, _compare_newest_first);
  return places;
}

/* In the order in which they end, as each shard keeps them. */
static void
_copy_reports(PkTable *self, PkTable *old)
{
  GArray *places = _list_reports(old);

  for (guint i = places->len; i > 0; i--)
    {
      const Place *place = &g_array_index(places, Place, i - 1);

      pk_ledger_copy_report(pk_shard_ledger(place->shard), place->index,
                            pk_shard_ledger(pk_table_slot_of(self, place->hash)->shard));
    }
  g_array_unref(places);
}

/* ---- what is kept beside sources ------------------------------------------- */

static PkShard *
_choose_shard(guint64 hash, gpointer user_data)
{
  return pk_table_slot_of(user_data, hash)->shard;
}

static PkLedger *
_choose_ledger(guint64 source, gpointer user_data)
{
  return pk_shard_ledger(_choose_shard(source, user_data));
}

/* From one crowd to those that the keys belong to. */
typedef struct _CrowdMove
{
  const PkCrowd *from;
  PkTable *to;
} CrowdMove;

static void
_move_sequence(guint64 key, gpointer user_data)
{
  const CrowdMove *move = user_data;

  pk_crowd_copy_sequence(move->from, key, pk_shard_crowd(_choose_shard(key, move->to)));
}

static void
_move_service(guint64 key, gpointer user_data)
{
  const CrowdMove *move = user_data;

  pk_crowd_copy_service(move->from, key, pk_shard_crowd(_choose_shard(key, move->to)));
}

/* Records of one kind to the shards that their keys belong to. */
typedef struct _RecordMove
{
  const PkStateRow *row;
  PkTable *to;
} RecordMove;

static void
_move_record(guint64 key, gconstpointer record, gpointer user_data)
{
  const RecordMove *move = user_data;
  PkRecent *recent = pk_shard_recent(_choose_shard(key, move->to), move->row->kind);
  guint64 evicted = 0;

  memcpy(pk_recent_take(recent, key, &evicted), record, move->row->record_bytes);
}

static void
_move_records(PkTable *self, PkShard *from, const PkStateRow *row)
{
  pk_recent_each(pk_shard_recent(from, row->kind), _move_record, &(RecordMove){ row, self });
}

static void
_copy_memories(PkTable *self, PkTable *old)
{
  for (guint i = 0; i < old->n_slots; i++)
    {
      CrowdMove move = { pk_shard_crowd(old->slots[i].shard), self };

      pk_shard_move_memories(old->slots[i].shard, _choose_shard, self);
      pk_ledger_move(pk_shard_ledger(old->slots[i].shard), _choose_ledger, self);
      pk_crowd_each_sequence(move.from, _move_sequence, &move);
      pk_crowd_each_service(move.from, _move_service, &move);
      _move_records(self, old->slots[i].shard, &pk_state_row_listeners);
      _move_records(self, old->slots[i].shard, &pk_state_row_holds);
      _move_records(self, old->slots[i].shard, &pk_state_row_doors);
    }
}

PkTable *
pk_table_new_from(PkTable *old, const PkOptions *options, GError **error)
{
  PkTable *self = pk_table_new(options, error);

  if (!self)
    return NULL;
  memcpy(self->config.secret, old->config.secret, sizeof(self->config.secret));
  memcpy(self->config.names_secret, old->config.names_secret, sizeof(self->config.names_secret));
  self->config.memory.salt = old->config.memory.salt;
  self->caps.alerts = old->caps.alerts;
  self->caps.alerts.max = options->max_alerts;
  self->services_began_sec = old->services_began_sec;
  self->set_back_sec = old->set_back_sec;
  self->ticked_sec = old->ticked_sec;
  self->seen_sec = old->seen_sec;
  self->slots[0].changes = pk_table_count_changes(old) + 1;
  _copy_sources(self, old);
  _copy_reports(self, old);
  _copy_memories(self, old);
  for (guint i = 0; i < old->n_slots; i++)
    pk_shard_copy_stats(old->slots[i].shard, self->slots[0].shard);
  return self;
}
