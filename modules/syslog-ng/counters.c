/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "counters.h"

#include <string.h>

/* Of stats-level(): they exist at every level, there are some 50 of them. */
#define LEVEL_ALWAYS 0
#define COUNTER_NAME_BYTES 96

typedef struct _EngineCounter
{
  const gchar *name;
  gsize offset; /* of the guint64 in PkStats */
} EngineCounter;

/* clang-format off */
static const gchar *const PLAIN_NAMES[PK_N_COUNTERS] = {
  [PK_COUNTER_MESSAGES] = "messages",
  [PK_COUNTER_RECOGNISED] = "recognised",
  [PK_COUNTER_IGNORED] = "ignored",
  [PK_COUNTER_MALFORMED] = "malformed",
  [PK_COUNTER_UNKNOWN_PREFIX] = "unknown_prefix",
  [PK_COUNTER_CONTEXT] = "context",
  [PK_COUNTER_OWN] = "own",
  [PK_COUNTER_ALLOWED] = "allowed",
  [PK_COUNTER_CLAMPED_CLOCK] = "clamped_clock",
  [PK_COUNTER_AUDIT_JOINED] = "audit_joined",
  [PK_COUNTER_AUDIT_EVICTED] = "audit_evicted",
  [PK_COUNTER_STATE_BYTES] = "state_bytes",
  [PK_COUNTER_SAVES] = "saves",
  [PK_COUNTER_FAILED_SAVES] = "failed_saves",
};
/* clang-format on */

static const EngineCounter TOTALS[PK_N_ENGINE_TOTALS] = {
  { "hits", G_STRUCT_OFFSET(PkStats, hits) },
  { "no_hit", G_STRUCT_OFFSET(PkStats, no_hit) },
  { "candidates", G_STRUCT_OFFSET(PkStats, candidates) },
  { "scans", G_STRUCT_OFFSET(PkStats, scans) },
  { "below_confidence", G_STRUCT_OFFSET(PkStats, below_confidence) },
  { "suppressed", G_STRUCT_OFFSET(PkStats, suppressed) },
  { "failed_attempts", G_STRUCT_OFFSET(PkStats, failed_attempts) },
  { "in_cooldown", G_STRUCT_OFFSET(PkStats, in_cooldown) },
  { "rate_limited", G_STRUCT_OFFSET(PkStats, rate_limited) },
  { "evicted_sources", G_STRUCT_OFFSET(PkStats, evicted_sources) },
  { "evicted_windows", G_STRUCT_OFFSET(PkStats, evicted_windows) },
  { "evicted_reports", G_STRUCT_OFFSET(PkStats, evicted_reports) },
  { "evicted_memories", G_STRUCT_OFFSET(PkStats, evicted_memories) },
  { "evicted_evidence", G_STRUCT_OFFSET(PkStats, evicted_evidence) },
  { "pushed_out", G_STRUCT_OFFSET(PkStats, pushed_out) },
  { "late", G_STRUCT_OFFSET(PkStats, late) },
  { "repeated_hits", G_STRUCT_OFFSET(PkStats, repeated_hits) },
  { "expired_hits", G_STRUCT_OFFSET(PkStats, expired_hits) },
  { "evicted_hits", G_STRUCT_OFFSET(PkStats, evicted_hits) },
  { "restored_hits", G_STRUCT_OFFSET(PkStats, restored_hits) },
};

static const EngineCounter LEVELS[PK_N_ENGINE_LEVELS] = {
  { "sources", G_STRUCT_OFFSET(PkStats, sources) },
  { "windows", G_STRUCT_OFFSET(PkStats, windows) },
  { "held_hits", G_STRUCT_OFFSET(PkStats, held_hits) },
  { "reserved_bytes", G_STRUCT_OFFSET(PkStats, reserved_bytes) },
};

static guint64
_read(const PkStats *stats, const EngineCounter *counter)
{
  return G_STRUCT_MEMBER(guint64, stats, counter->offset);
}

/* How counters are called: in "syslog-ng-ctl stats" WORD_NAME, or NAME alone
 * without a word; as metric port_knock_WORD with NAME as the value of a label. */
typedef struct _Kind
{
  const gchar *word, *label; /* both NULL: each has a metric of its own */
  const gchar *suffix;       /* of the metric: what only grows is a total */
} Kind;

static const Kind KIND_TOTAL = { NULL, NULL, "_total" };
static const Kind KIND_LEVEL = { NULL, NULL, "" };
static const Kind KIND_ALERTS = { "alerts", "confidence", "_total" };
static const Kind KIND_BRANCH = { "branch", "branch", "_total" };
static const Kind KIND_DIALECT = { "dialect", "dialect", "_total" };
static const Kind KIND_SIGN = { "sign", "sign", "_total" };

/* Which of the two a walk over all counters does. */
typedef struct _Walk
{
  const gchar *id, *reference;
  gboolean registering;
} Walk;

static void
_visit(const Walk *walk, const Kind *kind, const gchar *name, StatsCounterItem **item)
{
  gchar metric[COUNTER_NAME_BYTES], legacy[COUNTER_NAME_BYTES];
  PkSngCounter counter = { walk->id, walk->reference, legacy, metric, kind->label, name };
  StatsClusterKey key;
  PkSngLabels labels;

  g_snprintf(legacy, sizeof(legacy), "%s%s%s", kind->word ? kind->word : "", kind->word ? "_" : "", name);
  g_snprintf(metric, sizeof(metric), "port_knock_%s%s", kind->word ? kind->word : name, kind->suffix);
  pk_sng_counter_key(&key, labels, &counter);
  if (walk->registering)
    stats_register_counter(LEVEL_ALWAYS, &key, SC_TYPE_SINGLE_VALUE, item);
  else
    stats_unregister_counter(&key, SC_TYPE_SINGLE_VALUE, item);
}

