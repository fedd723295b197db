/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/window-private.h"

#include <string.h>

#include "scan/address.h"

/* The hits of a window towards one destination that are not consumed. */
typedef struct _Candidate
{
  guint32 hits, lane; /* sets; lane: all towards that destination */
  guint attempts, ports;
  guint first, last;            /* places */
  gint64 first_usec, last_usec; /* event time */
  gint64 arrival_usec;          /* of the attempt that came last */
} Candidate;

void
pk_rule_init(PkRule *self, const PkOptions *options)
{
  *self = (PkRule){
    .window_usec = (gint64) options->window_seconds * G_USEC_PER_SEC,
    .settle_usec = (gint64) options->settle_seconds * G_USEC_PER_SEC,
    .min_duration_usec = (gint64) options->min_duration_seconds * G_USEC_PER_SEC,
    .min_ports = (guint) options->min_ports,
    .max_ports = (guint) options->max_ports,
    .min_packets = (guint) options->min_packets,
    .max_packets = (guint) options->max_packets,
  };
}

static gint64
_latest_arrival(const PkWindow *self, guint32 set)
{
  gint64 latest = 0;

  for (; set; set &= set - 1)
    latest = MAX(latest, self->places[pk_any_of(set)].arrival_usec);
  return latest;
}

/* lane: the hits towards a destination. */
static void
_measure(const PkWindow *self, guint32 lane, Candidate *ret_candidate)
{
  Candidate candidate = { .hits = lane & self->open, .lane = lane };

  if (candidate.hits)
    {
      candidate.attempts = pk_count_of(candidate.hits);
      candidate.ports = pk_count_of(candidate.hits & self->new_attempts);
      candidate.first = pk_window_first_of(self, candidate.hits);
      candidate.last = pk_window_last_of(self, candidate.hits);
      candidate.first_usec = self->places[candidate.first].time_usec;
      candidate.last_usec = self->places[candidate.last].time_usec;
      candidate.arrival_usec = _latest_arrival(self, candidate.hits);
    }
  *ret_candidate = candidate;
}

static const PkAddr *
_get_dest(const PkWindow *self, const Candidate *candidate)
{
  return &self->places[candidate->first].dest;
}

static gboolean
_is_complete(const Candidate *candidate, const PkRule *rule)
{
  return candidate->ports >= rule->min_ports && candidate->ports <= rule->max_ports &&
         candidate->attempts >= rule->min_packets &&
         candidate->last_usec - candidate->first_usec >= rule->min_duration_usec;
}

static void
_add_host(PkJudgement *judgement, PkNameId host)
{
  if (host == 0)
    return;
  for (guint i = 0; i < judgement->n_hosts; i++)
    if (judgement->hosts[i] == host)
      return;
  if (judgement->n_hosts < PK_ALERT_HOSTS_MAX)
    judgement->hosts[judgement->n_hosts++] = host;
}

static void
_add_attempt(PkJudgement *judgement, const PkHit *hit)
{
  PkAlert *alert = &judgement->alert;

  alert->attempts[alert->n_attempts++] = hit->port;
  alert->total_packets += hit->packets;
  alert->retransmits += hit->retransmits;
}

static void
_add_other_dest(PkAlert *alert, const PkAddr *dest)
{
  if (pk_addr_is_unspecified(dest) || alert->n_other_dests == PK_ALERT_OTHER_DESTS_MAX)
    return;
  for (guint i = 0; i < alert->n_other_dests; i++)
    if (pk_addr_equals(&alert->other_dests[i], dest))
      return;
  alert->other_dests[alert->n_other_dests++] = *dest;
}

/* The last hit first: its host is the alert's. */
static void
_collect_hosts(const PkWindow *self, guint32 hits, PkJudgement *judgement)
{
  for (guint i = self->n; i > 0; i--)
    if (hits & pk_bit(pk_place_at(self, i - 1)))
      _add_host(judgement, pk_window_hit(self, i - 1)->host);
}

/* A scanner's second round may come from another source port.  Ports that are
 * tried again from the same one are retransmissions, so each hit is another port. */
static guint
_count_same_source_port(const PkWindow *self, guint32 hits, const PkHit *last)
{
  guint n = 0;

  if (!(last->flags & PK_HIT_HAS_SOURCE_PORT))
    return 0;
  for (; hits; hits &= hits - 1)
    {
      const PkHit *hit = &self->places[pk_any_of(hits)];

      n += (hit->flags & PK_HIT_HAS_SOURCE_PORT) && hit->source_port == last->source_port;
    }
  return n;
}

