/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_MEMORY_H_INCLUDED
#define PK_MEMORY_H_INCLUDED

#include "port-knock/pk-types.h"

/* What is remembered of a source for scan-memory(), long after its hits slid
 * out: how many ports and destinations it touched, whether it scanned.  40
 * bytes for an IPv4 address or an IPv6 network of ipv6-prefix() bits.
 *
 * Ports and destinations are sets of bits, one for each hash: sizes are
 * estimates that never exceed the truth.  There are two generations; the older
 * one is forgotten when the younger has lasted scan-memory(), and both after a
 * pause that long.  So everything is remembered for scan-memory(), and nothing
 * for more than twice that. */

typedef struct _PkMemory
{
  guint64 ports[2]; /* bits; [0] is the younger generation */
  guint32 dests[2];
  guint32 begun_sec;    /* arrival time of the younger generation's first hit; 0: nothing is remembered */
  guint32 seen_sec;     /* of the last hit */
  guint32 scan_sec;     /* when it was last found scanning; 0: never */
  guint32 sequence_sec; /* when it last completed a candidate; 0: never */
} PkMemory;

G_STATIC_ASSERT(sizeof(PkMemory) == 40);

/* How it is remembered; the same for all sources of an engine. */
typedef struct _PkMemoryRule
{
  guint32 seconds;         /* scan-memory() */
  guint64 salt;            /* odd; secret, so that nobody can choose ports that share a bit */
  guint scanner_ports_min; /* that many ports in memory make a scanner, however slowly they came */
} PkMemoryRule;

/* Whether eight ports in a row, or ten, a hundred or a thousand apart, which people choose and scanners take, have a
 * bit each.  With others, some share one; and with one salt in thirty most of them do, so that who tries many seems to
 * try few. */
gboolean pk_memory_is_good_salt(guint64 salt);

/* Memory counts in whole seconds; a time before the epoch is its beginning. */
static inline guint32
pk_memory_seconds(gint64 usec)
{
  return usec > 0 ? (guint32) (usec / G_USEC_PER_SEC) : 0;
}

/* TRUE when then_sec, not 0, is at most so long ago; or so far ahead: connections and the timer overtake each other. */
static inline gboolean
pk_seconds_are_within(guint32 then_sec, guint32 now_sec, guint32 seconds)
{
  return then_sec != 0 && (now_sec >= then_sec ? now_sec - then_sec : then_sec - now_sec) <= seconds;
}

/* Adds a hit.  Forgets first what is too old, or so far ahead that the clock was set back. */
void pk_memory_add(PkMemory *self, const PkMemoryRule *rule, const PkPort *port, const PkAddr *dest, guint32 now_sec);
void pk_memory_add_scan(PkMemory *self, guint32 now_sec);
void pk_memory_add_sequence(PkMemory *self, guint32 now_sec);

/* How much it touched beside these. */
guint pk_memory_count_other_ports(const PkMemory *self, const PkMemoryRule *rule, const PkPort *ports, guint n);
guint pk_memory_count_other_dests(const PkMemory *self, const PkMemoryRule *rule, const PkAddr *dest);
gboolean pk_memory_is_scanner(const PkMemory *self, const PkMemoryRule *rule, guint32 now_sec);
gboolean pk_memory_had_sequence(const PkMemory *self, const PkMemoryRule *rule, guint32 now_sec);

#endif
