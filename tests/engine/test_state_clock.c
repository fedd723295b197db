/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <glib/gstdio.h>
#include <unistd.h>

#include "engine/knocks.h"
#include "engine/signs.h"

/* State that a clock wrote which was set back since, and state that lay for long. */

static Knocks knocks;
static gchar *folder, *path;

#define KNOCKER knocks_v4(192, 0, 2, 1)
#define OTHER knocks_v4(192, 0, 2, 2)
#define SERVER knocks_v4(198, 51, 100, 2)
#define OTHER_SERVER knocks_v4(198, 51, 100, 3)

#define SECOND G_GINT64_CONSTANT(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
/* When the clock that was ahead began; the right time is small. */
#define AHEAD (400 * DAY)

#define EXPECT_ALERTS(number) cr_assert_eq(knocks.n, (number), "%u alerts", knocks.n)

static const gchar *const DEFAULTS[] = { NULL };

static void
_begin(void)
{
  folder = g_dir_make_tmp("port-knock-state.XXXXXX", NULL);
  cr_assert_not_null(folder);
  path = g_build_filename(folder, "x.state", NULL);
  knocks = (Knocks){ .engine = knocks_new_engine(DEFAULTS, NULL) };
}

static void
_end(void)
{
  pk_engine_unref(knocks.engine);
  g_remove(path);
  g_rmdir(folder);
  g_free(path);
  g_free(folder);
}

TestSuite(state_clock, .init = _begin, .fini = _end);

static void
_set(const gchar *const *settings)
{
  pk_engine_unref(knocks.engine);
  knocks.engine = knocks_new_engine(settings, NULL);
}

/* Saved when the clock shows saved_msec, read when it shows now_msec. */
static void
_restart(const gchar *const *settings, gint64 saved_msec, gint64 now_msec)
{
  GError *error = NULL;
  PkOptions options;
  guint64 bytes;

  knocks_init_options(&options, settings);
  cr_assert(pk_engine_save(knocks.engine, path, PK_SLICE(""), knocks_time(saved_msec), &bytes, &error), "%s",
            error ? error->message : "");
  pk_engine_unref(knocks.engine);
  knocks.engine = pk_engine_new_from_file(&options, path, PK_SLICE(""), knocks_time(now_msec), &error);
  cr_assert_not_null(knocks.engine, "%s", error ? error->message : "");
  pk_options_clear(&options);
}

static void
_knock(PkAddr source, PkAddr dest, gint64 msec)
{
  knocks_send_many(&knocks, source, dest, 7100, 3, msec);
}

static void
_accept(PkAddr source, PkAddr dest, gint64 msec)
{
  PkEvent event;

  knocks_init_accept(&event, source, dest, 22, msec);
  knocks_observe_from(&knocks, &event, "gw", "", msec);
}

/* stage 0: the door opens. */
static void
_say(guint16 stage, gint64 msec)
{
  PkEvent event;

  knocks_init_daemon(&event, KNOCKER, SERVER, "ssh", stage, msec);
  knocks_observe_from(&knocks, &event, "gate", "", msec);
}

/* ---- a clock that was ahead ------------------------------------------------------- */

Test(state_clock, a_cooldown_does_not_wait_for_the_clock_to_catch_up)
{
  _knock(KNOCKER, SERVER, AHEAD);
  knocks_tick(&knocks, AHEAD + 20 * SECOND);
  EXPECT_ALERTS(1);
  _restart(DEFAULTS, AHEAD + 20 * SECOND, 0);
  _knock(KNOCKER, SERVER, 100 * SECOND);
  knocks_tick(&knocks, 120 * SECOND);
  EXPECT_ALERTS(1);
  knocks_tick(&knocks, 300 * SECOND);
  EXPECT_ALERTS(2); /* that it was repeated once */
  cr_expect_eq(knocks.alerts[1].repeats, 1);
  _knock(KNOCKER, SERVER, 400 * SECOND);
  knocks_tick(&knocks, 420 * SECOND);
  EXPECT_ALERTS(3);
}

