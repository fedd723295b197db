/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_RECENT_H_INCLUDED
#define PK_RECENT_H_INCLUDED

#include <glib.h>

/* A fixed number of records of one size, found by a 64-bit key.  When it is
 * full, the record that was taken the longest ago gives way.  What is kept of
 * senders beside their windows is kept in such tables.  Not thread safe.
 *
 * Keys are spread evenly already: they come out of a keyed hash. */

/* The lowest bits of a key say in which shard its record is. */
#define PK_SHARD_BITS 4
#define PK_SHARD_MASK G_GUINT64_CONSTANT(0xf)

typedef struct _PkRecent PkRecent;

PkRecent *pk_recent_new(guint capacity, gsize record_bytes);
void pk_recent_free(PkRecent *self);
gsize pk_recent_bytes(guint capacity, gsize record_bytes);
guint pk_recent_count(const PkRecent *self);

/* NULL when it is not there.  Its age stays.  A record is valid until another one is taken. */
gpointer pk_recent_find(const PkRecent *self, guint64 key);
/* The record of key, all zero if it is new, as the youngest.  *evicted is
 * increased when another one had to give way. */
gpointer pk_recent_take(PkRecent *self, guint64 key, guint64 *evicted);
/* The same, but an old record only becomes one that is not to give way the next time; so records are
 * nearly in order of age.  Cheaper: its neighbours are not touched. */
gpointer pk_recent_touch(PkRecent *self, guint64 key, guint64 *evicted);
void pk_recent_remove(PkRecent *self, guint64 key);

/* What a search will look at first, to be fetched while other work is done; the record where the first was asked for
 * some time before.  The first may be called by any thread. */
void pk_recent_prefetch_bucket(const PkRecent *self, guint64 key);
void pk_recent_prefetch_record(const PkRecent *self, guint64 key);

/* NULL when there is none. */
gpointer pk_recent_oldest(const PkRecent *self, guint64 *ret_key);

/* The oldest first. */
typedef void (*PkRecentFunc)(guint64 key, gconstpointer record, gpointer user_data);
void pk_recent_each(const PkRecent *self, PkRecentFunc func, gpointer user_data);

/* The same in parts, one such walk at a time, between which records may be taken,
 * touched and removed.  What was there when it began is visited, and twice if it
 * became the youngest in between; or not if it was removed.  max is at least 1.
 * FALSE: it is at its end. */
void pk_recent_begin_walk(PkRecent *self);
gboolean pk_recent_walk(PkRecent *self, guint max, PkRecentFunc func, gpointer user_data);

#endif
