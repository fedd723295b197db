/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/shard.h"

#include <sodium.h>

#include "engine/alert.h"
#include "engine/signs.h"

struct _PkShard
{
  const PkShardConfig *config; /* borrowed */
  PkCaps *caps;                /* borrowed */
  PkNames *names;
  PkSources *sources;
  PkWindows *windows;
  PkReports *reports;
  PkStats stats; /* totals only */
};

PkShard *
pk_shard_new(const PkShardConfig *config, PkCaps *caps)
{
  PkShard *self = g_new0(PkShard, 1);

  self->config = config;
  self->caps = caps;
  self->names = pk_names_new(config->names_secret);
  self->sources = pk_sources_new(config->sources);
  self->windows = pk_windows_new(config->windows);
  self->reports = pk_reports_new(config->reports);
  if (!self->sources || !self->windows)
    g_clear_pointer(&self, pk_shard_free);
  return self;
}

void
pk_shard_free(PkShard *self)
{
  pk_names_free(self->names);
  g_clear_pointer(&self->sources, pk_sources_free);
  g_clear_pointer(&self->windows, pk_windows_free);
  pk_reports_free(self->reports);
  g_free(self);
}

gsize
pk_shard_bytes(const PkShardConfig *config)
{
  return sizeof(PkShard) + pk_names_bytes() + pk_sources_bytes(config->sources) + pk_windows_bytes(config->windows) +
         pk_reports_bytes(config->reports);
}

/* ---- room ----------------------------------------------------------------- */

static gboolean
_reserve(gint *now, gint max)
{
  if (g_atomic_int_add(now, 1) < max)
    return TRUE;
  g_atomic_int_add(now, -1);
  return FALSE;
}

static void
_release_window(PkShard *self, PkSource *source)
{
  pk_windows_release(self->windows, source->window);
  pk_sources_set_window(self->sources, source, PK_INDEX_NONE);
  g_atomic_int_add(&self->caps->windows, -1);
}

/* A source without window keeps its newest hit. */
static void
_demote(PkShard *self, PkSource *source)
{
  const PkWindow *window = &pk_windows_get(self->windows, source->window)->window;

  source->single = window->hits[window->n - 1];
  _release_window(self, source);
}

/* A quiet window is worth no more than a single hit; one that is not quiet
 * goes only where every source has one. */
static guint32
_find_source_victim(PkShard *self, gint64 arrival_usec)
{
  guint32 plain = pk_sources_find_victim(self->sources);
  guint32 window = pk_windows_find_quiet(self->windows, arrival_usec - self->config->rule.window_usec);

  if (window != PK_INDEX_NONE && plain != PK_INDEX_NONE &&
      pk_windows_get(self->windows, window)->arrival_usec > pk_sources_get(self->sources, plain)->single.arrival_usec)
    return plain;
  if (window == PK_INDEX_NONE && plain != PK_INDEX_NONE)
    return plain;
  if (window == PK_INDEX_NONE)
    window = pk_windows_find_victim(self->windows, PK_HITS_MAX, 0);
  return pk_windows_get(self->windows, window)->source;
}

static void
_evict_source(PkShard *self, gint64 arrival_usec)
{
  guint32 victim = _find_source_victim(self, arrival_usec);
  PkSource *source = pk_sources_get(self->sources, victim);

  if (source->window != PK_INDEX_NONE)
    _release_window(self, source);
  pk_sources_remove(self->sources, victim);
  self->stats.evicted_sources++;
}

static PkSource *
_insert_source(PkShard *self, guint64 hash, const PkAddr *address, gint64 arrival_usec)
{
  if (pk_sources_is_full(self->sources) || !_reserve(&self->caps->sources, self->caps->max_sources))
    {
      if (!pk_sources_is_empty(self->sources))
        _evict_source(self, arrival_usec);
      else
        g_atomic_int_add(&self->caps->sources, 1); /* one over the cap: there is nobody here to give way */
    }
  return pk_sources_get(self->sources, pk_sources_insert(self->sources, hash, address));
}

/* FALSE: every other window is worth more. */
static gboolean
_make_room_for_window(PkShard *self, guint ports, gint64 arrival_usec)
{
  guint32 victim = pk_windows_find_victim(self->windows, ports, arrival_usec - self->config->rule.window_usec);

  self->stats.evicted_windows++;
  if (victim == PK_INDEX_NONE)
    return FALSE;
  _demote(self, pk_sources_get(self->sources, pk_windows_get(self->windows, victim)->source));
  return TRUE;
}

