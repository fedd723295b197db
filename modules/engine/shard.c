/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/shard-private.h"

#include "engine/alert.h"
#include "engine/pages.h"
#include "scan/address.h"
#include "scan/slice.h"

/* Whose something is. */
typedef struct _Owner
{
  guint64 hash, memory; /* as in PkArrival */
  const PkAddr *address;
} Owner;

PkShard *
pk_shard_new(const PkShardConfig *config, PkShardCaps *caps)
{
  PkShard *self = pk_pages_new(1, sizeof(*self));
  gboolean has_room;

  if (!self)
    return NULL;
  self->config = config;
  self->names = pk_names_new(config->names_secret);
  has_room = pk_room_init(&self->room, config->sources, config->windows, config->ledger.capacity,
                          config->rule.window_usec, &config->network, &caps->room);
  self->memories = pk_recent_new(config->memories, sizeof(PkMemory));
  self->holds = pk_recent_new(config->ledger.capacity, sizeof(Hold));
  self->doors = pk_recent_new(config->ledger.capacity, sizeof(Hold));
  self->ledger = pk_ledger_new(&config->ledger, &caps->alerts);
  self->crowd = pk_crowd_new(config->crowd, config->memory.seconds);
  if (!self->names || !has_room || !self->memories || !self->holds || !self->doors || !self->ledger || !self->crowd)
    g_clear_pointer(&self, pk_shard_free);
  return self;
}

void
pk_shard_free(PkShard *self)
{
  pk_names_free(self->names);
  pk_room_clear(&self->room);
  pk_recent_free(self->memories);
  pk_recent_free(self->holds);
  pk_recent_free(self->doors);
  pk_ledger_free(self->ledger);
  pk_crowd_free(self->crowd);
  pk_pages_free(self, 1, sizeof(*self));
}

gsize
pk_shard_bytes(const PkShardConfig *config)
{
  return sizeof(PkShard) + pk_names_bytes() + pk_room_bytes(config->sources, config->windows, config->ledger.capacity) +
         pk_recent_bytes(config->memories, sizeof(PkMemory)) + pk_ledger_bytes(config->ledger.capacity) +
         2 * pk_recent_bytes(config->ledger.capacity, sizeof(Hold)) + pk_crowd_bytes(config->crowd);
}

PkLedger *
pk_shard_ledger(PkShard *self)
{
  return self->ledger;
}

PkCrowd *
pk_shard_crowd(PkShard *self)
{
  return self->crowd;
}

/* ---- memory ---------------------------------------------------------------- */

static void
_remember(PkShard *self, guint64 memory_key, const PkHit *hit)
{
  PkMemory *memory = pk_recent_touch(self->memories, memory_key, &self->stats.evicted_memories);

  pk_memory_add(memory, &self->config->memory, &hit->port, &hit->dest, pk_memory_seconds(hit->arrival_usec));
}

/* The first attempt of a source is remembered when there is a second one.  It may be long ago, and others of the
 * network have gone on. */
static void
_remember_first(PkShard *self, guint64 memory_key, const PkHit *first, const PkHit *second)
{
  if (pk_seconds_are_within(pk_memory_seconds(first->arrival_usec), pk_memory_seconds(second->arrival_usec),
                            self->config->memory.seconds))
    _remember(self, memory_key, first);
}

static void
_remember_scan(PkShard *self, guint64 memory_key, gint64 arrival_usec)
{
  PkMemory *memory = pk_recent_touch(self->memories, memory_key, &self->stats.evicted_memories);

  pk_memory_add_scan(memory, pk_memory_seconds(arrival_usec));
  self->stats.scans++;
}

static gboolean
_is_scanner(const PkShard *self, guint64 memory_key, gint64 arrival_usec)
{
  const PkMemory *memory = pk_recent_find(self->memories, memory_key);

  return memory && pk_memory_is_scanner(memory, &self->config->memory, pk_memory_seconds(arrival_usec));
}

/* ---- drafts ---------------------------------------------------------------- */

static void
_name(const PkShard *self, const PkJudgement *judgement, const gchar *scope, PkAlert *alert)
{
  g_strlcpy(alert->scope, scope, sizeof(alert->scope));
  for (guint i = 0; i < judgement->n_hosts; i++)
    {
      const gchar *host = pk_names_get_text(self->names, judgement->hosts[i]);

      if (host[0])
        g_strlcpy(alert->hosts[alert->n_hosts++], host, sizeof(alert->hosts[0]));
    }
}

