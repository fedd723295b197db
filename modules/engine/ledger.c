/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/ledger-private.h"

#include <sodium.h>
#include <string.h>

#include "engine/alert.h"
#include "scan/address.h"
#include "scan/slice.h"

/* A daemon's stage that nothing followed for this long never opened. */
#define STAGE_USEC (60 * (gint64) G_USEC_PER_SEC)
#define MINUTE_USEC (60 * (gint64) G_USEC_PER_SEC)

PkLedger *
pk_ledger_new(const PkLedgerRule *rule, PkAlertCap *cap)
{
  PkLedger *self = g_new0(PkLedger, 1);

  self->rule = rule;
  self->cap = cap;
  self->sets = pk_recent_new(rule->capacity, sizeof(Set));
  self->judged = pk_recent_new(rule->capacity, sizeof(Judged));
  self->trails = pk_recent_new(rule->capacity, sizeof(PkTrail));
  self->stages = pk_recent_new(rule->capacity, sizeof(Stage));
  self->reports = pk_reports_new(rule->capacity);
  if (!self->sets || !self->judged || !self->trails || !self->stages || !self->reports)
    g_clear_pointer(&self, pk_ledger_free);
  return self;
}

void
pk_ledger_free(PkLedger *self)
{
  if (!self)
    return;
  pk_recent_free(self->sets);
  pk_recent_free(self->judged);
  pk_recent_free(self->trails);
  pk_recent_free(self->stages);
  pk_reports_free(self->reports);
  g_free(self);
}

gsize
pk_ledger_bytes(guint capacity)
{
  return sizeof(PkLedger) + pk_recent_bytes(capacity, sizeof(Set)) + pk_recent_bytes(capacity, sizeof(Judged)) +
         pk_recent_bytes(capacity, sizeof(PkTrail)) + pk_recent_bytes(capacity, sizeof(Stage)) +
         pk_reports_bytes(capacity);
}

/* ---- keys ----------------------------------------------------------------------- */

#define KEY_BYTES_MAX (sizeof(guint64) + sizeof(PkAddr) + PK_HITS_MAX * sizeof(PkPort) + PK_WORD_BYTES + 16)

typedef struct _KeyText
{
  guint8 bytes[KEY_BYTES_MAX];
  gsize len;
} KeyText;

static void
_add_to_key(KeyText *self, gconstpointer data, gsize len)
{
  len = MIN(len, sizeof(self->bytes) - self->len);
  memcpy(self->bytes + self->len, data, len);
  self->len += len;
}

static void
_add_ports_to_key(KeyText *self, const PkPort *ports, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      guint8 bytes[] = { ports[i].protocol, ports[i].icmp_type, ports[i].icmp_code, (guint8) (ports[i].port >> 8),
                         (guint8) ports[i].port };

      _add_to_key(self, bytes, sizeof(bytes));
    }
}

/* Goes where its source goes. */
static guint64
_finish_key(const PkLedger *self, const KeyText *text, guint64 source)
{
  guint64 key;

  crypto_shorthash((guchar *) &key, text->bytes, text->len, self->rule->secret);
  return (key & ~PK_SHARD_MASK) | (source & PK_SHARD_MASK);
}

static void
_begin_key(KeyText *self, guint8 purpose, guint64 source, const PkAddr *dest)
{
  self->len = 0;
  _add_to_key(self, &purpose, sizeof(purpose));
  _add_to_key(self, &source, sizeof(source));
  _add_to_key(self, dest, sizeof(*dest));
}

static guint64
_judged_key(const PkLedger *self, guint64 source, const PkAddr *dest)
{
  KeyText text;

  _begin_key(&text, 'j', source, dest);
  return _finish_key(self, &text, source);
}

static gint
_compare_ports(gconstpointer a, gconstpointer b)
{
  return memcmp(a, b, sizeof(PkPort));
}

static guint64
_set_key(const PkLedger *self, const PkDraft *draft)
{
  PkPort ports[PK_HITS_MAX];
  guint n = pk_alert_list_ports(&draft->alert, ports);
  KeyText text;

  qsort(ports, n, sizeof(ports[0]), _compare_ports);
  _begin_key(&text, 's', draft->source, &draft->alert.dest);
  _add_ports_to_key(&text, ports, n);
  return _finish_key(self, &text, draft->source);
}

