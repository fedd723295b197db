/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/knocks.h"
#include "engine/signs.h"

#include <glib/gstdio.h>

/* Clocks that are wrong: the relay's, which says when lines arrive, and those of devices, whose stamps are on them. */

static Knocks knocks;
/* By so much the relay's clock was set back; negative: forward.  The tests count on as if it had not been. */
static gint64 set_back_msec;

#define USER knocks_v4(192, 0, 2, 1)
#define OTHER knocks_v4(192, 0, 2, 2)
#define SERVER knocks_v4(198, 51, 100, 2)
#define OTHER_SERVER knocks_v4(198, 51, 100, 3)
/* A table of open services that is younger says nothing. */
#define LATER 200000
#define HOUR 3600000
#define DAY (24 * HOUR)

static void
_begin_with(const gchar *name, const gchar *value)
{
  const gchar *settings[] = { name, value, NULL };

  if (knocks.engine)
    pk_engine_unref(knocks.engine);
  knocks.n = 0;
  set_back_msec = 0;
  knocks.engine = knocks_new_engine(settings, NULL);
}

static void
_begin(void)
{
  knocks.engine = NULL;
  _begin_with(NULL, NULL);
}

static void
_end(void)
{
  pk_engine_unref(knocks.engine);
}

TestSuite(clocks, .init = _begin, .fini = _end);

#define EXPECT_ALERTS(number) cr_assert_eq(knocks.n, (number), "%u alerts", knocks.n)

/* As the main loop's timer does. */
static void
_tick_through(gint64 from_msec, gint64 to_msec)
{
  for (gint64 msec = from_msec; msec <= to_msec; msec += 1000)
    knocks_tick(&knocks, msec - set_back_msec);
}

static void
_observe(const PkEvent *event, const gchar *host, gint64 msec)
{
  knocks_observe_from(&knocks, event, host, "", msec - set_back_msec);
}

/* Its device's clock shows stamp_msec. */
static void
_deny(PkAddr source, PkAddr dest, guint16 port, gint64 stamp_msec, gint64 msec)
{
  PkEvent event;

  knocks_init_event(&event, source, dest, port, stamp_msec);
  _observe(&event, "gw", msec);
}

static void
_knock(PkAddr source, gint64 stamp_msec, gint64 msec)
{
  _deny(source, SERVER, 7100, stamp_msec, msec);
  _deny(source, SERVER, 8200, stamp_msec + 1, msec + 1);
  _deny(source, SERVER, 9300, stamp_msec + 2, msec + 2);
}

static void
_scan(PkAddr source, gint64 msec)
{
  for (guint16 i = 0; i < 20; i++)
    _deny(source, SERVER, (guint16) (2000 + i), msec, msec);
}

static void
_accept(PkAddr source, PkAddr dest, guint16 port, gint64 msec)
{
  PkEvent event;

  knocks_init_accept(&event, source, dest, port, msec);
  _observe(&event, "gw", msec);
}

static void
_say(PkAddr source, const gchar *door, guint16 stage, gint64 msec)
{
  PkEvent event;

  knocks_init_daemon(&event, source, SERVER, door, stage, msec);
  _observe(&event, "gate", msec);
}

static const gchar *
_ports(guint alert)
{
  static gchar text[256];
  gsize len = 0;

  cr_assert_lt(alert, knocks.n);
  text[0] = '\0';
  for (guint i = 0; i < knocks.alerts[alert].n_attempts; i++)
    len +=
        (gsize) g_snprintf(text + len, sizeof(text) - len, "%s%u", i ? "," : "", knocks.alerts[alert].attempts[i].port);
  return text;
}

/* By an hour and by a month; and by a second, as time servers do. */
static const gint64 SET_BACK[] = { 1000, 30000, HOUR, 30 * (gint64) DAY };

/* ---- the relay's clock is set back ------------------------------------------------- */

Test(clocks, a_knock_before_a_set_back_clock_is_told_when_it_has_settled)
{
  for (guint i = 0; i < G_N_ELEMENTS(SET_BACK); i++)
    {
      _begin_with(NULL, NULL);
      _tick_through(0, 4000);
      _knock(USER, 4500, 4500);
      set_back_msec = SET_BACK[i];
      _tick_through(5000, 12000);
      EXPECT_ALERTS(0);
      _tick_through(13000, 17000);
      EXPECT_ALERTS(1);
      cr_expect_str_eq(_ports(0), "7100,8200,9300");
    }
}