static gboolean
_reserve_window(PkShard *self, guint ports, gint64 arrival_usec)
{
  if (!pk_windows_is_full(self->windows) && _reserve(&self->caps->windows, self->caps->max_windows))
    return TRUE;
  if (!_make_room_for_window(self, ports, arrival_usec))
    return FALSE;
  g_atomic_int_add(&self->caps->windows, 1);
  return TRUE;
}

/* ---- verdicts ------------------------------------------------------------- */

/* The same source, destination and sequence. */
static guint64
_hash_knock(const PkShard *self, const PkSource *source, const PkAlert *alert)
{
  guint8 bytes[sizeof(source->hash) + 2 * sizeof(PkAddr) + PK_HITS_MAX * sizeof(PkPort)];
  PkPort ports[PK_HITS_MAX];
  guint n = pk_alert_list_ports(alert, ports);
  gsize len = 0;
  guint64 hash;

  memcpy(bytes, &source->hash, sizeof(source->hash));
  len += sizeof(source->hash);
  memcpy(bytes + len, &source->address, sizeof(PkAddr));
  len += sizeof(PkAddr);
  memcpy(bytes + len, &alert->dest, sizeof(PkAddr));
  len += sizeof(PkAddr);
  for (guint i = 0; i < n; i++)
    {
      bytes[len++] = ports[i].protocol;
      bytes[len++] = ports[i].icmp_type;
      bytes[len++] = ports[i].icmp_code;
      memcpy(bytes + len, &ports[i].port, sizeof(ports[i].port));
      len += sizeof(ports[i].port);
    }
  crypto_shorthash((guchar *) &hash, bytes, len, self->config->secret);
  return hash;
}

static void
_rate(const PkShard *self, const PkSource *source, const PkJudgement *judgement, gint64 arrival_usec, PkAlert *alert)
{
  PkSignFacts facts = {
    .scanner = source->scan_usec && arrival_usec - source->scan_usec <= self->config->scan_memory_usec,
    .unsettled = judgement->unsettled,
    .attempts = alert->n_attempts,
    .max_packets = self->config->rule.max_packets,
  };

  alert->signs = pk_signs_find(&facts);
  alert->confidence = alert->signs ? PK_CONFIDENCE_LOW : PK_CONFIDENCE_MEDIUM;
}

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

/* Two shards at the turn of a minute may both begin it; that lets a few more
 * alerts through, and needs no lock. */
static gboolean
_admit_alert(PkShard *self, gint64 arrival_usec)
{
  PkCaps *caps = self->caps;
  gint minute = (gint) (arrival_usec / (60 * (gint64) G_USEC_PER_SEC));
  gint current = g_atomic_int_get(&caps->minute);

  if (minute != current && g_atomic_int_compare_and_exchange(&caps->minute, current, minute))
    g_atomic_int_set(&caps->alerts, 0);
  if (_reserve(&caps->alerts, caps->max_alerts))
    return TRUE;
  self->stats.rate_limited++;
  return FALSE;
}

/* What max-alerts() holds back is not remembered as reported, so that its next
 * repeat is written. */
static gboolean
_report(PkShard *self, const PkSource *source, gint64 arrival_usec, PkAlert *alert)
{
  guint64 key = _hash_knock(self, source, alert);

  if (!pk_reports_is_repeat(self->reports, key, arrival_usec) && !_admit_alert(self, arrival_usec))
    return FALSE;
  if (pk_reports_admit(self->reports, source->hash, key, arrival_usec, self->config->cooldown_usec, alert,
                       &self->stats.evicted_reports))
    return TRUE;
  self->stats.in_cooldown++;
  return FALSE;
}

/* TRUE: the alert is to be written. */
static gboolean
_decide(PkShard *self, const PkSource *source, const gchar *scope, const PkJudgement *judgement, gint64 arrival_usec,
        PkAlert *ret_alert)
{
  PkAlert alert = judgement->alert;

  alert.branch = PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED;
  alert.source = source->address;
  _rate(self, source, judgement, arrival_usec, &alert);
  self->stats.candidates++;
  if (alert.confidence < self->config->min_confidence)
    {
      self->stats.below_confidence++;
      return FALSE;
    }
  _name(self, judgement, scope, &alert);
  pk_alert_identify(&alert);
  if (!_report(self, source, arrival_usec, &alert))
    return FALSE;
  *ret_alert = alert;
  return TRUE;
}