Test(state_clock, a_half_finished_knock_is_found)
{
  knocks_send(&knocks, KNOCKER, SERVER, 7100, AHEAD);
  knocks_send(&knocks, KNOCKER, SERVER, 8200, AHEAD + 100);
  _restart(DEFAULTS, AHEAD + SECOND, 0);
  knocks_send(&knocks, KNOCKER, SERVER, 9300, SECOND);
  knocks_tick(&knocks, 20 * SECOND);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].n_attempts, 3);
  cr_expect_eq(knocks.alerts[0].window_start_usec, knocks_time(-SECOND));
}

Test(state_clock, so_is_one_after_a_single_denial)
{
  knocks_send(&knocks, KNOCKER, SERVER, 7100, AHEAD);
  _restart(DEFAULTS, AHEAD + SECOND, 0);
  knocks_send(&knocks, KNOCKER, SERVER, 8200, SECOND);
  knocks_send(&knocks, KNOCKER, SERVER, 9300, 2 * SECOND);
  knocks_tick(&knocks, 20 * SECOND);
  EXPECT_ALERTS(1);
}

Test(state_clock, so_is_one_of_a_device_whose_clock_was_right)
{
  PkEvent event;

  for (guint i = 0; i < 3; i++)
    {
      knocks_init_event(&event, KNOCKER, SERVER, (guint16) (7100 + 1100 * i), 100 * (gint64) i);
      knocks_observe_from(&knocks, &event, "fw", "", i < 2 ? AHEAD + 100 * (gint64) i : 200);
      if (i == 1)
        _restart(DEFAULTS, AHEAD + 150, 150);
    }
  knocks_tick(&knocks, 20 * SECOND);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].window_start_usec, knocks_time(0));
}

Test(state_clock, what_had_not_settled_settles)
{
  _knock(KNOCKER, SERVER, AHEAD);
  _restart(DEFAULTS, AHEAD + SECOND, 0);
  knocks_tick(&knocks, 5 * SECOND);
  EXPECT_ALERTS(0);
  knocks_tick(&knocks, 10 * SECOND);
  EXPECT_ALERTS(1);
}

Test(state_clock, what_was_held_back_is_told)
{
  static const gchar *const settings[] = { "max-alerts", "1", NULL };

  _set(settings);
  for (guint8 i = 1; i <= 3; i++)
    _knock(knocks_v4(192, 0, 2, i), SERVER, AHEAD);
  knocks_tick(&knocks, AHEAD + 20 * SECOND);
  EXPECT_ALERTS(1);
  _restart(settings, AHEAD + 20 * SECOND, 20 * SECOND);
  knocks_tick(&knocks, 90 * SECOND);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].repeats, 2);
}

Test(state_clock, a_door_that_opened_is_told)
{
  _say(0, AHEAD);
  _restart(DEFAULTS, AHEAD, 0);
  knocks_tick(&knocks, 5 * SECOND);
  EXPECT_ALERTS(1);
}

Test(state_clock, a_door_that_waits_for_a_knock_is_told)
{
  _say(0, AHEAD);
  knocks_tick(&knocks, AHEAD + SECOND);
  _restart(DEFAULTS, AHEAD + SECOND, 0);
  EXPECT_ALERTS(0);
  knocks_tick(&knocks, 5 * SECOND);
  EXPECT_ALERTS(1);
}

Test(state_clock, a_stage_that_never_opens_is_told)
{
  static const gchar *const settings[] = { "alert-on", "daemon", NULL };

  _set(settings);
  _say(2, AHEAD);
  knocks.n = 0;
  _restart(settings, AHEAD + SECOND, 0);
  knocks_tick(&knocks, 61 * SECOND);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].branch, PK_BRANCH_KNOCK_ATTEMPT_FAILED);
}

