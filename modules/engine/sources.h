/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SOURCES_H_INCLUDED
#define PK_SOURCES_H_INCLUDED

#include "engine/window.h"

/* A fixed number of source records and a hash index over them.  A source with
 * one attempt is nothing but its record.  Not thread safe.
 *
 * Eviction: records without a window stand in a queue.  The first gives way; if
 * it was touched since it was put there, it goes to the end instead.  So a
 * record survives as long as fewer new sources arrive than stand in the queue. */

#define PK_INDEX_NONE G_MAXUINT32

typedef struct _PkSource
{
  guint64 hash; /* keyed, of scope and address; also stands for the scope */
  PkAddr address;
  guint64 memory;         /* key of what is remembered of its network; the caller's to set */
  guint32 window;         /* index into PkWindows, PK_INDEX_NONE: `single` is all there is */
  guint32 next, previous; /* in the queue */
  guint8 live;
  guint8 touched; /* since it was put into the queue */
  PkHit single;
} PkSource;

typedef struct _PkSources PkSources;

/* NULL when there is not that much memory. */
PkSources *pk_sources_new(guint capacity);
void pk_sources_free(PkSources *self);
gsize pk_sources_bytes(guint capacity);

/* Valid until the record is removed. */
PkSource *pk_sources_get(PkSources *self, guint32 index);
/* PK_INDEX_NONE when it is not there. */
guint32 pk_sources_find(const PkSources *self, guint64 hash, const PkAddr *address);
/* There must be room; the record is clear but for its key. */
guint32 pk_sources_insert(PkSources *self, guint64 hash, const PkAddr *address);
void pk_sources_remove(PkSources *self, guint32 index);
/* PK_INDEX_NONE: the source has none any more. */
void pk_sources_set_window(PkSources *self, PkSource *source, guint32 window);
/* The record that gives way; PK_INDEX_NONE when all have a window. */
guint32 pk_sources_find_victim(PkSources *self);
gboolean pk_sources_is_full(const PkSources *self);
gboolean pk_sources_is_empty(const PkSources *self);
/* Records ever used: live ones have a smaller index. */
guint32 pk_sources_end(const PkSources *self);

#endif
