/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/stream.h"

#define STREAMS 60
#define STEPS 400
#define FLOOD 5000

/* One shard, so that nothing depends on a secret; small, so that sources and windows give way. */
static const gchar *const SETTINGS[] = {
  "max-sources", "1024", "max-windows", "64", "min-confidence", "low", "alert-on", "window,daemon,host", NULL,
};

static void
_fetch_all(PkEngine *engine, PkAhead *ahead)
{
  while (ahead->steps_left > 0)
    pk_engine_fetch(engine, ahead);
}

static void
_look_ahead(PkEngine *engine, const PkEvent *event, const gchar *host, const gchar *scope, PkAhead *ret_ahead)
{
  pk_engine_look_ahead(engine, event, pk_slice_from_string(host), pk_slice_from_string(scope), ret_ahead);
}

static PkEngine *
_new_single(void)
{
  GError *error = NULL;
  PkOptions options;
  PkEngine *engine;

  knocks_init_options(&options, SETTINGS);
  options.single_shard = TRUE;
  engine = pk_engine_new(&options, &error);
  cr_assert_not_null(engine);
  pk_options_clear(&options);
  return engine;
}

static void
_expect_equal_counts(PkEngine *one, PkEngine *other, guint seed)
{
  PkStats stats, others;

  pk_engine_get_stats(one, &stats);
  pk_engine_get_stats(other, &others);
  cr_expect_arr_eq(&stats, &others, sizeof(stats), "seed %u", seed);
}

/* Looks ahead at everything, each step a while after the one before, as at events that were read and wait; and at some
 * that never come. */
static guint
_run(guint seed)
{
  Stream stream = { .rand = g_rand_new_with_seed(seed) };
  Knocks plain = { .engine = _new_single() }, looking = { .engine = _new_single() };
  PkAhead waiting[4] = { { 0 } };
  PkEvent event;
  guint alerts;

  for (guint step = 0; step < STEPS; step++)
    {
      stream_step(&stream, &plain, &looking, 0);
      stream_make_event(&stream, &event);
      _look_ahead(looking.engine, &event, "fw1", stream_choose_scope(&stream), &waiting[step % 4]);
      for (guint i = 0; i < G_N_ELEMENTS(waiting); i++)
        pk_engine_fetch(looking.engine, &waiting[i]);
    }
  alerts = plain.n;
  cr_expect_eq(looking.n, plain.n, "seed %u", seed);
  for (guint i = 0; i < MIN(MIN(plain.n, looking.n), G_N_ELEMENTS(plain.alerts)); i++)
    cr_expect_arr_eq(looking.alerts[i].id, plain.alerts[i].id, sizeof(plain.alerts[i].id), "seed %u, alert %u", seed,
                     i);
  _expect_equal_counts(plain.engine, looking.engine, seed);
  pk_engine_unref(plain.engine);
  pk_engine_unref(looking.engine);
  g_rand_free(stream.rand);
  return alerts;
}

Test(ahead, looking_ahead_changes_no_alert_and_no_count)
{
  guint alerts = 0;

  for (guint seed = 1; seed <= STREAMS; seed++)
    alerts += _run(seed);
  cr_expect_gt(alerts, STREAMS, "%u alerts say nothing", alerts);
}

/* Some of them are on the list by the time that they are observed, as a replay does it. */
static gsize
_observe_ahead(Knocks *self, PkEvent *event, const gchar *scope, gint64 msec)
{
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
  PkSlice host = PK_SLICE("fw1"), scope_text = pk_slice_from_string(scope);
  PkAhead ahead;
  gsize n;

  pk_engine_look_ahead(self->engine, event, host, scope_text, &ahead);
  pk_engine_fetch(self->engine, &ahead);
  if (event->source.bytes[15] == 3)
    pk_event_set_text(event, PK_TEXT_ALLOWED, "ours", 4);
  n = pk_engine_observe_ahead(self->engine, event, host, scope_text, &ahead, knocks_time(msec), alerts);
  knocks_keep(self, alerts, n);
  return n;
}

