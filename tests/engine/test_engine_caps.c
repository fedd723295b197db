/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/knocks.h"

/* What stays under attack, and what stays over a reload. */

#define SMALL 1024
#define SMALL_WINDOWS 64

static const gchar *const SMALLEST[] = { "max-sources", "1024", "max-windows", "64", NULL };
static Knocks knocks;
static const PkAddr KNOCKER = { { [10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 1 } };
static const PkAddr SERVER = { { [10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = 2 } };

static void
_begin_with(const gchar *const *settings)
{
  pk_engine_unref(knocks.engine);
  knocks.engine = knocks_new_engine(settings, NULL);
  knocks.n = 0;
}

static void
_begin(void)
{
  _begin_with(SMALLEST);
}

static void
_end(void)
{
  cr_expect(knocks_hits_add_up(&knocks));
  pk_engine_unref(knocks.engine);
}

TestSuite(engine_caps, .init = _begin, .fini = _end);

static void
_reload(const gchar *const *settings)
{
  PkEngine *engine = knocks_new_engine(settings, knocks.engine);

  pk_engine_unref(knocks.engine);
  knocks.engine = engine;
}

/* n sources, numbered from first on, with `ports` ports each. */
static void
_flood(guint32 first, guint32 n, guint ports, gint64 msec)
{
  for (guint32 i = 0; i < n; i++)
    for (guint port = 0; port < ports; port++)
      knocks_send(&knocks, knocks_v6(first + i), SERVER, (guint16) (1 + port), msec);
}

#define EXPECT_ALERTS(count) cr_expect_eq(knocks.n, (count), "%u alerts", knocks.n)

/* ---- hard caps ------------------------------------------------------------- */

Test(engine_caps, max_sources_and_max_windows_hold_under_ten_times_as_many)
{
  _flood(0, 10 * SMALL, 2, 0);
  cr_expect_leq(knocks_stats(&knocks).sources, SMALL);
  cr_expect_leq(knocks_stats(&knocks).windows, SMALL_WINDOWS);
  cr_expect_geq(knocks_stats(&knocks).evicted_sources, 9 * SMALL);
  cr_expect_gt(knocks_stats(&knocks).evicted_windows, 0);
  cr_expect_eq(knocks_stats(&knocks).hits, 20 * SMALL);
}

Test(engine_caps, they_hold_in_a_table_of_several_shards)
{
  static const gchar *const settings[] = { "max-sources", "20000", "max-windows", "5000", NULL };

  _begin_with(settings);
  _flood(0, 60000, 2, 0);
  cr_expect_leq(knocks_stats(&knocks).sources, 20000);
  cr_expect_leq(knocks_stats(&knocks).windows, 5000);
  cr_expect_geq(knocks_stats(&knocks).sources, 19900);
}

Test(engine_caps, memory_is_reserved_at_start_and_does_not_grow)
{
  guint64 before = knocks_stats(&knocks).reserved_bytes;

  cr_expect_gt(before, SMALL * 64);
  _flood(0, 10 * SMALL, 3, 0);
  cr_expect_eq(knocks_stats(&knocks).reserved_bytes, before);
}

Test(engine_caps, windows_for_every_source_do_not_make_new_sources_slow)
{
  static const gchar *const settings[] = { "max-sources", "131072", "max-windows", "131072", NULL };
  gint64 msec = 0;

  /* Eviction that looked at every source each time would need hours. */
  _begin_with(settings);
  _flood(0, 150000, 2, msec);
  _flood(1000000, 150000, 1, msec + 31000);
  cr_expect_leq(knocks_stats(&knocks).sources, 131072);
}

/* All have windows, and none is quiet: who comes new is not the only one to go. */
Test(engine_caps, a_new_source_outlives_the_next_ones_where_every_other_has_a_window)
{
  static const gchar *const settings[] = { "max-sources", "1024", "max-windows", "1024", NULL };

  _begin_with(settings);
  _flood(0, SMALL, 2, 0);
  cr_assert_eq(knocks_stats(&knocks).windows, SMALL);
  for (guint16 i = 0; i < 3; i++)
    {
      knocks_send(&knocks, KNOCKER, SERVER, 7000 + i, 1 + i);
      _flood(10000 + 10u * i, 10, 1, 1 + i);
    }
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
}

/* ---- the promise ----------------------------------------------------------- */

Test(engine_caps, a_knock_survives_nearly_as_many_new_sources_as_there_is_room_for)
{
  knocks_send(&knocks, KNOCKER, SERVER, 7000, 0);
  _flood(0, SMALL - 1, 1, 1);
  knocks_send(&knocks, KNOCKER, SERVER, 7001, 2);
  _flood(SMALL, SMALL - 1, 1, 3);
  knocks_send(&knocks, KNOCKER, SERVER, 7002, 4);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
}

Test(engine_caps, it_does_so_in_a_table_that_was_full_before)
{
  _flood(0, 5 * SMALL, 1, 0);
  _flood(0, 5 * SMALL, 1, 1);
  knocks_send(&knocks, KNOCKER, SERVER, 7000, 60000);
  _flood(10 * SMALL, SMALL - 1, 1, 60001);
  knocks_send(&knocks, KNOCKER, SERVER, 7001, 60002);
  knocks_send(&knocks, KNOCKER, SERVER, 7002, 60003);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(1);
}

Test(engine_caps, it_does_so_where_old_windows_fill_the_table)
{
  static const gchar *const settings[] = { "max-sources", "1024", "max-windows", "1024", NULL };

  _begin_with(settings);
  _flood(0, SMALL - 10, 2, 0);
  knocks_send(&knocks, KNOCKER, SERVER, 7000, 60000);
  _flood(10 * SMALL, SMALL / 2, 1, 60001);
  knocks_send(&knocks, KNOCKER, SERVER, 7001, 60002);
  knocks_send(&knocks, KNOCKER, SERVER, 7002, 60003);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(1);
}

Test(engine_caps, a_knock_survives_nearly_as_many_two_port_sources_as_there_are_windows)
{
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 2, 0);
  _flood(0, SMALL_WINDOWS - 1, 2, 10);
  knocks_send(&knocks, KNOCKER, SERVER, 7002, 20);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
}

Test(engine_caps, it_does_so_where_older_windows_have_more_ports)
{
  _flood(0, SMALL_WINDOWS, 8, 0);
  knocks_tick(&knocks, 59000);
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 2, 60000);
  _flood(10 * SMALL, SMALL_WINDOWS - 1, 2, 60010);
  knocks_send(&knocks, KNOCKER, SERVER, 7002, 60020);
  knocks_tick(&knocks, 80000);
  cr_expect_geq(knocks.n, 1);
  cr_expect_arr_eq(&knocks.alerts[MIN(knocks.n, 64) - 1].source, &KNOCKER, sizeof(PkAddr));
}