/* What hits towards one destination have in common. */
static void
_compare(const PkWindow *self, guint32 hits, PkJudgement *judgement)
{
  guint8 common = G_MAXUINT8;

  for (guint32 rest = hits; rest; rest &= rest - 1)
    {
      const PkHit *hit = &self->places[pk_any_of(rest)];

      common &= hit->flags;
      judgement->same_source_port = MAX(judgement->same_source_port, _count_same_source_port(self, hits, hit));
    }
  judgement->scanner_packets = (common & PK_HIT_SCANNER_PACKET) != 0;
  judgement->allowed = (common & PK_HIT_ALLOWED) != 0;
  judgement->tool_runs = (common & PK_HIT_TOOL_RUN) != 0;
}

static guint
_count_port(const PkPort *ports, guint n, const PkPort *port)
{
  guint count = 0;

  for (guint i = 0; i < n; i++)
    count += pk_port_equals(&ports[i], port);
  return count;
}

/* The first round ends with the first attempt at the last new port. */
static gboolean
_has_second_round(const PkAlert *alert)
{
  const PkPort *attempts = alert->attempts;
  guint end = 0;

  for (guint i = 0; i < alert->n_attempts; i++)
    if (_count_port(attempts, i, &attempts[i]) == 0)
      end = i + 1;
  for (guint i = 0; i < end; i++)
    if (_count_port(attempts + end, alert->n_attempts - end, &attempts[i]) == 0)
      return FALSE;
  return end > 0;
}

static void
_describe(const PkWindow *self, const Candidate *candidate, PkJudgement *judgement)
{
  PkAlert *alert = &judgement->alert;

  memset(judgement, 0, sizeof(*judgement));
  alert->dest = *_get_dest(self, candidate);
  alert->has_dest = !pk_addr_is_unspecified(&alert->dest);
  alert->distinct_ports = candidate->ports;
  alert->window_start_usec = candidate->first_usec;
  alert->window_end_usec = candidate->last_usec;
  alert->arrival_usec = candidate->arrival_usec;
  for (guint i = 0; i < self->n; i++)
    if (candidate->hits & pk_bit(pk_place_at(self, i)))
      _add_attempt(judgement, pk_window_hit(self, i));
    else if (!(candidate->lane & pk_bit(pk_place_at(self, i))))
      _add_other_dest(alert, &pk_window_hit(self, i)->dest);
  _collect_hosts(self, candidate->hits, judgement);
  _compare(self, candidate->hits, judgement);
  judgement->retried_ports = _has_second_round(alert);
}

/* Judging consumes: a hit is part of one verdict at most. */
static PkJudgement *
_judge(PkWindow *self, const Candidate *candidate, gboolean unsettled, PkOutcome *outcome)
{
  PkJudgement *judgement;

  g_assert(outcome->n_judgements < PK_JUDGEMENTS_MAX);
  judgement = &outcome->judgements[outcome->n_judgements++];
  _describe(self, candidate, judgement);
  judgement->unsettled = unsettled;
  pk_window_consume(self, candidate->hits);
  return judgement;
}

/* Judges what the first hit belongs to, before that hit goes because of a hit at next_usec. */
static void
_judge_first(PkWindow *self, const PkRule *rule, gint64 next_usec, PkOutcome *outcome)
{
  Candidate candidate;
  guint32 lane = *pk_window_lane(self, pk_window_marks(self)[pk_place_at(self, 0)].lane);

  if (!(self->open & pk_bit(pk_place_at(self, 0))) || pk_count_of(lane & self->new_attempts) < rule->min_ports)
    return;
  _measure(self, lane, &candidate);
  if (_is_complete(&candidate, rule))
    _judge(self, &candidate, next_usec - candidate.last_usec < rule->settle_usec, outcome);
}

/* Both bounds of the window are inclusive. */
static void
_slide(PkWindow *self, const PkRule *rule, gint64 newest_usec, PkOutcome *outcome)
{
  while (self->n && pk_window_hit(self, 0)->time_usec < newest_usec - rule->window_usec)
    {
      _judge_first(self, rule, newest_usec, outcome);
      pk_window_remove(self, pk_place_at(self, 0));
      outcome->slid_out++;
    }
}

static void
_make_room(PkWindow *self, const PkRule *rule, gint64 next_usec, PkOutcome *outcome)
{
  guint32 consumed = self->used & ~self->open;

  if (consumed)
    {
      pk_window_remove(self, pk_window_first_of(self, consumed));
      outcome->slid_out++;
      return;
    }
  _judge_first(self, rule, next_usec, outcome);
  pk_window_remove(self, pk_place_at(self, 0));
  outcome->pushed_out++;
}

