/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/memory.h"

static const PkMemoryRule RULE = { .seconds = 3600,
                                   .salt = G_GUINT64_CONSTANT(0x9e3779b97f4a7c15),
                                   .scanner_ports_min = 16 };

#define NOW 1795305600u

static PkPort
_port(guint16 number)
{
  return (PkPort){ .protocol = PK_PROTO_TCP, .port = number };
}

static PkAddr
_dest(guint8 number)
{
  return (PkAddr){ { [10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = number } };
}

static void
_touch(PkMemory *memory, guint16 port, guint8 dest, guint32 now_sec)
{
  PkPort touched = _port(port);
  PkAddr towards = _dest(dest);

  pk_memory_add(memory, &RULE, &touched, &towards, now_sec);
}

static guint
_count_beside(const PkMemory *memory, guint16 port)
{
  PkPort own = _port(port);

  return pk_memory_count_other_ports(memory, &RULE, &own, 1);
}

Test(memory, nothing_is_remembered_of_who_did_nothing)
{
  PkMemory memory = { 0 };
  PkAddr dest = _dest(1);

  cr_expect_eq(_count_beside(&memory, 22), 0);
  cr_expect_eq(pk_memory_count_other_dests(&memory, &RULE, &dest), 0);
  cr_expect(!pk_memory_is_scanner(&memory, &RULE, NOW));
  cr_expect(!pk_memory_had_sequence(&memory, &RULE, NOW));
}

Test(memory, own_ports_and_destination_are_not_counted_and_others_are_once)
{
  PkMemory memory = { 0 };
  PkAddr dest = _dest(1);

  _touch(&memory, 7000, 1, NOW);
  _touch(&memory, 7000, 1, NOW + 1);
  cr_expect_eq(_count_beside(&memory, 7000), 0);
  cr_expect_eq(pk_memory_count_other_dests(&memory, &RULE, &dest), 0);
  _touch(&memory, 8000, 2, NOW + 2);
  _touch(&memory, 8000, 2, NOW + 3);
  cr_expect_eq(_count_beside(&memory, 7000), 1);
  cr_expect_eq(pk_memory_count_other_dests(&memory, &RULE, &dest), 1);
}

Test(memory, a_port_of_another_protocol_is_another_port)
{
  PkMemory memory = { 0 };
  PkPort udp = { .protocol = PK_PROTO_UDP, .port = 7000 };

  _touch(&memory, 7000, 1, NOW);
  cr_expect_eq(pk_memory_count_other_ports(&memory, &RULE, &udp, 1), 1);
}

Test(memory, it_lasts_scan_memory_and_a_pause_of_more_ends_it)
{
  PkMemory memory = { 0 };

  _touch(&memory, 7000, 1, NOW);
  _touch(&memory, 8000, 1, NOW + 3600);
  cr_expect_eq(_count_beside(&memory, 8000), 1);
  _touch(&memory, 9000, 1, NOW + 3600 + 3601);
  cr_expect_eq(_count_beside(&memory, 9000), 0);
}

Test(memory, a_source_that_never_pauses_is_forgotten_by_and_by)
{
  PkMemory memory = { 0 };

  _touch(&memory, 7000, 1, NOW);
  for (guint32 i = 1; i <= 8; i++)
    _touch(&memory, 8000, 1, NOW + i * 1000);
  cr_expect_eq(_count_beside(&memory, 8000), 0);
}

Test(memory, many_ports_make_a_scanner_however_slowly_they_come)
{
  PkMemory memory = { 0 };

  for (guint16 i = 0; i < 60; i++)
    _touch(&memory, (guint16) (1000 + 37 * i), 1, NOW + 50u * i);
  cr_expect(pk_memory_is_scanner(&memory, &RULE, NOW + 3000));
}

Test(memory, they_make_none_any_more_when_they_are_older_than_scan_memory)
{
  PkMemory memory = { 0 };

  for (guint16 i = 0; i < 60; i++)
    _touch(&memory, (guint16) (1000 + 37 * i), 1, NOW + 50u * i);
  cr_expect(pk_memory_is_scanner(&memory, &RULE, NOW + 2950 + 3600));
  cr_expect(!pk_memory_is_scanner(&memory, &RULE, NOW + 2950 + 3601));
}

Test(memory, a_scanner_stays_one_for_scan_memory)
{
  PkMemory memory = { 0 };

  pk_memory_add_scan(&memory, NOW);
  cr_expect(pk_memory_is_scanner(&memory, &RULE, NOW + 3600));
  cr_expect(!pk_memory_is_scanner(&memory, &RULE, NOW + 3601));
}

Test(memory, a_sequence_is_remembered_for_scan_memory)
{
  PkMemory memory = { 0 };

  pk_memory_add_sequence(&memory, NOW);
  cr_expect(pk_memory_had_sequence(&memory, &RULE, NOW + 3600));
  cr_expect(!pk_memory_had_sequence(&memory, &RULE, NOW + 3601));
}

/* Connections, and the timer, overtake each other: a hit may have arrived before the one that was added last. */
Test(memory, a_hit_that_was_overtaken_forgets_nothing)
{
  PkMemory memory = { 0 };

  for (guint16 i = 0; i < 40; i++)
    _touch(&memory, (guint16) (1000 + 37 * i), (guint8) i, NOW + 10);
  pk_memory_add_scan(&memory, NOW + 10);
  pk_memory_add_sequence(&memory, NOW + 10);
  cr_expect(pk_memory_is_scanner(&memory, &RULE, NOW + 9));
  cr_expect(pk_memory_had_sequence(&memory, &RULE, NOW + 9));
  _touch(&memory, 9000, 1, NOW + 9);
  cr_expect_geq(_count_beside(&memory, 9000), 16);
  _touch(&memory, 9000, 1, NOW + 10 + 3600);
  cr_expect_geq(_count_beside(&memory, 9000), 16, "it was seen last at NOW + 10, not before");
}

Test(memory, a_clock_that_was_set_back_by_more_than_scan_memory_begins_anew)
{
  PkMemory memory = { 0 };

  _touch(&memory, 7000, 1, NOW + 7200);
  pk_memory_add_scan(&memory, NOW + 7200);
  _touch(&memory, 9000, 1, NOW);
  cr_expect_eq(_count_beside(&memory, 9000), 0);
  cr_expect(!pk_memory_is_scanner(&memory, &RULE, NOW));
}

static guint
_count_good_salts(GRand *rand, guint n)
{
  guint good = 0;

  for (guint i = 0; i < n; i++)
    good += pk_memory_is_good_salt((guint64) g_rand_int(rand) << 32 | g_rand_int(rand) | 1);
  return good;
}

Test(memory, a_salt_that_puts_a_row_of_ports_on_one_bit_is_no_good_one)
{
  cr_expect(pk_memory_is_good_salt(RULE.salt));
  cr_expect(!pk_memory_is_good_salt(1));
  cr_expect(!pk_memory_is_good_salt(G_MAXUINT64));
  /* 3 * this is 2^64 + 1: every third port of a row is on the same bit. */
  cr_expect(!pk_memory_is_good_salt(G_GUINT64_CONSTANT(0xaaaaaaaaaaaaaaab)));
}

Test(memory, a_good_salt_is_soon_found)
{
  GRand *rand = g_rand_new_with_seed(5);
  guint good = _count_good_salts(rand, 10000);

  cr_expect(good > 3000 && good < 9000, "%u of 10000", good);
  g_rand_free(rand);
}

/* With any salt, three in a hundred had one bit or two for four ports in a row. */
Test(memory, with_a_good_salt_who_tries_a_row_of_ports_is_counted_in_full)
{
  GRand *rand = g_rand_new_with_seed(6);

  for (guint i = 0; i < 2000; i++)
    {
      PkMemoryRule rule = RULE;
      PkMemory memory = { 0 };
      PkAddr dest = _dest(1);
      guint counted;

      do
        rule.salt = (guint64) g_rand_int(rand) << 32 | g_rand_int(rand) | 1;
      while (!pk_memory_is_good_salt(rule.salt));
      for (guint port = 7000; port < 7008; port++)
        {
          PkPort touched = _port((guint16) port);

          pk_memory_add(&memory, &rule, &touched, &dest, NOW);
        }
      counted = pk_memory_count_other_ports(&memory, &rule, NULL, 0);
      cr_expect_eq(counted, 8, "salt %" G_GINT64_MODIFIER "x: %u of 8", rule.salt, counted);
    }
  g_rand_free(rand);
}
