/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TESTS_MODEL_H_INCLUDED
#define PK_TESTS_MODEL_H_INCLUDED

#include "engine/model-hits.h"

/* The rest of the plain model: what is made of candidates, and of what is said of their sources. */

/* ---- proof --------------------------------------------------------------------- */

static inline gboolean
_is_fresh(gint64 said, const ModelDraft *candidate)
{
  return said != 0 && said >= candidate->arrival - OVERTAKES && said <= candidate->arrival + CONFIRM;
}

static inline gboolean
_is_proven(const Model *model, const ModelDraft *candidate)
{
  const ModelTrail *trail = &model->sources[candidate->alert.source].trail;

  if (_is_fresh(trail->open, candidate) || _is_fresh(trail->firewall, candidate))
    return TRUE;
  if (candidate->scanner || !_is_fresh(trail->accept, candidate))
    return FALSE;
  if (candidate->alert.dest != 0 && candidate->alert.dest != trail->accept_dest)
    return FALSE;
  return !trail->accept_is_service || _is_fresh(trail->listener, candidate);
}

static inline void
_tell_confirmed(Model *model, ModelAlert alert)
{
  alert.branch = PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED;
  alert.confidence = PK_CONFIDENCE_CONFIRMED;
  model->alerts[model->n_alerts++] = alert;
}

/* What waits to be proven: towards dest, or without a destination; DESTS: what was told last. */
static inline ModelCandidate *
_find_waiting(Model *model, guint source, guint dest, gint64 now)
{
  ModelSource *self = &model->sources[source];
  guint dests[] = { dest, 0 };

  if (!self->last)
    return NULL;
  dests[0] = dest == DESTS ? self->last->draft.alert.dest : dest;
  for (guint i = 0; i < (dest == DESTS ? 1u : 2u); i++)
    {
      ModelCandidate *candidate = &self->candidates[dests[i]];

      if (candidate->is_there && !candidate->confirmed && now - candidate->draft.arrival <= CONFIRM)
        return candidate;
    }
  return NULL;
}

/* Of what waits towards the destination that let the source in just now, else of what was told last. */
static inline gboolean
_confirm(Model *model, guint source, gint64 now)
{
  const ModelTrail *trail = &model->sources[source].trail;
  ModelCandidate *candidate = _find_waiting(model, source, trail->accept == now ? trail->accept_dest : DESTS, now);

  if (!candidate || !_is_proven(model, &candidate->draft))
    return FALSE;
  candidate->confirmed = TRUE;
  model->sources[source].trail.open_told = TRUE;
  _tell_confirmed(model, candidate->draft.alert);
  return TRUE;
}

/* ---- verdicts -------------------------------------------------------------------- */

static inline void
_list_distinct(const ModelAlert *alert, ModelSent *sent)
{
  for (guint i = 0; i < alert->n; i++)
    {
      gboolean is_new = TRUE;

      for (guint j = 0; j < sent->n; j++)
        is_new = is_new && sent->ports[j] != alert->ports[i];
      if (is_new)
        sent->ports[sent->n++] = alert->ports[i];
    }
}

/* Two sources or more sent the same to that destination, and nobody to another one. */
static inline gboolean
_is_shared_secret(Model *model, const ModelAlert *alert, gint64 now)
{
  ModelSent *sent = &model->sent[model->n_sent++];
  gboolean other_source = FALSE, other_dest = FALSE;

  memset(sent, 0, sizeof(*sent));
  *sent = (ModelSent){ .source = alert->source, .dest = alert->dest, .at = now };
  _list_distinct(alert, sent);
  for (guint i = 0; i < model->n_sent; i++)
    {
      const ModelSent *other = &model->sent[i];

      if (other->n != sent->n || memcmp(other->ports, sent->ports, sizeof(sent->ports)) != 0 ||
          !model_remembers(other->at, now))
        continue;
      other_source |= other->source != sent->source;
      other_dest |= other->dest != sent->dest;
    }
  return other_source && !other_dest;
}