Test(clocks, a_clock_that_is_set_back_before_the_first_tick_makes_nothing_wait)
{
  _knock(USER, 500, 500);
  set_back_msec = DAY;
  _tick_through(1000, 9000);
  EXPECT_ALERTS(0);
  _tick_through(10000, 12000);
  EXPECT_ALERTS(1);
}

Test(clocks, a_message_between_a_set_back_clock_and_the_first_tick_makes_nothing_wait)
{
  _knock(USER, 500, 500);
  set_back_msec = DAY;
  _deny(OTHER, SERVER, 7100, 900, 900);
  _tick_through(1000, 9000);
  EXPECT_ALERTS(0);
  _tick_through(10000, 12000);
  EXPECT_ALERTS(1);
}

Test(clocks, a_knock_across_a_set_back_clock_is_one_knock)
{
  for (guint i = 0; i < G_N_ELEMENTS(SET_BACK); i++)
    {
      _begin_with(NULL, NULL);
      _tick_through(0, 4000);
      _deny(USER, SERVER, 7100, 4100, 4100);
      _deny(USER, SERVER, 8200, 4200, 4200);
      _deny(USER, SERVER, 9300, 4300, 4300);
      set_back_msec = SET_BACK[i];
      _deny(USER, SERVER, 4400, 4400, 4400);
      _tick_through(5000, 8000);
      _deny(USER, SERVER, 4500, 8500, 8500);
      _tick_through(9000, 16000);
      EXPECT_ALERTS(0);
      _tick_through(17000, 60000);
      EXPECT_ALERTS(1);
      cr_expect_str_eq(_ports(0), "7100,8200,9300,4400,4500");
    }
}

Test(clocks, a_scan_that_begins_while_a_clock_is_set_back_is_no_knock)
{
  _tick_through(0, 4000);
  set_back_msec = HOUR;
  for (guint16 i = 0; i < 20; i++)
    {
      _deny(USER, SERVER, (guint16) (2000 + i), 4200 + i * 200, 4200 + i * 200);
      if (i % 5 == 4)
        _tick_through(4200 + i * 200, 4200 + i * 200);
    }
  _tick_through(9000, 60000);
  EXPECT_ALERTS(0);
  cr_expect_eq(knocks_stats(&knocks).scans, 2);
}

Test(clocks, a_daemons_line_on_hold_does_not_wait_for_the_clock)
{
  _tick_through(0, 4000);
  _say(USER, "openSSH", 0, 4900);
  set_back_msec = DAY;
  _tick_through(5000, 10000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].branch, PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED);
  _say(OTHER, "openSSH", 0, 10500);
  _tick_through(11000, 15000);
  EXPECT_ALERTS(2);
}

Test(clocks, a_stage_that_never_opened_is_told_after_a_minute_all_the_same)
{
  _begin_with("alert-on", "window,daemon");
  _say(USER, "openSSH", 1, 500);
  _tick_through(1000, 4000);
  EXPECT_ALERTS(1);
  set_back_msec = DAY;
  _tick_through(5000, 58000);
  EXPECT_ALERTS(1);
  _tick_through(59000, 63000);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].branch, PK_BRANCH_KNOCK_ATTEMPT_FAILED);
}

Test(clocks, a_cooldown_ends_in_time_and_others_after_it)
{
  _tick_through(0, 1000);
  _knock(USER, 1500, 1500);
  _tick_through(2000, 20000);
  EXPECT_ALERTS(1);
  set_back_msec = DAY;
  _tick_through(21000, 100000);
  _knock(USER, 100500, 100500);
  _tick_through(101000, 300000);
  EXPECT_ALERTS(1);
  _tick_through(301000, 320000);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].repeats, 1);
  _knock(USER, 400500, 400500);
  _tick_through(401000, 420000);
  EXPECT_ALERTS(3);
}