Test(engine_caps, three_ports_outlive_any_number_of_two)
{
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, 0);
  _flood(0, 10 * SMALL_WINDOWS, 2, 10);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
}

/* One packet is enough, a second one earns a window. */
Test(engine_caps, whoever_sends_from_all_of_an_ipv6_network_drives_out_his_own)
{
  static const gchar *const settings[] = { "max-sources", "1024", "max-windows", "64", "ipv6-prefix", "64", NULL };

  for (guint ports = 1; ports <= 2; ports++)
    {
      _begin_with(settings);
      knocks_send(&knocks, KNOCKER, SERVER, 7000, 0);
      _flood(0, 20 * SMALL, ports, 1);
      knocks_send(&knocks, KNOCKER, SERVER, 7001, 2);
      _flood(20 * SMALL, 20 * SMALL, ports, 3);
      knocks_send(&knocks, KNOCKER, SERVER, 7002, 4);
      knocks_tick(&knocks, 20000);
      EXPECT_ALERTS(1);
    }
}

#define DAY_MSEC 86400000

/* The relay's clock was a day ahead; of each source three ports towards three hosts, which are no candidate. */
Test(engine_caps, windows_from_before_the_clock_was_set_back_are_quiet)
{
  for (guint32 i = 0; i < SMALL_WINDOWS; i++)
    for (guint8 dest = 1; dest <= 3; dest++)
      knocks_send(&knocks, knocks_v6(i), knocks_v4(198, 51, 100, dest), dest, DAY_MSEC);
  cr_assert_eq(knocks_stats(&knocks).windows, SMALL_WINDOWS);
  knocks_tick(&knocks, DAY_MSEC);
  knocks_tick(&knocks, 0);
  knocks_tick(&knocks, 99000);
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, 100000);
  knocks_tick(&knocks, 120000);
  EXPECT_ALERTS(1);
}