static gsize
_decide_all(PkShard *self, PkSource *source, const gchar *scope, const PkOutcome *outcome, gint64 arrival_usec,
            PkAlert *ret_alerts)
{
  gsize n = 0;

  if (outcome->scan)
    {
      source->scan_usec = MAX(arrival_usec, 1);
      self->stats.scans++;
    }
  self->stats.late += outcome->late;
  self->stats.pushed_out += outcome->pushed_out;
  for (guint i = 0; i < outcome->n_judgements; i++)
    n += _decide(self, source, scope, &outcome->judgements[i], arrival_usec, &ret_alerts[n]);
  return n;
}

/* ---- hits ----------------------------------------------------------------- */

static gsize
_add_to_window(PkShard *self, PkSource *source, const PkHit *hit, PkAlert *ret_alerts)
{
  guint32 index = source->window;
  PkWindowSlot *slot = pk_windows_get(self->windows, index);
  PkOutcome outcome;
  gsize n;

  pk_outcome_init(&outcome);
  pk_window_add(&slot->window, &self->config->rule, hit, &outcome);
  n = _decide_all(self, source, slot->scope, &outcome, hit->arrival_usec, ret_alerts);
  if (slot->window.n == 1)
    _demote(self, source);
  else
    pk_windows_update(self->windows, index, &self->config->rule, hit->arrival_usec);
  return n;
}

static void
_copy_scope(PkSlice scope, gchar text[PK_NAME_BYTES])
{
  scope.len = MIN(scope.len, PK_NAME_BYTES - 1);
  if (scope.len)
    memcpy(text, scope.data, scope.len);
  text[scope.len] = '\0';
}

/* A second attempt: the source earns a window. */
static void
_promote(PkShard *self, PkSource *source, const PkHit *hit, PkSlice scope)
{
  guint ports = pk_port_equals(&source->single.port, &hit->port) ? 1 : 2;
  PkWindowSlot *slot;
  guint32 owner = pk_sources_find(self->sources, source->hash, &source->address);

  if (!_reserve_window(self, ports, hit->arrival_usec))
    {
      source->single = *hit;
      return;
    }
  pk_sources_set_window(self->sources, source, pk_windows_take(self->windows, owner, hit->arrival_usec));
  slot = pk_windows_get(self->windows, source->window);
  _copy_scope(scope, slot->scope);
  slot->window.hits[0] = source->single;
  slot->window.n = 1;
}

/* One hit is no candidate, so it may be replaced when it slides out. */
static gsize
_add_to_single(PkShard *self, PkSource *source, const PkHit *hit, PkSlice scope, PkAlert *ret_alerts)
{
  const PkRule *rule = &self->config->rule;
  gint64 gap_usec = hit->time_usec - source->single.time_usec;
  gboolean quiet = pk_arrivals_are_apart(source->single.arrival_usec, hit->arrival_usec, rule);

  if (pk_hit_is_retransmission(&source->single, hit, rule))
    pk_hit_merge(&source->single, hit);
  else if (gap_usec > rule->window_usec || (gap_usec < -rule->window_usec && quiet))
    source->single = *hit;
  else if (gap_usec < -rule->window_usec)
    self->stats.late++;
  else
    {
      _promote(self, source, hit, scope);
      if (source->window != PK_INDEX_NONE)
        return _add_to_window(self, source, hit, ret_alerts);
    }
  return 0;
}

gsize
pk_shard_observe(PkShard *self, const PkArrival *arrival, PkAlert *ret_alerts)
{
  guint32 index = pk_sources_find(self->sources, arrival->hash, &arrival->source);
  PkHit hit = arrival->hit;
  PkSource *source;

  self->stats.hits++;
  hit.host = pk_names_get_id(self->names, arrival->host);
  if (index == PK_INDEX_NONE)
    {
      _insert_source(self, arrival->hash, &arrival->source, hit.arrival_usec)->single = hit;
      return 0;
    }
  source = pk_sources_get(self->sources, index);
  source->touched = TRUE;
  if (source->window != PK_INDEX_NONE)
    return _add_to_window(self, source, &hit, ret_alerts);
  return _add_to_single(self, source, &hit, arrival->scope, ret_alerts);
}

/* ---- time ----------------------------------------------------------------- */

static gsize
_judge_due(PkShard *self, guint32 index, gint64 arrival_usec, PkAlert *ret_alert)
{
  PkWindowSlot *slot = pk_windows_get(self->windows, index);
  PkSource *source = pk_sources_get(self->sources, slot->source);
  PkOutcome outcome;
  gsize n;

  pk_outcome_init(&outcome);
  pk_window_expire(&slot->window, &self->config->rule, arrival_usec, &outcome);
  n = _decide_all(self, source, slot->scope, &outcome, arrival_usec, ret_alert);
  pk_windows_update(self->windows, index, &self->config->rule, slot->arrival_usec);
  return n;
}