/* Alerts have branches of their own, which no message carries. */
static gboolean
_is_message_branch(PkBranch branch)
{
  return branch < PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED;
}

static void
_visit_recognised(PkCounters *self, const Walk *walk)
{
  gsize n_dialects;
  const PkDialect *const *dialects = pk_dialects(&n_dialects);

  for (PkBranch i = PK_BRANCH_NONE; i < PK_N_BRANCHES; i++)
    if (_is_message_branch(i))
      _visit(walk, &KIND_BRANCH, i == PK_BRANCH_NONE ? "none" : pk_branch_name(i), &self->branches[i]);
  for (gsize i = 0; i < n_dialects; i++)
    _visit(walk, &KIND_DIALECT, dialects[i]->name, &self->dialects[i]);
}

static void
_visit_all(PkCounters *self, const Walk *walk)
{
  stats_lock();
  for (gsize i = 0; i < PK_N_COUNTERS; i++)
    _visit(walk, i == PK_COUNTER_STATE_BYTES ? &KIND_LEVEL : &KIND_TOTAL, PLAIN_NAMES[i], &self->plain[i]);
  for (PkConfidence i = PK_CONFIDENCE_LOW; i < PK_N_CONFIDENCES; i++)
    _visit(walk, &KIND_ALERTS, pk_confidence_name(i), &self->alerts[i]);
  for (gsize i = 0; i < PK_N_ENGINE_TOTALS; i++)
    _visit(walk, &KIND_TOTAL, TOTALS[i].name, &self->totals[i]);
  for (gsize i = 0; i < PK_N_ENGINE_LEVELS; i++)
    _visit(walk, &KIND_LEVEL, LEVELS[i].name, &self->levels[i]);
  for (guint i = 0; pk_stats_sign_name(i); i++)
    _visit(walk, &KIND_SIGN, pk_stats_sign_name(i), &self->signs[i]);
  _visit_recognised(self, walk);
  stats_unlock();
}

void
pk_counters_register(PkCounters *self, const gchar *id, const gchar *reference, const PkStats *shown)
{
  gsize n_dialects;

  memset(self, 0, sizeof(*self));
  self->shown = *shown;
  pk_dialects(&n_dialects);
  self->dialects = g_new0(StatsCounterItem *, n_dialects);
  _visit_all(self, &(Walk){ id, reference, TRUE });
}

void
pk_counters_unregister(PkCounters *self, const gchar *id, const gchar *reference)
{
  _visit_all(self, &(Walk){ id, reference, FALSE });
  g_clear_pointer(&self->dialects, g_free);
}

static void
_inc_dialect(PkCounters *self, const PkDialect *dialect)
{
  gsize n_dialects;
  const PkDialect *const *dialects = pk_dialects(&n_dialects);

  for (gsize i = 0; i < n_dialects; i++)
    if (dialects[i] == dialect)
      {
        stats_counter_inc(self->dialects[i]);
        return;
      }
}

void
pk_counters_inc_recognised(PkCounters *self, const PkEvent *event)
{
  stats_counter_inc(self->plain[PK_COUNTER_RECOGNISED]);
  stats_counter_inc(self->branches[event->branch]);
  _inc_dialect(self, event->dialect);
}

void
pk_counters_inc_result(PkCounters *self, PkScanResult result)
{
  static const gint COUNTER_OF[PK_N_SCAN_RESULTS] = {
    [PK_SCAN_NO_MATCH] = -1,
    [PK_SCAN_MATCH] = -1,
    [PK_SCAN_IGNORED] = PK_COUNTER_IGNORED,
    [PK_SCAN_MALFORMED] = PK_COUNTER_MALFORMED,
    [PK_SCAN_UNKNOWN_PREFIX] = PK_COUNTER_UNKNOWN_PREFIX,
    [PK_SCAN_OWN] = PK_COUNTER_OWN,
    [PK_SCAN_CONTEXT] = PK_COUNTER_CONTEXT,
  };

  if (COUNTER_OF[result] >= 0)
    stats_counter_inc(self->plain[COUNTER_OF[result]]);
}

void
pk_counters_copy_engine(PkCounters *self, const PkStats *stats)
{
  for (gsize i = 0; i < PK_N_ENGINE_TOTALS; i++)
    stats_counter_add(self->totals[i], (gssize) (_read(stats, &TOTALS[i]) - _read(&self->shown, &TOTALS[i])));
  for (gsize i = 0; i < PK_N_ENGINE_LEVELS; i++)
    stats_counter_set(self->levels[i], _read(stats, &LEVELS[i]));
  for (guint i = 0; pk_stats_sign_name(i); i++)
    stats_counter_add(self->signs[i], (gssize) (stats->signs[i] - self->shown.signs[i]));
  self->shown = *stats;
}

void
pk_counters_copy_joins(PkCounters *self, const PkAuditJoinStats *stats)
{
  const PkAuditJoinStats *shown = &self->shown_joins;

  stats_counter_add(self->plain[PK_COUNTER_AUDIT_JOINED], (gssize) (stats->joined - shown->joined));
  stats_counter_add(self->plain[PK_COUNTER_AUDIT_EVICTED], (gssize) (stats->evicted - shown->evicted));
  self->shown_joins = *stats;
}

void
pk_counters_add_saves(PkCounters *self, const PkSaverStats *stats)
{
  stats_counter_add(self->plain[PK_COUNTER_SAVES], stats->saves);
  stats_counter_add(self->plain[PK_COUNTER_FAILED_SAVES], stats->failed);
  if (stats->bytes)
    stats_counter_set(self->plain[PK_COUNTER_STATE_BYTES], stats->bytes);
}
