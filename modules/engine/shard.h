/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SHARD_H_INCLUDED
#define PK_SHARD_H_INCLUDED

#include "engine/crowd.h"
#include "engine/ledger.h"
#include "engine/memory.h"
#include "engine/room.h"
#include "engine/sequences.h"
#include "port-knock/pk-engine.h"

/* One part of the table: the sources whose hash falls to it with their windows,
 * memory and ledger, and a part of the crowd.  Not thread safe: the table locks.
 *
 * What a shard finds are drafts.  Between drafting and deciding the table asks
 * the crowd, which may lie in another shard, so that no two locks are ever held. */

/* Shared by all shards of a table. */
typedef struct _PkShardCaps
{
  PkCaps room;
  PkAlertCap alerts;
} PkShardCaps;

/* What all shards of a table have in common. */
typedef struct _PkShardConfig
{
  PkRule rule;
  PkMemoryRule memory;
  PkNetworkRule network;
  PkLedgerRule ledger;
  PkSequences *sequences; /* reference of the table; NULL: none */
  gboolean alert_on_failed;
  guint8 secret[16];
  guint8 names_secret[16];
  /* Capacities of each shard.  Together a little more than the caps, because
   * sources do not spread evenly. */
  guint sources, windows, memories, crowd;
} PkShardConfig;

/* A hit and whose it is. */
typedef struct _PkArrival
{
  guint64 hash;   /* keyed, of scope and source; by the low part of it alone the source is found */
  guint64 memory; /* the same of scope and the source's network */
  PkAddr source;
  PkSlice scope, host;
  PkHit hit;                   /* host is set by the shard */
  const PkKnownPacket *packet; /* which it is; NULL: none */
} PkArrival;

#define PK_DRAFTS_MAX (PK_JUDGEMENTS_MAX + 2)

/* Room for them is taken with the first: most calls find nothing. */
typedef struct _PkDrafts
{
  guint n;
  PkDraft *drafts; /* PK_DRAFTS_MAX, owned; not cleared past n; NULL: there was none yet */
} PkDrafts;

static inline PkDraft *
pk_drafts_next(PkDrafts *self)
{
  g_assert(self->n < PK_DRAFTS_MAX);
  if (!self->drafts)
    self->drafts = g_new(PkDraft, PK_DRAFTS_MAX);
  return &self->drafts[self->n];
}

static inline void
pk_drafts_clear(PkDrafts *self)
{
  g_clear_pointer(&self->drafts, g_free);
  self->n = 0;
}

typedef struct _PkShard PkShard;

/* config and caps are borrowed for the life of self. NULL when there is not that much memory. */
PkShard *pk_shard_new(const PkShardConfig *config, PkShardCaps *caps);
void pk_shard_free(PkShard *self);
gsize pk_shard_bytes(const PkShardConfig *config);

/* An observation of these keys, as in PkArrival, is about to come: fetches what it will look at, in the order of the
 * calls, between which the caller does other work.  Any thread may call the first without a lock. */
void pk_shard_prefetch(const PkShard *self, guint64 hash, guint64 memory);
void pk_shard_prefetch_source(const PkShard *self, guint64 hash, guint64 memory);
void pk_shard_prefetch_window(const PkShard *self, guint64 hash);
/* drafts are added to. */
void pk_shard_observe(PkShard *self, const PkArrival *arrival, PkDrafts *drafts);
void pk_shard_take_evidence(PkShard *self, const PkEvidence *evidence, PkDrafts *drafts);
/* Does one thing that is due; FALSE when nothing is.  Adds a draft, or writes
 * an alert that is decided already, *ret_n being 1 then; or neither. */
gboolean pk_shard_expire(PkShard *self, gint64 arrival_usec, PkDrafts *drafts, PkAlert *ret_alert, gsize *ret_n);

/* What a permitted connection of a source means. */
typedef enum
{
  PK_EXPECTS_NOTHING = 0, /* the source did not knock within scan-memory(): its connections show open services */
  PK_EXPECTS_NO_PROOF,    /* it did, but nothing waits to be proven */
  PK_EXPECTS_PROOF        /* a candidate towards that destination waits */
} PkExpectation;

/* memory: as in PkArrival. */
PkExpectation pk_shard_expects(PkShard *self, guint64 source, guint64 memory, const PkAddr *address, const PkAddr *dest,
                               gint64 arrival_usec);

PkLedger *pk_shard_ledger(PkShard *self);
PkCrowd *pk_shard_crowd(PkShard *self);

/* Hits that are held. */
guint64 pk_shard_count_hits(const PkShard *self);
/* Totals only. */
void pk_shard_add_stats(const PkShard *self, PkStats *stats);

/* For moving the contents of a table: the live sources of self, by index. */
guint32 pk_shard_end(const PkShard *self);
/* FALSE: no live source there.  *ret_arrival_usec: of its last hit. */
gboolean pk_shard_get_key(PkShard *self, guint32 index, guint64 *ret_hash, gint64 *ret_arrival_usec);
/* Copies one source with its window to dest. */
void pk_shard_copy_source(PkShard *self, guint32 index, PkShard *dest);
/* There is no room for it: dest counts its hits as evicted. */
void pk_shard_drop_source(PkShard *self, guint32 index, PkShard *dest);
/* What is remembered of sources, and hits of windows that gave way, to the shard that choose() names for it; the
 * oldest first. */
typedef PkShard *(*PkShardChoice)(guint64 hash, gpointer user_data);
void pk_shard_move_memories(const PkShard *self, PkShardChoice choose, gpointer user_data);
/* Counters go on. */
void pk_shard_copy_stats(const PkShard *self, PkShard *dest);

#endif
