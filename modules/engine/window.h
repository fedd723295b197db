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
  PK_HIT_TOOL_RUN = 1 << 6,       /* no packet, but the start of a tool that sends one */
  PK_HIT_FLAGS = 0x7f             /* all of them: PkSource has room for no more */
};

/* One denied connection attempt. */
typedef struct _PkHit
{
  gint64 time_usec; /* event time */
  gint64 arrival_usec;
  PkAddr dest;         /* all zero: missing, a destination of its own */
  guint32 uptime_usec; /* kernel time of the reporting host; goes round every 71 minutes */
  PkNameId host;       /* the log host */
  guint32 packets;
  PkPort port;
  guint16 source_port;
  guint16 retransmits;
  guint8 flags; /* PK_HIT_* */
} PkHit;

G_STATIC_ASSERT(sizeof(PkHit) == 56);

/* Of one hit: what it is compared by, so that most comparisons touch nothing else. */
typedef struct _PkMark
{
  guint16 port, source_port;
  guint8 protocol;
  guint8 flags; /* PK_HIT_IN_SEQUENCE */
  guint8 lane;  /* the same number for the same destination */
  guint8 order; /* not of this hit: the place of the hit that is as far on in event time as this mark is in its array */
} PkMark;

G_STATIC_ASSERT(sizeof(PkMark) == 8);

/* A hit stays in the place where it was put; sets are bits, one for each place.
 * They follow from the hits. */
typedef struct _PkWindow
{
  PkHit *places;        /* borrowed: a block of PK_WINDOW_BLOCK_BYTES(capacity) */
  guint32 used;         /* places that are taken */
  guint32 lanes;        /* numbers that are taken, one for each destination */
  guint32 open;         /* hits that are not consumed */
  guint32 new_attempts; /* open ones that are the first at their port towards their destination */
  guint32 new_ports;    /* open ones that are the first at their port towards any destination */
  guint8 n, capacity;
} PkWindow;

/* For each place a hit, a mark, and a set: the hits of the lane of that number. */
#define PK_WINDOW_BLOCK_BYTES(capacity) ((capacity) * (sizeof(PkHit) + sizeof(PkMark) + sizeof(guint32)))

static inline PkMark *
pk_window_marks(const PkWindow *self)
{
  return (PkMark *) (gpointer) (self->places + self->capacity);
}

/* The hit that is the i-th in event-time order. */
static inline PkHit *
pk_window_hit(const PkWindow *self, guint i)
{
  return &self->places[pk_window_marks(self)[i].order];
}

/* block: of PK_WINDOW_BLOCK_BYTES(capacity), aligned as malloc() does, borrowed. */
void pk_window_init(PkWindow *self, gpointer block, guint capacity);
/* To another block that has room for all hits. */
void pk_window_move(PkWindow *self, gpointer block, guint capacity);
/* Adds a hit as it is, without looking at rules: one that another window had. There must be room. */
void pk_window_restore(PkWindow *self, const PkHit *hit);

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
  gboolean repeated;                         /* the hit is a retransmission of one that is there */
  gboolean added;                            /* the hit is a new attempt */
  guint place;                               /* where it is */
  guint slid_out;                            /* hits dropped because their time was over, or judged ones for room */
  guint pushed_out;                          /* others dropped because the window was full */
} PkOutcome;

static inline void
pk_outcome_init(PkOutcome *self)
{
  self->n_judgements = 0;
  self->scan = FALSE;
  self->late = FALSE;
  self->repeated = FALSE;
  self->added = FALSE;
  self->place = 0;
  self->slid_out = 0;
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

/* TRUE when adding the hit takes a place that the block has not got; it would push out another one. */
gboolean pk_window_needs_place(const PkWindow *self, const PkRule *rule, const PkHit *hit);
/* *outcome is added to. */
void pk_window_add(PkWindow *self, const PkRule *rule, const PkHit *hit, PkOutcome *outcome);
/* Judges one candidate that has settled by arrival_usec, if there is one. */
void pk_window_expire(PkWindow *self, const PkRule *rule, gint64 arrival_usec, PkOutcome *outcome);

/* TRUE when there is a complete candidate towards dest; NULL: towards any
 * destination.  *ret_dest is that of the one that was added to last. */
gboolean pk_window_find_complete(const PkWindow *self, const PkRule *rule, const PkAddr *dest, PkAddr *ret_dest);
/* Judges it before it has settled. */
void pk_window_judge(PkWindow *self, const PkAddr *dest, PkOutcome *outcome);

/* The hits towards the destination of the one in place in which a known sequence may lie, judged
 * ones too, in event-time order; returns their number. */
guint pk_window_list_hits(const PkWindow *self, guint place, PkPort ret_ports[PK_HITS_MAX],
                          guint8 ret_places[PK_HITS_MAX]);
/* Judges the hits towards one destination from the one in place first to that in last as one
 * known sequence, and consumes all towards it. */
void pk_window_judge_sequence(PkWindow *self, guint first, guint last, PkOutcome *outcome);

/* Arrival time at which the first complete candidate will have settled;
 * G_MAXINT64 when there is none. */
gint64 pk_window_deadline(const PkWindow *self, const PkRule *rule);
/* In pairs, fours, eights and so on; a processor's own instruction is not on all of x86-64. */
static inline guint
pk_count_of(guint32 set)
{
  set -= (set >> 1) & 0x55555555;
  set = (set & 0x33333333) + ((set >> 2) & 0x33333333);
  return ((set + (set >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24;
}

/* Distinct ports among the hits that are not consumed. */
static inline guint
pk_window_count_ports(const PkWindow *self)
{
  return pk_count_of(self->new_ports);
}

#endif
