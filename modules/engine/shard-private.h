/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SHARD_PRIVATE_H_INCLUDED
#define PK_SHARD_PRIVATE_H_INCLUDED

#include "engine/recent.h"
#include "engine/shard.h"

/* What shard.c, which works with it, shard-move.c and shard-state.c, which writes and reads it, share. */

/* What may prove a candidate waits a moment: a scan that meets an open port
 * shows what it is by then, and a daemon's next line tells which port it opened. */
#define PK_HOLD_USEC (G_USEC_PER_SEC / 2)
/* A daemon's word alone waits longer, for the firewall's lines may come late. */
#define PK_DOOR_USEC (2 * (gint64) G_USEC_PER_SEC)

/* Something that may prove a candidate, on hold. */
typedef struct _Hold
{
  gint64 due_usec;
  PkAddr address;
  gboolean is_accept; /* only a permitted connection */
} Hold;

struct _PkShard
{
  const PkShardConfig *config; /* borrowed */
  PkRoom room;
  PkNames *names;
  PkRecent *memories; /* of sources with two attempts or more */
  PkRecent *holds;    /* by source, due in this order */
  PkRecent *doors;    /* the same, of daemons' words without a candidate */
  PkLedger *ledger;
  PkCrowd *crowd;
  /* Scratch of one call, too large for a stack: what a new hit led to, and a sequence beside that. */
  PkOutcome outcome, sequence;
  PkStats stats; /* totals only */
};

#endif