/* The highest level that applies. */
static inline PkConfidence
_rate(Model *model, const ModelDraft *draft, gint64 now)
{
  const ModelTrail *trail = &model->sources[draft->alert.source].trail;
  gboolean is_secret = draft->alert.signs == 0 && _is_shared_secret(model, &draft->alert, now);

  if (draft->known || is_secret || (_is_fresh(trail->stage, draft) && !draft->scanner))
    return PK_CONFIDENCE_HIGH;
  return draft->alert.signs ? PK_CONFIDENCE_LOW : PK_CONFIDENCE_MEDIUM;
}

/* Tells all drafts. */
static inline void
_decide(Model *model, gint64 now)
{
  for (guint i = 0; i < model->n_drafts; i++)
    {
      ModelDraft *draft = &model->drafts[i];
      ModelSource *self = &model->sources[draft->alert.source];
      ModelCandidate *candidate = &self->candidates[draft->alert.dest];

      draft->alert.signs |= draft->scanner ? 1u << PK_SIGN_SCANNER : 0;
      draft->alert.branch = PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED;
      draft->alert.confidence = _rate(model, draft, now);
      *candidate = (ModelCandidate){ *draft, TRUE, _is_proven(model, draft) };
      self->last = candidate;
      if (candidate->confirmed)
        {
          self->trail.open_told = TRUE;
          _tell_confirmed(model, draft->alert);
        }
      else
        model->alerts[model->n_alerts++] = draft->alert;
    }
  model->n_drafts = 0;
}

/* ---- hits ------------------------------------------------------------------------ */

static inline void
model_observe(Model *model, guint source, const ModelHit *sent)
{
  ModelSource *self = &model->sources[source];
  ModelHit hit = *sent;
  gboolean is_scan;
  guint place;
  Sum sum;

  hit.arrival = model_read_arrival(model, hit.arrival);
  if (_is_known(self, &hit))
    return;
  if (_is_late(model, source, &hit))
    return;
  sum = _sum_up(self, hit.dest);
  if (_is_candidate(sum) && hit.time - sum.last >= SETTLE)
    _judge(model, source, hit.dest, FALSE, hit.arrival);
  _make_room(model, source, &hit);
  place = _insert(self, &hit);
  self->seen = MAX(self->seen, hit.arrival);
  is_scan = _sum_up(self, hit.dest).ports > MAX_PORTS;
  if (is_scan)
    _mark_judged(self, hit.dest);
  if (!_take_sequence(model, source, place, hit.arrival) && is_scan)
    self->scan = hit.arrival;
  /* What the same hit let settle is told when all is known. */
  for (guint i = 0; i < model->n_drafts; i++)
    model->drafts[i].scanner =
        model->drafts[i].known ? model->drafts[i].scanner : model_remembers(self->scan, hit.arrival);
  _decide(model, hit.arrival);
}

/* ---- what is said ------------------------------------------------------------------ */

static inline void
_put_on_hold(Model *model, ModelHold *hold, gint64 due, gboolean is_accept)
{
  if (hold->due == 0 || (hold->is_accept && !is_accept))
    *hold = (ModelHold){ due, model->n_waiting++, is_accept };
}

/* tells_port: of a door that opens; then no other line is to be waited for. */
static inline void
_take_proof(Model *model, guint source, gboolean is_accept, gboolean tells_port, gint64 now)
{
  ModelSource *self = &model->sources[source];

  if ((is_accept || tells_port) && _confirm(model, source, now))
    self->hold.due = 0;
  else
    _put_on_hold(model, &self->hold, now + HOLD, is_accept);
}

static inline gboolean
_expects_proof(Model *model, guint source, guint dest, gint64 now)
{
  const ModelSource *self = &model->sources[source];

  return _find_waiting(model, source, dest, now) || _is_candidate(_sum_up(self, dest)) ||
         _is_candidate(_sum_up(self, 0));
}

