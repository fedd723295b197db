/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/sources.h"

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

Test(sources, a_new_record_is_clear_but_for_its_key)
{
  PkSource *source;

  source = pk_sources_get(sources, _insert(1, 5));
  source->memory = 99;
  source->single.packets = 7;
  pk_sources_remove(sources, _find(1, 5));
  source = pk_sources_get(sources, _insert(2, 6));
  cr_expect_eq(source->memory, 0);
  cr_expect_eq(source->single.packets, 0);
  cr_expect_eq(source->window, PK_INDEX_NONE);
  cr_expect_eq(source->hash, 6);
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

Test(sources, it_agrees_with_a_plain_list_over_random_inserts_and_removals)
{
  GRand *rand = g_rand_new_with_seed(4);
  guint32 index_of[256];

  memset(index_of, 0xff, sizeof(index_of));
  for (guint step = 0; step < 200000; step++)
    {
      guint number = (guint) g_rand_int_range(rand, 0, G_N_ELEMENTS(index_of));
      guint64 hash = number % 7 * 3; /* many collisions */

      cr_assert_eq(_find(number, hash), index_of[number], "step %u", step);
      if (index_of[number] != PK_INDEX_NONE)
        {
          pk_sources_remove(sources, index_of[number]);
          index_of[number] = PK_INDEX_NONE;
        }
      else if (!pk_sources_is_full(sources))
        index_of[number] = _insert(number, hash);
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
  pk_sources_get(sources, _find(0, 0))->touched = TRUE;
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

  cr_expect_eq(pk_sources_find_victim(sources), 0);
  pk_sources_set_window(sources, source, 5);
  cr_expect_eq(pk_sources_find_victim(sources), PK_INDEX_NONE);
  pk_sources_set_window(sources, source, PK_INDEX_NONE);
  cr_expect_eq(pk_sources_find_victim(sources), 0);
}

Test(sources, removing_from_anywhere_keeps_the_queue)
{
  GRand *rand = g_rand_new_with_seed(9);
  guint next = 0, live = 0;

  for (guint step = 0; step < 100000; step++)
    {
      guint32 index = (guint32) g_rand_int_range(rand, 0, CAPACITY);

      if (live < CAPACITY && g_rand_boolean(rand))
        {
          _insert(next & 0xffff, next);
          next++;
          live++;
        }
      else if (index < pk_sources_end(sources) && pk_sources_get(sources, index)->live)
        {
          if (g_rand_boolean(rand))
            pk_sources_set_window(sources, pk_sources_get(sources, index), g_rand_boolean(rand) ? 1 : PK_INDEX_NONE);
          else
            {
              pk_sources_remove(sources, index);
              live--;
            }
        }
    }
  for (guint32 victim; (victim = pk_sources_find_victim(sources)) != PK_INDEX_NONE; live--)
    {
      cr_assert_eq(pk_sources_get(sources, victim)->window, PK_INDEX_NONE);
      pk_sources_remove(sources, victim);
    }
  for (guint32 i = 0; i < pk_sources_end(sources); i++)
    live -= pk_sources_get(sources, i)->live;
  cr_expect_eq(live, 0);
  g_rand_free(rand);
}
