/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/table-private.h"

#include <math.h>
#include <sodium.h>

#include "engine/alert.h"
#include "engine/pages.h"
#include "scan/address.h"
#include "scan/slice.h"

/* With one shard nothing may depend on a random secret: 2^64 divided by the golden ratio. */
#define MEMORY_SALT G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)
/* A shard is worth a lock of its own from here on, and big enough then for
 * sources to spread evenly. */
#define SHARD_SOURCES_MIN 1024
#define SHARD_WINDOWS_MIN 256
/* Of each kind that is kept of sources beside their windows, and of the crowd, together in all shards: for so many
 * sources one, but not fewer or more than these. */
#define RECORD_SOURCES 16
#define RECORDS_MIN 256
#define RECORDS_MAX 4096
/* So many times max-ports() distinct ports within scan-memory() make a scanner, however slow it is. */
#define SCANNER_PORTS_FACTOR 2

/* So long before the last tick a message may have come that is observed after it. */
#define WAIT_USEC_MAX (2 * (gint64) G_USEC_PER_SEC)
/* And so long after it, where the caller is late with the next one. */
#define STALL_USEC_MAX (60 * (gint64) G_USEC_PER_SEC)

/* Before the last attempt to get a lock without the kernel; all together are twice as many, which take some 3 us. */
#define PAUSES_MAX 64

/* ---- locks ---------------------------------------------------------------- */

/* Tells the processor that this thread waits for another one. */
static void
_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/* Who has the lock needs it for less time than the kernel takes to put this thread to sleep and to wake it; unless it
 * waits for a processor itself.  Each attempt takes the cache line away from it, so they become rarer. */
static void
_lock(PkTableSlot *slot)
{
  for (guint pauses = 1; pauses <= PAUSES_MAX; pauses *= 2)
    {
      if (g_mutex_trylock(&slot->lock))
        return;
      for (guint i = 0; i < pauses; i++)
        _pause();
    }
  g_mutex_lock(&slot->lock);
}

/* ---- creation ------------------------------------------------------------- */

static guint
_count_shards(const PkOptions *options)
{
  guint n = options->single_shard ? 1 : PK_TABLE_SHARDS_MAX;

  while (n > 1 &&
         ((guint) options->max_sources / n < SHARD_SOURCES_MIN || (guint) options->max_windows / n < SHARD_WINDOWS_MIN))
    n /= 2;
  return n;
}

/* A shard's part of max, and eight standard deviations: the cap for all is
 * kept by PkCaps, so that no shard gives way before the table is full. */
static guint
_share(gint max, guint n)
{
  guint share = (guint) max / n;

  return n == 1 ? share : share + (guint) (8 * sqrt(share)) + 1;
}

static void
_configure_rules(PkTable *self, const PkOptions *options)
{
  self->config.memory.seconds = (guint32) options->scan_memory_seconds;
  self->config.memory.scanner_ports_min = SCANNER_PORTS_FACTOR * (guint) options->max_ports;
  self->config.ledger = (PkLedgerRule){
    .window_usec = (gint64) options->window_seconds * G_USEC_PER_SEC,
    .cooldown_usec = (gint64) options->cooldown_seconds * G_USEC_PER_SEC,
    .confirm_usec = (gint64) options->confirm_window_seconds * G_USEC_PER_SEC,
    .min_confidence = (PkConfidence) options->min_confidence,
    .signs = (guint32) options->signs,
    .without_window = !(options->alert_on & PK_ALERT_ON_WINDOW),
    .with_fates = options->with_fates,
    .secret = self->config.secret,
  };
}

static void
_configure(PkTable *self, const PkOptions *options)
{
  guint n = _count_shards(options);
  guint records = (guint) CLAMP(options->max_sources / RECORD_SOURCES, RECORDS_MIN, RECORDS_MAX);

  pk_rule_init(&self->config.rule, options);
  self->config.sources = _share(options->max_sources, n);
  self->config.windows = _share(options->max_windows, n);
  self->config.memories = _share(MAX(options->max_sources / 4, options->max_windows), n);
  self->config.crowd = records / n;
  self->config.alert_on_failed = (options->alert_on & PK_ALERT_ON_DAEMON) != 0;
  _configure_rules(self, options);
  self->config.ledger.capacity = records / n;
  self->ipv6_prefix = (guint) options->ipv6_prefix;
  self->caps.room.max_sources = options->max_sources;
  self->caps.room.max_windows = options->max_windows;
  self->caps.alerts.max = options->max_alerts;
  self->n_slots = n;
  self->bytes = sizeof(*self) + n * pk_shard_bytes(&self->config);
}