static inline void
model_accept(Model *model, guint source, guint dest, guint port, gint64 arrival)
{
  ModelSource *self = &model->sources[source];
  ModelTrail *trail = &self->trail;
  gint64 now = model_read_arrival(model, arrival);
  /* What listened before any knock that this may prove says nothing. */
  gint64 listener = now - model->listeners[port] > CONFIRM + OVERTAKES ? 0 : model->listeners[port];
  gboolean is_service, stays;

  model->first_accept = model->first_accept ? model->first_accept : now / SECOND * SECOND;
  if (!_expects_proof(model, source, dest, now))
    {
      if (!model_remembers(self->knocked, now))
        model->services[dest][port] = now;
      return;
    }
  is_service = now - model->first_accept < CONFIRM || model_remembers(model->services[dest][port], now);
  /* One that proves stays while it can, whatever else is let in after it. */
  stays = trail->accept && !trail->accept_is_service && is_service && now - trail->accept <= CONFIRM &&
          (!self->last || trail->accept >= self->last->draft.arrival);
  if (!stays)
    {
      trail->accept = now;
      trail->accept_dest = dest;
      trail->accept_is_service = is_service;
      trail->listener = listener;
    }
  if (!is_service || listener)
    _take_proof(model, source, TRUE, TRUE, now);
}

static inline void
model_listen(Model *model, guint port, gint64 arrival)
{
  model->listeners[port] = model_read_arrival(model, arrival);
}

static inline void
model_open_door(Model *model, guint source, gboolean tells_port, gint64 time, gint64 arrival)
{
  ModelTrail *trail = &model->sources[source].trail;
  gint64 now = model_read_arrival(model, arrival);

  if (trail->open == 0 || now - trail->open > OVERTAKES)
    trail->open_told = FALSE;
  trail->open = now;
  trail->open_time = time;
  trail->stage_waits = FALSE;
  _take_proof(model, source, FALSE, tells_port, now);
}

static inline void
model_close_door(Model *model, guint source)
{
  model->sources[source].trail.open = 0;
}

static inline void
model_reach_stage(Model *model, guint source, gint64 time, gint64 arrival)
{
  ModelTrail *trail = &model->sources[source].trail;

  trail->stage = model_read_arrival(model, arrival);
  trail->stage_time = time;
  trail->stage_waits = TRUE;
  trail->stage_number = model->n_waiting++;
}

static inline void
model_open_firewall(Model *model, guint source, gboolean tells_port, gint64 arrival)
{
  ModelTrail *trail = &model->sources[source].trail;
  gint64 now = model_read_arrival(model, arrival);

  trail->firewall = now;
  _take_proof(model, source, FALSE, tells_port, now);
}

/* ---- time ---------------------------------------------------------------------------- */

/* Of a source the settled one that began first; of all the source that has the one that settled first. */
static inline gboolean
_judge_settled(Model *model, gint64 now)
{
  gint64 earliest = now - SETTLE + 1;
  guint chosen = SOURCES, dest = 0;

  for (guint source = 0; source < SOURCES; source++)
    {
      const ModelSource *self = &model->sources[source];

      for (guint i = self->n; i-- > 0;)
        {
          Sum sum = _sum_up(self, self->hits[i].dest);

          if (self->hits[i].judged || !_is_candidate(sum) || now - sum.arrival < SETTLE ||
              (sum.arrival >= earliest && source != chosen))
            continue;
          earliest = MIN(earliest, sum.arrival);
          chosen = source;
          dest = self->hits[i].dest;
        }
    }
  if (chosen == SOURCES)
    return FALSE;
  _judge(model, chosen, dest, FALSE, now);
  _decide(model, now);
  return TRUE;
}