Test(clocks, a_scanner_stays_one)
{
  for (guint i = 0; i < G_N_ELEMENTS(SET_BACK); i++)
    {
      _begin_with(NULL, NULL);
      _tick_through(0, 1000);
      _scan(USER, 1500);
      _tick_through(2000, 60000);
      set_back_msec = SET_BACK[i];
      _knock(USER, 60500, 60500);
      _tick_through(61000, 90000);
      EXPECT_ALERTS(0);
      cr_expect_eq(knocks_stats(&knocks).signs[PK_SIGN_SCANNER], 1);
    }
}

Test(clocks, an_open_service_stays_one)
{
  for (guint i = 0; i < G_N_ELEMENTS(SET_BACK); i++)
    {
      _begin_with(NULL, NULL);
      _accept(OTHER, OTHER_SERVER, 443, 0);
      _tick_through(0, LATER);
      _accept(OTHER, SERVER, 22, LATER + 100);
      set_back_msec = SET_BACK[i];
      _knock(USER, LATER + 200, LATER + 200);
      _accept(USER, SERVER, 22, LATER + 500);
      _tick_through(LATER + 1000, LATER + 30000);
      EXPECT_ALERTS(1);
      cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
    }
}

Test(clocks, what_is_open_is_not_unknown_until_the_clock_has_caught_up)
{
  _accept(OTHER, OTHER_SERVER, 443, 0);
  _tick_through(0, LATER);
  set_back_msec = DAY;
  _tick_through(LATER + 1000, LATER + 10000);
  _knock(USER, LATER + 10500, LATER + 10500);
  _accept(USER, SERVER, 22, LATER + 10700);
  _tick_through(LATER + 11000, LATER + 14000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_CONFIRMED);
}

Test(clocks, max_alerts_bounds_minutes_that_go_on)
{
  _begin_with("max-alerts", "5");
  _tick_through(0, 60000);
  for (guint8 i = 0; i < 20; i++)
    _knock(knocks_v4(203, 0, 113, i + 1), 60500, 60500);
  set_back_msec = DAY;
  _tick_through(61000, 80000);
  EXPECT_ALERTS(5);
  _tick_through(81000, 130000);
  EXPECT_ALERTS(6);
  cr_expect_str_eq(knocks.alerts[5].evidence, "rate_limited");
  cr_expect_eq(knocks.alerts[5].repeats, 15);
}

Test(clocks, a_clock_that_goes_to_and_fro_hides_nothing)
{
  gint64 msec = 0;

  for (guint8 i = 0; i < 100; i++)
    {
      set_back_msec = i % 2 ? HOUR : 0;
      _tick_through(msec, msec + 2000);
      _knock(knocks_v4(203, 0, 113, i), msec + 2500, msec + 2500);
      _tick_through(msec + 3000, msec + 29000);
      msec += 30000;
      EXPECT_ALERTS(i + 1u);
    }
}

Test(clocks, a_clock_that_is_set_forward_hides_nothing)
{
  _tick_through(0, 4000);
  _deny(USER, SERVER, 7100, 4100, 4100);
  _deny(USER, SERVER, 8200, 4200, 4200);
  set_back_msec = -30 * (gint64) DAY;
  _tick_through(5000, 5000);
  _deny(USER, SERVER, 9300, 5300, 5300);
  _tick_through(6000, 20000);
  EXPECT_ALERTS(1);
  cr_expect_str_eq(_ports(0), "7100,8200,9300");
}

/* A relay without a clock of its own begins in 1970, until somebody tells it the time. */
Test(clocks, a_relay_that_begins_at_the_beginning_of_time_finds_knocks_before_and_after)
{
  set_back_msec = KNOCKS_START / 1000;
  _tick_through(0, 2000);
  _knock(USER, 2500, 2500);
  _tick_through(3000, 20000);
  EXPECT_ALERTS(1);
  set_back_msec = 0;
  _tick_through(21000, 22000);
  _knock(OTHER, 22500, 22500);
  _tick_through(23000, 40000);
  EXPECT_ALERTS(2);
}

/* With use-time(received) a set back clock makes stamps old. */
Test(clocks, a_knock_with_receive_times_after_a_set_back_clock_is_found)
{
  _tick_through(0, 4000);
  _deny(USER, SERVER, 22, 4500, 4500);
  set_back_msec = HOUR;
  _tick_through(5000, 16000);
  _knock(USER, 16500 - HOUR, 16500);
  _tick_through(17000, 30000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks_stats(&knocks).late, 0);
}

/* ---- what was kept by a clock that was ahead ---------------------------------------- */

