/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_WINDOWS_H_INCLUDED
#define PK_WINDOWS_H_INCLUDED

#include "engine/window.h"

/* A fixed pool of windows with a queue of deadlines.  Not thread safe.  Few
 * windows ever have more than PK_WINDOW_FEW hits: those get a large block when
 * they do, and give it back.
 *
 * When the pool is empty, the window that gives way is the one whose source
 * has been quiet for window() of arrival time, else the one with the fewest
 * distinct ports, among equals the one that was quiet the longest. */

#define PK_WINDOW_FEW 4

typedef struct _PkWindowSlot
{
  PkWindow window;
  gint64 deadline_usec; /* arrival time; G_MAXINT64: none */
  gint64 arrival_usec;  /* of the last hit */
  guint32 source;       /* index of its owner in PkSources */
  guint8 has_scope;
  guint8 ports;                     /* distinct ports, the rank against eviction */
  guint8 hits;                      /* as they are counted in those of all */
  guint32 heap_place;               /* place in the deadline heap + 1, 0: not in it */
  guint32 rank_next, rank_previous; /* among windows with as many ports, the longest quiet first */
  guint32 age_next, age_previous;   /* among all windows, the longest quiet first */
} PkWindowSlot;

typedef struct _PkWindows PkWindows;

/* NULL when there is not that much memory. */
PkWindows *pk_windows_new(guint capacity);
void pk_windows_free(PkWindows *self);
gsize pk_windows_bytes(guint capacity);

PkWindowSlot *pk_windows_get(PkWindows *self, guint32 index);
/* What a new hit will look at, to be fetched while other work is done: the window itself, and what that leads to. */
void pk_windows_prefetch(const PkWindows *self, guint32 index);
void pk_windows_prefetch_hits(const PkWindows *self, guint32 index);
guint pk_windows_count(const PkWindows *self);
/* Hits in all of them. */
guint64 pk_windows_count_hits(const PkWindows *self);
gboolean pk_windows_is_full(const PkWindows *self);
/* There must be room.  The window is empty. */
guint32 pk_windows_take(PkWindows *self, guint32 source, gint64 arrival_usec);
void pk_windows_release(PkWindows *self, guint32 index);

/* A window whose block is full gets a larger one, unless it has the largest. */
void pk_windows_grow(PkWindows *self, guint32 index);

/* Not a name's number: alert_id needs it, whatever was forgotten. "" when there is none. */
void pk_windows_set_scope(PkWindows *self, guint32 index, PkSlice scope);
const gchar *pk_windows_get_scope(const PkWindows *self, guint32 index);

/* The window whose last hit arrived the longest ago, if that was before
 * quiet_since_usec and nothing of it waits to be judged; PK_INDEX_NONE otherwise. */
guint32 pk_windows_find_quiet(const PkWindows *self, gint64 quiet_since_usec);
/* The window that gives way to a source with `ports` distinct ports;
 * PK_INDEX_NONE when every other one ranks higher.  quiet_since_usec: windows
 * whose last hit arrived before are of no more use. */
guint32 pk_windows_find_victim(const PkWindows *self, guint ports, gint64 quiet_since_usec);

/* To be called after the window changed: puts it into its places again.
 * arrival_usec: of a new hit, or that of the slot when there was none. */
void pk_windows_update(PkWindows *self, guint32 index, const PkRule *rule, gint64 arrival_usec);

/* The window with the earliest deadline, if that has come; PK_INDEX_NONE otherwise. */
guint32 pk_windows_find_due(const PkWindows *self, gint64 arrival_usec);

#endif