/* The same source, destination and sequence; a confirmation is told beside it. */
static guint64
_report_key(const PkLedger *self, const PkDraft *draft)
{
  PkPort ports[PK_HITS_MAX];
  guint n = pk_alert_list_ports(&draft->alert, ports);
  guint8 is_confirmed = draft->alert.branch == PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED;
  KeyText text;

  _begin_key(&text, 'r', draft->source, &draft->alert.dest);
  _add_to_key(&text, &is_confirmed, sizeof(is_confirmed));
  _add_to_key(&text, &draft->text_key, sizeof(draft->text_key));
  _add_ports_to_key(&text, ports, n);
  return _finish_key(self, &text, draft->source);
}

static guint64
_stage_key(const PkLedger *self, guint64 source, const gchar *door)
{
  const PkAddr none = { { 0 } };
  KeyText text;

  _begin_key(&text, 'd', source, &none);
  _add_to_key(&text, door, strlen(door));
  return _finish_key(self, &text, source);
}

/* ---- evidence ------------------------------------------------------------------- */

static void
_add_stage(PkLedger *self, const PkEvidence *evidence)
{
  gchar door[PK_WORD_BYTES];
  Stage *stage;

  pk_slice_copy(evidence->door, door, sizeof(door));
  stage = pk_recent_take(self->stages, _stage_key(self, evidence->source, door), &self->stats.evicted_evidence);
  stage->arrival_usec = evidence->arrival_usec;
  stage->time_usec = evidence->time_usec;
  stage->source = evidence->source;
  stage->address = evidence->address;
  stage->stage = evidence->stage;
  stage->is_allowed = evidence->allowed;
  memcpy(stage->door, door, sizeof(door));
  pk_slice_copy(evidence->scope, stage->scope, sizeof(stage->scope));
  pk_slice_copy(evidence->host, stage->host, sizeof(stage->host));
}

static void
_end_stage(PkLedger *self, const PkEvidence *evidence)
{
  gchar door[PK_WORD_BYTES];

  pk_slice_copy(evidence->door, door, sizeof(door));
  pk_recent_remove(self->stages, _stage_key(self, evidence->source, door));
}

void
pk_ledger_add_evidence(PkLedger *self, const PkEvidence *evidence)
{
  PkTrail *trail = pk_recent_take(self->trails, evidence->source, &self->stats.evicted_evidence);

  pk_trail_add(trail, evidence, self->rule->confirm_usec);
  if (evidence->stage && !evidence->is_open)
    _add_stage(self, evidence);
  if (evidence->is_open)
    _end_stage(self, evidence);
}

/* ---- proof ------------------------------------------------------------------------ */

static const Judged *
_find_judged(const PkLedger *self, guint64 source, const PkAddr *dest, gint64 arrival_usec)
{
  const PkTrail *trail = pk_recent_find(self->trails, source);
  const Judged *judged;

  if (!trail || trail->candidate_usec == 0)
    return NULL;
  judged = pk_recent_find(self->judged, _judged_key(self, source, dest ? dest : &trail->dest));
  if (!judged || judged->is_confirmed || arrival_usec - judged->alert.arrival_usec > self->rule->confirm_usec)
    return NULL;
  return judged;
}

/* A candidate without a destination waits for any. */
static const Judged *
_find_waiting(const PkLedger *self, guint64 source, const PkAddr *dest, gint64 arrival_usec)
{
  const PkAddr none = { { 0 } };
  const Judged *judged = _find_judged(self, source, dest, arrival_usec);

  return judged || !dest ? judged : _find_judged(self, source, &none, arrival_usec);
}

gboolean
pk_ledger_awaits_proof(const PkLedger *self, guint64 source, const PkAddr *dest, gint64 arrival_usec)
{
  return _find_waiting(self, source, dest, arrival_usec) != NULL;
}

static void
_set_confirmed(PkAlert *alert)
{
  alert->branch = PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED;
  alert->confidence = PK_CONFIDENCE_CONFIRMED;
}

gboolean
pk_ledger_confirm(PkLedger *self, guint64 source, gint64 arrival_usec, PkDraft *ret_draft)
{
  PkTrail *trail = pk_recent_find(self->trails, source);
  const PkAddr *dest = trail && trail->accept_usec == arrival_usec ? &trail->accept_dest : NULL;
  Judged *judged = trail ? (Judged *) _find_waiting(self, source, dest, arrival_usec) : NULL;

  if (!judged || !pk_trail_proves(trail, &judged->alert, judged->is_scanner, self->rule->confirm_usec))
    return FALSE;
  judged->is_confirmed = TRUE;
  trail->is_open_told = TRUE;
  memset(ret_draft, 0, sizeof(*ret_draft));
  ret_draft->kind = PK_DRAFT_CONFIRMATION;
  ret_draft->source = source;
  ret_draft->alert = judged->alert;
  ret_draft->allowed = judged->is_allowed;
  _set_confirmed(&ret_draft->alert);
  pk_trail_tell(trail, &ret_draft->alert, self->rule->confirm_usec);
  return TRUE;
}