gboolean
pk_hit_is_retransmission(const PkHit *earlier, const PkHit *later, const PkRule *rule)
{
  return (earlier->flags & later->flags & PK_HIT_HAS_SOURCE_PORT) && earlier->source_port == later->source_port &&
         pk_port_equals(&earlier->port, &later->port) && pk_addr_equals(&earlier->dest, &later->dest) &&
         ABS(later->time_usec - earlier->time_usec) <= rule->window_usec;
}

void
pk_hit_merge(PkHit *self, const PkHit *retransmission)
{
  self->packets = MIN(self->packets + retransmission->packets, G_MAXUINT32 / PK_HITS_MAX);
  self->retransmits += self->retransmits < G_MAXUINT16;
}

static gboolean
_merge_retransmission(PkWindow *self, const PkRule *rule, const PkHit *hit, PkOutcome *outcome)
{
  guint repeated = pk_window_find_repeated(self, rule, hit);

  if (repeated == PK_PLACE_NONE)
    return FALSE;
  pk_hit_merge(&self->places[repeated], hit);
  outcome->repeated = TRUE;
  return TRUE;
}

/* A clock that was set back, or another device's: begin again with its time.
 * Whatever was there has settled by arrival. */
static void
_start_anew(PkWindow *self, const PkRule *rule, PkOutcome *outcome)
{
  gint64 settled_usec = pk_window_hit(self, self->n - 1u)->time_usec + rule->settle_usec;

  for (; self->n; pk_window_remove(self, pk_place_at(self, 0)), outcome->slid_out++)
    _judge_first(self, rule, settled_usec, outcome);
}

static gboolean
_is_late(PkWindow *self, const PkRule *rule, const PkHit *hit, PkOutcome *outcome)
{
  if (self->n == 0 || hit->time_usec >= pk_window_hit(self, self->n - 1u)->time_usec - rule->window_usec)
    return FALSE;
  if (pk_arrivals_are_apart(_latest_arrival(self, self->used), hit->arrival_usec, rule))
    {
      _start_anew(self, rule, outcome);
      return FALSE;
    }
  outcome->late = TRUE;
  return TRUE;
}

/* The next hit towards a destination comes settle() or more after its
 * candidate: judge first, then add. */
static void
_judge_if_settled(PkWindow *self, const PkRule *rule, guint lane, const PkHit *hit, PkOutcome *outcome)
{
  Candidate candidate;

  if (pk_count_of(*pk_window_lane(self, lane) & self->new_attempts) < rule->min_ports)
    return;
  _measure(self, *pk_window_lane(self, lane), &candidate);
  if (_is_complete(&candidate, rule) && hit->time_usec - candidate.last_usec >= rule->settle_usec)
    _judge(self, &candidate, FALSE, outcome);
}

static void
_check_scan(PkWindow *self, const PkRule *rule, guint place, PkOutcome *outcome)
{
  guint32 lane = *pk_window_lane(self, pk_window_marks(self)[place].lane);

  if (pk_count_of(lane & self->new_attempts) <= rule->max_ports)
    return;
  outcome->scan = TRUE;
  pk_window_consume(self, lane);
}

void
pk_window_add(PkWindow *self, const PkRule *rule, const PkHit *hit, PkOutcome *outcome)
{
  guint lane;

  if (_merge_retransmission(self, rule, hit, outcome) || _is_late(self, rule, hit, outcome))
    return;
  lane = pk_window_find_lane(self, &hit->dest);
  if (lane != PK_LANE_NONE)
    _judge_if_settled(self, rule, lane, hit, outcome);
  _slide(self, rule, hit->time_usec, outcome);
  if (self->n == self->capacity)
    _make_room(self, rule, hit->time_usec, outcome);
  outcome->place = pk_window_insert(self, hit, lane);
  outcome->added = TRUE;
  _check_scan(self, rule, outcome->place, outcome);
}

typedef void (*CandidateFunc)(const Candidate *candidate, gpointer user_data);

/* Complete candidates, in no order. */
static void
_each_complete(const PkWindow *self, const PkRule *rule, CandidateFunc func, gpointer user_data)
{
  Candidate candidate;

  if (pk_count_of(self->new_attempts) < rule->min_ports)
    return;
  for (guint32 lanes = self->lanes; lanes; lanes &= lanes - 1)
    {
      guint32 lane = *pk_window_lane(self, pk_any_of(lanes));

      if (pk_count_of(lane & self->new_attempts) < rule->min_ports)
        continue;
      _measure(self, lane, &candidate);
      if (_is_complete(&candidate, rule))
        func(&candidate, user_data);
    }
}

/* Looking for one candidate. */
typedef struct _Choice
{
  const PkWindow *window;
  gint64 settled_usec; /* its last attempt arrived by then */
  const PkAddr *dest;  /* NULL: any */
  Candidate candidate;
  gboolean found;
} Choice;