/* As of the last that was seen of it: a candidate may be judged much later, after a restart. */
static void
_recall(PkShard *self, guint64 memory_key, PkDraft *draft, gint64 arrival_usec)
{
  PkMemory *memory = pk_recent_find(self->memories, memory_key);
  guint32 last_sec = pk_memory_seconds(draft->alert.arrival_usec);
  PkPort ports[PK_HITS_MAX];
  guint n = pk_alert_list_ports(&draft->alert, ports);

  if (!memory)
    return;
  draft->facts.scanner = pk_memory_is_scanner(memory, &self->config->memory,
                                              MIN(MAX(memory->seen_sec, last_sec), pk_memory_seconds(arrival_usec)));
  draft->facts.other_ports = pk_memory_count_other_ports(memory, &self->config->memory, ports, n);
  draft->facts.other_dests = pk_memory_count_other_dests(memory, &self->config->memory, &draft->alert.dest);
  pk_memory_add_sequence(memory, pk_memory_seconds(arrival_usec));
}

static void
_add_known(PkAlert *alert, const PkSequenceMatch *match)
{
  pk_alert_add_evidence(alert, "known_sequence", pk_slice_from_string(match->id));
}

/* For a scanner a known sequence is evidence only: most scans contain one. */
static void
_look_for_known(const PkShard *self, PkDraft *draft)
{
  const PkAlert *alert = &draft->alert;
  PkSequenceMatch match;

  if (self->config->sequences && draft->facts.scanner &&
      pk_sequences_match(self->config->sequences, alert->attempts, alert->n_attempts, alert->n_attempts - 1, &match))
    _add_known(&draft->alert, &match);
}

static PkDraft *
_begin_draft(PkDrafts *drafts, const Owner *owner)
{
  PkDraft *draft = pk_drafts_next(drafts);

  drafts->n++;
  memset(draft, 0, sizeof(*draft));
  draft->source = owner->hash;
  draft->alert.source = *owner->address;
  draft->alert.has_source = TRUE;
  return draft;
}

static void
_draft(PkShard *self, const Owner *owner, const gchar *scope, const PkJudgement *judgement, gint64 arrival_usec,
       PkDrafts *drafts)
{
  PkDraft *draft = _begin_draft(drafts, owner);

  draft->alert = judgement->alert;
  draft->alert.branch = PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED;
  draft->alert.source = *owner->address;
  draft->alert.has_source = TRUE;
  draft->allowed = judgement->allowed;
  draft->known = judgement->in_sequence;
  draft->facts.max_packets = self->config->rule.max_packets;
  draft->facts.unsettled = judgement->unsettled;
  draft->facts.same_source_port = judgement->same_source_port;
  draft->facts.scanner_packets = judgement->scanner_packets;
  draft->facts.retried_ports = judgement->retried_ports;
  draft->facts.tool_runs = judgement->tool_runs;
  if (judgement->tool_runs)
    pk_alert_add_evidence(&draft->alert, "tool_runs", pk_slice(NULL, 0));
  _name(self, judgement, scope, &draft->alert);
  _recall(self, owner->memory, draft, arrival_usec);
  if (!draft->known)
    _look_for_known(self, draft);
  pk_ledger_recall_set(self->ledger, draft, arrival_usec);
}

static void
_draft_all(PkShard *self, guint32 window, const PkOutcome *outcome, gint64 arrival_usec, PkDrafts *drafts)
{
  const PkSource *source = pk_sources_get(self->room.sources, pk_windows_get(self->room.windows, window)->source);
  Owner owner = { pk_source_hash(source), source->at.window.memory, &source->address };

  for (guint i = 0; i < outcome->n_judgements; i++)
    _draft(self, &owner, pk_windows_get_scope(self->room.windows, window), &outcome->judgements[i], arrival_usec,
           drafts);
}