Test(state_clock, what_is_open_to_anybody_stays_so)
{
  _accept(OTHER, SERVER, AHEAD);
  _restart(DEFAULTS, AHEAD + 300 * SECOND, 0);
  _knock(KNOCKER, SERVER, 200 * SECOND);
  knocks_tick(&knocks, 220 * SECOND);
  _accept(KNOCKER, SERVER, 230 * SECOND);
  knocks_tick(&knocks, 240 * SECOND);
  EXPECT_ALERTS(1);
  cr_expect_lt(knocks.alerts[0].confidence, PK_CONFIDENCE_CONFIRMED);
}

Test(state_clock, a_knock_is_proven_by_what_follows_it)
{
  _accept(OTHER, OTHER_SERVER, AHEAD);
  _knock(KNOCKER, SERVER, AHEAD + 200 * SECOND);
  knocks_tick(&knocks, AHEAD + 220 * SECOND);
  _restart(DEFAULTS, AHEAD + 221 * SECOND, 0);
  _accept(KNOCKER, SERVER, 10 * SECOND);
  knocks_tick(&knocks, 20 * SECOND);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].confidence, PK_CONFIDENCE_CONFIRMED);
  cr_expect_arr_eq(knocks.alerts[0].id, knocks.alerts[1].id, sizeof(knocks.alerts[0].id));
}

/* All of it lies in the future; cut to now, the door would seem to open after the knock. */
Test(state_clock, what_was_long_before_a_knock_does_not_prove_it)
{
  _say(0, AHEAD);
  knocks_tick(&knocks, AHEAD + 5 * SECOND);
  EXPECT_ALERTS(1);
  _knock(KNOCKER, SERVER, AHEAD + 600 * SECOND);
  _restart(DEFAULTS, AHEAD + 601 * SECOND, 0);
  knocks_tick(&knocks, 20 * SECOND);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].confidence, PK_CONFIDENCE_MEDIUM);
}

Test(state_clock, a_knock_that_nothing_followed_in_time_is_not_proven_later)
{
  _accept(OTHER, OTHER_SERVER, AHEAD);
  _knock(KNOCKER, SERVER, AHEAD + 200 * SECOND);
  knocks_tick(&knocks, AHEAD + 220 * SECOND);
  _restart(DEFAULTS, AHEAD + 600 * SECOND, 0);
  _accept(KNOCKER, SERVER, 10 * SECOND);
  knocks_tick(&knocks, 20 * SECOND);
  EXPECT_ALERTS(1);
}

/* Set back before the save, so that times are in the future in the file already. */
Test(state_clock, what_was_wrong_when_it_was_saved_lasts_no_longer_than_it_may)
{
  _knock(KNOCKER, SERVER, AHEAD);
  knocks_tick(&knocks, AHEAD + 20 * SECOND);
  EXPECT_ALERTS(1);
  _restart(DEFAULTS, 0, 0);
  _knock(KNOCKER, SERVER, 310 * SECOND);
  knocks_tick(&knocks, 330 * SECOND);
  EXPECT_ALERTS(2);
}

Test(state_clock, what_was_wrong_when_it_was_saved_proves_nothing)
{
  _say(0, AHEAD);
  knocks_tick(&knocks, AHEAD + 5 * SECOND);
  _restart(DEFAULTS, 0, 0);
  knocks.n = 0;
  _knock(KNOCKER, SERVER, SECOND); /* a daemon's line may come two seconds before the last packet's */
  knocks_tick(&knocks, 20 * SECOND);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
}

Test(state_clock, the_same_ports_settled_in_the_future_are_no_repetition_now)
{
  static const gchar *const settings[] = { "signs", "all", "min-confidence", "low", NULL };

  _set(settings);
  _knock(KNOCKER, SERVER, AHEAD);
  knocks_tick(&knocks, AHEAD + 20 * SECOND);
  _restart(settings, 0, 0);
  _knock(KNOCKER, SERVER, 400 * SECOND);
  knocks_tick(&knocks, 420 * SECOND);
  cr_expect_not(knocks.alerts[knocks.n - 1].signs & 1u << PK_SIGN_REPEATED_INSIDE);
}