Test(engine_caps, a_candidate_from_before_the_clock_was_set_back_settles)
{
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, DAY_MSEC);
  knocks_tick(&knocks, DAY_MSEC);
  knocks_tick(&knocks, 0);
  EXPECT_ALERTS(0);
  knocks_tick(&knocks, 13000);
  EXPECT_ALERTS(1);
}

Test(engine_caps, a_cooldown_from_before_the_clock_was_set_back_ends)
{
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, DAY_MSEC);
  knocks_tick(&knocks, DAY_MSEC + 20000);
  EXPECT_ALERTS(1);
  knocks_tick(&knocks, 0);
  for (gint64 msec = 100000; msec <= 400000; msec += 300000)
    {
      knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, msec);
      knocks_tick(&knocks, msec + 20000);
    }
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].repeats, 1);
}

Test(engine_caps, a_cooldown_outlives_the_source_it_is_of)
{
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 11000);
  _flood(0, 5 * SMALL, 1, 20000);
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, 100000);
  knocks_tick(&knocks, 111000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks_stats(&knocks).in_cooldown, 1);
}

/* ---- reload ---------------------------------------------------------------- */

static const gchar *const DEFAULTS[] = { NULL };

Test(engine_caps, a_reload_keeps_knocks_that_are_half_finished)
{
  knocks_send(&knocks, KNOCKER, SERVER, 7000, 0);
  _reload(DEFAULTS);
  knocks_send(&knocks, KNOCKER, SERVER, 7001, 1);
  _reload(SMALLEST);
  knocks_send(&knocks, KNOCKER, SERVER, 7002, 2);
  _reload(SMALLEST);
  knocks_tick(&knocks, 11000);
  EXPECT_ALERTS(1);
  cr_expect_str_eq(knocks.alerts[0].hosts[0], "gw");
}

Test(engine_caps, a_reload_keeps_names_of_scopes_and_hosts)
{
  PkEvent event;

  for (guint16 port = 7000; port < 7003; port++)
    {
      knocks_init_event(&event, KNOCKER, SERVER, port, 0);
      knocks_observe_from(&knocks, &event, port == 7000 ? "gw1" : "gw2", "tenant", 0);
    }
  _reload(DEFAULTS);
  knocks_tick(&knocks, 11000);
  EXPECT_ALERTS(1);
  cr_expect_str_eq(knocks.alerts[0].scope, "tenant");
  cr_expect_eq(knocks.alerts[0].n_hosts, 2);
  cr_expect_str_eq(knocks.alerts[0].hosts[0], "gw2");
  cr_expect_str_eq(knocks.alerts[0].hosts[1], "gw1");
}

Test(engine_caps, a_reload_keeps_cooldowns_and_what_they_counted)
{
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 11000);
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, 60000);
  knocks_tick(&knocks, 71000);
  _reload(DEFAULTS);
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, 120000);
  knocks_tick(&knocks, 131000);
  EXPECT_ALERTS(1);
  knocks_tick(&knocks, 311000);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].repeats, 2);
}

Test(engine_caps, a_reload_keeps_scanners)
{
  knocks_send_many(&knocks, KNOCKER, SERVER, 1, 9, 0);
  _reload(DEFAULTS);
  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, 60000);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(0);
  cr_expect_eq(knocks_stats(&knocks).below_confidence, 1);
}

Test(engine_caps, a_reload_keeps_retransmissions_of_what_was_judged_silent)
{
  PkEvent event;

  for (guint round = 0; round < 2; round++)
    {
      for (guint16 port = 7000; port < 7003; port++)
        {
          knocks_init_event(&event, KNOCKER, SERVER, port, round * 15000);
          event.has |= PK_HAS_SOURCE_PORT;
          event.source_port = port + 1;
          knocks_observe_from(&knocks, &event, "gw", "", round * 15000);
        }
      knocks_tick(&knocks, round * 15000 + 11000);
      _reload(SMALLEST);
    }
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks_stats(&knocks).candidates, 1);
}

Test(engine_caps, totals_go_on_over_a_reload)
{
  PkStats before, after;

  knocks_send_many(&knocks, KNOCKER, SERVER, 7000, 3, 0);
  knocks_send(&knocks, knocks_v4(224, 0, 0, 1), SERVER, 1, 0);
  knocks_tick(&knocks, 11000);
  before = knocks_stats(&knocks);
  _reload(SMALLEST);
  after = knocks_stats(&knocks);
  cr_expect_arr_eq(&before, &after, sizeof(before));
}