static void
_restart_at(gint64 msec)
{
  gint64 now_usec = knocks_time(msec - set_back_msec);
  const gchar *none[] = { NULL };
  gchar *folder = g_dir_make_tmp("port-knock-clocks.XXXXXX", NULL), *path = g_build_filename(folder, "state", NULL);
  GError *error = NULL;
  PkOptions options;
  guint64 bytes;

  cr_assert(pk_engine_save(knocks.engine, path, PK_SLICE("machine"), now_usec, &bytes, &error));
  pk_engine_unref(knocks.engine);
  knocks_init_options(&options, none);
  knocks.engine = pk_engine_new_from_file(&options, path, PK_SLICE("machine"), now_usec, &error);
  cr_assert_not_null(knocks.engine, "%s", error ? error->message : "");
  pk_options_clear(&options);
  g_unlink(path);
  g_rmdir(folder);
  g_free(path);
  g_free(folder);
}

static void
_restart(void)
{
  _restart_at(30500);
}

static void
_knock_twice_around(void (*interrupt)(void))
{
  _tick_through(0, 1000);
  _knock(OTHER, 1500, 1500);
  _tick_through(2000, 30000);
  EXPECT_ALERTS(1);
  _say(USER, "openSSH", 0, 30100);
  _knock(USER, 30200, 30200);
  interrupt();
  set_back_msec = DAY;
  _tick_through(31000, 34000);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].confidence, PK_CONFIDENCE_CONFIRMED);
  _tick_through(35000, 330000);
  _knock(OTHER, 330500, 330500);
  _tick_through(331000, 350000);
  EXPECT_ALERTS(3);
}

Test(clocks, a_clock_set_back_at_a_restart_makes_nothing_wait)
{
  _knock_twice_around(_restart);
}

static void
_reload(void)
{
  const gchar *settings[] = { "max-sources", "2048", NULL };
  PkEngine *old = knocks.engine;

  knocks.engine = knocks_new_engine(settings, old);
  pk_engine_unref(old);
}

Test(clocks, a_clock_set_back_at_a_restart_before_the_first_tick_makes_nothing_wait)
{
  _knock(USER, 100, 100);
  _restart_at(200);
  set_back_msec = DAY;
  _tick_through(1000, 9000);
  EXPECT_ALERTS(0);
  _tick_through(10000, 12000);
  EXPECT_ALERTS(1);
}

/* Received by the clock that was ahead, and observed after the tick that notices. */
Test(clocks, a_knock_that_waited_while_the_clock_was_set_back_is_told_in_time)
{
  _tick_through(0, 5000);
  set_back_msec = DAY;
  _tick_through(6000, 6000);
  set_back_msec = 0;
  _knock(USER, 5500, 5500);
  set_back_msec = DAY;
  _tick_through(7000, 15000);
  EXPECT_ALERTS(0);
  _tick_through(16000, 18000);
  EXPECT_ALERTS(1);
}

/* It is past what a signed 32-bit number of seconds can tell. */
Test(clocks, a_clock_set_back_in_2045_makes_nothing_wait)
{
  gint64 years = 19 * 365 * (gint64) DAY;

  _tick_through(years, years + 4000);
  _knock(USER, years + 4500, years + 4500);
  set_back_msec = DAY;
  _tick_through(years + 5000, years + 13000);
  EXPECT_ALERTS(0);
  _tick_through(years + 14000, years + 17000);
  EXPECT_ALERTS(1);
}

Test(clocks, a_clock_set_back_at_a_reload_makes_nothing_wait)
{
  _knock_twice_around(_reload);
}

Test(clocks, a_clock_set_back_before_a_restart_and_a_reload_makes_nothing_wait)
{
  _tick_through(0, 4000);
  set_back_msec = DAY;
  _tick_through(5000, 6000);
  _knock(USER, 6500, 6500);
  _reload();
  _restart_at(6700);
  _tick_through(7000, 15000);
  EXPECT_ALERTS(0);
  _tick_through(16000, 20000);
  EXPECT_ALERTS(1);
}

/* ---- several workers ---------------------------------------------------------------- */

