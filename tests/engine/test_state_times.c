/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <glib/gstdio.h>
#include <unistd.h>

#include "engine/state-file.h"
#include "engine/stream.h"

/* State files, also made up ones, that are read at any time.  On random streams:
 *
 * - A clock that was set back changes nothing: the engine says what it would have
 *   said with the old clock, only earlier.
 * - A file that lay for longer than anything lasts changes nothing: once what was
 *   due is told, the engine says what a new one says.
 * - So it is of a file that was changed anywhere under a right checksum, whatever
 *   its times are and whenever it is read: it may make something up, which is
 *   told at once or never, but then keeps back and adds no alert.  */

#define STEPS 200
#define MINUTE G_GINT64_CONSTANT(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
/* Longer than confirm-window() below. */
#define SETTLED (10 * MINUTE)
/* Of the secrets in a file: with others an engine estimates otherwise how many ports it remembers. */
#define SECRETS_START (PK_STATE_HEADER_BYTES + 13 + 8)
#define SECRETS_BYTES 40
/* Of a drain, so that what was made up cannot be endless either. */
#define MADE_UP_MAX 5000

/* Each address is a network of its own: else the first packet of one that was seen long ago is remembered of its
 * network at once, and that of a new one with the second. */
static const gchar *const SETTINGS[] = {
  "max-sources",
  "1024",
  "max-windows",
  "64",
  "min-confidence",
  "low",
  "max-alerts",
  "10000",
  "alert-on",
  "window,daemon,host",
  "signs",
  "scanner,retries,unsettled,other_ports,repeated_inside",
  "ipv6-prefix",
  "128",
  "cooldown",
  "60",
  "confirm-window",
  "60",
  NULL,
};

static PkOptions options;
static gchar *folder, *path;

/* One shard, so that two engines have the same secrets. */
static void
_begin(void)
{
  folder = g_dir_make_tmp("port-knock-state.XXXXXX", NULL);
  cr_assert_not_null(folder);
  path = g_build_filename(folder, "x.state", NULL);
  knocks_init_options(&options, SETTINGS);
  options.single_shard = TRUE;
}

static void
_end(void)
{
  g_remove(path);
  g_rmdir(folder);
  g_free(path);
  g_free(folder);
  pk_options_clear(&options);
}

TestSuite(state_times, .init = _begin, .fini = _end);

static PkEngine *
_new(void)
{
  PkEngine *engine = pk_engine_new(&options, NULL);

  cr_assert_not_null(engine);
  return engine;
}

static PkEngine *
_read(gint64 now_msec)
{
  return pk_engine_new_from_file(&options, path, PK_SLICE(""), knocks_time(now_msec), NULL);
}

static void
_save(PkEngine *engine, gint64 now_msec)
{
  guint64 bytes;

  cr_assert(pk_engine_save(engine, path, PK_SLICE(""), knocks_time(now_msec), &bytes, NULL));
}

/* ---- streams ---------------------------------------------------------------------- */

/* Two engines that are told the same, the second one earlier by back_msec. */
typedef struct _Pair
{
  Stream stream;
  Knocks one, other;
  gint64 back_msec;
  guint alerts;
} Pair;

/* Something of everything; ended with a save. */
static void
_make_file(guint seed, Pair *pair)
{
  PkEvent event;

  *pair = (Pair){ .stream.rand = g_rand_new_with_seed(seed), .one.engine = _new() };
  for (guint i = 0; i < STEPS; i++)
    {
      stream_go_on(&pair->stream);
      stream_make_event(&pair->stream, &event);
      knocks_observe_from(&pair->one, &event, stream_choose_host(&pair->stream), "", pair->stream.msec);
      if (stream_choose(&pair->stream, 3) == 0)
        knocks_tick(&pair->one, pair->stream.msec);
    }
  _save(pair->one.engine, pair->stream.msec);
  pk_engine_unref(pair->one.engine);
  pair->one = (Knocks){ 0 };
}

