/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/crowd.h"

#define MEMORY 3600
#define NOW 1795305600u

static PkCrowd *crowd;

static void
_begin(void)
{
  crowd = pk_crowd_new(4, MEMORY);
}

static void
_end(void)
{
  pk_crowd_free(crowd);
}

TestSuite(crowd, .init = _begin, .fini = _end);

static PkCrowdFacts
_send(guint64 sequence, guint32 source, guint32 dest, guint32 now_sec)
{
  PkCrowdFacts facts;

  pk_crowd_add_sequence(crowd, sequence, source, dest, now_sec, &facts);
  return facts;
}

static void
_expect(PkCrowdFacts facts, guint sources, guint dests)
{
  cr_expect_eq(facts.sources, sources, "%u sources", facts.sources);
  cr_expect_eq(facts.dests, dests, "%u destinations", facts.dests);
}

Test(crowd, sources_and_destinations_of_a_sequence_are_counted_once_each)
{
  _expect(_send(1, 10, 20, NOW), 1, 1);
  _expect(_send(1, 10, 20, NOW + 1), 1, 1);
  _expect(_send(1, 11, 20, NOW + 2), 2, 1);
  _expect(_send(1, 12, 21, NOW + 3), 3, 2);
  _expect(_send(2, 12, 21, NOW + 3), 1, 1);
}

Test(crowd, counting_stops_where_the_answer_is_clear)
{
  PkCrowdFacts facts = { 0 };

  for (guint32 i = 1; i <= 50; i++)
    facts = _send(1, i, i, NOW);
  _expect(facts, 9, 2);
}

Test(crowd, who_was_not_seen_for_scan_memory_no_longer_counts)
{
  _send(1, 10, 20, NOW);
  _expect(_send(1, 11, 20, NOW + MEMORY), 2, 1);
  _expect(_send(1, 12, 20, NOW + MEMORY + 1), 2, 1);
}

Test(crowd, a_service_is_open_for_scan_memory_after_it_was_reached_last)
{
  cr_expect(!pk_crowd_has_service(crowd, 5, NOW));
  pk_crowd_add_service(crowd, 5, NOW);
  cr_expect(pk_crowd_has_service(crowd, 5, NOW + MEMORY));
  cr_expect(!pk_crowd_has_service(crowd, 6, NOW));
  cr_expect(!pk_crowd_has_service(crowd, 5, NOW + MEMORY + 1));
}

/* Connections overtake each other. */
Test(crowd, what_arrived_a_moment_later_counts_already)
{
  _send(1, 10, 20, NOW + 1);
  _send(1, 11, 21, NOW + 1);
  _expect(_send(1, 12, 20, NOW), 3, 2);
  pk_crowd_add_service(crowd, 5, NOW + 1);
  cr_expect(pk_crowd_has_service(crowd, 5, NOW));
  cr_expect(!pk_crowd_has_service(crowd, 5, NOW - MEMORY), "the clock was set back");
}

Test(crowd, both_tables_are_bounded_and_what_gives_way_is_counted)
{
  for (guint64 key = 1; key <= 6; key++)
    {
      _send(key, 1, 1, NOW);
      pk_crowd_add_service(crowd, key, NOW);
    }
  cr_expect_eq(pk_crowd_count_evicted(crowd), 4);
  cr_expect(!pk_crowd_has_service(crowd, 1, NOW));
  cr_expect(pk_crowd_has_service(crowd, 6, NOW));
}

static void
_copy_sequence(guint64 key, gpointer dest)
{
  pk_crowd_copy_sequence(crowd, key, dest);
}

static void
_copy_service(guint64 key, gpointer dest)
{
  pk_crowd_copy_service(crowd, key, dest);
}

Test(crowd, what_is_moved_goes_on_as_before)
{
  PkCrowd *moved = pk_crowd_new(4, MEMORY);
  PkCrowdFacts facts;

  _send(1, 10, 20, NOW);
  pk_crowd_add_service(crowd, 5, NOW);
  pk_crowd_each_sequence(crowd, _copy_sequence, moved);
  pk_crowd_each_service(crowd, _copy_service, moved);
  pk_crowd_add_sequence(moved, 1, 11, 20, NOW + 1, &facts);
  _expect(facts, 2, 1);
  cr_expect(pk_crowd_has_service(moved, 5, NOW));
  pk_crowd_free(moved);
}
