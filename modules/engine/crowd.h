/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CROWD_H_INCLUDED
#define PK_CROWD_H_INCLUDED

#include "port-knock/pk-types.h"

/* What sources have in common: the sequences that several of them sent, and the
 * services that are open to anybody.  Bounded: the least recent gives way.  Not
 * thread safe.  Keys are keyed hashes that the caller makes; times are arrival
 * times in seconds. */

typedef struct _PkCrowd PkCrowd;

/* capacity: of sequences, and of services. memory_seconds: scan-memory(). NULL: no memory. */
PkCrowd *pk_crowd_new(guint capacity, guint32 memory_seconds);
void pk_crowd_free(PkCrowd *self);
gsize pk_crowd_bytes(guint capacity);

/* How many sources sent the same ports in the same order, and to how many
 * destinations, within scan-memory(), this time counted.  Counting stops when
 * the answer cannot change any more. */
typedef struct _PkCrowdFacts
{
  guint sources, dests;
} PkCrowdFacts;

void pk_crowd_add_sequence(PkCrowd *self, guint64 sequence_key, guint32 source, guint32 dest, guint32 now_sec,
                           PkCrowdFacts *ret_facts);

/* A service (destination, protocol, port) was reached by a source that had not knocked before. */
void pk_crowd_add_service(PkCrowd *self, guint64 service_key, guint32 now_sec);
gboolean pk_crowd_has_service(const PkCrowd *self, guint64 service_key, guint32 now_sec);

/* A program began to listen on a port. */
void pk_crowd_add_listener(PkCrowd *self, guint64 listener_key, gint64 arrival_usec);
/* When that was last; 0: never, or it was forgotten. */
gint64 pk_crowd_get_listener(const PkCrowd *self, guint64 listener_key);

/* Forgotten early. */
guint64 pk_crowd_count_evicted(const PkCrowd *self);

/* For moving: calls func with each key, the oldest first; dest takes what self knows of it. */
typedef void (*PkCrowdFunc)(guint64 key, gpointer user_data);
void pk_crowd_each_sequence(const PkCrowd *self, PkCrowdFunc func, gpointer user_data);
void pk_crowd_each_service(const PkCrowd *self, PkCrowdFunc func, gpointer user_data);
void pk_crowd_copy_sequence(const PkCrowd *self, guint64 key, PkCrowd *dest);
void pk_crowd_copy_service(const PkCrowd *self, guint64 key, PkCrowd *dest);

#endif