static void
_clear(Pair *self)
{
  pk_engine_unref(self->one.engine);
  pk_engine_unref(self->other.engine);
  g_rand_free(self->stream.rand);
}

/* ---- comparison -------------------------------------------------------------------- */

/* What an alert says but for its event times, and the id that is made of them: these do not move back in what was
 * told already. */
static gchar *
_tell(const PkAlert *alert, gint64 back_msec)
{
  GString *text = g_string_new(NULL);
  PkAlert copy = *alert;

  copy.window_start_usec = copy.window_end_usec = 0;
  memset(copy.id, 0, sizeof(copy.id));
  pk_alert_append_json(&copy, NULL, text);
  g_string_append_printf(text, " arrived %" G_GINT64_FORMAT,
                         (alert->arrival_usec - KNOCKS_START) / 1000 + (alert->arrival_usec ? back_msec : 0));
  return g_string_free(text, FALSE);
}

static gchar *
_tell_all(Knocks *knocks, gint64 back_msec)
{
  GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

  for (guint i = 0; i < MIN(knocks->n, (guint) G_N_ELEMENTS(knocks->alerts)); i++)
    g_ptr_array_add(texts, _tell(&knocks->alerts[i], back_msec));
  knocks->n = 0;
  return stream_join_texts(texts);
}

static gboolean
_agree(Pair *self, guint seed, guint step)
{
  guint n = self->one.n;
  gchar *one = _tell_all(&self->one, 0), *other = _tell_all(&self->other, self->back_msec);
  gboolean same = strcmp(one, other) == 0;

  self->alerts += n;
  cr_expect(same, "seed %u, step %u:\nthe one:\n%s\nthe other:\n%s", seed, step, one, other);
  g_free(one);
  g_free(other);
  return same;
}

static guint
_go_on(Pair *self, guint seed)
{
  self->one.n = self->other.n = 0;
  for (guint step = 0; step < STEPS; step++)
    {
      stream_step(&self->stream, &self->one, &self->other, self->back_msec);
      if (!_agree(self, seed, step))
        break;
    }
  return self->alerts;
}

/* ---- properties -------------------------------------------------------------------- */

/* Whole minutes, in which max-alerts() counts. */
Test(state_times, a_clock_that_was_set_back_changes_nothing)
{
  guint alerts = 0;
  Pair pair;

  for (guint seed = 1; seed <= 60; seed++)
    {
      _make_file(seed, &pair);
      pair.back_msec = (1 + stream_choose(&pair.stream, 600000)) * MINUTE;
      pair.one.engine = _read(pair.stream.msec);
      pair.other.engine = _read(pair.stream.msec - pair.back_msec);
      cr_assert(pair.one.engine && pair.other.engine);
      alerts += _go_on(&pair, seed);
      _clear(&pair);
    }
  cr_log_info("%u alerts", alerts);
  cr_expect_gt(alerts, 600, "%u alerts say nothing", alerts);
}

/* One more source is seen to connect, so that both know since when connections are permitted. */
static void
_pass_time(Pair *self, gint64 msec)
{
  PkEvent event;

  knocks_tick(&self->one, msec);
  knocks_init_accept(&event, knocks_v4(203, 0, 113, 1), knocks_v4(203, 0, 113, 2), 443, msec);
  knocks_observe_from(&self->one, &event, "fw1", "", msec);
  knocks_observe_from(&self->other, &event, "fw1", "", msec);
  self->stream.msec = msec + SETTLED;
  knocks_tick(&self->one, self->stream.msec);
  cr_expect_lt(self->one.n, MADE_UP_MAX, "%u alerts", self->one.n);
}

