/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SEQUENCES_PRIVATE_H_INCLUDED
#define PK_SEQUENCES_PRIVATE_H_INCLUDED

#include "engine/sequences.h"

/* What the reader of known sequences (sequences-file.c) and the search in them
 * (sequences.c) share. */

typedef struct _PkSequence
{
  gchar id[49];
  guint n;
  PkPort ports[PK_HITS_MAX];
} PkSequence;

struct _PkSequences
{
  gint ref_count;    /* atomic */
  GArray *sequences; /* of PkSequence, as listed */
  GArray *packets;   /* of PkKnownPacket */
  /* Which ports are in any sequence: TCP, UDP, and lengths of ICMP packets. */
  guint8 filter[3][8192];
};

void pk_sequences_add_to_filter(PkSequences *self, const PkSequence *sequence);

/* conf.d/known-sequences.json, as the build compiled it in. */
extern const guint8 pk_known_sequences_json[];
extern const gsize pk_known_sequences_json_len;

#endif