Test(ahead, what_was_looked_ahead_at_is_observed_as_it_would_have_been)
{
  Stream stream = { .rand = g_rand_new_with_seed(77) };
  Knocks plain = { .engine = _new_single() }, looking = { .engine = _new_single() };
  guint alerts = 0;

  for (guint step = 0; step < 20000; step++)
    {
      PkEvent event;
      const gchar *scope = stream_choose_scope(&stream);

      stream_go_on(&stream);
      stream_make_event(&stream, &event);
      alerts += (guint) _observe_ahead(&looking, &event, scope, stream.msec);
      knocks_observe_from(&plain, &event, "fw1", scope, stream.msec);
    }
  cr_expect_gt(alerts, 100, "%u alerts say nothing", alerts);
  cr_expect_eq(looking.n, plain.n);
  for (guint i = 0; i < G_N_ELEMENTS(plain.alerts); i++)
    cr_expect_arr_eq(looking.alerts[i].id, plain.alerts[i].id, sizeof(plain.alerts[i].id), "alert %u", i);
  _expect_equal_counts(plain.engine, looking.engine, 77);
  pk_engine_unref(plain.engine);
  pk_engine_unref(looking.engine);
  g_rand_free(stream.rand);
}

Test(ahead, what_is_no_hit_leaves_nothing_to_fetch)
{
  PkEngine *engine = knocks_new_engine(NULL, NULL);
  PkAhead ahead = { .steps_left = PK_AHEAD_STEPS };
  PkEvent event;

  knocks_init_accept(&event, knocks_v4(192, 0, 2, 1), knocks_v4(198, 51, 100, 1), 22, 0);
  _look_ahead(engine, &event, "fw1", "", &ahead);
  cr_expect_eq(ahead.steps_left, 0, "a permitted connection");
  knocks_init_event(&event, knocks_v4(192, 0, 2, 1), knocks_v4(198, 51, 100, 1), 22, 0);
  event.has &= ~(guint32) PK_HAS_SOURCE;
  _look_ahead(engine, &event, "fw1", "", &ahead);
  cr_expect_eq(ahead.steps_left, 0, "no source");
  pk_engine_fetch(engine, &ahead);
  cr_expect_eq(ahead.steps_left, 0, "nor is one step too many of any harm");
  pk_engine_unref(engine);
}

Test(ahead, a_hit_takes_its_steps_and_no_more)
{
  PkEngine *engine = knocks_new_engine(NULL, NULL);
  PkAhead ahead;
  PkEvent event;

  knocks_init_event(&event, knocks_v4(192, 0, 2, 1), knocks_v4(198, 51, 100, 1), 7000, 0);
  _look_ahead(engine, &event, "fw1", "", &ahead);
  cr_expect_eq(ahead.steps_left, PK_AHEAD_STEPS);
  pk_engine_fetch(engine, &ahead);
  cr_expect_eq(ahead.steps_left, PK_AHEAD_STEPS - 1);
  _fetch_all(engine, &ahead);
  pk_engine_fetch(engine, &ahead);
  cr_expect_eq(ahead.steps_left, 0);
  pk_engine_unref(engine);
}

/* A record may be gone, and its place another's, by the time that it is fetched. */
Test(ahead, what_gave_way_meanwhile_is_passed_by)
{
  Knocks knocks = { .engine = knocks_new_engine(SETTINGS, NULL) };
  PkAhead ahead;
  PkEvent event;

  for (guint i = 0; i < FLOOD; i++)
    {
      knocks_init_event(&event, knocks_v6(i), knocks_v4(198, 51, 100, 1), 7000, i);
      _look_ahead(knocks.engine, &event, "fw1", "", &ahead);
      if (i % 3 == 0)
        pk_engine_fetch(knocks.engine, &ahead);
      knocks_observe_from(&knocks, &event, "fw1", "", i);
      event.dest_port = 8000;
      knocks_observe_from(&knocks, &event, "fw1", "", i);
      if (i % 2 == 0)
        _fetch_all(knocks.engine, &ahead);
    }
  cr_expect_eq(knocks.n, 0);
  pk_engine_unref(knocks.engine);
}