/* ---- findings of daemons ------------------------------------------------------------ */

static void
_begin_finding(PkDraft *draft, guint64 source, const PkAddr *address, const gchar *scope, const gchar *host,
               gint64 time_usec, gint64 arrival_usec)
{
  PkAlert *alert = &draft->alert;

  memset(draft, 0, sizeof(*draft));
  draft->kind = PK_DRAFT_FINDING;
  draft->source = source;
  alert->source = *address;
  alert->has_source = TRUE;
  alert->window_start_usec = alert->window_end_usec = time_usec;
  alert->arrival_usec = arrival_usec;
  memcpy(alert->scope, scope, sizeof(alert->scope));
  if (host[0])
    memcpy(alert->hosts[alert->n_hosts++], host, sizeof(alert->hosts[0]));
}

static guint64
_hash_text(const PkLedger *self, const gchar *text)
{
  guint64 hash;

  crypto_shorthash((guchar *) &hash, (const guchar *) text, strlen(text), self->rule->secret);
  return hash;
}

gboolean
pk_ledger_has_open_door(const PkLedger *self, guint64 source, gint64 arrival_usec)
{
  const PkTrail *trail = pk_recent_find(self->trails, source);

  return trail && trail->open_usec != 0 && !trail->is_open_told &&
         arrival_usec - trail->open_usec <= self->rule->confirm_usec;
}

gboolean
pk_ledger_draft_open_door(PkLedger *self, guint64 source, PkDraft *ret_draft)
{
  PkTrail *trail = pk_recent_find(self->trails, source);

  if (!trail || trail->open_usec == 0 || trail->is_open_told)
    return FALSE;
  trail->is_open_told = TRUE;
  _begin_finding(ret_draft, source, &trail->address, trail->scope, trail->host, trail->open_time_usec,
                 trail->open_usec);
  ret_draft->allowed = trail->is_allowed;
  ret_draft->text_key = _hash_text(self, trail->door);
  _set_confirmed(&ret_draft->alert);
  pk_trail_tell(trail, &ret_draft->alert, self->rule->confirm_usec);
  return TRUE;
}

gboolean
pk_ledger_has_due_stage(const PkLedger *self, gint64 arrival_usec)
{
  guint64 key;
  const Stage *stage = pk_recent_oldest(self->stages, &key);

  return stage && arrival_usec - stage->arrival_usec >= STAGE_USEC;
}

void
pk_ledger_close_stage(PkLedger *self, PkDraft *ret_draft)
{
  guint64 key;
  const Stage *stage = pk_recent_oldest(self->stages, &key);

  _begin_finding(ret_draft, stage->source, &stage->address, stage->scope, stage->host, stage->time_usec,
                 stage->arrival_usec);
  ret_draft->allowed = stage->is_allowed;
  ret_draft->text_key = _hash_text(self, stage->door);
  ret_draft->alert.branch = PK_BRANCH_KNOCK_ATTEMPT_FAILED;
  ret_draft->alert.confidence = PK_CONFIDENCE_MEDIUM;
  pk_trail_tell_stage(&ret_draft->alert, stage->stage);
  if (stage->door[0])
    pk_alert_add_evidence(&ret_draft->alert, "door", pk_slice_from_string(stage->door));
  pk_recent_remove(self->stages, key);
}

/* ---- verdicts ------------------------------------------------------------------------- */

void
pk_ledger_recall_set(PkLedger *self, PkDraft *draft, gint64 arrival_usec)
{
  Set *set = pk_recent_take(self->sets, _set_key(self, draft), &self->stats.evicted_evidence);

  if (set->settled_usec != 0)
    draft->facts.settled_lately = arrival_usec - set->settled_usec <= self->rule->window_usec;
  draft->facts.settled_before = set->settled;
  set->settled_usec = arrival_usec;
  if (set->settled == 0 || arrival_usec - set->counted_usec >= self->rule->cooldown_usec / 2)
    {
      set->settled++;
      set->counted_usec = arrival_usec;
    }
}