Test(state_times, a_file_that_lay_for_long_changes_nothing)
{
  guint alerts = 0;
  Pair pair;

  for (guint seed = 1001; seed <= 1060; seed++)
    {
      _make_file(seed, &pair);
      pair.stream.msec += DAY + HOUR * stream_choose(&pair.stream, 20000);
      pair.one.engine = _read(pair.stream.msec);
      pair.other.engine = _new();
      cr_assert_not_null(pair.one.engine);
      _pass_time(&pair, pair.stream.msec);
      alerts += _go_on(&pair, seed);
      _clear(&pair);
    }
  cr_log_info("%u alerts", alerts);
  cr_expect_gt(alerts, 600, "%u alerts say nothing", alerts);
}

/* ---- files that are made up -------------------------------------------------------- */

static void
_change_byte(GRand *rand, guint8 *byte)
{
  static const guint8 values[] = { 0, 1, 0x7f, 0x80, 0xff };
  gint kind = g_rand_int_range(rand, 0, 3);

  if (kind == 0)
    *byte = values[g_rand_int_range(rand, 0, G_N_ELEMENTS(values))];
  else if (kind == 1)
    *byte ^= (guint8) (1u << g_rand_int_range(rand, 0, 8));
  else
    *byte = (guint8) g_rand_int_range(rand, 0, 256);
}

static gint
_choose_place(GRand *rand, gsize len)
{
  gint place = g_rand_int_range(rand, PK_STATE_HEADER_BYTES, (gint32) len - SECRETS_BYTES);

  return place < SECRETS_START ? place : place + SECRETS_BYTES;
}

static void
_change_file(GRand *rand, const gchar *good, gsize len)
{
  guint8 *data = g_memdup2(good, len);
  FILE *file = fopen(path, "wb");

  cr_assert_not_null(file);
  for (gint i = g_rand_int_range(rand, 1, 9); i > 0; i--)
    _change_byte(rand, &data[_choose_place(rand, len)]);
  pk_state_file_make_header(data + PK_STATE_HEADER_BYTES, len - PK_STATE_HEADER_BYTES, PK_SLICE(""), data);
  cr_assert_eq(fwrite(data, 1, len, file), len);
  cr_assert_eq(fclose(file), 0);
  g_free(data);
}

/* Around the save, or years from it. */
static gint64
_choose_now(Stream *stream)
{
  gint64 far = stream_choose(stream, 2) ? DAY : 1000;

  return stream->msec + (stream_choose(stream, 20000) - 10000) * far;
}

/* TRUE: it was accepted. */
static gboolean
_try_changed(guint seed, const Pair *made, const gchar *good, gsize len, guint *alerts)
{
  Pair pair = { .stream = { g_rand_new_with_seed(seed), made->stream.msec } };
  gint64 now_msec = _choose_now(&pair.stream);

  _change_file(pair.stream.rand, good, len);
  pair.one.engine = _read(now_msec);
  pair.other.engine = _new();
  if (pair.one.engine)
    {
      for (gint64 msec = 0; msec <= DAY; msec += MINUTE / 4)
        knocks_tick(&pair.one, now_msec + msec);
      _pass_time(&pair, now_msec + DAY + HOUR);
      *alerts += _go_on(&pair, seed);
      _clear(&pair);
      return TRUE;
    }
  pk_engine_unref(pair.other.engine);
  g_rand_free(pair.stream.rand);
  return FALSE;
}

Test(state_times, whatever_a_file_makes_up_is_over_after_a_day)
{
  guint alerts = 0, accepted = 0;

  for (guint seed = 2001; seed <= 2020; seed++)
    {
      Pair made;
      gchar *good;
      gsize len;

      _make_file(seed, &made);
      cr_assert(g_file_get_contents(path, &good, &len, NULL));
      for (guint i = 0; i < 25; i++)
        accepted += _try_changed(seed * 1000 + i, &made, good, len, &alerts);
      g_rand_free(made.stream.rand);
      g_free(good);
    }
  cr_log_info("%u accepted, %u alerts", accepted, alerts);
  cr_expect_gt(accepted, 100, "%u accepted say nothing", accepted);
  cr_expect_gt(alerts, 1000, "%u alerts say nothing", alerts);
}
