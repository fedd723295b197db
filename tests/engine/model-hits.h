/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TESTS_MODEL_HITS_H_INCLUDED
#define PK_TESTS_MODEL_HITS_H_INCLUDED

#include "engine/knocks.h"
#include "engine/signs.h"

/* A plain model of clock, hits, windows, known sequences, verdicts and what
 * proves them, written from the design with lists and full rescans.  Of one
 * protocol, one host and one door; without cooldown, so that each verdict shows.
 * A destination of 0 is a missing one.
 *
 * Here: the clock, and what becomes of hits; verdicts are in model.h. */

#define MSEC 1000
#define SECOND (1000 * (gint64) MSEC)

/* In microseconds, but for the counts. */
#define WINDOW (30 * SECOND)
#define SETTLE (10 * SECOND)
#define CONFIRM (120 * SECOND)
#define OVERTAKES (2 * SECOND) /* so much earlier a proof may come than what it proves */
#define HOLD (SECOND / 2)
#define DOOR_HOLD (2 * SECOND)
#define STAGE_FAILS (60 * SECOND)
#define WAITS (2 * SECOND)  /* so old a line may be when it comes */
#define STALL (60 * SECOND) /* so long after the last tick, once a clock was set back */
#define SCAN_MEMORY_SEC 3600

enum
{
  MIN_PORTS = 3,
  MAX_PORTS = 8,
  MIN_PACKETS = 3,
  MAX_PACKETS = 12,
  KEPT = 32,
  SOURCES = 4,
  DESTS = 20,
  PORTS = 16,
  RECORDS = 1000
};

/* ---- what there is ----------------------------------------------------------- */

typedef struct _ModelHit
{
  gint64 time, arrival, uptime;  /* uptime 0: none */
  guint dest, port, source_port; /* source_port 0: none */
  guint packets;
  gboolean judged;      /* part of a verdict; still tells its retransmissions */
  gboolean in_sequence; /* of a known sequence that was told */
} ModelHit;

/* Compared byte by byte. */
typedef struct _ModelAlert
{
  guint source, dest, n, ports[KEPT], packets;
  gint64 start, end;
  guint32 signs;
  PkBranch branch;
  PkConfidence confidence;
} ModelAlert;

/* A candidate that is to be told. */
typedef struct _ModelDraft
{
  ModelAlert alert;
  gint64 arrival; /* of its last hit */
  gboolean scanner, known;
} ModelDraft;

typedef struct _ModelCandidate
{
  ModelDraft draft;
  gboolean is_there, confirmed;
} ModelCandidate;

/* What was said of a source, each with when that was last; 0: never. */
typedef struct _ModelTrail
{
  gint64 open, open_time, firewall, stage, stage_time;
  gint64 accept, listener;
  guint accept_dest;
  gboolean accept_is_service, open_told;
  gboolean stage_waits; /* for its door to open */
  guint stage_number;
} ModelTrail;

/* What may prove a candidate and waits a moment; due 0: nothing does.  Those that wait end in the order in which
 * they began. */
typedef struct _ModelHold
{
  gint64 due;
  guint number;
  gboolean is_accept;
} ModelHold;

typedef struct _ModelSource
{
  guint n;
  ModelHit hits[KEPT + 1]; /* in event-time order */
  gint64 scan, knocked;    /* when it was last found scanning, and when it completed a candidate; 0: never */
  gint64 seen;             /* its last new attempt */
  ModelTrail trail;
  ModelCandidate candidates[DESTS]; /* the last one towards each destination */
  const ModelCandidate *last;       /* NULL: none */
  ModelHold hold, door;
} ModelSource;

/* Who sent the same ports in the same order, and where to. */
typedef struct _ModelSent
{
  guint n, ports[KEPT], source, dest;
  gint64 at;
} ModelSent;

typedef struct _ModelSequence
{
  guint n, ports[4];
} ModelSequence;

