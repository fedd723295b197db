/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TRAIL_H_INCLUDED
#define PK_TRAIL_H_INCLUDED

#include "port-knock/pk-types.h"

/* What lines beside its hits say about a source: a daemon opened a door for it,
 * a firewall let it in.  Pure: no clock, no lock, no allocation.  Times are
 * arrival times, unless they say otherwise. */

/* By so much a line that proves a knock may overtake the last line of the knock. */
#define PK_OVERTAKING_USEC (2 * (gint64) G_USEC_PER_SEC)

/* Doors and ports are cut to this, with their terminating NUL. */
#define PK_WORD_BYTES 40

/* What a line says about a source. */
typedef struct _PkEvidence
{
  guint64 source;
  PkAddr address;
  PkSlice scope, host;
  gint64 time_usec; /* event time */
  gint64 arrival_usec;
  gboolean is_open;     /* a daemon opened a door for it */
  gboolean is_close;    /* a daemon closed one */
  gboolean is_firewall; /* the host's firewall was opened for it */
  gboolean is_accept;   /* a firewall let it in, to dest and port */
  gboolean is_service;  /* which is an open service, or may be one */
  gint64 listener_usec; /* when a program began to listen there; 0: not that anybody said so */
  guint stage;          /* a daemon's sequence got that far; 0: says nothing of it */
  PkAddr dest;
  PkPort port;
  PkSlice door, opened;
  gboolean allowed;
} PkEvidence;

/* All that was said so far, each with when it was said last; 0: never. */
typedef struct _PkTrail
{
  gint64 open_usec, close_usec, firewall_usec, accept_usec, stage_usec;
  gint64 listener_usec;  /* where it was let in */
  gint64 candidate_usec; /* of the candidate that was judged last; the ledger's to set */
  gint64 open_time_usec; /* event time */
  PkAddr address;
  PkAddr dest; /* of that candidate */
  PkAddr accept_dest;
  PkPort accept_port;
  gboolean accept_is_service;
  gboolean is_open_told; /* by an alert of a candidate that it proves, or of the door alone; the ledger's to set */
  gboolean is_allowed;
  guint stage;
  gchar door[PK_WORD_BYTES], opened[PK_WORD_BYTES];
  gchar scope[PK_NAME_BYTES], host[PK_NAME_BYTES];
} PkTrail;

void pk_trail_add(PkTrail *self, const PkEvidence *evidence, gint64 confirm_usec);

/* TRUE when what was said within confirm_usec after the candidate's last hit
 * proves it.  Whom a firewall lets in after a scan has only found an open port. */
gboolean pk_trail_proves(const PkTrail *self, const PkAlert *alert, gboolean is_scanner, gint64 confirm_usec);
/* TRUE when a daemon's sequence had begun for that source. */
gboolean pk_trail_has_stage(const PkTrail *self, const PkAlert *alert, gint64 confirm_usec);
/* The whole chain: what was said, and how long after the candidate's last hit. */
void pk_trail_tell(const PkTrail *self, PkAlert *alert, gint64 confirm_usec);
/* "daemon_stage:2" */
void pk_trail_tell_stage(PkAlert *alert, guint stage);

#endif
