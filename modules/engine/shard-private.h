/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SHARD_PRIVATE_H_INCLUDED
#define PK_SHARD_PRIVATE_H_INCLUDED

#include "engine/recent.h"
#include "engine/shard.h"

/* What shard.c, which works with it, shard-move.c and shard-state.c, which writes and reads it, share. */

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