Test(engine_caps, with_less_room_the_newest_sources_stay)
{
  static const gchar *const larger[] = { "max-sources", "8192", NULL };

  _begin_with(larger);
  for (guint32 i = 0; i < 4096; i++)
    knocks_send(&knocks, knocks_v6(i), SERVER, 7000, i);
  _reload(SMALLEST);
  cr_expect_eq(knocks_stats(&knocks).sources, SMALL);
  for (guint32 i = 0; i < 4096; i += 4095)
    knocks_send_many(&knocks, knocks_v6(i), SERVER, 7001, 2, 4100);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
  cr_expect_arr_eq(&knocks.alerts[0].source, &(PkAddr[]){ knocks_v6(4095) }, sizeof(PkAddr));
}

static guint
_count_ports_of(PkAddr source)
{
  for (gsize i = 0; i < MIN(knocks.n, G_N_ELEMENTS(knocks.alerts)); i++)
    if (memcmp(&knocks.alerts[i].source, &source, sizeof(source)) == 0)
      return knocks.alerts[i].distinct_ports;
  return 0;
}

Test(engine_caps, with_less_room_windows_give_way_and_keep_two_hits)
{
  static const gchar *const larger[] = { "max-sources", "8192", "max-windows", "512", NULL };

  _begin_with(larger);
  for (guint32 i = 0; i < 512; i++)
    knocks_send_many(&knocks, knocks_v6(i), SERVER, 7000, 2, i);
  _reload(SMALLEST);
  cr_expect_leq(knocks_stats(&knocks).windows, SMALL_WINDOWS);
  for (guint32 i = 0; i < 512; i += 511)
    knocks_send(&knocks, knocks_v6(i), SERVER, 7002, 600);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(2);
  cr_expect_eq(_count_ports_of(knocks_v6(511)), 3);
  cr_expect_eq(_count_ports_of(knocks_v6(0)), 3);
}

/* As many sources with two ports as there are windows come between the second port of a knock and its third. */
Test(engine_caps, a_knock_outlives_a_flood_that_takes_every_window)
{
  _begin();
  knocks_send_many(&knocks, knocks_v6(0), SERVER, 7000, 2, 0);
  for (guint32 i = 1; i <= 2 * SMALL_WINDOWS; i++)
    knocks_send_many(&knocks, knocks_v6(i), SERVER, (guint16) (1000 + i), 2, 100);
  cr_expect_gt(knocks_stats(&knocks).evicted_windows, 0);
  knocks_send(&knocks, knocks_v6(0), SERVER, 7002, 5000);
  knocks_tick(&knocks, 20000);
  cr_expect_eq(_count_ports_of(knocks_v6(0)), 3);
}

Test(engine_caps, it_does_so_over_a_reload)
{
  knocks_send(&knocks, KNOCKER, SERVER, 7000, 0);
  knocks_send(&knocks, KNOCKER, SERVER, 7001, 1);
  _flood(0, 5 * SMALL_WINDOWS, 2, 2);
  _reload(SMALLEST);
  knocks_send(&knocks, KNOCKER, SERVER, 7002, 3);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
}

Test(engine_caps, two_hits_that_were_kept_too_long_are_no_part_of_a_knock)
{
  _begin();
  knocks_send_many(&knocks, knocks_v6(0), SERVER, 7000, 2, 0);
  for (guint32 i = 1; i <= 2 * SMALL_WINDOWS; i++)
    knocks_send_many(&knocks, knocks_v6(i), SERVER, (guint16) (1000 + i), 2, 100);
  knocks_send(&knocks, knocks_v6(0), SERVER, 7002, 30500);
  knocks_tick(&knocks, 45000);
  cr_expect_eq(_count_ports_of(knocks_v6(0)), 0);
}

Test(engine_caps, summaries_come_in_time_when_many_shards_become_one)
{
  _begin_with(DEFAULTS);
  for (gint64 round = 0; round < 2; round++)
    for (guint32 second = 0; second <= 50; second++)
      {
        if (second < 40)
          knocks_send_many(&knocks, knocks_v6(second), SERVER, 7000, 3, second * 1000 + round * 60000);
        knocks_tick(&knocks, second * 1000 + round * 60000 + 100);
      }
  knocks.n = 0;
  _reload(SMALLEST);
  for (guint32 i = 0; i < 40; i++)
    {
      knocks_tick(&knocks, i * 1000 + 310200);
      cr_expect_eq(knocks.n, i + 1, "%u summaries instead of %u", knocks.n, i + 1);
    }
}