static gboolean
_create_shards(PkTable *self, GError **error)
{
  for (guint i = 0; i < self->n_slots; i++)
    {
      g_mutex_init(&self->slots[i].lock);
      self->slots[i].shard = pk_shard_new(&self->config, &self->caps);
      if (!self->slots[i].shard)
        {
          g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE,
                      "max-sources: %d with max-windows %d takes %" G_GSIZE_FORMAT
                      " MB, which the system does not give",
                      self->caps.room.max_sources, self->caps.room.max_windows, self->bytes >> 20);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
pk_table_read_files(PkTable *self, const PkOptions *options, GError **error)
{
  PkSequences *sequences = NULL;
  gboolean none = options->known_sequences && !options->known_sequences[0];

  if (!none)
    {
      sequences = options->known_sequences ? pk_sequences_new_from_file(options->known_sequences, error)
                                           : pk_sequences_new_built_in(error);
      if (!sequences)
        return FALSE;
    }
  if (self->config.sequences)
    pk_sequences_unref(self->config.sequences);
  self->config.sequences = sequences;
  return TRUE;
}

const PkSequences *
pk_table_sequences(const PkTable *self)
{
  return self->config.sequences;
}

/* Every other one is good. */
static guint64
_draw_salt(void)
{
  guint64 salt;

  do
    randombytes_buf(&salt, sizeof(salt));
  while (!pk_memory_is_good_salt(salt |= 1));
  return salt;
}

PkTable *
pk_table_new(const PkOptions *options, GError **error)
{
  PkTable *self;

  if (sodium_init() < 0)
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE,
                  "the system gives no random bytes, which the table's hash needs");
      return NULL;
    }
  self = pk_pages_new(1, sizeof(*self));
  if (!self)
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "the system gives no memory for the table");
      return NULL;
    }
  _configure(self, options);
  randombytes_buf(self->config.secret, sizeof(self->config.secret));
  /* With one shard only the names that give way depend on a secret; all zero, they do not. */
  if (!options->single_shard)
    randombytes_buf(self->config.names_secret, sizeof(self->config.names_secret));
  self->config.memory.salt = options->single_shard ? MEMORY_SALT : _draw_salt();
  self->config.network = (PkNetworkRule){ .salt = self->config.memory.salt, .prefix = self->ipv6_prefix };
  if (!pk_table_read_files(self, options, error) || !_create_shards(self, error))
    g_clear_pointer(&self, pk_table_free);
  return self;
}

void
pk_table_free(PkTable *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    {
      g_clear_pointer(&self->slots[i].shard, pk_shard_free);
      g_mutex_clear(&self->slots[i].lock);
    }
  if (self->config.sequences)
    pk_sequences_unref(self->config.sequences);
  pk_pages_free(self, 1, sizeof(*self));
}

/* ---- drafts --------------------------------------------------------------- */

/* Only a sequence that nothing speaks against can be a secret: what scanners
 * have in common is a list. */
static void
_ask_the_crowd(PkTable *self, PkDraft *draft, gint64 arrival_usec)
{
  PkAlert *alert = &draft->alert;
  PkCrowdFacts facts;
  guint64 key;
  PkTableSlot *slot;

  draft->facts.alert = alert;
  if (draft->kind != PK_DRAFT_CANDIDATE || alert->branch != PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED ||
      (pk_signs_find(&draft->facts) & self->config.ledger.signs))
    return;
  key = pk_table_hash_sequence(self, alert);
  slot = pk_table_slot_of(self, key);
  _lock(slot);
  pk_crowd_add_sequence(pk_shard_crowd(slot->shard), key, (guint32) draft->source,
                        (guint32) pk_table_hash_dest(self, &alert->dest), pk_memory_seconds(arrival_usec), &facts);
  slot->changes++;
  g_mutex_unlock(&slot->lock);
  draft->facts.same_order_sources = facts.sources;
  draft->facts.same_order_dests = facts.dests;
}

/* Uses up the drafts. */
static gsize
_decide(PkTable *self, PkDrafts *drafts, gint64 arrival_usec, PkAlert *ret_alerts)
{
  gsize n = 0;

  for (guint i = 0; i < drafts->n; i++)
    {
      PkDraft *draft = &drafts->drafts[i];
      PkTableSlot *slot = pk_table_slot_of(self, draft->source);

      _ask_the_crowd(self, draft, arrival_usec);
      _lock(slot);
      n += pk_ledger_decide(pk_shard_ledger(slot->shard), draft, arrival_usec, &ret_alerts[n]);
      slot->changes++;
      g_mutex_unlock(&slot->lock);
    }
  pk_drafts_clear(drafts);
  return n;
}