/* A single packet that public malware or an SPA client sends. */
static void
_draft_packet(PkShard *self, const PkArrival *arrival, PkNameId host, PkDrafts *drafts)
{
  Owner owner = { arrival->hash, arrival->memory, &arrival->source };
  PkDraft *draft = _begin_draft(drafts, &owner);
  PkAlert *alert = &draft->alert;
  PkJudgement judgement = { .hosts = { host }, .n_hosts = host ? 1 : 0 };
  gchar scope[PK_NAME_BYTES];

  alert->branch = arrival->packet->branch;
  alert->dest = arrival->hit.dest;
  alert->has_dest = !pk_addr_is_unspecified(&alert->dest);
  alert->attempts[alert->n_attempts++] = arrival->hit.port;
  alert->distinct_ports = 1;
  alert->total_packets = arrival->hit.packets;
  alert->window_start_usec = alert->window_end_usec = arrival->hit.time_usec;
  alert->arrival_usec = arrival->hit.arrival_usec;
  draft->allowed = (arrival->hit.flags & PK_HIT_ALLOWED) != 0;
  draft->facts.max_packets = self->config->rule.max_packets;
  draft->facts.scanner = _is_scanner(self, arrival->memory, alert->arrival_usec);
  pk_slice_copy(arrival->scope, scope, sizeof(scope));
  _name(self, &judgement, scope, alert);
  pk_alert_add_evidence(alert, "known_packet", pk_slice_from_string(arrival->packet->id));
}

/* ---- known sequences -------------------------------------------------------- */

/* What a source did beside the sequence says whether it is a scanner: a door of
 * many ports looks like a scan while it is being knocked. */
static gboolean
_may_knock(const PkShard *self, const PkMemory *memory, const PkPort *ports, guint n, guint32 begun_sec,
           guint32 now_sec)
{
  const PkMemoryRule *rule = &self->config->memory;

  if (pk_memory_count_other_ports(memory, rule, ports, n) > self->config->rule.max_ports)
    return FALSE;
  return memory->scan_sec >= begun_sec || !pk_seconds_are_within(memory->scan_sec, now_sec, rule->seconds);
}

/* The scan that the sequence was taken for. */
static void
_forget_scan(PkMemory *memory, guint32 begun_sec)
{
  if (memory->scan_sec >= begun_sec)
    memory->scan_sec = 0;
}

static gboolean
_find_sequence(const PkShard *self, const PkWindow *window, guint place, PkSequenceMatch *ret_match, guint *ret_first,
               guint *ret_last, PkPort ret_ports[PK_HITS_MAX])
{
  guint8 places[PK_HITS_MAX];
  guint newest = 0, n = pk_window_list_hits(window, place, ret_ports, places);

  while (places[newest] != place)
    newest++;
  if (!pk_sequences_match(self->config->sequences, ret_ports, n, newest, ret_match))
    return FALSE;
  *ret_first = places[ret_match->first];
  *ret_last = places[ret_match->last];
  memmove(ret_ports, ret_ports + ret_match->first, (ret_match->last - ret_match->first + 1) * sizeof(ret_ports[0]));
  return TRUE;
}

/* TRUE: the new hit completes a known sequence, which is drafted at once. */
static gboolean
_take_sequence(PkShard *self, const PkSource *source, guint place, gint64 arrival_usec, PkDrafts *drafts)
{
  guint32 window = pk_source_window(source);
  PkWindowSlot *slot = pk_windows_get(self->room.windows, window);
  PkMemory *memory = pk_recent_find(self->memories, source->at.window.memory);
  PkPort ports[PK_HITS_MAX];
  PkSequenceMatch match;
  guint first, last;
  guint32 begun_sec;

  if (!memory || !_find_sequence(self, &slot->window, place, &match, &first, &last, ports))
    return FALSE;
  begun_sec = pk_memory_seconds(slot->window.places[first].arrival_usec);
  if (!_may_knock(self, memory, ports, match.last - match.first + 1, begun_sec, pk_memory_seconds(arrival_usec)))
    return FALSE;
  _forget_scan(memory, begun_sec);
  pk_outcome_init(&self->sequence);
  pk_window_judge_sequence(&slot->window, first, last, &self->sequence);
  _draft_all(self, window, &self->sequence, arrival_usec, drafts);
  _add_known(&drafts->drafts[drafts->n - 1].alert, &match);
  return TRUE;
}

/* ---- hits ----------------------------------------------------------------- */

