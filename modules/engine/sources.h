/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SOURCES_H_INCLUDED
#define PK_SOURCES_H_INCLUDED

#include "engine/window.h"

/* A fixed number of source records and a hash index over them.  A source with
 * one attempt is nothing but its record.  Not thread safe.
 *
 * Eviction: a hand goes round over the records and takes the first that has no
 * window and was not touched since the hand last came by.  So a record survives
 * as long as fewer new sources arrive than there are records. */

#define PK_INDEX_NONE G_MAXUINT32

typedef struct _PkSource
{
  guint64 hash; /* keyed, of scope and address; also stands for the scope */
  PkAddr address;
  gint64 scan_usec; /* arrival time at which the source was last found scanning; 0: never */
  guint32 window;   /* index into PkWindows, PK_INDEX_NONE: `single` is all there is */
  guint8 live;
  guint8 touched; /* since the hand last came by */
  PkHit single;
} PkSource;

typedef struct _PkSources PkSources;

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
/* The record that gives way; there must be one.  It may have a window only if all have. */
guint32 pk_sources_find_victim(PkSources *self);
gboolean pk_sources_is_full(const PkSources *self);
gboolean pk_sources_is_empty(const PkSources *self);
/* Records ever used: live ones have a smaller index. */
guint32 pk_sources_end(const PkSources *self);

#endif