/* What one received at 1999 ms may come after what another received at 2000 ms. */
Test(clocks, what_a_source_did_is_not_forgotten_for_a_line_that_comes_a_moment_out_of_order)
{
  /* More than have to be remembered, and far apart: with some salts the memory takes neighbours for one. */
  static const guint16 tried[] = { 21, 8443, 30001, 50123, 12345, 5900, 60013, 27017 };

  _begin_with("signs", "other_ports");
  for (guint i = 0; i < G_N_ELEMENTS(tried); i++)
    _deny(USER, i % 2 ? OTHER_SERVER : SERVER, tried[i], i / 2 * 40000, i / 2 * 40000);
  _deny(USER, SERVER, tried[0], LATER, LATER);
  _deny(USER, SERVER, tried[2], LATER, LATER - 1);
  _knock(USER, LATER + 60000, LATER + 60000);
  _tick_through(LATER + 61000, LATER + 80000);
  EXPECT_ALERTS(0);
  cr_expect_eq(knocks_stats(&knocks).below_confidence, 1);
}

Test(clocks, a_service_that_was_reached_a_moment_later_is_open_all_the_same)
{
  _accept(OTHER, OTHER_SERVER, 443, 0);
  _knock(USER, LATER, LATER);
  _accept(OTHER, SERVER, 22, LATER + 1000);
  _accept(USER, SERVER, 22, LATER + 999);
  _tick_through(LATER + 2000, LATER + 20000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
}

Test(clocks, a_scanner_is_one_for_a_known_sequence_whose_last_line_comes_a_moment_out_of_order)
{
  gchar *path = NULL;

  cr_assert(g_close(g_file_open_tmp("port-knock-clocks.XXXXXX", &path, NULL), NULL));
  cr_assert(
      g_file_set_contents(path, "{\"entries\": [ {\"id\": \"door\", \"ports\": [7100, 8200, 9300]} ]}", -1, NULL));
  _begin_with("known-sequences", path);
  g_unlink(path);
  g_free(path);
  _scan(USER, 2000);
  _deny(USER, SERVER, 7100, 3000, 3000);
  _deny(USER, SERVER, 8200, 3001, 3000);
  _deny(USER, SERVER, 9300, 3002, 1999);
  _tick_through(4000, 30000);
  EXPECT_ALERTS(0);
}

/* ---- devices' clocks ---------------------------------------------------------------- */

Test(clocks, a_device_hours_ahead_or_behind_has_its_knocks_found)
{
  static const gint64 off[] = { -23 * HOUR, -HOUR, -60000, 60000, HOUR, 23 * HOUR };

  for (guint i = 0; i < G_N_ELEMENTS(off); i++)
    {
      _knock(knocks_v4(192, 0, 2, (guint8) (10 + i)), 1000 + off[i], 1000);
      cr_expect_eq(knocks_stats(&knocks).late, 0);
    }
  _tick_through(2000, 12000);
  EXPECT_ALERTS(G_N_ELEMENTS(off));
}

/* Each packet is logged by both, and one of them is right. */
Test(clocks, two_devices_with_different_clocks_that_see_the_same_packets_make_one_knock_of_it)
{
  static const gint64 off[] = { -HOUR, -40000, -31000, 31000, 40000, HOUR };

  for (guint i = 0; i < G_N_ELEMENTS(off); i++)
    {
      _begin_with("cooldown", "0");
      for (guint16 k = 0; k < 3; k++)
        {
          _deny(USER, SERVER, (guint16) (7000 + 100 * k), 1000 + k, 1000 + k);
          _deny(USER, SERVER, (guint16) (7000 + 100 * k), 1000 + k + off[i], 1000 + k);
        }
      _tick_through(2000, 120000);
      EXPECT_ALERTS(1);
      cr_expect_str_eq(_ports(0), "7000,7100,7200");
    }
}

Test(clocks, a_device_that_is_ahead_hides_what_another_one_sees_for_settle_at_the_most)
{
  _deny(USER, OTHER_SERVER, 443, HOUR, 0);
  _knock(USER, 5000, 5000);
  cr_expect_eq(knocks_stats(&knocks).late, 3);
  _tick_through(6000, 9000);
  _knock(USER, 10000, 10000);
  _tick_through(11000, 30000);
  EXPECT_ALERTS(1);
  cr_expect_str_eq(_ports(0), "7100,8200,9300");
}

Test(clocks, a_device_that_jumps_to_and_fro_within_a_knock_alarms_nobody_and_hides_no_later_knock)
{
  _deny(USER, SERVER, 7100, 0, 0);
  _deny(USER, SERVER, 8200, -HOUR, 100);
  _deny(USER, SERVER, 9300, 200, 200);
  _deny(USER, SERVER, 9400, HOUR, 300);
  _deny(USER, SERVER, 9500, 400, 400);
  _tick_through(1000, 12000);
  EXPECT_ALERTS(0);
  _knock(USER, 12500, 12500);
  _tick_through(13000, 30000);
  EXPECT_ALERTS(1);
  cr_expect_str_eq(_ports(0), "7100,8200,9300");
}

Test(clocks, a_device_that_jumps_within_the_window_loses_no_port_of_a_knock)
{
  _deny(USER, SERVER, 7100, 20000, 0);
  _deny(USER, SERVER, 8200, 0, 100);
  _deny(USER, SERVER, 9300, 20200, 200);
  _tick_through(1000, 12000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].distinct_ports, 3);
}