gboolean
pk_shard_expire(PkShard *self, gint64 arrival_usec, PkAlert *ret_alert, gsize *ret_n)
{
  guint32 due = pk_windows_find_due(self->windows, arrival_usec);
  gboolean summary;

  if (due != PK_INDEX_NONE)
    {
      *ret_n = _judge_due(self, due, arrival_usec, ret_alert);
      return TRUE;
    }
  if (!pk_reports_close(self->reports, arrival_usec, &summary, ret_alert))
    return FALSE;
  *ret_n = summary && _admit_alert(self, arrival_usec) ? 1 : 0;
  return TRUE;
}

void
pk_shard_add_stats(const PkShard *self, PkStats *stats)
{
  stats->hits += self->stats.hits;
  stats->candidates += self->stats.candidates;
  stats->scans += self->stats.scans;
  stats->below_confidence += self->stats.below_confidence;
  stats->in_cooldown += self->stats.in_cooldown;
  stats->rate_limited += self->stats.rate_limited;
  stats->evicted_sources += self->stats.evicted_sources;
  stats->evicted_windows += self->stats.evicted_windows;
  stats->evicted_reports += self->stats.evicted_reports;
  stats->pushed_out += self->stats.pushed_out;
  stats->late += self->stats.late;
}

/* ---- moving --------------------------------------------------------------- */

guint32
pk_shard_end(const PkShard *self)
{
  return pk_sources_end(self->sources);
}

gboolean
pk_shard_get_key(PkShard *self, guint32 index, guint64 *ret_hash, gint64 *ret_arrival_usec)
{
  const PkSource *source = pk_sources_get(self->sources, index);

  if (!source->live)
    return FALSE;
  *ret_hash = source->hash;
  *ret_arrival_usec = source->window == PK_INDEX_NONE ? source->single.arrival_usec
                                                      : pk_windows_get(self->windows, source->window)->arrival_usec;
  return TRUE;
}

static PkNameId
_copy_name(const PkShard *self, PkNameId id, PkShard *dest)
{
  const gchar *text = pk_names_get_text(self->names, id);

  return pk_names_get_id(dest->names, (PkSlice){ text, strlen(text) });
}

static void
_copy_window(PkShard *self, const PkSource *source, PkShard *dest, PkSource *copy)
{
  const PkWindowSlot *slot = pk_windows_get(self->windows, source->window);
  PkWindowSlot *copied;

  copy->single = slot->window.hits[slot->window.n - 1];
  copy->single.host = _copy_name(self, copy->single.host, dest);
  if (!_reserve_window(dest, slot->ports, slot->arrival_usec))
    return;
  pk_sources_set_window(
      dest->sources, copy,
      pk_windows_take(dest->windows, pk_sources_find(dest->sources, copy->hash, &copy->address), slot->arrival_usec));
  copied = pk_windows_get(dest->windows, copy->window);
  copied->window = slot->window;
  memcpy(copied->scope, slot->scope, sizeof(copied->scope));
  for (guint i = 0; i < copied->window.n; i++)
    copied->window.hits[i].host = _copy_name(self, copied->window.hits[i].host, dest);
  pk_windows_update(dest->windows, copy->window, &dest->config->rule, slot->arrival_usec);
}

void
pk_shard_copy_source(PkShard *self, guint32 index, PkShard *dest)
{
  const PkSource *source = pk_sources_get(self->sources, index);
  PkSource *copy = _insert_source(dest, source->hash, &source->address, 0);

  copy->scan_usec = source->scan_usec;
  if (source->window != PK_INDEX_NONE)
    {
      _copy_window(self, source, dest, copy);
      return;
    }
  copy->single = source->single;
  copy->single.host = _copy_name(self, source->single.host, dest);
}

guint
pk_shard_count_reports(const PkShard *self)
{
  return pk_reports_count(self->reports);
}

guint64
pk_shard_get_report_key(const PkShard *self, guint i, gint64 *ret_ends_usec)
{
  return pk_reports_get_key(self->reports, i, ret_ends_usec);
}

void
pk_shard_copy_report(const PkShard *self, guint i, PkShard *dest)
{
  pk_reports_copy(self->reports, i, dest->reports, &dest->stats.evicted_reports);
}

void
pk_shard_copy_stats(const PkShard *self, PkShard *dest)
{
  pk_shard_add_stats(self, &dest->stats);
}