static void
_add_to_window(PkShard *self, PkSource *source, const PkHit *hit, PkDrafts *drafts)
{
  guint32 index = pk_source_window(source);
  PkWindowSlot *slot = pk_windows_get(self->room.windows, index);
  PkOutcome *outcome = &self->outcome;
  gboolean is_sequence;

  pk_windows_prefetch_hits(self->room.windows, index);
  if (pk_window_needs_place(&slot->window, &self->config->rule, hit))
    pk_windows_grow(self->room.windows, index);
  pk_outcome_init(outcome);
  pk_window_add(&slot->window, &self->config->rule, hit, outcome);
  self->stats.late += outcome->late;
  self->stats.repeated_hits += outcome->repeated;
  self->stats.expired_hits += outcome->slid_out;
  self->stats.pushed_out += outcome->pushed_out;
  if (outcome->added)
    _remember(self, source->at.window.memory, hit);
  is_sequence = outcome->added && self->config->sequences &&
                pk_sequences_have_port(self->config->sequences, &hit->port) &&
                _take_sequence(self, source, outcome->place, hit->arrival_usec, drafts);
  if (outcome->scan && !is_sequence)
    _remember_scan(self, source->at.window.memory, hit->arrival_usec);
  _draft_all(self, index, outcome, hit->arrival_usec, drafts);
  if (slot->window.n == 1)
    pk_room_demote(&self->room, source);
  else
    pk_windows_update(self->room.windows, index, &self->config->rule, hit->arrival_usec);
}

/* The hit before the one that its last window left to the source. */
static void
_restore_pair(PkShard *self, guint64 hash, PkWindow *window, const PkHit *single)
{
  PkHit pair;

  if (!pk_room_recall_pair(&self->room, hash, &pair))
    return;
  if (ABS(single->time_usec - pair.time_usec) <= self->config->rule.window_usec)
    pk_window_restore(window, &pair);
  else
    self->stats.expired_hits++;
}

/* A second attempt: the source earns a window, if every other one is not worth more. */
static void
_promote(PkShard *self, const PkArrival *arrival, PkSource *source, const PkHit *single, const PkHit *hit,
         PkDrafts *drafts)
{
  guint ports = pk_port_equals(&single->port, &hit->port) ? 1 : 2;
  PkWindowSlot *slot = pk_room_promote(&self->room, source, arrival->hash, arrival->memory, ports, hit->arrival_usec);

  if (!slot)
    {
      self->stats.evicted_hits++;
      pk_source_set_hit(source, hit);
      return;
    }
  pk_windows_set_scope(self->room.windows, pk_source_window(source), arrival->scope);
  _restore_pair(self, arrival->hash, &slot->window, single);
  pk_window_restore(&slot->window, single);
  _add_to_window(self, source, hit, drafts);
}

/* What the kernel's time was at the source's first hit, if it went on as event time did. */
static guint32
_guess_uptime(const PkSource *source, const PkHit *hit)
{
  return hit->uptime_usec - (guint32) (hit->time_usec - (gint64) source->time_usec);
}

/* One hit is no candidate, so it may be replaced when it slides out. */
static void
_add_to_single(PkShard *self, const PkArrival *arrival, PkSource *source, const PkHit *hit, PkDrafts *drafts)
{
  const PkRule *rule = &self->config->rule;
  gint64 gap_usec;
  PkHit single;

  pk_source_get_hit(source, _guess_uptime(source, hit), &single);
  gap_usec = hit->time_usec - single.time_usec;
  if (pk_hit_is_retransmission(&single, hit, rule))
    {
      pk_hit_merge(&single, hit);
      pk_source_set_hit(source, &single);
      self->stats.repeated_hits++;
      return;
    }
  if (gap_usec < -rule->window_usec && !pk_arrivals_are_apart(single.arrival_usec, hit->arrival_usec, rule))
    {
      self->stats.late++;
      return;
    }
  _remember_first(self, arrival->memory, &single, hit);
  if (ABS(gap_usec) > rule->window_usec)
    {
      _remember(self, arrival->memory, hit);
      pk_source_set_hit(source, hit);
      self->stats.expired_hits++;
      return;
    }
  _promote(self, arrival, source, &single, hit, drafts);
}

/* NULL: the source is new, and has this hit. */
static PkSource *
_find_source(PkShard *self, const PkArrival *arrival, const PkHit *hit)
{
  guint32 index = pk_sources_find(self->room.sources, arrival->hash, &arrival->source);
  PkSource *source;

  if (index == PK_INDEX_NONE)
    {
      source = pk_room_insert(&self->room, arrival->hash, &arrival->source, hit->arrival_usec);
      pk_source_set_hit(source, hit);
      return NULL;
    }
  source = pk_sources_get(self->room.sources, index);
  source->is_touched = TRUE;
  if (source->has_window)
    pk_windows_prefetch(self->room.windows, pk_source_window(source));
  pk_recent_prefetch_record(self->memories, arrival->memory);
  return source;
}

