/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TABLE_PRIVATE_H_INCLUDED
#define PK_TABLE_PRIVATE_H_INCLUDED

#include "engine/pages.h"
#include "engine/shard.h"
#include "engine/table.h"

/* What table.c, which locks, and table-move.c and table-state.c share. */

/* A power of two; there may be fewer. */
#define PK_TABLE_SHARDS_MAX (1 << PK_SHARD_BITS)

/* What a worker writes lies in other cache lines than what all of them read, so that they do not wait for each other
 * where they do not have to. */
typedef struct _PkTableSlot
{
  PkShard *shard;
  _Alignas(PK_CACHE_LINE_BYTES) GMutex lock;
  guint64 changes; /* of what is kept, by the same lock; of what belongs to no shard, in the first slot */
} PkTableSlot;

G_STATIC_ASSERT(sizeof(PkTableSlot) == 2 * PK_CACHE_LINE_BYTES);

struct _PkTable
{
  /* Read with each message, and hardly ever written: */
  PkShardConfig config;
  guint ipv6_prefix; /* bits */
  guint n_slots;
  gsize bytes;
  gint services_began_sec; /* atomic, a guint32; arrival time of the first permitted connection, 0: none yet */
  gint set_back_sec;       /* the same; by so much the caller's clock was set back: is added to what it says */
  gint ticked_sec;         /* the same; arrival time of the last tick, 0: none yet */
  gint seen_sec;           /* the same; until then, the latest arrival time that there was */
  /* Written by whoever has a new source: */
  _Alignas(PK_CACHE_LINE_BYTES) PkShardCaps caps;
  PkTableSlot slots[PK_TABLE_SHARDS_MAX];
};

/* One of the members that count seconds. */
static inline gint64
pk_table_get_usec(const gint *seconds)
{
  return (guint32) g_atomic_int_get(seconds) * (gint64) G_USEC_PER_SEC;
}

static inline void
pk_table_set_usec(gint *seconds, gint64 usec)
{
  g_atomic_int_set(seconds, (gint) pk_memory_seconds(usec));
}

/* Written only when it grows: with each message it would take the cache line that it lies in from all workers. */
static inline void
pk_table_raise_usec(gint *seconds, gint64 usec)
{
  if (pk_memory_seconds(usec) > (guint32) g_atomic_int_get(seconds))
    pk_table_set_usec(seconds, usec);
}

/* The latest arrival time that is known, in whole seconds; 0: there was none. */
static inline gint64
pk_table_latest_usec(const PkTable *self)
{
  return MAX(pk_table_get_usec(&self->ticked_sec), pk_table_get_usec(&self->seen_sec));
}

/* By the low bits: what is in a shard is found by the others. */
static inline PkTableSlot *
pk_table_slot_of(PkTable *self, guint64 hash)
{
  return &self->slots[hash & PK_SHARD_MASK & (self->n_slots - 1)];
}

/* The keys of PkArrival. */
void pk_table_identify(const PkTable *self, const PkSender *sender, guint64 *ret_hash, guint64 *ret_memory);
/* Those of the crowd: what sources have in common.  A host by its name in the log, or by its address, the other being
 * empty. */
guint64 pk_table_hash_dest(const PkTable *self, const PkAddr *dest);
guint64 pk_table_hash_sequence(const PkTable *self, const PkAlert *alert);
guint64 pk_table_hash_service(const PkTable *self, const PkEvidence *evidence);
guint64 pk_table_hash_listener(const PkTable *self, PkSlice host, const PkAddr *address, const PkPort *port);

/* Calls visit with shard number i, locked; it must not call out, and not take long. */
typedef void (*PkShardVisit)(PkShard *shard, gpointer user_data);
void pk_table_visit_shard(PkTable *self, guint i, PkShardVisit visit, gpointer user_data);
/* The shard of hash, unless another thread has it. */
void pk_table_try_shard(PkTable *self, guint64 hash, PkShardVisit visit, gpointer user_data);

#endif
