/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SEQUENCES_PRIVATE_H_INCLUDED
#define PK_SEQUENCES_PRIVATE_H_INCLUDED

#include "engine/sequences.h"

/* What the reader of known sequences (sequences-file.c), the search in them
 * (sequences.c) and its index (sequences-index.c) share. */

typedef struct _PkSequence
{
  gchar id[49];
  guint n;
  PkPort ports[PK_HITS_MAX];
  guint32 ids[PK_HITS_MAX]; /* of the ports, in the index */
} PkSequence;

#define PK_PORT_ID_NONE G_MAXUINT32

typedef struct _PkSequenceSlot
{
  guint64 key; /* of a port; 0: empty */
  guint32 id;
} PkSequenceSlot;

/* Every port of every sequence has a number from 0 on, and each knows the
 * sequences that hold it.  As big as the file: 24 bytes and more for each port
 * in it. */
typedef struct _PkSequenceIndex
{
  guint slot_mask;
  guint32 n_ports;
  PkSequenceSlot *slots; /* a hash table with open addressing */
  guint32 *starts;       /* n_ports + 1: where the holders of each begin */
  guint16 *holders;      /* places in the list, the longest first, then as listed */
} PkSequenceIndex;

struct _PkSequences
{
  gint ref_count;    /* atomic */
  GArray *sequences; /* of PkSequence, as listed */
  GArray *packets;   /* of PkKnownPacket */
  PkSequenceIndex index;
  /* Which ports are in any sequence: TCP, UDP, and lengths of ICMP packets. */
  guint8 filter[3][8192];
};

void pk_sequences_add_to_filter(PkSequences *self, const PkSequence *sequence);

/* Of a list that grows no more; self is all zero before.  Sets the ids. */
void pk_sequence_index_build(PkSequenceIndex *self, GArray *sequences);
void pk_sequence_index_clear(PkSequenceIndex *self);
/* PK_PORT_ID_NONE: in no sequence. */
guint32 pk_sequence_index_find(const PkSequenceIndex *self, const PkPort *port);
/* Places of the sequences that hold a port, in the order of preference; borrowed. */
const guint16 *pk_sequence_index_holders(const PkSequenceIndex *self, guint32 id, guint *ret_n);

/* conf.d/known-sequences.json, as the build compiled it in. */
extern const guint8 pk_known_sequences_json[];
extern const gsize pk_known_sequences_json_len;

#endif
