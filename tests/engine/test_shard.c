/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/plain-sets.h"
#include "engine/shard-private.h"
#include "engine/state-rows.h"

/* A small shard under random operations: after each, its tables agree with one another, every set follows from its
 * hits, and the statistics tell what became of every hit. */

#define START G_GINT64_CONSTANT(1795305600000000)
#define MSEC 1000
#define STREAMS 120
#define STEPS 400

typedef struct _Stream
{
  GRand *rand;
  PkShardConfig config;
  PkShardCaps caps;
  PkShard *shard;
  gint64 time, arrival;
  guint sources, ports, dests;
} Stream;

static guint
_below(Stream *self, guint limit)
{
  return (guint) g_rand_int_range(self->rand, 0, (gint) limit);
}

/* ---- what has to hold ----------------------------------------------------------- */

static void
_expect_window(PkShard *shard, guint32 index, const PkSource *source)
{
  PkWindowSlot *slot = pk_windows_get(shard->room.windows, pk_source_window(source));
  const PkRule *rule = &shard->config->rule;
  const gchar *fault = plain_find_fault(&slot->window);

  cr_assert_null(fault, "%s", fault);
  cr_assert_eq(slot->source, index);
  cr_assert_geq(slot->window.n, 2);
  cr_assert_eq(slot->ports, pk_window_count_ports(&slot->window));
  cr_assert_eq(slot->deadline_usec, pk_window_deadline(&slot->window, rule));
}

/* Sum of what the sources hold, and the earliest deadline. */
typedef struct _Plain
{
  guint sources, windows, hits;
  gint64 deadline_usec;
} Plain;

static Plain
_walk(PkShard *shard)
{
  Plain plain = { .hits = pk_recent_count(shard->room.pairs), .deadline_usec = G_MAXINT64 };

  for (guint32 index = 0; index < pk_sources_end(shard->room.sources); index++)
    {
      const PkSource *source = pk_sources_get(shard->room.sources, index);
      const PkWindowSlot *slot;

      if (!source->is_live)
        continue;
      plain.sources++;
      cr_assert_eq(pk_sources_find(shard->room.sources, source->hash, &source->address), index);
      plain.hits += source->has_window ? 0 : 1;
      if (!source->has_window)
        continue;
      _expect_window(shard, index, source);
      slot = pk_windows_get(shard->room.windows, pk_source_window(source));
      plain.windows++;
      plain.hits += slot->window.n;
      plain.deadline_usec = MIN(plain.deadline_usec, slot->deadline_usec);
    }
  return plain;
}

static void
_expect_tables(Stream *self, guint32 seed, guint step)
{
  PkShard *shard = self->shard;
  Plain plain = _walk(shard);
  guint32 due = pk_windows_find_due(shard->room.windows, G_MAXINT64 - 1);
  PkStats stats = { 0 };

  pk_shard_add_stats(shard, &stats);
  cr_assert_eq(plain.sources, pk_sources_count(shard->room.sources));
  cr_assert_eq(plain.windows, pk_windows_count(shard->room.windows));
  cr_assert_eq((gint) plain.sources, self->caps.room.sources);
  cr_assert_eq((gint) plain.windows, self->caps.room.windows);
  cr_assert_leq(self->caps.room.sources, self->caps.room.max_sources);
  cr_assert_leq(self->caps.room.windows, self->caps.room.max_windows);
  cr_assert_eq(due == PK_INDEX_NONE, plain.deadline_usec == G_MAXINT64);
  if (due != PK_INDEX_NONE)
    cr_assert_eq(pk_windows_get(shard->room.windows, due)->deadline_usec, plain.deadline_usec);
  cr_assert_eq(plain.hits, pk_shard_count_hits(shard), "seed %u, step %u: %u hits are there, %u are counted", seed,
               step, plain.hits, (guint) pk_shard_count_hits(shard));
  cr_assert_eq(
      stats.hits + stats.restored_hits,
      stats.repeated_hits + stats.late + plain.hits + stats.expired_hits + stats.evicted_hits + stats.pushed_out,
      "seed %u, step %u: of %u hits and %u restored ones %u were repeated, %u late, %u are held, %u expired, "
      "%u evicted, %u pushed out",
      seed, step, (guint) stats.hits, (guint) stats.restored_hits, (guint) stats.repeated_hits, (guint) stats.late,
      plain.hits, (guint) stats.expired_hits, (guint) stats.evicted_hits, (guint) stats.pushed_out);
}

/* ---- operations ------------------------------------------------------------------ */

static PkHit
_make_hit(Stream *self)
{
  static const gint64 gaps[] = { 0, 0, 1, 100, 1000, 3000, 10000, 30001, 90000 };
  gint64 gap = gaps[_below(self, _below(self, 6) ? 5 : G_N_ELEMENTS(gaps))] * MSEC;
  PkHit hit = { .packets = 1, .port = { .protocol = PK_PROTO_TCP } };

  self->time += gap;
  self->arrival += _below(self, 40) ? gap : -gap;
  hit.time_usec = self->time - (_below(self, 5) ? 0 : gaps[_below(self, G_N_ELEMENTS(gaps))] * MSEC);
  hit.arrival_usec = self->arrival;
  hit.dest.bytes[15] = (guint8) _below(self, self->dests);
  hit.port.port = (guint16) (7000 + 1000 * _below(self, self->ports));
  if (_below(self, 3) == 0)
    {
      hit.flags |= PK_HIT_HAS_SOURCE_PORT;
      hit.source_port = (guint16) _below(self, 2);
    }
  return hit;
}

