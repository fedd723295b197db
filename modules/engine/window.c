/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/window.h"

#include <string.h>

#include "scan/address.h"

/* The hits of a window towards one destination that are not consumed. */
typedef struct _Candidate
{
  PkAddr dest;
  guint attempts, ports;
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

static gboolean
_is_open(const PkHit *hit)
{
  return !(hit->flags & PK_HIT_CONSUMED);
}

static gboolean
_is_towards(const PkHit *hit, const PkAddr *dest)
{
  return _is_open(hit) && pk_addr_equals(&hit->dest, dest);
}

static gboolean
_repeats_port(const PkWindow *self, guint i)
{
  for (guint j = 0; j < i; j++)
    if (_is_towards(&self->hits[j], &self->hits[i].dest) && pk_port_equals(&self->hits[j].port, &self->hits[i].port))
      return TRUE;
  return FALSE;
}

static void
_measure(const PkWindow *self, const PkAddr *dest, Candidate *ret_candidate)
{
  Candidate candidate = { .dest = *dest };

  for (guint i = 0; i < self->n; i++)
    {
      const PkHit *hit = &self->hits[i];

      if (!_is_towards(hit, dest))
        continue;
      if (candidate.attempts++ == 0)
        candidate.first_usec = hit->time_usec;
      candidate.last_usec = hit->time_usec;
      candidate.arrival_usec = MAX(candidate.arrival_usec, hit->arrival_usec);
      candidate.ports += !_repeats_port(self, i);
    }
  *ret_candidate = candidate;
}

static gboolean
_is_complete(const Candidate *candidate, const PkRule *rule)
{
  return candidate->ports >= rule->min_ports && candidate->ports <= rule->max_ports &&
         candidate->attempts >= rule->min_packets &&
         candidate->last_usec - candidate->first_usec >= rule->min_duration_usec;
}

static void
_consume(PkWindow *self, const PkAddr *dest)
{
  for (guint i = 0; i < self->n; i++)
    if (_is_towards(&self->hits[i], dest))
      self->hits[i].flags |= PK_HIT_CONSUMED;
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
_collect_hosts(const PkWindow *self, const PkAddr *dest, PkJudgement *judgement)
{
  for (guint i = self->n; i > 0; i--)
    if (_is_towards(&self->hits[i - 1], dest))
      _add_host(judgement, self->hits[i - 1].host);
}

/* A scanner's second round may come from another source port.  Ports that are
 * tried again from the same one are retransmissions, so each hit is another port. */
static guint
_count_same_source_port(const PkWindow *self, guint i)
{
  guint n = 0;

  if (!(self->hits[i].flags & PK_HIT_HAS_SOURCE_PORT))
    return 0;
  for (guint j = 0; j <= i; j++)
    n += _is_towards(&self->hits[j], &self->hits[i].dest) && (self->hits[j].flags & PK_HIT_HAS_SOURCE_PORT) &&
         self->hits[j].source_port == self->hits[i].source_port;
  return n;
}

/* What hits towards one destination have in common. */
static void
_compare(const PkWindow *self, const PkAddr *dest, PkJudgement *judgement)
{
  guint8 common = G_MAXUINT8;

  for (guint i = 0; i < self->n; i++)
    {
      if (!_is_towards(&self->hits[i], dest))
        continue;
      common &= self->hits[i].flags;
      judgement->same_source_port = MAX(judgement->same_source_port, _count_same_source_port(self, i));
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
  memset(judgement, 0, sizeof(*judgement));
  judgement->alert.dest = candidate->dest;
  judgement->alert.has_dest = !pk_addr_is_unspecified(&candidate->dest);
  judgement->alert.distinct_ports = candidate->ports;
  judgement->alert.window_start_usec = candidate->first_usec;
  judgement->alert.window_end_usec = candidate->last_usec;
  judgement->alert.arrival_usec = candidate->arrival_usec;
  for (guint i = 0; i < self->n; i++)
    if (_is_towards(&self->hits[i], &candidate->dest))
      _add_attempt(judgement, &self->hits[i]);
    else if (!pk_addr_equals(&self->hits[i].dest, &candidate->dest))
      _add_other_dest(&judgement->alert, &self->hits[i].dest);
  _collect_hosts(self, &candidate->dest, judgement);
  _compare(self, &candidate->dest, judgement);
  judgement->retried_ports = _has_second_round(&judgement->alert);
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
  _consume(self, &candidate->dest);
  return judgement;
}

/* Judges what the first hit belongs to, before that hit goes because of a hit at next_usec. */
static void
_judge_first(PkWindow *self, const PkRule *rule, gint64 next_usec, PkOutcome *outcome)
{
  Candidate candidate;

  if (!_is_open(&self->hits[0]))
    return;
  _measure(self, &self->hits[0].dest, &candidate);
  if (_is_complete(&candidate, rule))
    _judge(self, &candidate, next_usec - candidate.last_usec < rule->settle_usec, outcome);
}

static void
_remove(PkWindow *self, guint i)
{
  self->n--;
  memmove(&self->hits[i], &self->hits[i + 1], (self->n - i) * sizeof(self->hits[0]));
}

/* Both bounds of the window are inclusive. */
static void
_slide(PkWindow *self, const PkRule *rule, gint64 newest_usec, PkOutcome *outcome)
{
  while (self->n && self->hits[0].time_usec < newest_usec - rule->window_usec)
    {
      _judge_first(self, rule, newest_usec, outcome);
      _remove(self, 0);
    }
}

static void
_make_room(PkWindow *self, const PkRule *rule, gint64 next_usec, PkOutcome *outcome)
{
  for (guint i = 0; i < self->n; i++)
    if (!_is_open(&self->hits[i]))
      {
        _remove(self, i);
        return;
      }
  _judge_first(self, rule, next_usec, outcome);
  _remove(self, 0);
  outcome->pushed_out++;
}

/* Uptime orders hits that one host stamped with the same time (RFC 3164 has
 * whole seconds); otherwise ties keep the order of arrival. */
static gboolean
_goes_before(const PkHit *hit, const PkHit *other)
{
  if (hit->time_usec != other->time_usec)
    return hit->time_usec < other->time_usec;
  return (hit->flags & other->flags & PK_HIT_HAS_UPTIME) && hit->host == other->host &&
         hit->uptime_usec < other->uptime_usec;
}

static guint
_insert(PkWindow *self, const PkHit *hit)
{
  guint i = self->n;

  while (i > 0 && _goes_before(hit, &self->hits[i - 1]))
    i--;
  memmove(&self->hits[i + 1], &self->hits[i], (self->n - i) * sizeof(self->hits[0]));
  self->hits[i] = *hit;
  self->n++;
  return i;
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
_merge_retransmission(PkWindow *self, const PkRule *rule, const PkHit *hit)
{
  for (guint i = self->n; i > 0; i--)
    if (pk_hit_is_retransmission(&self->hits[i - 1], hit, rule))
      {
        pk_hit_merge(&self->hits[i - 1], hit);
        return TRUE;
      }
  return FALSE;
}

static gint64
_latest_arrival(const PkWindow *self)
{
  gint64 latest = 0;

  for (guint i = 0; i < self->n; i++)
    latest = MAX(latest, self->hits[i].arrival_usec);
  return latest;
}

/* A clock that was set back, or another device's: begin again with its time.
 * Whatever was there has settled by arrival. */
static void
_start_anew(PkWindow *self, const PkRule *rule, PkOutcome *outcome)
{
  gint64 settled_usec = self->hits[self->n - 1].time_usec + rule->settle_usec;

  for (; self->n; _remove(self, 0))
    _judge_first(self, rule, settled_usec, outcome);
}

static gboolean
_is_late(PkWindow *self, const PkRule *rule, const PkHit *hit, PkOutcome *outcome)
{
  if (self->n == 0 || hit->time_usec >= self->hits[self->n - 1].time_usec - rule->window_usec)
    return FALSE;
  if (pk_arrivals_are_apart(_latest_arrival(self), hit->arrival_usec, rule))
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
_judge_if_settled(PkWindow *self, const PkRule *rule, const PkHit *hit, PkOutcome *outcome)
{
  Candidate candidate;

  if (self->n < rule->min_packets)
    return;
  _measure(self, &hit->dest, &candidate);
  if (_is_complete(&candidate, rule) && hit->time_usec - candidate.last_usec >= rule->settle_usec)
    _judge(self, &candidate, FALSE, outcome);
}

static void
_check_scan(PkWindow *self, const PkRule *rule, const PkAddr *dest, PkOutcome *outcome)
{
  Candidate candidate;

  if (self->n <= rule->max_ports)
    return;
  _measure(self, dest, &candidate);
  if (candidate.ports <= rule->max_ports)
    return;
  outcome->scan = TRUE;
  _consume(self, dest);
}

void
pk_window_add(PkWindow *self, const PkRule *rule, const PkHit *hit, PkOutcome *outcome)
{
  if (_merge_retransmission(self, rule, hit) || _is_late(self, rule, hit, outcome))
    return;
  _judge_if_settled(self, rule, hit, outcome);
  _slide(self, rule, hit->time_usec, outcome);
  if (self->n == PK_HITS_MAX)
    _make_room(self, rule, hit->time_usec, outcome);
  outcome->place = _insert(self, hit);
  outcome->added = TRUE;
  _check_scan(self, rule, &hit->dest, outcome);
}

static gboolean
_is_first_towards(const PkWindow *self, guint i)
{
  if (!_is_open(&self->hits[i]))
    return FALSE;
  for (guint j = 0; j < i; j++)
    if (_is_towards(&self->hits[j], &self->hits[i].dest))
      return FALSE;
  return TRUE;
}

void
pk_window_expire(PkWindow *self, const PkRule *rule, gint64 arrival_usec, PkOutcome *outcome)
{
  Candidate candidate;

  for (guint i = 0; i < self->n; i++)
    {
      if (!_is_first_towards(self, i))
        continue;
      _measure(self, &self->hits[i].dest, &candidate);
      if (_is_complete(&candidate, rule) && arrival_usec - candidate.arrival_usec >= rule->settle_usec)
        {
          _judge(self, &candidate, FALSE, outcome);
          return;
        }
    }
}

gboolean
pk_window_find_complete(const PkWindow *self, const PkRule *rule, const PkAddr *dest, PkAddr *ret_dest)
{
  gint64 latest_usec = G_MININT64;
  Candidate candidate;

  for (guint i = 0; i < self->n; i++)
    {
      if (!_is_first_towards(self, i) || (dest && !pk_addr_equals(&self->hits[i].dest, dest)))
        continue;
      _measure(self, &self->hits[i].dest, &candidate);
      if (!_is_complete(&candidate, rule) || candidate.arrival_usec < latest_usec)
        continue;
      latest_usec = candidate.arrival_usec;
      *ret_dest = candidate.dest;
    }
  return latest_usec != G_MININT64;
}

void
pk_window_judge(PkWindow *self, const PkAddr *dest, PkOutcome *outcome)
{
  Candidate candidate;

  _measure(self, dest, &candidate);
  _judge(self, &candidate, FALSE, outcome);
}

guint
pk_window_list_hits(const PkWindow *self, const PkAddr *dest, PkPort ret_ports[PK_HITS_MAX],
                    guint8 ret_places[PK_HITS_MAX])
{
  guint n = 0;

  for (guint i = 0; i < self->n; i++)
    if (!(self->hits[i].flags & PK_HIT_IN_SEQUENCE) && pk_addr_equals(&self->hits[i].dest, dest))
      {
        ret_ports[n] = self->hits[i].port;
        ret_places[n++] = (guint8) i;
      }
  return n;
}

/* For a moment exactly the sequence's hits are open towards its destination. */
void
pk_window_judge_sequence(PkWindow *self, guint first, guint last, PkOutcome *outcome)
{
  PkAddr dest = self->hits[first].dest;
  Candidate candidate;

  _consume(self, &dest);
  for (guint i = first; i <= last; i++)
    if (!(self->hits[i].flags & PK_HIT_IN_SEQUENCE) && pk_addr_equals(&self->hits[i].dest, &dest))
      self->hits[i].flags &= (guint8) ~PK_HIT_CONSUMED;
  _measure(self, &dest, &candidate);
  for (guint i = first; i <= last; i++)
    if (_is_towards(&self->hits[i], &dest))
      self->hits[i].flags |= PK_HIT_IN_SEQUENCE;
  _judge(self, &candidate, FALSE, outcome)->in_sequence = TRUE;
}

gint64
pk_window_deadline(const PkWindow *self, const PkRule *rule)
{
  gint64 deadline = G_MAXINT64;
  Candidate candidate;

  if (self->n < rule->min_packets)
    return deadline;
  for (guint i = 0; i < self->n; i++)
    {
      if (!_is_first_towards(self, i))
        continue;
      _measure(self, &self->hits[i].dest, &candidate);
      if (_is_complete(&candidate, rule))
        deadline = MIN(deadline, candidate.arrival_usec + rule->settle_usec);
    }
  return deadline;
}

guint
pk_window_count_ports(const PkWindow *self)
{
  guint ports = 0;

  for (guint i = 0; i < self->n; i++)
    {
      gboolean repeated = !_is_open(&self->hits[i]);

      for (guint j = 0; j < i && !repeated; j++)
        repeated = _is_open(&self->hits[j]) && pk_port_equals(&self->hits[j].port, &self->hits[i].port);
      ports += !repeated;
    }
  return ports;
}
