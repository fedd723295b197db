/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_ROOM_H_INCLUDED
#define PK_ROOM_H_INCLUDED

#include "engine/recent.h"
#include "engine/sources.h"
#include "engine/windows.h"

/* The places that a shard has for sources and their windows, and who gives way
 * when there are none left.  Not thread safe, but for the caps. */

/* Of all shards of a table; present numbers are changed atomically. */
typedef struct _PkCaps
{
  gint sources, windows; /* now */
  gint max_sources, max_windows;
} PkCaps;

/* Which addresses are one network: a secret factor that spreads them over a table, and bits. */
typedef struct _PkNetworkRule
{
  guint64 salt; /* odd */
  guint prefix; /* ipv6-prefix() */
} PkNetworkRule;

typedef struct _PkRoom
{
  PkCaps *caps;      /* borrowed */
  guint max_sources; /* places of this shard */
  gint64 window_usec;
  PkSources *sources;
  PkWindows *windows;
  PkNetworkRule network;
  PkRecent *networks; /* of IPv6 sources, whatever their scope */
  PkRecent *pairs;    /* by source: the hit before the newest, of windows that gave way */
  guint64 evicted_sources, evicted_windows, evicted_networks, evicted_pairs;
  guint64 evicted_hits; /* with any of these, or for want of a window */
} PkRoom;

/* FALSE: there is not that much memory.  pk_room_clear() is due in any case. */
gboolean pk_room_init(PkRoom *self, guint sources, guint windows, guint networks, gint64 window_usec,
                      const PkNetworkRule *network, PkCaps *caps);
void pk_room_clear(PkRoom *self);
gsize pk_room_bytes(guint sources, guint windows, guint networks);

/* Of all sources, in windows or not, and those that are kept of windows that gave way. */
guint64 pk_room_count_hits(const PkRoom *self);
/* Of one source: those of its window, or its only one. */
guint pk_room_count_hits_of(const PkRoom *self, const PkSource *source);

/* A new source, clear but for its key; another one may have given way. */
PkSource *pk_room_insert(PkRoom *self, guint64 hash, const PkAddr *address, gint64 arrival_usec);
/* A window for a source, empty but for its keys, if it has that many ports.  NULL: every other window is worth more. */
PkWindowSlot *pk_room_promote(PkRoom *self, PkSource *source, guint64 hash, guint64 memory, guint ports,
                              gint64 arrival_usec);
/* The hit before the one that a source keeps of a window that gave way. */
void pk_room_keep_pair(PkRoom *self, guint64 hash, const PkHit *hit);
/* TRUE: a window of the source gave way, and this is the hit that came before the one it kept; it is forgotten now. */
gboolean pk_room_recall_pair(PkRoom *self, guint64 hash, PkHit *ret_hit);
/* Takes its window from a source, which keeps the newest hit. */
void pk_room_demote(PkRoom *self, PkSource *source);

#endif