static void
_observe(Stream *self)
{
  guint source = _below(self, _below(self, 3) ? 3 : self->sources);
  PkArrival arrival = { .hit = _make_hit(self), .host = { "fw", 2 } };
  PkDrafts drafts = { 0 };

  arrival.source = (PkAddr){ { 0x20, 0x01, 0x0d, 0xb8, [7] = (guint8) (source / 8), [15] = (guint8) source } };
  arrival.hash = (source + 1) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) & ~PK_SHARD_MASK;
  arrival.memory = (source / 8 + 1) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9) & ~PK_SHARD_MASK;
  pk_shard_observe(self->shard, &arrival, &drafts);
  pk_drafts_clear(&drafts);
}

static void
_expire(Stream *self)
{
  gboolean more = TRUE;

  while (more)
    {
      PkDrafts drafts = { 0 };
      PkAlert alert;
      gsize n;

      more = pk_shard_expire(self->shard, self->arrival, &drafts, &alert, &n);
      pk_drafts_clear(&drafts);
    }
}

static PkShard *
_choose(guint64 hash, gpointer user_data)
{
  return user_data;
}

static PkShard *
_begin_anew(Stream *self)
{
  PkShard *shard;

  self->caps.room.sources = self->caps.room.windows = 0;
  self->caps.room.max_sources = (gint) (4 + _below(self, 24));
  self->caps.room.max_windows = (gint) (2 + _below(self, (guint) self->caps.room.max_sources - 2));
  shard = pk_shard_new(&self->config, &self->caps);
  cr_assert_not_null(shard);
  return shard;
}

/* As at a reload, with other caps. */
static void
_move(Stream *self)
{
  PkShard *old = self->shard, *shard = _begin_anew(self);
  guint n = 0;

  for (guint32 index = 0; index < pk_shard_end(old); index++)
    {
      guint64 hash;
      gint64 arrival_usec;

      if (!pk_shard_get_key(old, index, &hash, &arrival_usec))
        continue;
      if (++n > (guint) self->caps.room.max_sources)
        pk_shard_drop_source(old, index, shard);
      else
        pk_shard_copy_source(old, index, shard);
    }
  pk_shard_move_memories(old, _choose, shard);
  pk_shard_copy_stats(old, shard);
  pk_shard_free(old);
  self->shard = shard;
}

/* As at a restart. */
static void
_restore(Stream *self)
{
  PkShard *old = self->shard, *shard = _begin_anew(self);
  PkSourceState state;

  for (guint32 index = 0; index < pk_shard_end(old); index++)
    if (pk_shard_get_source(old, index, &state))
      pk_shard_put_source(shard, &state);
  pk_shard_free(old);
  self->shard = shard;
}

static void
_step(Stream *self)
{
  guint kind = _below(self, 200);

  if (kind < 180)
    _observe(self);
  else if (kind < 197)
    _expire(self);
  else if (kind < 199)
    _move(self);
  else
    _restore(self);
}

static void
_init(Stream *self, guint32 seed)
{
  PkOptions options;

  *self = (Stream){ .rand = g_rand_new_with_seed(seed), .time = START, .arrival = START };
  pk_options_init(&options);
  cr_assert(pk_options_check(&options, NULL));
  pk_rule_init(&self->config.rule, &options);
  pk_options_clear(&options);
  self->config.memory = (PkMemoryRule){ .seconds = 3600, .salt = 1, .scanner_ports_min = 16 };
  self->config.network = (PkNetworkRule){ .salt = G_GUINT64_CONSTANT(0x9e3779b97f4a7c15), .prefix = 64 };
  self->config.ledger.capacity = 8;
  self->config.ledger.secret = self->config.secret;
  self->config.sources = 24;
  self->config.windows = 12;
  self->config.memories = self->config.crowd = 8;
  if (_below(self, 2))
    self->config.sequences = pk_sequences_new_built_in(NULL);
  self->sources = 4 + _below(self, 60);
  self->ports = 2 + _below(self, 12);
  self->dests = 1 + _below(self, _below(self, 2) ? 2 : 20);
  self->shard = _begin_anew(self);
}

static void
_clear(Stream *self)
{
  pk_shard_free(self->shard);
  if (self->config.sequences)
    pk_sequences_unref(self->config.sequences);
  g_rand_free(self->rand);
}

Test(shard, its_tables_agree_and_every_hit_is_accounted_for_after_random_operations)
{
  for (guint32 seed = 1; seed <= STREAMS; seed++)
    {
      Stream stream;

      _init(&stream, seed);
      for (guint step = 0; step < STEPS; step++)
        {
          _step(&stream);
          _expect_tables(&stream, seed, step);
        }
      _clear(&stream);
    }
}
