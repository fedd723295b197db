/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/plain-sets.h"
#include "engine/windows.h"

/* Windows under random operations: after each, every set is what follows from the hits, and no hit is lost. */

#define START G_GINT64_CONSTANT(1795305600000000)
#define MSEC 1000
#define STREAMS 400
#define STEPS 250

/* A window that lies in one of two blocks. */
typedef struct _Stream
{
  GRand *rand;
  PkRule rule;
  PkWindow window;
  guint64 blocks[2][PK_WINDOW_BLOCK_BYTES(PK_HITS_MAX) / sizeof(guint64)];
  guint block;
  gint64 time, arrival;
  guint ports, dests;
  guint expected; /* hits */
  PkOutcome outcome;
} Stream;

static guint
_below(Stream *self, guint limit)
{
  return (guint) g_rand_int_range(self->rand, 0, (gint) limit);
}

static PkHit
_make_hit(Stream *self)
{
  static const gint64 gaps[] = { 0, 0, 0, 1, 1000, 5000, 10000, 30000, 30001, 90000 };
  gint64 gap = gaps[_below(self, _below(self, 4) ? 5 : G_N_ELEMENTS(gaps))] * MSEC;
  PkHit hit = { .packets = 1, .host = 1 + _below(self, 2) };

  self->time += gap;
  self->arrival += _below(self, 30) ? gap : -gap;
  hit.time_usec = self->time - (_below(self, 4) ? 0 : gaps[_below(self, G_N_ELEMENTS(gaps))] * MSEC);
  hit.arrival_usec = self->arrival;
  hit.dest.bytes[15] = (guint8) _below(self, self->dests);
  hit.port.protocol = _below(self, 4) ? PK_PROTO_TCP : PK_PROTO_ICMP;
  hit.port.port = (guint16) _below(self, self->ports);
  if (hit.port.protocol == PK_PROTO_ICMP)
    hit.port.icmp_type = (guint8) _below(self, 2);
  else if (_below(self, 2))
    {
      hit.flags |= PK_HIT_HAS_SOURCE_PORT;
      hit.source_port = (guint16) _below(self, 3);
    }
  if (_below(self, 2))
    {
      hit.flags |= PK_HIT_HAS_UPTIME;
      hit.uptime_usec = _below(self, 5) - 2u;
    }
  return hit;
}

static void
_move(Stream *self, guint capacity)
{
  self->block ^= 1;
  pk_window_move(&self->window, self->blocks[self->block], capacity);
}

static void
_add(Stream *self)
{
  PkHit hit = _make_hit(self);
  PkOutcome *outcome = &self->outcome;

  if (self->window.capacity < PK_HITS_MAX && pk_window_needs_place(&self->window, &self->rule, &hit))
    _move(self, PK_HITS_MAX);
  pk_outcome_init(outcome);
  pk_window_add(&self->window, &self->rule, &hit, outcome);
  cr_assert_eq(outcome->added + outcome->late + outcome->repeated, 1);
  cr_assert(!outcome->added || (self->window.used & pk_bit(outcome->place)));
  self->expected += (guint) outcome->added - outcome->slid_out - outcome->pushed_out;
}

static void
_judge(Stream *self)
{
  PkAddr dest;

  pk_outcome_init(&self->outcome);
  if (_below(self, 2))
    pk_window_expire(&self->window, &self->rule, self->arrival + _below(self, 20000) * MSEC, &self->outcome);
  else if (pk_window_find_complete(&self->window, &self->rule, NULL, &dest))
    pk_window_judge(&self->window, &dest, &self->outcome);
}

/* Some hits towards one destination, as if they were a known sequence. */
static void
_judge_sequence(Stream *self)
{
  PkPort ports[PK_HITS_MAX];
  guint8 places[PK_HITS_MAX];
  guint place, n, first;

  if (self->window.n == 0)
    return;
  place = pk_place_at(&self->window, _below(self, self->window.n));
  n = pk_window_list_hits(&self->window, place, ports, places);
  if (n == 0)
    return;
  first = _below(self, n);
  pk_outcome_init(&self->outcome);
  pk_window_judge_sequence(&self->window, places[first], places[first + _below(self, n - first)], &self->outcome);
  cr_assert_eq(self->outcome.n_judgements, 1);
}

static void
_remove(Stream *self)
{
  if (self->window.n == 0)
    return;
  pk_window_remove(&self->window, pk_place_at(&self->window, _below(self, self->window.n)));
  self->expected--;
}

static void
_step(Stream *self)
{
  guint kind = _below(self, 40);

  if (kind < 30)
    _add(self);
  else if (kind < 33)
    _judge(self);
  else if (kind < 35)
    _judge_sequence(self);
  else if (kind < 37)
    _move(self, self->window.n <= PK_WINDOW_FEW && _below(self, 2) ? PK_WINDOW_FEW : PK_HITS_MAX);
  else
    _remove(self);
}

static void
_run(guint32 seed)
{
  GRand *rand = g_rand_new_with_seed(seed);
  Stream *self = g_new0(Stream, 1);
  PkOptions options;

  pk_options_init(&options);
  cr_assert(pk_options_check(&options, NULL));
  pk_rule_init(&self->rule, &options);
  pk_options_clear(&options);
  self->rand = rand;
  self->time = self->arrival = START;
  self->ports = 1 + _below(self, 14);
  self->dests = 1 + _below(self, _below(self, 2) ? 3 : 40);
  pk_window_init(&self->window, self->blocks[0], _below(self, 2) ? PK_WINDOW_FEW : PK_HITS_MAX);
  for (guint step = 0; step < STEPS; step++)
    {
      const gchar *fault;

      _step(self);
      fault = plain_find_fault(&self->window);
      cr_assert_null(fault, "seed %u, step %u: %s", seed, step, fault);
      cr_assert_eq(self->window.n, self->expected, "seed %u, step %u: %u hits of %u", seed, step, self->window.n,
                   self->expected);
    }
  g_free(self);
  g_rand_free(rand);
}

Test(window_hits, every_set_follows_from_the_hits_after_random_operations)
{
  for (guint32 seed = 1; seed <= STREAMS; seed++)
    _run(seed);
}