static void
_count_signs(PkLedger *self, guint32 signs)
{
  for (guint sign = 0; sign < PK_N_SIGNS; sign++)
    self->stats.signs[sign] += (signs >> sign) & 1;
}

/* The same ordered ports from a few sources, to this destination only. */
static gboolean
_is_shared_secret(const PkDraft *draft)
{
  return draft->facts.same_order_sources > 1 && draft->facts.same_order_dests == 1;
}

static void
_add_shared_secret(PkDraft *draft)
{
  gchar text[PK_WORD_BYTES];
  gint len = g_snprintf(text, sizeof(text), "%u", draft->facts.same_order_sources);

  pk_alert_add_evidence(&draft->alert, "shared_secret", pk_slice(text, (gsize) len));
}

/* The highest level that applies. */
static void
_rate(PkLedger *self, PkDraft *draft)
{
  PkAlert *alert = &draft->alert;
  const PkTrail *trail = pk_recent_find(self->trails, draft->source);

  draft->facts.alert = alert;
  alert->signs |= pk_signs_find(&draft->facts) & self->rule->signs;
  alert->confidence = alert->signs ? PK_CONFIDENCE_LOW : PK_CONFIDENCE_MEDIUM;
  if (alert->branch != PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED)
    alert->confidence = PK_CONFIDENCE_LOW;
  if (draft->known || (trail && !draft->facts.scanner && pk_trail_has_stage(trail, alert, self->rule->confirm_usec)))
    alert->confidence = PK_CONFIDENCE_HIGH;
  if (!alert->signs && _is_shared_secret(draft))
    {
      alert->confidence = PK_CONFIDENCE_HIGH;
      _add_shared_secret(draft);
    }
  _count_signs(self, alert->signs);
}

/* Every candidate is remembered, so that a knock that looked like something else can still be proven. */
static void
_remember(PkLedger *self, const PkDraft *draft, gint64 arrival_usec)
{
  PkTrail *trail = pk_recent_take(self->trails, draft->source, &self->stats.evicted_evidence);
  Judged *judged =
      pk_recent_take(self->judged, _judged_key(self, draft->source, &draft->alert.dest), &self->stats.evicted_evidence);

  trail->candidate_usec = draft->alert.arrival_usec;
  trail->dest = draft->alert.dest;
  judged->alert = draft->alert;
  judged->judged_usec = arrival_usec;
  judged->is_scanner = draft->facts.scanner;
  judged->is_confirmed = FALSE;
  judged->is_allowed = draft->allowed;
}

/* Rates a candidate, and proves it at once if it can be. */
static void
_judge(PkLedger *self, PkDraft *draft, gint64 arrival_usec)
{
  PkTrail *trail = pk_recent_find(self->trails, draft->source);
  gboolean is_proven = trail && pk_trail_proves(trail, &draft->alert, draft->facts.scanner, self->rule->confirm_usec);

  _rate(self, draft);
  _remember(self, draft, arrival_usec);
  trail = pk_recent_find(self->trails, draft->source);
  pk_trail_tell(trail, &draft->alert, self->rule->confirm_usec);
  if (!is_proven)
    return;
  trail->is_open_told = TRUE;
  _set_confirmed(&draft->alert);
  ((Judged *) pk_recent_find(self->judged, _judged_key(self, draft->source, &draft->alert.dest)))->is_confirmed = TRUE;
}

/* Two ledgers at the turn of a minute may both begin it; that lets a few more
 * alerts through, and needs no lock. */
static gboolean
_admit(PkLedger *self, gint64 arrival_usec)
{
  PkAlertCap *cap = self->cap;
  gint minute = (gint) (arrival_usec / MINUTE_USEC);
  gint current = g_atomic_int_get(&cap->minute);

  if (minute != current && g_atomic_int_compare_and_exchange(&cap->minute, current, minute))
    g_atomic_int_set(&cap->alerts, 0);
  if (g_atomic_int_add(&cap->alerts, 1) < cap->max)
    return TRUE;
  g_atomic_int_add(&cap->alerts, -1);
  g_atomic_int_inc(&cap->held_back);
  self->stats.rate_limited++;
  return FALSE;
}

/* Events by themselves, and stages that failed, are asked for in other words of alert-on(). */
static gboolean
_is_wanted(const PkLedger *self, const PkAlert *alert)
{
  return !self->rule->without_window || alert->of_event || alert->branch == PK_BRANCH_KNOCK_ATTEMPT_FAILED;
}

/* What max-alerts() holds back is not remembered as reported, so that its next
 * repeat is written. */
