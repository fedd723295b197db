/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/sources.h"
#include "scan/address.h"

#define CAPACITY 64

static PkSources *sources;

static void
_begin(void)
{
  sources = pk_sources_new(CAPACITY);
}

static void
_end(void)
{
  pk_sources_free(sources);
}

TestSuite(sources, .init = _begin, .fini = _end);

static PkAddr
_addr(guint number)
{
  return (PkAddr){ { 0x20, 0x01, 0x0d, 0xb8, [14] = (guint8) (number >> 8), [15] = (guint8) number } };
}

static guint32
_insert(guint number, guint64 hash)
{
  return pk_sources_insert(sources, hash, &(PkAddr[]){ _addr(number) }[0]);
}

static guint32
_find(guint number, guint64 hash)
{
  return pk_sources_find(sources, hash, &(PkAddr[]){ _addr(number) }[0]);
}

Test(sources, what_was_inserted_is_found_and_nothing_else_is)
{
  guint32 index = _insert(1, 77);

  cr_expect_eq(_find(1, 77), index);
  cr_expect_eq(_find(2, 77), PK_INDEX_NONE, "same hash, other address");
  cr_expect_eq(_find(1, 78), PK_INDEX_NONE, "same address, other scope");
}

static PkHit
_make_hit(guint8 protocol)
{
  PkHit hit = {
    .time_usec = G_GINT64_CONSTANT(1795305600123456),
    .arrival_usec = G_GINT64_CONSTANT(1795305601654321),
    .dest = _addr(77),
    .uptime_usec = 4000001234,
    .host = (1u << PK_NAME_ID_BITS) - 1,
    .packets = 1000000,
    .port = { .protocol = protocol, .port = 65535 },
    .retransmits = 15,
    .flags = 0x7f & ~PK_HIT_HAS_UPTIME,
  };

  return hit;
}

Test(sources, a_new_record_is_clear_but_for_its_key)
{
  PkHit hit = _make_hit(PK_PROTO_TCP);
  PkSource *source;

  source = pk_sources_get(sources, _insert(1, 5));
  pk_source_set_hit(source, &hit);
  pk_sources_remove(sources, _find(1, 5));
  source = pk_sources_get(sources, _insert(2, 6));
  cr_expect_eq(source->packets, 0);
  cr_expect_eq(pk_source_window(source), PK_INDEX_NONE);
  cr_expect_eq(source->hash, 6);
}

static void
_expect_kept(const PkHit *hit)
{
  PkSource *source = pk_sources_get(sources, _insert(1, 5));
  PkHit kept;

  pk_source_set_hit(source, hit);
  pk_source_get_hit(source, hit->uptime_usec + 2000000, &kept);
  cr_expect_eq(kept.time_usec, hit->time_usec);
  cr_expect_eq(kept.arrival_usec, hit->arrival_usec);
  cr_expect(pk_addr_equals(&kept.dest, &hit->dest));
  cr_expect_eq(kept.uptime_usec, hit->uptime_usec);
  cr_expect_eq(kept.host, hit->host);
  cr_expect_eq(kept.packets, hit->packets);
  cr_expect(pk_port_equals(&kept.port, &hit->port));
  cr_expect_eq(kept.source_port, hit->source_port);
  cr_expect_eq(kept.retransmits, hit->retransmits);
  cr_expect_eq(kept.flags, hit->flags);
  pk_sources_remove(sources, _find(1, 5));
}

Test(sources, the_hit_of_a_record_is_kept_whole)
{
  PkHit tcp = _make_hit(PK_PROTO_TCP), icmp = _make_hit(PK_PROTO_ICMPV6);

  tcp.source_port = 54321;
  _expect_kept(&tcp);
  icmp.port.icmp_type = 128;
  icmp.port.icmp_code = 255;
  _expect_kept(&icmp);
}

Test(sources, what_does_not_fit_into_a_record_is_cut)
{
  PkSource *source = pk_sources_get(sources, _insert(1, 5));
  PkHit hit = _make_hit(PK_PROTO_TCP);

  hit.time_usec = G_MAXINT64;
  hit.arrival_usec = G_MININT64;
  hit.packets = G_MAXUINT32;
  hit.retransmits = G_MAXUINT16;
  pk_source_set_hit(source, &hit);
  pk_source_get_hit(source, 0, &hit);
  cr_expect_eq(hit.time_usec, (G_GINT64_CONSTANT(1) << 52) - 1);
  cr_expect_eq(hit.arrival_usec, 0);
  cr_expect_eq(hit.packets, (1 << 20) - 1);
  cr_expect_eq(hit.retransmits, 15);
}

Test(sources, it_is_full_at_its_capacity)
{
  cr_expect(pk_sources_is_empty(sources));
  for (guint i = 0; i < CAPACITY; i++)
    {
      cr_expect(!pk_sources_is_full(sources));
      _insert(i, i);
    }
  cr_expect(pk_sources_is_full(sources));
  cr_expect_eq(pk_sources_end(sources), CAPACITY);
}

