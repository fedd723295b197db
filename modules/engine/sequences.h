/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SEQUENCES_H_INCLUDED
#define PK_SEQUENCES_H_INCLUDED

#include "port-knock/pk-types.h"

/* Knocks that are known: the examples that daemons ship, what public malware
 * uses, and the user's own doors.  Read from JSON, then only read: thread safe,
 * reference counted.
 *
 *   { "entries": [
 *     { "id": "my-door", "ports": [7000, 8000, "9000/udp"], "transport": "tcp" },
 *     { "id": "pings", "icmp_packet_sizes": [123, 124, 125] },
 *     { "id": "my-spa", "kind": "spa", "packet": { "protocol": "udp", "port": 62201 } } ] }
 *
 * id: 1 to 48 characters out of a-z, 0-9 and "-"; it is shown as
 * known_sequence:ID.  ports: 2 to 32, in order; a number, or "NUMBER/PROTOCOL".
 * transport: tcp, udp, or one of these for each port with commas; "tcp|udp"
 * means either.  icmp_packet_sizes: lengths of IP packets, of echo requests.
 * packet: one packet that says it all; kind is spa or magic; of protocol, port,
 * src_port, ip_id, tcp_window and length two at least.  kind, note, cite, opens and some
 * more are for people.  A key that is there twice is refused.
 *
 * At most 4,096 entries and 4 MiB. */

typedef struct _PkSequences PkSequences;

/* A new reference, or NULL with *error: file, entry, what is wrong and what is permitted. */
PkSequences *pk_sequences_new_from_file(const gchar *path, GError **error);
/* text need not end with a NUL; name stands for it in messages. */
PkSequences *pk_sequences_new_from_text(const gchar *text, gsize len, const gchar *name, GError **error);
/* The list that is shipped; it is compiled in, so that it is always there. */
PkSequences *pk_sequences_new_built_in(GError **error);
PkSequences *pk_sequences_ref(PkSequences *self);
void pk_sequences_unref(PkSequences *self);
/* Sequences and packets. */
guint pk_sequences_count(const PkSequences *self);

typedef struct _PkSequenceMatch
{
  const gchar *id;   /* valid as long as the PkSequences */
  guint first, last; /* indices of the hits that begin and end it */
  guint n_ports;     /* length of the sequence */
  gboolean is_missing;
  PkPort missing; /* which of its ports was not seen, if is_missing */
} PkSequenceMatch;

/* FALSE: no sequence has that port, so that a hit on it completes none. */
gboolean pk_sequences_have_port(const PkSequences *self, const PkPort *port);
/* ports are the hits of one source towards one destination in event-time order,
 * at most PK_HITS_MAX; newest is the index of the one that was added last.  TRUE
 * when that hit completes a known sequence.
 *
 * A sequence may have other ports inside: as many distinct ones as it is long,
 * none if it has two ports.  From four ports on one may be missing, but for the
 * first and the last.  Of several the complete ones are preferred, then the
 * longest, then the one that is listed first.
 *
 * Looks only at those sequences that hold the port of the newest hit, and lays
 * only those whose ends were hit: some microseconds where 4,096 sequences of 32
 * ports share one, less than 1 ms at the very worst (all of the same 32 ports). */
gboolean pk_sequences_match(const PkSequences *self, const PkPort *ports, guint n, guint newest,
                            PkSequenceMatch *ret_match);

typedef struct _PkKnownPacket
{
  gchar id[49];
  PkBranch branch; /* PK_BRANCH_SPA_PACKET_DENIED or PK_BRANCH_MAGIC_PACKET_DENIED */
  guint32 has;     /* PK_HAS_* of the members that are compared */
  guint8 protocol;
  guint16 dest_port, source_port, ip_id, tcp_window, length;
} PkKnownPacket;

/* The first one that event is, or NULL. */
const PkKnownPacket *pk_sequences_find_packet(const PkSequences *self, const PkEvent *event);

#endif