static void
_choose_first(const Candidate *candidate, gpointer user_data)
{
  Choice *choice = user_data;

  if (candidate->arrival_usec > choice->settled_usec ||
      (choice->found && pk_window_order_of(choice->window, candidate->first) >
                            pk_window_order_of(choice->window, choice->candidate.first)))
    return;
  choice->candidate = *candidate;
  choice->found = TRUE;
}

void
pk_window_expire(PkWindow *self, const PkRule *rule, gint64 arrival_usec, PkOutcome *outcome)
{
  Choice choice = { .window = self, .settled_usec = arrival_usec - rule->settle_usec };

  _each_complete(self, rule, _choose_first, &choice);
  if (choice.found)
    _judge(self, &choice.candidate, FALSE, outcome);
}

/* Of two that came at the same time the one that began later. */
static gboolean
_came_later(const PkWindow *self, const Candidate *candidate, const Candidate *other)
{
  if (candidate->arrival_usec != other->arrival_usec)
    return candidate->arrival_usec > other->arrival_usec;
  return pk_window_order_of(self, candidate->first) > pk_window_order_of(self, other->first);
}

static void
_choose_latest(const Candidate *candidate, gpointer user_data)
{
  Choice *choice = user_data;

  if ((choice->dest && !pk_addr_equals(_get_dest(choice->window, candidate), choice->dest)) ||
      (choice->found && !_came_later(choice->window, candidate, &choice->candidate)))
    return;
  choice->candidate = *candidate;
  choice->found = TRUE;
}

gboolean
pk_window_find_complete(const PkWindow *self, const PkRule *rule, const PkAddr *dest, PkAddr *ret_dest)
{
  Choice choice = { .window = self, .dest = dest };

  _each_complete(self, rule, _choose_latest, &choice);
  if (choice.found)
    *ret_dest = *_get_dest(self, &choice.candidate);
  return choice.found;
}

void
pk_window_judge(PkWindow *self, const PkAddr *dest, PkOutcome *outcome)
{
  Candidate candidate;

  _measure(self, *pk_window_lane(self, pk_window_find_lane(self, dest)), &candidate);
  _judge(self, &candidate, FALSE, outcome);
}

/* ---- known sequences -------------------------------------------------------- */

guint
pk_window_list_hits(const PkWindow *self, guint place, PkPort ret_ports[PK_HITS_MAX], guint8 ret_places[PK_HITS_MAX])
{
  const PkMark *marks = pk_window_marks(self);
  guint n = 0;

  for (guint i = 0; i < self->n; i++)
    {
      guint other = marks[i].order;

      if ((marks[other].flags & PK_HIT_IN_SEQUENCE) || marks[other].lane != marks[place].lane)
        continue;
      ret_ports[n] = self->places[other].port;
      ret_places[n++] = (guint8) other;
    }
  return n;
}

static guint32
_not_in_sequence(const PkWindow *self, guint first, guint last)
{
  const PkMark *marks = pk_window_marks(self);
  guint32 set = 0;

  for (guint i = pk_window_order_of(self, first); i <= pk_window_order_of(self, last); i++)
    {
      guint place = marks[i].order;

      if (!(marks[place].flags & PK_HIT_IN_SEQUENCE) && marks[place].lane == marks[first].lane)
        set |= pk_bit(place);
    }
  return set;
}

/* For a moment exactly the sequence's hits are open towards its destination. */
void
pk_window_judge_sequence(PkWindow *self, guint first, guint last, PkOutcome *outcome)
{
  guint32 lane = *pk_window_lane(self, pk_window_marks(self)[first].lane);
  guint32 sequence = _not_in_sequence(self, first, last);
  Candidate candidate;

  pk_window_consume(self, lane);
  pk_window_reopen(self, sequence);
  _measure(self, lane, &candidate);
  pk_window_flag_sequence(self, sequence);
  _judge(self, &candidate, FALSE, outcome)->in_sequence = TRUE;
}

/* ---- time ------------------------------------------------------------------- */

static void
_find_earliest(const Candidate *candidate, gpointer user_data)
{
  gint64 *arrival_usec = user_data;

  *arrival_usec = MIN(*arrival_usec, candidate->arrival_usec);
}

gint64
pk_window_deadline(const PkWindow *self, const PkRule *rule)
{
  gint64 arrival_usec = G_MAXINT64;

  _each_complete(self, rule, _find_earliest, &arrival_usec);
  return arrival_usec == G_MAXINT64 ? G_MAXINT64 : arrival_usec + rule->settle_usec;
}