typedef struct _Model
{
  gboolean knows_sequences;
  gint64 set_back, ticked; /* in whole seconds */
  guint n_waiting;         /* that began to wait, for their numbers */
  ModelSource sources[SOURCES];
  gint64 services[DESTS][PORTS], listeners[PORTS], first_accept; /* when it was seen last; 0: never */
  guint n_sent;
  ModelSent sent[RECORDS];
  guint n_drafts;
  ModelDraft drafts[RECORDS];
  guint n_alerts;
  ModelAlert alerts[RECORDS];
} Model;

/* The longest first. */
static const ModelSequence MODEL_SEQUENCES[] = { { 4, { 4, 5, 6, 7 } }, { 3, { 1, 2, 3 } }, { 2, { 8, 9 } } };
#define MODEL_SEQUENCES_JSON                                                                                           \
  "{\"entries\": [ {\"id\": \"two\", \"ports\": [8, 9]}, {\"id\": \"three\", \"ports\": [1, 2, 3]},"                   \
  "{\"id\": \"four\", \"ports\": [4, 5, 6, 7]} ]}"

/* ---- the clock --------------------------------------------------------------- */

/* A tick reads the clock; if that was set back, time goes on from the last tick. */
static inline gint64
model_read_tick(Model *self, gint64 clock)
{
  gint64 behind = self->ticked - (clock + self->set_back);

  if (behind > 0)
    self->set_back += (behind + SECOND - 1) / SECOND * SECOND;
  self->ticked = (clock + self->set_back) / SECOND * SECOND;
  return clock + self->set_back;
}

static inline gint64
model_read_arrival(const Model *self, gint64 arrival)
{
  gint64 now = arrival + self->set_back;

  /* Of the clock before it was set back, or the clock was set forward just now. */
  if (self->set_back > 0 && now > self->ticked + STALL)
    return self->ticked;
  return MAX(now, self->ticked - WAITS);
}

/* Memory counts in whole seconds. */
static inline gboolean
model_remembers(gint64 then, gint64 now)
{
  return then != 0 && now / SECOND - then / SECOND <= SCAN_MEMORY_SEC;
}

/* ---- candidates -------------------------------------------------------------- */

static inline gboolean
_port_was_before(const ModelSource *self, guint dest, guint i)
{
  for (guint j = 0; j < i; j++)
    if (!self->hits[j].judged && self->hits[j].dest == dest && self->hits[j].port == self->hits[i].port)
      return TRUE;
  return FALSE;
}

/* What the hits towards dest amount to. */
typedef struct _Sum
{
  guint attempts, ports, first_at;
  gint64 first, last, arrival;
} Sum;

static inline Sum
_sum_up(const ModelSource *self, guint dest)
{
  Sum sum = { 0 };

  for (guint i = 0; i < self->n; i++)
    {
      const ModelHit *hit = &self->hits[i];

      if (hit->judged || hit->dest != dest)
        continue;
      sum.first = sum.attempts == 0 ? hit->time : sum.first;
      sum.first_at = sum.attempts == 0 ? i : sum.first_at;
      sum.last = hit->time;
      sum.arrival = MAX(sum.arrival, hit->arrival);
      sum.attempts++;
      sum.ports += !_port_was_before(self, dest, i);
    }
  return sum;
}

static inline gboolean
_is_candidate(Sum sum)
{
  return sum.ports >= MIN_PORTS && sum.ports <= MAX_PORTS && sum.attempts >= MIN_PACKETS;
}

static inline void
_mark_judged(ModelSource *self, guint dest)
{
  for (guint i = 0; i < self->n; i++)
    if (self->hits[i].dest == dest)
      self->hits[i].judged = TRUE;
}