void
pk_shard_observe(PkShard *self, const PkArrival *arrival, PkDrafts *drafts)
{
  PkHit hit = arrival->hit;
  PkSource *source;

  pk_sources_prefetch_record(self->room.sources, arrival->hash);
  self->stats.hits++;
  hit.host = pk_names_get_id(self->names, arrival->host);
  source = _find_source(self, arrival, &hit);
  if (arrival->packet)
    _draft_packet(self, arrival, hit.host, drafts);
  if (!source)
    return;
  if (source->has_window)
    _add_to_window(self, source, &hit, drafts);
  else
    _add_to_single(self, arrival, source, &hit, drafts);
}

/* ---- evidence -------------------------------------------------------------- */

/* PK_INDEX_NONE: the source has none. */
static guint32
_find_window(PkShard *self, guint64 hash, const PkAddr *address)
{
  guint32 index = pk_sources_find(self->room.sources, hash, address);

  return index == PK_INDEX_NONE ? PK_INDEX_NONE : pk_source_window(pk_sources_get(self->room.sources, index));
}

/* dest NULL: any. */
static gboolean
_find_complete(PkShard *self, guint32 window, const PkAddr *dest, PkAddr *ret_dest)
{
  return window != PK_INDEX_NONE && pk_window_find_complete(&pk_windows_get(self->room.windows, window)->window,
                                                            &self->config->rule, dest, ret_dest);
}

/* A candidate without a destination waits for any. */
static gboolean
_has_complete(PkShard *self, guint32 window, const PkAddr *dest)
{
  const PkAddr none = { { 0 } };
  PkAddr found;

  return _find_complete(self, window, dest, &found) || _find_complete(self, window, &none, &found);
}

PkExpectation
pk_shard_expects(PkShard *self, guint64 source, guint64 memory_key, const PkAddr *address, const PkAddr *dest,
                 gint64 arrival_usec)
{
  const PkMemory *memory;

  if (pk_ledger_awaits_proof(self->ledger, source, dest, arrival_usec))
    return PK_EXPECTS_PROOF;
  if (_has_complete(self, _find_window(self, source, address), dest))
    return PK_EXPECTS_PROOF;
  memory = pk_recent_find(self->memories, memory_key);
  if (memory && pk_memory_had_sequence(memory, &self->config->memory, pk_memory_seconds(arrival_usec)))
    return PK_EXPECTS_NO_PROOF;
  return PK_EXPECTS_NOTHING;
}

/* Before it has settled, because there is something that proves it. */
static gboolean
_judge_early(PkShard *self, guint64 hash, const Hold *hold, gint64 arrival_usec, PkDrafts *drafts)
{
  guint32 index = _find_window(self, hash, &hold->address);
  PkWindowSlot *slot;
  PkAddr dest;

  if (!_find_complete(self, index, NULL, &dest))
    return FALSE;
  slot = pk_windows_get(self->room.windows, index);
  if (hold->is_accept &&
      _is_scanner(self, pk_sources_get(self->room.sources, slot->source)->at.window.memory, arrival_usec))
    return FALSE;
  pk_outcome_init(&self->outcome);
  pk_window_judge(&slot->window, &dest, &self->outcome);
  _draft_all(self, index, &self->outcome, arrival_usec, drafts);
  pk_windows_update(self->room.windows, index, &self->config->rule, slot->arrival_usec);
  return TRUE;
}

static gboolean
_conclude(PkShard *self, guint64 hash, const Hold *hold, gint64 arrival_usec, PkDrafts *drafts)
{
  if (_judge_early(self, hash, hold, arrival_usec, drafts))
    return TRUE;
  if (!pk_ledger_confirm(self->ledger, hash, arrival_usec, pk_drafts_next(drafts)))
    return FALSE;
  drafts->n++;
  return TRUE;
}

static void
_put_on_hold(PkShard *self, PkRecent *queue, guint64 hash, const Hold *hold, gint64 due_usec)
{
  const Hold *known = pk_recent_find(queue, hash);
  Hold *record;

  if (known && (hold->is_accept || !known->is_accept))
    return;
  record = pk_recent_take(queue, hash, &self->stats.evicted_evidence);
  *record = *hold;
  record->due_usec = due_usec;
}

