/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SHARD_H_INCLUDED
#define PK_SHARD_H_INCLUDED

#include "engine/reports.h"
#include "engine/sources.h"
#include "engine/windows.h"
#include "port-knock/pk-engine.h"

/* One part of the table: the sources whose hash falls to it, their windows and
 * what was reported of them.  Not thread safe: the table locks. */

/* Shared by all shards of a table; present numbers are changed atomically. */
typedef struct _PkCaps
{
  gint sources, windows; /* now */
  gint minute, alerts;   /* the present minute of arrival time, and the alerts written in it */
  gint max_sources, max_windows, max_alerts;
} PkCaps;

/* What all shards of a table have in common. */
typedef struct _PkShardConfig
{
  PkRule rule;
  gint64 scan_memory_usec, cooldown_usec;
  PkConfidence min_confidence;
  guint8 secret[16];
  guint8 names_secret[16];
  /* Capacities of each shard.  Together a little more than the caps, because
   * sources do not spread evenly. */
  guint sources, windows, reports;
} PkShardConfig;

/* A hit and whose it is. */
typedef struct _PkArrival
{
  guint64 hash; /* keyed, of scope and source */
  PkAddr source;
  PkSlice scope, host;
  PkHit hit; /* host is set by the shard */
} PkArrival;

typedef struct _PkShard PkShard;

/* config and caps are borrowed for the life of self. NULL when there is not that much memory. */
PkShard *pk_shard_new(const PkShardConfig *config, PkCaps *caps);
void pk_shard_free(PkShard *self);
gsize pk_shard_bytes(const PkShardConfig *config);

/* Both write alerts and return their number; see pk-engine.h. */
gsize pk_shard_observe(PkShard *self, const PkArrival *arrival, PkAlert *ret_alerts);
/* Does one thing that is due; FALSE when nothing is.  *ret_n is 1 when it wrote
 * an alert, else 0. */
gboolean pk_shard_expire(PkShard *self, gint64 arrival_usec, PkAlert *ret_alert, gsize *ret_n);

void pk_shard_add_stats(const PkShard *self, PkStats *stats);

/* For moving the contents of a table: the live sources of self, by index. */
guint32 pk_shard_end(const PkShard *self);
/* FALSE: no live source there.  *ret_arrival_usec: of its last hit. */
gboolean pk_shard_get_key(PkShard *self, guint32 index, guint64 *ret_hash, gint64 *ret_arrival_usec);
/* Copies one source with its window to dest. */
void pk_shard_copy_source(PkShard *self, guint32 index, PkShard *dest);
/* What was reported, the oldest first: the hash of its source, and when its cooldown ends. */
guint pk_shard_count_reports(const PkShard *self);
guint64 pk_shard_get_report_key(const PkShard *self, guint i, gint64 *ret_ends_usec);
void pk_shard_copy_report(const PkShard *self, guint i, PkShard *dest);
/* Counters go on. */
void pk_shard_copy_stats(const PkShard *self, PkShard *dest);

#endif