/* Drafts what is not judged yet towards dest. */
static inline ModelDraft *
_judge(Model *model, guint source, guint dest, gboolean unsettled, gint64 now)
{
  ModelSource *self = &model->sources[source];
  Sum sum = _sum_up(self, dest);
  ModelDraft *draft = &model->drafts[model->n_drafts++];
  ModelAlert *alert = &draft->alert;

  memset(draft, 0, sizeof(*draft));
  *alert = (ModelAlert){ .source = source, .dest = dest, .start = sum.first, .end = sum.last };
  draft->arrival = sum.arrival;
  for (guint i = 0; i < self->n; i++)
    if (!self->hits[i].judged && self->hits[i].dest == dest)
      {
        alert->ports[alert->n++] = self->hits[i].port;
        alert->packets += self->hits[i].packets;
      }
  /* As of the last that was seen of it: it may be judged much later. */
  draft->scanner = model_remembers(self->scan, MIN(MAX(self->seen, draft->arrival), now));
  if (sum.attempts > MAX_PACKETS)
    alert->signs |= 1u << PK_SIGN_RETRIES;
  if (unsettled)
    alert->signs |= 1u << PK_SIGN_UNSETTLED;
  self->knocked = now;
  _mark_judged(self, dest);
  return draft;
}

/* ---- windows ----------------------------------------------------------------- */

static inline void
_drop(ModelSource *self, guint i)
{
  for (self->n--; i < self->n; i++)
    self->hits[i] = self->hits[i + 1];
}

/* The oldest goes; what it belongs to is judged first. */
static inline void
_drop_oldest(Model *model, guint source, gint64 next, gboolean settled, gint64 now)
{
  ModelSource *self = &model->sources[source];
  guint dest = self->hits[0].dest;

  if (!self->hits[0].judged && _is_candidate(_sum_up(self, dest)))
    _judge(model, source, dest, !settled && next - _sum_up(self, dest).last < SETTLE, now);
  _drop(self, 0);
}

static inline gboolean
_is_known(ModelSource *self, const ModelHit *hit)
{
  for (guint i = self->n; i > 0; i--)
    {
      ModelHit *other = &self->hits[i - 1];

      if (hit->source_port && other->source_port == hit->source_port && other->port == hit->port &&
          other->dest == hit->dest && ABS(hit->time - other->time) <= WINDOW)
        {
          other->packets += hit->packets;
          return TRUE;
        }
    }
  return FALSE;
}

/* Too old to be added.  After a quiet settle the window starts anew. */
static inline gboolean
_is_late(Model *model, guint source, const ModelHit *hit)
{
  ModelSource *self = &model->sources[source];
  gint64 newest_arrival = 0;

  for (guint i = 0; i < self->n; i++)
    newest_arrival = MAX(newest_arrival, self->hits[i].arrival);
  if (self->n == 0 || self->hits[self->n - 1].time - hit->time <= WINDOW)
    return FALSE;
  if (hit->arrival - newest_arrival < SETTLE)
    return TRUE;
  while (self->n)
    _drop_oldest(model, source, 0, TRUE, hit->arrival);
  return FALSE;
}

static inline void
_make_room(Model *model, guint source, const ModelHit *hit)
{
  ModelSource *self = &model->sources[source];

  while (self->n && hit->time - self->hits[0].time > WINDOW)
    _drop_oldest(model, source, hit->time, FALSE, hit->arrival);
  if (self->n < KEPT)
    return;
  for (guint i = 0; i < self->n; i++)
    if (self->hits[i].judged)
      {
        _drop(self, i);
        return;
      }
  _drop_oldest(model, source, hit->time, FALSE, hit->arrival);
}

/* Returns its place. */
static inline guint
_insert(ModelSource *self, const ModelHit *hit)
{
  guint i = self->n++;

  for (; i > 0; i--)
    {
      const ModelHit *before = &self->hits[i - 1];

      if (before->time < hit->time ||
          (before->time == hit->time && !(hit->uptime && before->uptime && hit->uptime < before->uptime)))
        break;
      self->hits[i] = *before;
    }
  self->hits[i] = *hit;
  return i;
}

/* ---- known sequences ------------------------------------------------------------ */

static inline gboolean
_may_belong(const ModelSource *self, guint i, guint dest)
{
  return self->hits[i].dest == dest && !self->hits[i].in_sequence;
}