/* A daemon that says which port it opened has said all. */
void
pk_shard_take_evidence(PkShard *self, const PkEvidence *evidence, PkDrafts *drafts)
{
  Hold hold = { .address = evidence->address, .is_accept = evidence->is_accept };

  pk_ledger_add_evidence(self->ledger, evidence);
  if (!evidence->is_open && !evidence->is_firewall &&
      (!evidence->is_accept || (evidence->is_service && evidence->listener_usec == 0)))
    return;
  if ((evidence->is_accept || evidence->opened.len) &&
      pk_ledger_confirm(self->ledger, evidence->source, evidence->arrival_usec, pk_drafts_next(drafts)))
    {
      drafts->n++;
      pk_recent_remove(self->holds, evidence->source);
      return;
    }
  _put_on_hold(self, self->holds, evidence->source, &hold, evidence->arrival_usec + PK_HOLD_USEC);
}

/* ---- time ----------------------------------------------------------------- */

static void
_judge_due(PkShard *self, guint32 index, gint64 arrival_usec, PkDrafts *drafts)
{
  PkWindowSlot *slot = pk_windows_get(self->room.windows, index);

  pk_outcome_init(&self->outcome);
  pk_window_expire(&slot->window, &self->config->rule, arrival_usec, &self->outcome);
  _draft_all(self, index, &self->outcome, arrival_usec, drafts);
  pk_windows_update(self->room.windows, index, &self->config->rule, slot->arrival_usec);
}

static gboolean
_take_due(PkRecent *queue, gint64 arrival_usec, guint64 *ret_hash, Hold *ret_hold)
{
  const Hold *hold = pk_recent_oldest(queue, ret_hash);

  if (!hold || hold->due_usec > arrival_usec)
    return FALSE;
  *ret_hold = *hold;
  pk_recent_remove(queue, *ret_hash);
  return TRUE;
}

static gboolean
_end_hold(PkShard *self, gint64 arrival_usec, PkDrafts *drafts)
{
  guint64 hash;
  Hold hold;

  if (!_take_due(self->holds, arrival_usec, &hash, &hold))
    return FALSE;
  /* By the time it was due: a tick may come much later. */
  if (!_conclude(self, hash, &hold, hold.due_usec, drafts) &&
      pk_ledger_has_open_door(self->ledger, hash, hold.due_usec))
    _put_on_hold(self, self->doors, hash, &hold, hold.due_usec + PK_DOOR_USEC);
  return TRUE;
}

static gboolean
_end_door(PkShard *self, gint64 arrival_usec, PkDrafts *drafts)
{
  guint64 hash;
  Hold hold;

  if (!_take_due(self->doors, arrival_usec, &hash, &hold))
    return FALSE;
  if (!_conclude(self, hash, &hold, hold.due_usec, drafts) &&
      pk_ledger_draft_open_door(self->ledger, hash, pk_drafts_next(drafts)))
    drafts->n++;
  return TRUE;
}

static gboolean
_end_stage(PkShard *self, gint64 arrival_usec, PkDrafts *drafts)
{
  if (!pk_ledger_has_due_stage(self->ledger, arrival_usec))
    return FALSE;
  pk_ledger_close_stage(self->ledger, pk_drafts_next(drafts));
  self->stats.failed_attempts++;
  drafts->n += self->config->alert_on_failed ? 1 : 0;
  return TRUE;
}

gboolean
pk_shard_expire(PkShard *self, gint64 arrival_usec, PkDrafts *drafts, PkAlert *ret_alert, gsize *ret_n)
{
  guint32 due = pk_windows_find_due(self->room.windows, arrival_usec);
  gboolean written = FALSE, done = TRUE;

  if (due != PK_INDEX_NONE)
    _judge_due(self, due, arrival_usec, drafts);
  else
    done = _end_hold(self, arrival_usec, drafts) || _end_door(self, arrival_usec, drafts) ||
           _end_stage(self, arrival_usec, drafts) ||
           pk_ledger_close_report(self->ledger, arrival_usec, &written, ret_alert);
  *ret_n = written ? 1 : 0;
  return done;
}

guint64
pk_shard_count_hits(const PkShard *self)
{
  return pk_room_count_hits(&self->room);
}

void
pk_shard_add_stats(const PkShard *self, PkStats *stats)
{
  pk_stats_add(stats, &self->stats);
  pk_ledger_add_stats(self->ledger, stats);
  stats->evicted_sources += self->room.evicted_sources;
  stats->evicted_windows += self->room.evicted_windows;
  stats->evicted_hits += self->room.evicted_hits;
  stats->evicted_evidence += self->room.evicted_networks + self->room.evicted_pairs;
  stats->evicted_evidence += pk_crowd_count_evicted(self->crowd);
}