/* ---- a file that lay for long ------------------------------------------------------ */

Test(state_clock, a_knock_that_was_never_told_is_told_however_late)
{
  _knock(KNOCKER, SERVER, 0);
  _restart(DEFAULTS, SECOND, 30 * DAY);
  knocks_tick(&knocks, 30 * DAY);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].window_start_usec, knocks_time(0));
}

Test(state_clock, so_is_that_it_came_from_a_scanner)
{
  static const gchar *const settings[] = { "min-confidence", "low", NULL };

  _set(settings);
  knocks_send_many(&knocks, KNOCKER, SERVER, 1, 20, 0);
  _knock(KNOCKER, OTHER_SERVER, 40 * SECOND);
  _restart(settings, 41 * SECOND, 30 * DAY);
  knocks_tick(&knocks, 30 * DAY);
  EXPECT_ALERTS(1);
  cr_expect(knocks.alerts[0].signs & 1u << PK_SIGN_SCANNER);
}

Test(state_clock, half_a_knock_of_long_ago_is_none)
{
  knocks_send(&knocks, KNOCKER, SERVER, 7100, 0);
  knocks_send(&knocks, KNOCKER, SERVER, 8200, 100);
  _restart(DEFAULTS, SECOND, HOUR);
  knocks_send(&knocks, KNOCKER, SERVER, 9300, HOUR);
  knocks_tick(&knocks, 2 * HOUR);
  EXPECT_ALERTS(0);
}

Test(state_clock, a_cooldown_of_long_ago_is_over)
{
  _knock(KNOCKER, SERVER, 0);
  knocks_tick(&knocks, 20 * SECOND);
  _restart(DEFAULTS, 21 * SECOND, HOUR);
  _knock(KNOCKER, SERVER, HOUR);
  knocks_tick(&knocks, HOUR + 20 * SECOND);
  EXPECT_ALERTS(2);
}

Test(state_clock, a_scanner_of_long_ago_is_none)
{
  static const gchar *const settings[] = { "min-confidence", "low", NULL };

  knocks_send_many(&knocks, KNOCKER, SERVER, 1, 20, 0);
  _restart(settings, SECOND, 2 * HOUR);
  _knock(KNOCKER, OTHER_SERVER, 2 * HOUR);
  knocks_tick(&knocks, 2 * HOUR + 20 * SECOND);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
}

/* What was open is forgotten by then, so that an accept says nothing: as in a new relay. */
Test(state_clock, what_is_open_is_learned_anew_after_a_long_pause)
{
  _accept(OTHER, SERVER, 0);
  _restart(DEFAULTS, 200 * SECOND, 2 * HOUR);
  _knock(KNOCKER, SERVER, 2 * HOUR);
  knocks_tick(&knocks, 2 * HOUR + 20 * SECOND);
  _accept(KNOCKER, SERVER, 2 * HOUR + 25 * SECOND);
  knocks_tick(&knocks, 2 * HOUR + 40 * SECOND);
  EXPECT_ALERTS(1);
}

Test(state_clock, a_monitor_is_known_for_a_day_without_it)
{
  static const gchar *const settings[] = { "signs", "all", "min-confidence", "low", NULL };

  for (guint days = 0; days < 2; days++)
    {
      _set(settings);
      for (guint i = 0; i < 2; i++)
        {
          _knock(KNOCKER, SERVER, i * HOUR);
          knocks_tick(&knocks, i * HOUR + 20 * SECOND);
        }
      _restart(settings, HOUR + 21 * SECOND, HOUR + days * 2 * DAY);
      _knock(KNOCKER, SERVER, 2 * HOUR + days * 2 * DAY);
      knocks_tick(&knocks, 2 * HOUR + days * 2 * DAY + 20 * SECOND);
      cr_expect_eq((knocks.alerts[knocks.n - 1].signs >> PK_SIGN_PERIODIC) & 1, days == 0);
    }
}