/* ---- the caller's clock ---------------------------------------------------- */

/* Arrival times are kept as those of a clock that is never set back: else what waits for a time, or is compared with
 * it, would wait until the clock has caught up.  A tick tells when it happens, for it comes from the clock itself;
 * messages may have waited for a moment. */
static gint64
_advance_clock(PkTable *self, gint64 arrival_usec)
{
  gint64 set_back_usec = pk_table_get_usec(&self->set_back_sec);
  gint64 behind_usec = pk_table_latest_usec(self) - (arrival_usec + set_back_usec);

  if (behind_usec > 0)
    {
      set_back_usec += (behind_usec + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC * G_USEC_PER_SEC;
      pk_table_set_usec(&self->set_back_sec, set_back_usec);
    }
  pk_table_set_usec(&self->ticked_sec, arrival_usec + set_back_usec);
  pk_table_set_usec(&self->seen_sec, 0);
  return arrival_usec + set_back_usec;
}

/* Between a clock's setting back and the next tick, it is about the time of the last one; and so it is for a message
 * that came before the clock was set back, and waited for longer than the next tick did. */
static gint64
_read_clock(PkTable *self, gint64 arrival_usec)
{
  gint64 set_back_usec = pk_table_get_usec(&self->set_back_sec);
  gint64 now_usec = arrival_usec + set_back_usec;
  gint64 ticked_usec = pk_table_get_usec(&self->ticked_sec);

  if (G_UNLIKELY(ticked_usec == 0))
    pk_table_raise_usec(&self->seen_sec, now_usec);
  else if (G_UNLIKELY(set_back_usec > 0 && now_usec - ticked_usec > STALL_USEC_MAX))
    return ticked_usec;
  return MAX(now_usec, ticked_usec - WAIT_USEC_MAX);
}

/* ---- events --------------------------------------------------------------- */

gsize
pk_table_observe(PkTable *self, const PkSender *sender, const PkHit *hit, const PkKnownPacket *packet,
                 const PkAhead *ahead, PkAlert *ret_alerts)
{
  PkArrival arrival = {
    .source = sender->address, .scope = sender->scope, .host = sender->host, .hit = *hit, .packet = packet
  };
  PkAhead keys;
  PkDrafts drafts = { 0 };
  PkTableSlot *slot;

  arrival.hit.arrival_usec = _read_clock(self, hit->arrival_usec);
  if (!ahead)
    {
      pk_table_look_ahead(self, sender, &keys);
      ahead = &keys;
    }
  arrival.hash = ahead->source;
  arrival.memory = ahead->memory;
  slot = pk_table_slot_of(self, arrival.hash);
  _lock(slot);
  pk_shard_observe(slot->shard, &arrival, &drafts);
  slot->changes++;
  g_mutex_unlock(&slot->lock);
  return _decide(self, &drafts, arrival.hit.arrival_usec, ret_alerts);
}

gsize
pk_table_report(PkTable *self, const PkSender *sender, PkAlert *finding, guint64 text_key, gboolean allowed,
                PkAlert *ret_alerts)
{
  PkDrafts drafts = { 0 };
  PkDraft *draft = pk_drafts_next(&drafts);
  guint64 memory;

  drafts.n = 1;
  memset(draft, 0, sizeof(*draft));
  draft->kind = PK_DRAFT_FINDING;
  draft->alert = *finding;
  draft->alert.arrival_usec = _read_clock(self, finding->arrival_usec);
  draft->text_key = text_key;
  draft->allowed = allowed;
  pk_table_identify(self, sender, &draft->source, &memory);
  return _decide(self, &drafts, draft->alert.arrival_usec, ret_alerts);
}

/* ---- evidence ------------------------------------------------------------- */

static void
_put_listener(PkTable *self, guint64 key, gint64 arrival_usec)
{
  PkTableSlot *slot = pk_table_slot_of(self, key);

  _lock(slot);
  pk_crowd_add_listener(pk_shard_crowd(slot->shard), key, arrival_usec);
  slot->changes++;
  g_mutex_unlock(&slot->lock);
}

void
pk_table_add_listener(PkTable *self, PkSlice host, const PkAddr *address, const PkPort *port, gint64 arrival_usec)
{
  arrival_usec = _read_clock(self, arrival_usec);
  if (host.len)
    _put_listener(self, pk_table_hash_listener(self, host, NULL, port), arrival_usec);
  if (!pk_addr_is_unspecified(address))
    _put_listener(self, pk_table_hash_listener(self, host, address, port), arrival_usec);
}

static gint64
_get_listener(PkTable *self, guint64 key)
{
  PkTableSlot *slot = pk_table_slot_of(self, key);
  gint64 arrival_usec;

  _lock(slot);
  arrival_usec = pk_crowd_get_listener(pk_shard_crowd(slot->shard), key);
  g_mutex_unlock(&slot->lock);
  return arrival_usec;
}

/* 0 too where it listened before any knock that this connection may prove. */
static gint64
_find_listener(PkTable *self, const PkEvidence *evidence)
{
  gint64 usec =
      MAX(_get_listener(self, pk_table_hash_listener(self, evidence->host, NULL, &evidence->port)),
          _get_listener(self, pk_table_hash_listener(self, evidence->host, &evidence->dest, &evidence->port)));

  return evidence->arrival_usec - usec > self->config.ledger.confirm_usec + PK_OVERTAKING_USEC ? 0 : usec;
}

static PkExpectation
_expect(PkTable *self, const PkEvidence *evidence, guint64 memory)
{
  PkTableSlot *slot = pk_table_slot_of(self, evidence->source);
  PkExpectation expectation;

  _lock(slot);
  expectation = pk_shard_expects(slot->shard, evidence->source, memory, &evidence->address, &evidence->dest,
                                 evidence->arrival_usec);
  g_mutex_unlock(&slot->lock);
  return expectation;
}

static void
_add_service(PkTable *self, const PkEvidence *evidence)
{
  guint64 key = pk_table_hash_service(self, evidence);
  PkTableSlot *slot = pk_table_slot_of(self, key);

  _lock(slot);
  pk_crowd_add_service(pk_shard_crowd(slot->shard), key, pk_memory_seconds(evidence->arrival_usec));
  slot->changes++;
  g_mutex_unlock(&slot->lock);
}

/* A relay that has just started does not know yet what is open. */
static gboolean
_is_young(PkTable *self, gint64 arrival_usec)
{
  gint64 began_usec = pk_table_get_usec(&self->services_began_sec);

  return began_usec == 0 || arrival_usec - began_usec < self->config.ledger.confirm_usec;
}

static gboolean
_is_service(PkTable *self, const PkEvidence *evidence)
{
  guint64 key = pk_table_hash_service(self, evidence);
  PkTableSlot *slot = pk_table_slot_of(self, key);
  gboolean is_service;

  if (_is_young(self, evidence->arrival_usec))
    return TRUE;
  _lock(slot);
  is_service = pk_crowd_has_service(pk_shard_crowd(slot->shard), key, pk_memory_seconds(evidence->arrival_usec));
  g_mutex_unlock(&slot->lock);
  return is_service;
}

static gsize
_take_evidence(PkTable *self, const PkEvidence *evidence, PkAlert *ret_alerts)
{
  PkTableSlot *slot = pk_table_slot_of(self, evidence->source);
  PkDrafts drafts = { 0 };

  _lock(slot);
  pk_shard_take_evidence(slot->shard, evidence, &drafts);
  slot->changes++;
  g_mutex_unlock(&slot->lock);
  return _decide(self, &drafts, evidence->arrival_usec, ret_alerts);
}

/* Of what belongs to no shard. */
static void
_count_change(PkTable *self)
{
  _lock(&self->slots[0]);
  self->slots[0].changes++;
  g_mutex_unlock(&self->slots[0].lock);
}

static void
_identify_evidence(const PkTable *self, const PkSender *sender, PkEvidence *evidence, guint64 *ret_memory)
{
  evidence->address = sender->address;
  evidence->scope = sender->scope;
  evidence->host = sender->host;
  pk_table_identify(self, sender, &evidence->source, ret_memory);
}

gsize
pk_table_take_evidence(PkTable *self, const PkSender *sender, PkEvidence *evidence, PkAlert *ret_alerts)
{
  guint64 memory;
  PkExpectation expectation;

  evidence->arrival_usec = _read_clock(self, evidence->arrival_usec);
  _identify_evidence(self, sender, evidence, &memory);
  if (!evidence->is_accept)
    return _take_evidence(self, evidence, ret_alerts);
  if (G_UNLIKELY(g_atomic_int_get(&self->services_began_sec) == 0))
    {
      pk_table_set_usec(&self->services_began_sec, evidence->arrival_usec);
      _count_change(self);
    }
  expectation = _expect(self, evidence, memory);
  if (expectation == PK_EXPECTS_NOTHING)
    _add_service(self, evidence);
  if (expectation != PK_EXPECTS_PROOF)
    return 0;
  evidence->is_service = _is_service(self, evidence);
  evidence->listener_usec = _find_listener(self, evidence);
  return _take_evidence(self, evidence, ret_alerts);
}

/* ---- time ----------------------------------------------------------------- */

static gboolean
_expire_one(PkTable *self, PkTableSlot *slot, gint64 arrival_usec, PkAlert *ret_alerts, gsize *ret_n)
{
  PkDrafts drafts = { 0 };
  gboolean done;

  _lock(slot);
  done = pk_shard_expire(slot->shard, arrival_usec, &drafts, ret_alerts, ret_n);
  slot->changes += done;
  g_mutex_unlock(&slot->lock);
  *ret_n += _decide(self, &drafts, arrival_usec, ret_alerts + *ret_n);
  return done;
}

/* What max-alerts() held back in minutes that are over becomes one alert. */
static gsize
_tell_held_back(PkTable *self, gint64 arrival_usec, PkAlert *ret_alerts)
{
  PkAlertCap *cap = &self->caps.alerts;
  gint n = g_atomic_int_get(&cap->held_back);
  PkAlert alert = { .branch = PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED,
                    .confidence = PK_CONFIDENCE_MEDIUM,
                    .window_start_usec = arrival_usec,
                    .window_end_usec = arrival_usec,
                    .arrival_usec = arrival_usec };

  if (n == 0 || (gint) (arrival_usec / (60 * (gint64) G_USEC_PER_SEC)) <= g_atomic_int_get(&cap->minute))
    return 0;
  if (!g_atomic_int_compare_and_exchange(&cap->held_back, n, 0))
    return 0;
  _count_change(self);
  alert.repeats = (guint) n;
  pk_alert_add_evidence(&alert, "rate_limited", pk_slice(NULL, 0));
  pk_alert_identify(&alert);
  *ret_alerts = alert;
  return 1;
}

gsize
pk_table_expire(PkTable *self, gint64 caller_usec, gsize max_items, PkAlert *ret_alerts, gboolean *ret_more)
{
  gint64 arrival_usec = _advance_clock(self, caller_usec);
  gsize n = _tell_held_back(self, arrival_usec, ret_alerts), items = n;

  for (guint i = 0; i < self->n_slots; i++)
    for (;;)
      {
        gsize written;

        if (items == max_items)
          {
            *ret_more = TRUE;
            return n;
          }
        if (!_expire_one(self, &self->slots[i], arrival_usec, ret_alerts + n, &written))
          break;
        n += written;
        items++;
      }
  *ret_more = FALSE;
  return n;
}

void
pk_table_get_stats(PkTable *self, PkStats *ret_stats)
{
  PkStats stats = { 0 };

  for (guint i = 0; i < self->n_slots; i++)
    {
      _lock(&self->slots[i]);
      pk_shard_add_stats(self->slots[i].shard, &stats);
      stats.held_hits += pk_shard_count_hits(self->slots[i].shard);
      g_mutex_unlock(&self->slots[i].lock);
    }
  stats.sources = (guint64) g_atomic_int_get(&self->caps.room.sources);
  stats.windows = (guint64) g_atomic_int_get(&self->caps.room.windows);
  stats.reserved_bytes = self->bytes;
  *ret_stats = stats;
}

guint64
pk_table_count_changes(PkTable *self)
{
  guint64 changes = 0;

  for (guint i = 0; i < self->n_slots; i++)
    {
      _lock(&self->slots[i]);
      changes += self->slots[i].changes;
      g_mutex_unlock(&self->slots[i].lock);
    }
  return changes;
}

void
pk_table_visit_shard(PkTable *self, guint i, PkShardVisit visit, gpointer user_data)
{
  _lock(&self->slots[i]);
  visit(self->slots[i].shard, user_data);
  g_mutex_unlock(&self->slots[i].lock);
}

void
pk_table_try_shard(PkTable *self, guint64 hash, PkShardVisit visit, gpointer user_data)
{
  PkTableSlot *slot = pk_table_slot_of(self, hash);

  if (!g_mutex_trylock(&slot->lock))
    return;
  visit(slot->shard, user_data);
  g_mutex_unlock(&slot->lock);
}