/* The candidate that was added to last, of two the one that began later; DESTS: none. */
static inline guint
_find_last_candidate(const ModelSource *self)
{
  guint found = DESTS;
  Sum best = { 0 };

  for (guint dest = 0; dest < DESTS; dest++)
    {
      Sum sum = _sum_up(self, dest);

      if (!_is_candidate(sum) || (found != DESTS && (sum.arrival < best.arrival ||
                                                     (sum.arrival == best.arrival && sum.first_at < best.first_at))))
        continue;
      found = dest;
      best = sum;
    }
  return found;
}

/* What was on hold proves a candidate before it has settled, or one that was told. */
static inline gboolean
_conclude(Model *model, guint source, ModelHold hold, gint64 now)
{
  ModelSource *self = &model->sources[source];
  guint dest = _find_last_candidate(self);

  if (dest != DESTS && !(hold.is_accept && model_remembers(self->scan, hold.due)))
    {
      _judge(model, source, dest, FALSE, hold.due);
      _decide(model, now);
      return TRUE;
    }
  return _confirm(model, source, hold.due);
}

static inline void
_tell_finding(Model *model, guint source, gint64 time, PkBranch branch, PkConfidence confidence)
{
  ModelAlert alert;

  memset(&alert, 0, sizeof(alert));
  alert.source = source;
  alert.start = alert.end = time;
  alert.branch = branch;
  alert.confidence = confidence;
  model->alerts[model->n_alerts++] = alert;
}

static inline void
_end_hold(Model *model, guint source, gint64 now)
{
  ModelSource *self = &model->sources[source];
  ModelHold hold = self->hold;

  self->hold.due = 0;
  if (!_conclude(model, source, hold, now) && self->trail.open && !self->trail.open_told &&
      hold.due - self->trail.open <= CONFIRM)
    _put_on_hold(model, &self->door, hold.due + DOOR_HOLD, hold.is_accept);
}

/* A daemon's word alone is told, when nothing came that it could prove. */
static inline void
_end_door(Model *model, guint source, gint64 now)
{
  ModelSource *self = &model->sources[source];
  ModelHold hold = self->door;

  self->door.due = 0;
  if (_conclude(model, source, hold, now) || !self->trail.open || self->trail.open_told)
    return;
  self->trail.open_told = TRUE;
  _tell_finding(model, source, self->trail.open_time, PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED, PK_CONFIDENCE_CONFIRMED);
}

static inline void
_end_stage(Model *model, guint source, gint64 now)
{
  ModelTrail *trail = &model->sources[source].trail;

  trail->stage_waits = FALSE;
  _tell_finding(model, source, trail->stage_time, PK_BRANCH_KNOCK_ATTEMPT_FAILED, PK_CONFIDENCE_MEDIUM);
}

static inline ModelHold
_get_hold(const ModelSource *self)
{
  return self->hold;
}

static inline ModelHold
_get_door(const ModelSource *self)
{
  return self->door;
}

static inline ModelHold
_get_stage(const ModelSource *self)
{
  return (ModelHold){ self->trail.stage_waits ? self->trail.stage + STAGE_FAILS : 0, self->trail.stage_number, FALSE };
}

/* The source whose wait began first; SOURCES: nobody waits, or that one does not end yet. */
static inline guint
_find_due(const Model *model, ModelHold (*get)(const ModelSource *), gint64 now)
{
  guint found = SOURCES;

  for (guint source = 0; source < SOURCES; source++)
    if (get(&model->sources[source]).due &&
        (found == SOURCES || get(&model->sources[source]).number < get(&model->sources[found]).number))
      found = source;
  return found != SOURCES && get(&model->sources[found]).due <= now ? found : SOURCES;
}

static inline void
model_expire(Model *model, gint64 clock)
{
  gint64 now = model_read_tick(model, clock);
  guint source;

  while (_judge_settled(model, now))
    ;
  while ((source = _find_due(model, _get_hold, now)) != SOURCES)
    _end_hold(model, source, now);
  while ((source = _find_due(model, _get_door, now)) != SOURCES)
    _end_door(model, source, now);
  while ((source = _find_due(model, _get_stage, now)) != SOURCES)
    _end_stage(model, source, now);
}

#endif