/* The next hit towards dest on port, from at on in that direction; -1: none, which stays so. */
static inline gint
_go(const ModelSource *self, guint dest, guint port, gint at, gint step)
{
  if (at < 0)
    return -1;
  for (at += step; at >= 0 && at < (gint) self->n; at += step)
    if (_may_belong(self, (guint) at, dest) && self->hits[at].port == port)
      return at;
  return -1;
}

static inline gboolean
_has_port(const ModelSequence *sequence, guint port)
{
  for (guint i = 0; i < sequence->n; i++)
    if (sequence->ports[i] == port)
      return TRUE;
  return FALSE;
}

static inline guint
_count_others(const ModelSource *self, const ModelSequence *sequence, guint dest, gint first, gint last)
{
  gboolean seen[PORTS] = { FALSE };
  guint others = 0;

  for (gint i = first + 1; i < last; i++)
    {
      guint port = self->hits[i].port;

      if (!_may_belong(self, (guint) i, dest) || _has_port(sequence, port) || seen[port])
        continue;
      seen[port] = TRUE;
      others++;
    }
  return others;
}

/* Around the new hit, as near to it as can be, without the port number `missing` of it; 0: with all. */
static inline gboolean
_lies(const ModelSource *self, const ModelSequence *sequence, guint newest, guint missing, gint *ret_first,
      gint *ret_last)
{
  guint dest = self->hits[newest].dest, place = 0;
  gint first = (gint) newest, last = (gint) newest;

  while (place < sequence->n && sequence->ports[place] != self->hits[newest].port)
    place++;
  if (place == sequence->n || (missing && place == missing))
    return FALSE;
  for (guint i = place; i-- > 0;)
    if (!missing || i != missing)
      first = _go(self, dest, sequence->ports[i], first, -1);
  for (guint i = place + 1; i < sequence->n; i++)
    if (!missing || i != missing)
      last = _go(self, dest, sequence->ports[i], last, 1);
  *ret_first = first;
  *ret_last = last;
  return first >= 0 && last >= 0 &&
         _count_others(self, sequence, dest, first, last) <= (sequence->n == 2 ? 0 : sequence->n);
}

/* Complete ones are preferred, then long ones. */
static inline gboolean
_completes_sequence(const ModelSource *self, guint newest, gint *ret_first, gint *ret_last)
{
  for (guint i = 0; i < G_N_ELEMENTS(MODEL_SEQUENCES); i++)
    if (_lies(self, &MODEL_SEQUENCES[i], newest, 0, ret_first, ret_last))
      return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(MODEL_SEQUENCES); i++)
    for (guint missing = 1; missing + 1 < MODEL_SEQUENCES[i].n && MODEL_SEQUENCES[i].n >= 4; missing++)
      if (_lies(self, &MODEL_SEQUENCES[i], newest, missing, ret_first, ret_last))
        return TRUE;
  return FALSE;
}

/* Told at once; not of a scanner, but its own ports alone make nobody one.  Is told before what the same hit let
 * settle. */
static inline gboolean
_take_sequence(Model *model, guint source, guint newest, gint64 now)
{
  ModelSource *self = &model->sources[source];
  guint dest = self->hits[newest].dest, n_before = model->n_drafts;
  ModelDraft draft;
  gint first, last;

  if (!model->knows_sequences || !_completes_sequence(self, newest, &first, &last))
    return FALSE;
  if (model_remembers(self->scan, now) && self->scan / SECOND < self->hits[first].arrival / SECOND)
    return FALSE;
  if (self->scan / SECOND >= self->hits[first].arrival / SECOND)
    self->scan = 0;
  _mark_judged(self, dest);
  for (gint i = first; i <= last; i++)
    self->hits[i].judged = !_may_belong(self, (guint) i, dest) && self->hits[i].judged;
  draft = *_judge(model, source, dest, FALSE, now);
  draft.known = TRUE;
  for (gint i = first; i <= last; i++)
    self->hits[i].in_sequence |= self->hits[i].dest == dest;
  memmove(&model->drafts[1], &model->drafts[0], n_before * sizeof(draft));
  model->drafts[0] = draft;
  return TRUE;
}

#endif
