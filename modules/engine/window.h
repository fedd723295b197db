/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_WINDOW_H_INCLUDED
#define PK_WINDOW_H_INCLUDED

#include "engine/names.h"
#include "port-knock/pk-options.h"
#include "port-knock/pk-types.h"

/* The hits of one source, kept in event-time order and judged for each
 * destination by itself.  Pure: no clock, no lock, no allocation.  Event time
 * is never compared with arrival time. */

enum
{
  PK_HIT_HAS_SOURCE_PORT = 1 << 0,
  PK_HIT_HAS_UPTIME = 1 << 1,
  PK_HIT_CONSUMED = 1 << 2,       /* judged; kept to tell its retransmissions, and for known sequences */
  PK_HIT_IN_SEQUENCE = 1 << 3,    /* part of a known sequence that was judged */
  PK_HIT_SCANNER_PACKET = 1 << 4, /* as a stateless scanner makes it */
  PK_HIT_ALLOWED = 1 << 5,        /* its source is on the allow list */
  PK_HIT_TOOL_RUN = 1 << 6        /* no packet, but the start of a tool that sends one */
};

/* One denied connection attempt. */
typedef struct _PkHit
{
  gint64 time_usec; /* event time */
  gint64 arrival_usec;
  gint64 uptime_usec; /* kernel time of the reporting host */
  PkAddr dest;        /* all zero: missing, a destination of its own */
  PkNameId host;      /* the log host */
  guint32 packets;
  PkPort port;
  guint16 source_port;
  guint16 retransmits;
  guint8 flags; /* PK_HIT_* */
} PkHit;

G_STATIC_ASSERT(sizeof(PkHit) == 64);

typedef struct _PkWindow
{
  guint n;
  PkHit hits[PK_HITS_MAX];
} PkWindow;

/* The options in the units of this part. */
typedef struct _PkRule
{
  gint64 window_usec, settle_usec, min_duration_usec;
  guint min_ports, max_ports, min_packets, max_packets;
} PkRule;

void pk_rule_init(PkRule *self, const PkOptions *options);

/* A judged candidate: what the window knows of the alert. */
typedef struct _PkJudgement
{
  PkAlert alert;                      /* id, branch, confidence, signs, source, scope and hosts are not set */
  PkNameId hosts[PK_ALERT_HOSTS_MAX]; /* the first is the host of the last hit */
  guint n_hosts;
  gboolean unsettled;       /* judged before settle() had passed */
  gboolean in_sequence;     /* a known sequence; pk_window_judge_sequence() */
  guint same_source_port;   /* distinct ports that were tried from one source port, at most */
  gboolean scanner_packets; /* every hit is a stateless scanner's */
  gboolean retried_ports;   /* every port was tried again after all had been tried */
  gboolean allowed;         /* every hit's source is on the allow list */
  gboolean tool_runs;       /* every hit is the start of a tool */
} PkJudgement;

/* Each takes two distinct ports or more out of PK_HITS_MAX hits; and a known sequence. */
#define PK_JUDGEMENTS_MAX (PK_HITS_MAX / 2 + 1)

/* What adding a hit, or the passing of time, led to. */
typedef struct _PkOutcome
{
  guint n_judgements;
  PkJudgement judgements[PK_JUDGEMENTS_MAX]; /* not cleared past n_judgements */
  gboolean scan;                             /* more than max_ports distinct ports towards one destination */
  gboolean late;                             /* the hit was too old and was not added */
  gboolean added;                            /* the hit is a new attempt, in place */
  guint place;                               /* index of that hit */
  guint pushed_out;                          /* hits dropped because the window was full */
} PkOutcome;

static inline void
pk_outcome_init(PkOutcome *self)
{
  self->n_judgements = 0;
  self->scan = FALSE;
  self->late = FALSE;
  self->added = FALSE;
  self->place = 0;
  self->pushed_out = 0;
}

static inline gboolean
pk_port_equals(const PkPort *a, const PkPort *b)
{
  return a->port == b->port && a->protocol == b->protocol && a->icmp_type == b->icmp_type &&
         a->icmp_code == b->icmp_code;
}

/* TRUE when the source was quiet for settle() in between.  Arrival that goes
 * back by as much means that the caller's clock was set back: hits must not be
 * late until it has caught up. */
static inline gboolean
pk_arrivals_are_apart(gint64 before_usec, gint64 after_usec, const PkRule *rule)
{
  return ABS(after_usec - before_usec) >= rule->settle_usec;
}

/* TRUE when later repeats earlier: the same (destination, protocol, port,
 * source port) within the window. */
gboolean pk_hit_is_retransmission(const PkHit *earlier, const PkHit *later, const PkRule *rule);
/* Adds the packets of a retransmission. */
void pk_hit_merge(PkHit *self, const PkHit *retransmission);

/* *outcome is added to. */
void pk_window_add(PkWindow *self, const PkRule *rule, const PkHit *hit, PkOutcome *outcome);
/* Judges one candidate that has settled by arrival_usec, if there is one. */
void pk_window_expire(PkWindow *self, const PkRule *rule, gint64 arrival_usec, PkOutcome *outcome);

/* TRUE when there is a complete candidate towards dest; NULL: towards any
 * destination.  *ret_dest is that of the one that was added to last. */
gboolean pk_window_find_complete(const PkWindow *self, const PkRule *rule, const PkAddr *dest, PkAddr *ret_dest);
/* Judges it before it has settled. */
void pk_window_judge(PkWindow *self, const PkAddr *dest, PkOutcome *outcome);

/* The hits towards dest in which a known sequence may lie, judged ones too, in
 * event-time order; returns their number.  ret_places are their indices. */
guint pk_window_list_hits(const PkWindow *self, const PkAddr *dest, PkPort ret_ports[PK_HITS_MAX],
                          guint8 ret_places[PK_HITS_MAX]);
/* Judges the hits towards the destination of first from there to last as one
 * known sequence, and consumes all towards it. */
void pk_window_judge_sequence(PkWindow *self, guint first, guint last, PkOutcome *outcome);

/* Arrival time at which the first complete candidate will have settled;
 * G_MAXINT64 when there is none. */
gint64 pk_window_deadline(const PkWindow *self, const PkRule *rule);
/* Distinct ports among the hits that are not consumed. */
guint pk_window_count_ports(const PkWindow *self);

#endif