/* An hour that comes twice, in stamps that do not say which one it is. */
Test(clocks, after_an_hour_that_comes_twice_knocks_are_found)
{
  _knock(USER, HOUR - 30000, 0);
  _tick_through(1000, 12000);
  EXPECT_ALERTS(1);
  _begin_with("cooldown", "0");
  for (gint64 minute = 0; minute < 50; minute += 10)
    {
      _knock(USER, minute * 60000, minute * 60000);
      _tick_through(minute * 60000 + 1000, minute * 60000 + 599000);
    }
  EXPECT_ALERTS(5);
  for (gint64 minute = 50; minute < 100; minute += 10)
    {
      _knock(USER, (minute - 50) * 60000, minute * 60000);
      _tick_through(minute * 60000 + 1000, minute * 60000 + 599000);
    }
  EXPECT_ALERTS(10);
  cr_expect_eq(knocks_stats(&knocks).late, 0);
}

/* ---- out of order, and late ----------------------------------------------------------- */

Test(clocks, lines_in_any_order_within_the_window_are_put_in_order)
{
  static const guint8 orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 }, { 1, 3, 0, 2 } };
  static const guint16 ports[] = { 7100, 4500, 9300, 8200 };

  for (guint i = 0; i < G_N_ELEMENTS(orders); i++)
    for (guint j = 0; j < 4; j++)
      _deny(knocks_v4(192, 0, 2, (guint8) (10 + i)), knocks_v4(198, 51, 100, (guint8) (10 + i)), ports[orders[i][j]],
            orders[i][j] * 9000, j * 100);
  _tick_through(1000, 12000);
  EXPECT_ALERTS(G_N_ELEMENTS(orders));
  for (guint i = 0; i < G_N_ELEMENTS(orders); i++)
    cr_expect_str_eq(_ports(i), "7100,4500,9300,8200");
}

/* They come after the verdict: no second alert of the same knock, and not of a part of it either. */
Test(clocks, lines_that_come_after_the_alert_make_no_other_one)
{
  _begin_with("cooldown", "0");
  _knock(USER, 20000, 0);
  _tick_through(1000, 12000);
  EXPECT_ALERTS(1);
  _deny(USER, SERVER, 4500, 20100, 12100);
  _deny(USER, SERVER, 4600, 19000, 12200);
  _tick_through(13000, 60000);
  EXPECT_ALERTS(1);
}

Test(clocks, a_flood_of_late_lines_is_counted_and_takes_no_room)
{
  PkStats before, after;

  for (guint8 i = 0; i < 100; i++)
    _knock(knocks_v4(203, 0, 113, i), HOUR, 0);
  before = knocks_stats(&knocks);
  for (guint n = 0; n < 100; n++)
    for (guint8 i = 0; i < 100; i++)
      _deny(knocks_v4(203, 0, 113, i), SERVER, (guint16) (1000 + n), 0, n);
  after = knocks_stats(&knocks);
  cr_expect_eq(after.late, 10000);
  cr_expect_eq(after.sources, before.sources);
  cr_expect_eq(after.windows, before.windows);
  _tick_through(1000, 12000);
  /* The same ports from more than eight sources are a list. */
  cr_expect_eq(knocks_stats(&knocks).candidates, 100);
}