static PkFate
_choose_fate(PkLedger *self, PkDraft *draft, gint64 arrival_usec)
{
  gboolean is_confirmed = draft->alert.branch == PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED;
  guint64 key;

  if (draft->alert.confidence < self->rule->min_confidence)
    return PK_FATE_BELOW_CONFIDENCE;
  if (!_is_wanted(self, &draft->alert))
    return PK_FATE_NOT_WANTED;
  if (draft->allowed)
    return PK_FATE_ALLOWED;
  key = _report_key(self, draft);
  if (pk_reports_is_repeat(self->reports, draft->source, key, arrival_usec, is_confirmed))
    {
      pk_reports_add_repeat(self->reports, draft->source, key, arrival_usec, is_confirmed);
      return PK_FATE_IN_COOLDOWN;
    }
  if (!_admit(self, arrival_usec))
    return PK_FATE_RATE_LIMITED;
  pk_alert_identify(&draft->alert);
  pk_reports_admit(self->reports, draft->source, key, arrival_usec, self->rule->cooldown_usec, &draft->alert,
                   &self->stats.evicted_reports);
  return PK_FATE_REPORTED;
}

gboolean
pk_ledger_decide(PkLedger *self, PkDraft *draft, gint64 arrival_usec, PkAlert *ret_alert)
{
  if (draft->kind == PK_DRAFT_CANDIDATE)
    {
      self->stats.candidates++;
      _judge(self, draft, arrival_usec);
    }
  draft->alert.fate = _choose_fate(self, draft, arrival_usec);
  self->stats.below_confidence += draft->alert.fate == PK_FATE_BELOW_CONFIDENCE;
  self->stats.suppressed += draft->alert.fate == PK_FATE_ALLOWED;
  self->stats.in_cooldown += draft->alert.fate == PK_FATE_IN_COOLDOWN;
  if (draft->alert.fate != PK_FATE_REPORTED && !self->rule->with_fates)
    return FALSE;
  if (draft->alert.fate != PK_FATE_REPORTED)
    pk_alert_identify(&draft->alert);
  *ret_alert = draft->alert;
  return TRUE;
}

gboolean
pk_ledger_close_report(PkLedger *self, gint64 arrival_usec, gboolean *ret_written, PkAlert *ret_alert)
{
  gboolean summary;

  if (!pk_reports_close(self->reports, arrival_usec, &summary, ret_alert))
    return FALSE;
  *ret_written = summary && _admit(self, arrival_usec);
  return TRUE;
}

void
pk_ledger_add_stats(const PkLedger *self, PkStats *stats)
{
  pk_stats_add(stats, &self->stats);
}

/* ---- moving ------------------------------------------------------------------------- */

typedef struct _Move
{
  PkLedgerChoice choose;
  gpointer user_data;
  gsize table;        /* offset of the PkRecent in PkLedger */
  gsize record_bytes; /* of its records */
} Move;

static void
_move_record(guint64 key, gconstpointer record, gpointer user_data)
{
  const Move *move = user_data;
  PkLedger *dest = move->choose(key, move->user_data);
  PkRecent *table = G_STRUCT_MEMBER(PkRecent *, dest, move->table);

  memcpy(pk_recent_take(table, key, &dest->stats.evicted_evidence), record, move->record_bytes);
}

void
pk_ledger_move(const PkLedger *self, PkLedgerChoice choose, gpointer user_data)
{
  const Move moves[] = {
    { choose, user_data, G_STRUCT_OFFSET(PkLedger, sets), sizeof(Set) },
    { choose, user_data, G_STRUCT_OFFSET(PkLedger, judged), sizeof(Judged) },
    { choose, user_data, G_STRUCT_OFFSET(PkLedger, trails), sizeof(PkTrail) },
    { choose, user_data, G_STRUCT_OFFSET(PkLedger, stages), sizeof(Stage) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(moves); i++)
    pk_recent_each(G_STRUCT_MEMBER(PkRecent *, self, moves[i].table), _move_record, (gpointer) &moves[i]);
}

guint
pk_ledger_count_reports(const PkLedger *self)
{
  return pk_reports_count(self->reports);
}

guint64
pk_ledger_get_report_key(const PkLedger *self, guint i, gint64 *ret_ends_usec)
{
  return pk_reports_get_key(self->reports, i, ret_ends_usec);
}

void
pk_ledger_copy_report(const PkLedger *self, guint i, PkLedger *dest)
{
  pk_reports_copy(self->reports, i, dest->reports, &dest->stats.evicted_reports);
}
