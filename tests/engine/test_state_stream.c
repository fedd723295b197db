/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <glib/gstdio.h>
#include <unistd.h>

#include "engine/stream.h"

/* An engine that is saved and loaded again and again, or moved as a reload does
 * it, does event by event what one does that never was, on random streams of
 * everything that reaches an engine. */

#define STREAMS 120
#define STEPS 300

typedef struct _Run
{
  Stream stream;
  gchar *path;
  const gchar *const *settings;
  Knocks plain, restarted;
  guint alerts, restarts;
} Run;

static const gchar *const SMALL[] = {
  "max-sources",
  "1024",
  "max-windows",
  "64",
  "min-confidence",
  "low",
  "max-alerts",
  "30",
  "alert-on",
  "window,daemon,host",
  "signs",
  "all",
  "ipv6-prefix",
  "64",
  "cooldown",
  "60",
  "confirm-window",
  "60",
  NULL,
};
/* Several shards. */
static const gchar *const LARGE[] = {
  "max-sources", "20000",    "max-windows", "5000", "min-confidence", "low", "max-alerts", "30", "signs",
  "all",         "cooldown", "0",           NULL,
};

/* ---- comparison ------------------------------------------------------------------ */

static gchar *
_tell(Knocks *knocks)
{
  GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

  for (guint i = 0; i < MIN(knocks->n, (guint) G_N_ELEMENTS(knocks->alerts)); i++)
    {
      GString *json = g_string_new(NULL);

      pk_alert_append_json(&knocks->alerts[i], NULL, json);
      g_ptr_array_add(texts, g_string_free(json, FALSE));
    }
  knocks->n = 0;
  return stream_join_texts(texts);
}

static gboolean
_agree(Run *self, guint seed, guint step)
{
  guint n = self->plain.n;
  gchar *plain = _tell(&self->plain), *restarted = _tell(&self->restarted);
  gboolean same = strcmp(plain, restarted) == 0;

  self->alerts += n;
  cr_expect(same, "seed %u, step %u, %u restarts:\nwithout:\n%s\nwith:\n%s", seed, step, self->restarts, plain,
            restarted);
  g_free(plain);
  g_free(restarted);
  return same;
}

static void
_restart(Run *self)
{
  gint64 now_usec = knocks_time(self->stream.msec);
  GError *error = NULL;
  PkOptions options;
  guint64 bytes;
  PkEngine *engine = self->restarted.engine ? self->restarted.engine : pk_engine_ref(self->plain.engine);

  knocks_init_options(&options, self->settings);
  cr_assert(pk_engine_save(engine, self->path, PK_SLICE(""), now_usec, &bytes, &error), "%s",
            error ? error->message : "");
  pk_engine_unref(engine);
  self->restarted.engine = pk_engine_new_from_file(&options, self->path, PK_SLICE(""), now_usec, &error);
  cr_assert_not_null(self->restarted.engine, "%s", error ? error->message : "");
  self->restarts++;
  pk_options_clear(&options);
}

static void
_reload(Run *self)
{
  PkEngine *moved = knocks_new_engine(self->settings, self->restarted.engine);

  pk_engine_unref(self->restarted.engine);
  self->restarted.engine = moved;
}

/* The second engine begins as a copy of the first, with its secrets. */
static guint
_run(guint seed, const gchar *const *settings, gchar *path)
{
  Run run = { .stream.rand = g_rand_new_with_seed(seed), .path = path, .settings = settings };

  run.plain.engine = knocks_new_engine(settings, NULL);
  _restart(&run);
  for (guint step = 0; step < STEPS; step++)
    {
      stream_step(&run.stream, &run.plain, &run.restarted, 0);
      if (!_agree(&run, seed, step))
        break;
      if (stream_choose(&run.stream, 30) == 0)
        _restart(&run);
      if (stream_choose(&run.stream, 30) == 0)
        _reload(&run);
    }
  pk_engine_unref(run.plain.engine);
  pk_engine_unref(run.restarted.engine);
  g_rand_free(run.stream.rand);
  return run.alerts;
}

static void
_run_all(const gchar *const *settings, guint first_seed)
{
  gchar *folder = g_dir_make_tmp("port-knock-state.XXXXXX", NULL), *path;
  guint alerts = 0;

  cr_assert_not_null(folder);
  path = g_build_filename(folder, "x.state", NULL);
  for (guint seed = first_seed; seed < first_seed + STREAMS; seed++)
    alerts += _run(seed, settings, path);
  cr_log_info("%u alerts", alerts);
  cr_expect_gt(alerts, STREAMS * 5, "%u alerts say nothing", alerts);
  g_remove(path);
  g_rmdir(folder);
  g_free(path);
  g_free(folder);
}

Test(state_stream, an_engine_that_was_restarted_goes_on_as_if_it_had_not_been)
{
  _run_all(SMALL, 1);
}

Test(state_stream, so_does_one_of_several_shards)
{
  _run_all(LARGE, 1000);
}
