/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/shard-private.h"

#include "scan/slice.h"

/* The contents of a shard in another one. */

guint32
pk_shard_end(const PkShard *self)
{
  return pk_sources_end(self->room.sources);
}

gboolean
pk_shard_get_key(PkShard *self, guint32 index, guint64 *ret_hash, gint64 *ret_arrival_usec)
{
  const PkSource *source = pk_sources_get(self->room.sources, index);

  if (!source->is_live)
    return FALSE;
  *ret_hash = source->hash;
  *ret_arrival_usec = source->has_window ? pk_windows_get(self->room.windows, pk_source_window(source))->arrival_usec
                                         : (gint64) source->arrival_usec;
  return TRUE;
}

static PkHit
_copy_hit(const PkShard *self, const PkHit *hit, PkShard *dest)
{
  PkHit copy = *hit;

  copy.host = pk_names_get_id(dest->names, pk_slice_from_string(pk_names_get_text(self->names, hit->host)));
  return copy;
}

static void
_copy_window(PkShard *self, const PkSource *source, PkShard *dest, PkSource *copy)
{
  guint32 window = pk_source_window(source);
  const PkWindowSlot *slot = pk_windows_get(self->room.windows, window);
  PkHit newest = _copy_hit(self, pk_window_hit(&slot->window, slot->window.n - 1u), dest);
  PkWindowSlot *copied = pk_room_promote(&dest->room, copy, pk_source_hash(source), source->at.window.memory,
                                         slot->ports, slot->arrival_usec);
  guint32 index = pk_source_window(copy);

  if (!copied)
    {
      dest->stats.evicted_hits += slot->window.n - 1u;
      pk_source_set_hit(copy, &newest);
      return;
    }
  pk_windows_set_scope(dest->room.windows, index,
                       pk_slice_from_string(pk_windows_get_scope(self->room.windows, window)));
  for (guint i = 0; i < slot->window.n; i++)
    {
      PkHit hit = _copy_hit(self, pk_window_hit(&slot->window, i), dest);

      pk_windows_grow(dest->room.windows, index);
      pk_window_restore(&copied->window, &hit);
    }
  pk_windows_update(dest->room.windows, index, &dest->config->rule, slot->arrival_usec);
}

void
pk_shard_copy_source(PkShard *self, guint32 index, PkShard *dest)
{
  const PkSource *source = pk_sources_get(self->room.sources, index);
  PkSource *copy = pk_room_insert(&dest->room, source->hash, &source->address, 0);
  PkHit hit;

  if (source->has_window)
    {
      _copy_window(self, source, dest, copy);
      return;
    }
  pk_source_get_hit(source, 0, &hit);
  hit = _copy_hit(self, &hit, dest);
  pk_source_set_hit(copy, &hit);
}

void
pk_shard_drop_source(PkShard *self, guint32 index, PkShard *dest)
{
  dest->stats.evicted_hits += pk_room_count_hits_of(&self->room, pk_sources_get(self->room.sources, index));
}

typedef struct _Move
{
  const PkShard *from;
  PkShardChoice choose;
  gpointer user_data;
} Move;

static void
_move_memory(guint64 key, gconstpointer record, gpointer user_data)
{
  const Move *move = user_data;
  PkShard *dest = move->choose(key, move->user_data);
  PkMemory *copy = pk_recent_take(dest->memories, key, &dest->stats.evicted_memories);

  *copy = *(const PkMemory *) record;
}

static void
_move_pair(guint64 key, gconstpointer record, gpointer user_data)
{
  const Move *move = user_data;
  PkShard *dest = move->choose(key, move->user_data);
  PkHit hit = _copy_hit(move->from, record, dest);

  pk_room_keep_pair(&dest->room, key, &hit);
}

void
pk_shard_move_memories(const PkShard *self, PkShardChoice choose, gpointer user_data)
{
  Move move = { self, choose, user_data };

  pk_recent_each(self->memories, _move_memory, &move);
  pk_recent_each(self->room.pairs, _move_pair, &move);
}

void
pk_shard_copy_stats(const PkShard *self, PkShard *dest)
{
  pk_shard_add_stats(self, &dest->stats);
}
