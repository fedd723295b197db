/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SOURCES_H_INCLUDED
#define PK_SOURCES_H_INCLUDED

#include "engine/recent.h"
#include "engine/window.h"

/* A fixed number of source records and a hash index over them.  A source with
 * one attempt is nothing but its record, one cache line.  Not thread safe.
 *
 * Eviction: a hand goes round over the records without a window, and the one
 * that it comes to gives way, unless it was touched since the hand came last.
 * A new record is put where the hand has just been.  So a record survives as
 * long as fewer new sources arrive than there are records without a window. */

#define PK_INDEX_NONE G_MAXUINT32

/* Its hit is packed: read and written by pk_source_get_hit() and pk_source_set_hit(). */
typedef struct _PkSource
{
  PkAddr address;
  union
  {
    PkAddr dest; /* of the hit */
    struct
    {
      guint32 index;     /* of the window; or of the next free record */
      guint32 hash_high; /* the rest of the hash */
      guint64 memory;    /* key of what is remembered of its network */
    } window;
  } at;
  guint64 time_usec : 52; /* until 2112 */
  guint64 flags : 7;      /* of the hit */
  guint64 is_live : 1;
  guint64 is_touched : 1; /* since the hand came by */
  guint64 has_window : 1; /* and no hit of its own */
  guint64 uptime_high : 2;
  guint64 arrival_usec : 52;
  guint64 retransmits : 4; /* 15: as many, or more */
  guint64 protocol : 8;
  guint64 hash : 32; /* keyed, of scope and address; the low part; also stands for the scope */
  guint64 port : 16;
  guint64 source_port : 16; /* ICMP: type and code */
  guint64 host : PK_NAME_ID_BITS;
  guint64 packets : 20;
  guint64 uptime_low : 20; /* with uptime_high in microseconds; goes round every 4 seconds */
} PkSource;

G_STATIC_ASSERT(sizeof(PkSource) == 64);

typedef struct _PkSources PkSources;

/* NULL when there is not that much memory. */
PkSources *pk_sources_new(guint capacity);
void pk_sources_free(PkSources *self);
gsize pk_sources_bytes(guint capacity);

/* Valid until the next one is inserted. */
PkSource *pk_sources_get(PkSources *self, guint32 index);
guint32 pk_sources_index(const PkSources *self, const PkSource *source);
/* PK_INDEX_NONE when it is not there. */
guint32 pk_sources_find(const PkSources *self, guint64 hash, const PkAddr *address);
/* What a search will look at first, to be fetched while other work is done.  The first may be called by any thread. */
void pk_sources_prefetch_slot(const PkSources *self, guint64 hash);
void pk_sources_prefetch_record(const PkSources *self, guint64 hash);
/* The record that a search will look at first; mostly it is the right one.  NULL: there is none. */
const PkSource *pk_sources_guess(const PkSources *self, guint64 hash);
/* There must be room; the record is clear but for its key.  Another record may
 * move; none that has a window. */
guint32 pk_sources_insert(PkSources *self, guint64 hash, const PkAddr *address);
void pk_sources_remove(PkSources *self, guint32 index);
/* hash, memory: all of its keys, which a source without a window has not got. */
void pk_source_set_window(PkSource *self, guint32 window, guint64 hash, guint64 memory);
/* It has no window any more, and gets a hit instead. */
void pk_source_end_window(PkSource *self, const PkHit *hit);
/* The record that gives way; PK_INDEX_NONE when all have a window. */
guint32 pk_sources_find_victim(PkSources *self);
guint pk_sources_count(const PkSources *self);
gboolean pk_sources_is_full(const PkSources *self);
gboolean pk_sources_is_empty(const PkSources *self);
/* Records ever used: live ones have a smaller index. */
guint32 pk_sources_end(const PkSources *self);

/* Of a source without a window.  What does not fit is cut as the fields say.  uptime_usec: about what
 * that of the hit was, to complete it; or 0. */
void pk_source_get_hit(const PkSource *self, guint32 uptime_usec, PkHit *ret_hit);
void pk_source_set_hit(PkSource *self, const PkHit *hit);

/* Of a source with a window. */
static inline guint64
pk_source_hash(const PkSource *self)
{
  return (guint64) self->at.window.hash_high << 32 | self->hash;
}

static inline guint32
pk_source_window(const PkSource *self)
{
  return self->has_window ? self->at.window.index : PK_INDEX_NONE;
}

#endif