Test(sources, a_table_full_of_equal_hashes_works)
{
  for (guint i = 0; i < CAPACITY; i++)
    _insert(i, 42);
  for (guint i = 0; i < CAPACITY; i += 2)
    pk_sources_remove(sources, _find(i, 42));
  for (guint i = 0; i < CAPACITY; i++)
    cr_expect_eq(_find(i, 42) == PK_INDEX_NONE, i % 2 == 0, "%u", i);
}

/* A record may move when another one is inserted. */
static void
_compare(guint number, guint64 hash, gboolean is_there)
{
  guint32 index = _find(number, hash);

  cr_assert_eq(index != PK_INDEX_NONE, is_there);
  if (is_there)
    cr_assert(pk_addr_equals(&pk_sources_get(sources, index)->address, &(PkAddr[]){ _addr(number) }[0]));
}

Test(sources, it_agrees_with_a_plain_list_over_random_inserts_and_removals)
{
  GRand *rand = g_rand_new_with_seed(4);
  gboolean is_there[256] = { FALSE };

  for (guint step = 0; step < 200000; step++)
    {
      guint number = (guint) g_rand_int_range(rand, 0, G_N_ELEMENTS(is_there));
      guint64 hash = number % 7 * 3; /* many collisions */

      _compare(number, hash, is_there[number]);
      if (is_there[number])
        {
          pk_sources_remove(sources, _find(number, hash));
          is_there[number] = FALSE;
        }
      else if (!pk_sources_is_full(sources))
        {
          _insert(number, hash);
          is_there[number] = TRUE;
        }
      _compare(number, hash, is_there[number]);
    }
  g_rand_free(rand);
}

Test(sources, the_oldest_gives_way)
{
  for (guint i = 0; i < CAPACITY; i++)
    _insert(i, i);
  for (guint i = 0; i < 3 * CAPACITY; i++)
    {
      guint32 victim = pk_sources_find_victim(sources);

      cr_assert_eq(pk_sources_get(sources, victim)->hash, i);
      pk_sources_remove(sources, victim);
      _insert(CAPACITY + i, CAPACITY + i);
    }
}

Test(sources, one_that_was_touched_goes_to_the_end_once)
{
  for (guint i = 0; i < 3; i++)
    _insert(i, i);
  pk_sources_get(sources, _find(0, 0))->is_touched = TRUE;
  for (guint i = 0; i < 3; i++)
    {
      static const guint64 order[] = { 1, 2, 0 };
      guint32 victim = pk_sources_find_victim(sources);

      cr_expect_eq(pk_sources_get(sources, victim)->hash, order[i]);
      pk_sources_remove(sources, victim);
    }
}

Test(sources, one_with_a_window_gives_no_way_until_it_has_none)
{
  PkSource *source = pk_sources_get(sources, _insert(0, 0));
  PkHit hit = _make_hit(PK_PROTO_TCP);

  cr_expect_eq(pk_sources_find_victim(sources), 0);
  pk_source_set_window(source, 5, 0, 0);
  cr_expect_eq(pk_sources_find_victim(sources), PK_INDEX_NONE);
  pk_source_end_window(source, &hit);
  cr_expect_eq(pk_sources_find_victim(sources), 0);
}

/* Whoever else goes, and wherever that was: as when a network drives out its own, or a window goes with its source. */
Test(sources, a_new_one_lives_as_long_as_fewer_new_ones_come_than_there_are_without_a_window)
{
  GRand *rand = g_rand_new_with_seed(9);
  guint with_window = 0;

  for (guint i = 0; i < CAPACITY; i++)
    _insert(i, i);
  for (guint step = CAPACITY; step < 20000; step++)
    {
      guint32 victim = (guint32) g_rand_int_range(rand, 0, CAPACITY);

      if (g_rand_boolean(rand))
        {
          victim = pk_sources_find_victim(sources);
          cr_assert_geq(step - pk_sources_get(sources, victim)->hash, CAPACITY - CAPACITY / 4);
        }
      with_window -= pk_sources_get(sources, victim)->has_window;
      pk_sources_remove(sources, victim);
      _insert(step & 0xffff, step);
      if (with_window < CAPACITY / 4 && g_rand_int_range(rand, 0, 8) == 0)
        {
          pk_source_set_window(pk_sources_get(sources, _find(step & 0xffff, step)), 1, step, step);
          with_window++;
        }
    }
  g_rand_free(rand);
}

/* Time is bounded, whatever was touched: a few hundred records are passed by, not all. */
Test(sources, a_victim_is_found_though_all_were_touched)
{
  for (guint i = 0; i < CAPACITY; i++)
    pk_sources_get(sources, _insert(i, i))->is_touched = TRUE;
  for (guint i = 0; i < CAPACITY; i++)
    {
      guint32 victim = pk_sources_find_victim(sources);

      cr_assert_neq(victim, PK_INDEX_NONE);
      pk_sources_remove(sources, victim);
    }
  cr_expect(pk_sources_is_empty(sources));
  cr_expect_eq(pk_sources_find_victim(sources), PK_INDEX_NONE);
}
