/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <glib/gstdio.h>
#include <stdio.h>

#include "port-knock/pk-engine.h"

/* Several workers, a timer and a saver on one recogniser and one engine: each
 * source that knocks is reported exactly once, no count is lost, and what was
 * saved meanwhile can be read.
 *
 * Not a Criterion program, because its sandbox does not start under the thread
 * sanitizer, for which this is meant most of all. */

#define WORKERS 4
#define SOURCES_PER_WORKER 2000
#define KNOCK_PORTS 3

/* All workers' knocks in one minute would reach max-alerts(). */
#define KNOCK_INTERVAL_USEC (G_USEC_PER_SEC / 4)
#define SETTLED_USEC (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC)
#define START_USEC G_GINT64_CONSTANT(1767225600000000)
#define EXPIRE_ITEMS 100

typedef struct _Scene
{
  PkRecogniser *recogniser;
  PkEngine *engine;
  gint alerts_of[WORKERS * SOURCES_PER_WORKER]; /* atomic; by source number */
  gint strange_alerts;                          /* atomic; of no source that knocked */
  gint working;                                 /* atomic; workers that have not ended */
  PkStats saved;                                /* as the last save had it */
} Scene;

typedef struct _Worker
{
  Scene *scene;
  gint number;
  GThread *thread;
} Worker;

#ifdef __SANITIZE_THREAD__
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

/* GLib makes its locks of futexes and is not instrumented, so the sanitizer does
 * not know them as locks: these stand in front of GLib's and tell it. */
static void (*_lock)(GMutex *);
static gboolean (*_try_lock)(GMutex *);
static void (*_unlock)(GMutex *);

void
g_mutex_lock(GMutex *mutex)
{
  _lock(mutex);
  __tsan_acquire(mutex);
}

gboolean
g_mutex_trylock(GMutex *mutex)
{
  gboolean locked = _try_lock(mutex);

  if (locked)
    __tsan_acquire(mutex);
  return locked;
}

void
g_mutex_unlock(GMutex *mutex)
{
  __tsan_release(mutex);
  _unlock(mutex);
}

static void
_announce_locks(void)
{
  _lock = dlsym(RTLD_NEXT, "g_mutex_lock");
  _try_lock = dlsym(RTLD_NEXT, "g_mutex_trylock");
  _unlock = dlsym(RTLD_NEXT, "g_mutex_unlock");
}
#else
static void
_announce_locks(void)
{
}
#endif

static void
_count(Scene *self, const PkAlert *alerts, gsize n)
{
  gsize i;

  for (i = 0; i < n; i++)
    {
      const guint8 *bytes = alerts[i].source.bytes;
      gint source = bytes[14] << 8 | bytes[15];

      if (bytes[12] == 10 && source < WORKERS * SOURCES_PER_WORKER)
        g_atomic_int_inc(&self->alerts_of[source]);
      else
        g_atomic_int_inc(&self->strange_alerts);
    }
}

/* Beside the others, who may have the lock: then it is not fetched. */
static void
_observe(Scene *self, const PkEvent *event, PkSlice host, gint64 now_usec)
{
  PkSlice no_scope = { NULL, 0 };
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
  PkAhead ahead;

  pk_engine_look_ahead(self->engine, event, host, no_scope, &ahead);
  for (gint step = 0; step < PK_AHEAD_STEPS; step++)
    pk_engine_fetch(self->engine, &ahead);
  _count(self, alerts, pk_engine_observe_ahead(self->engine, event, host, no_scope, &ahead, now_usec, alerts));
}

static void
_knock_once(Scene *self, gint source, gint port, gint64 now_usec)
{
  const PkClock clock = { now_usec, 0 };
  gchar text[256];
  PkLine line;
  PkEvent event;
  gint len =
      g_snprintf(text, sizeof(text),
                 "kernel: [UFW BLOCK] IN=eth0 OUT= SRC=10.0.%d.%d DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=63 "
                 "ID=%d DF PROTO=TCP SPT=%d DPT=%d WINDOW=64240 RES=0x00 SYN URGP=0",
                 source >> 8, source & 255, source, 40000 + port, 7000 + 1000 * port);

  pk_line_parse(text, len, &clock, &line);
  line.time_usec = now_usec;
  if (pk_recognise(self->recogniser, &line, &event) != PK_SCAN_MATCH)
    g_atomic_int_inc(&self->strange_alerts);
  else
    _observe(self, &event, line.host, now_usec);
}

static gpointer
_work(gpointer user_data)
{
  Worker *self = user_data;
  gint i, port;

  for (i = 0; i < SOURCES_PER_WORKER; i++)
    for (port = 0; port < KNOCK_PORTS; port++)
      _knock_once(self->scene, self->number * SOURCES_PER_WORKER + i, port,
                  START_USEC + i * KNOCK_INTERVAL_USEC + port);
  g_atomic_int_add(&self->scene->working, -1);
  return NULL;
}

static void
_expire(Scene *self, gint64 now_usec)
{
  PkAlert alerts[EXPIRE_ITEMS];
  gboolean more = TRUE;

  while (more)
    _count(self, alerts, pk_engine_expire(self->engine, now_usec, EXPIRE_ITEMS, alerts, &more));
}

static void
_init_options(PkOptions *options)
{
  pk_options_init(options);
  g_assert_true(pk_options_set(options, "max-alerts", "10000", NULL));
  g_assert_true(pk_options_set(options, "signs", "scanner,retries,unsettled", NULL));
  g_assert_true(pk_options_set(options, "known-sequences", "", NULL));
  g_assert_true(pk_options_check(options, NULL));
}

/* Until the workers have ended, and once more. */
static gpointer
_save(gpointer user_data)
{
  Scene *self = user_data;
  gchar *folder = g_dir_make_tmp("port-knock-state.XXXXXX", NULL), *path = g_build_filename(folder, "x.state", NULL);
  gboolean working = TRUE;
  PkOptions options;
  PkEngine *engine;
  guint64 bytes;

  _init_options(&options);
  while (working)
    {
      working = g_atomic_int_get(&self->working) > 0;
      g_assert_true(pk_engine_save(self->engine, path, (PkSlice){ NULL, 0 }, START_USEC, &bytes, NULL));
      engine = pk_engine_new_from_file(&options, path, (PkSlice){ NULL, 0 }, START_USEC, NULL);
      g_assert_nonnull(engine);
      pk_engine_get_stats(engine, &self->saved);
      pk_engine_unref(engine);
    }
  g_remove(path);
  g_rmdir(folder);
  g_free(path);
  g_free(folder);
  pk_options_clear(&options);
  return NULL;
}

static void
_scene_init(Scene *self)
{
  PkOptions options;

  _init_options(&options);
  self->recogniser = pk_recogniser_new(&options, NULL);
  self->engine = pk_engine_new(&options, NULL);
  g_assert_true(self->recogniser && self->engine);
  self->working = WORKERS;
  pk_options_clear(&options);
}

static void
_scene_clear(Scene *self)
{
  pk_recogniser_free(self->recogniser);
  pk_engine_unref(self->engine);
}

static gint
_report(Scene *self)
{
  PkStats stats;
  gint wrong = 0, i;
  const guint64 hits = WORKERS * SOURCES_PER_WORKER * KNOCK_PORTS;

  for (i = 0; i < WORKERS * SOURCES_PER_WORKER; i++)
    wrong += self->alerts_of[i] != 1;
  pk_engine_get_stats(self->engine, &stats);
  printf("%d sources were not reported exactly once, %d alerts or lines were strange, "
         "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " hits were counted\n",
         wrong, self->strange_alerts, stats.hits, hits);
  printf("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " sources were saved\n", self->saved.sources, stats.sources);
  return wrong == 0 && self->strange_alerts == 0 && stats.hits == hits && self->saved.sources == stats.sources;
}

int
main(void)
{
  Scene *scene = g_new0(Scene, 1);
  Worker workers[WORKERS];
  GThread *saver;
  gint passed, i;
  gint64 now_usec = START_USEC;
  PkStats stats;

  _announce_locks();
  _scene_init(scene);
  for (i = 0; i < WORKERS; i++)
    {
      workers[i] = (Worker){ scene, i, NULL };
      workers[i].thread = g_thread_new("worker", _work, &workers[i]);
    }
  saver = g_thread_new("saver", _save, scene);
  while (g_atomic_int_get(&scene->working) > 0)
    {
      _expire(scene, now_usec);
      pk_engine_get_stats(scene->engine, &stats);
    }
  for (i = 0; i < WORKERS; i++)
    g_thread_join(workers[i].thread);
  g_thread_join(saver);
  now_usec = START_USEC + SOURCES_PER_WORKER * KNOCK_INTERVAL_USEC + SETTLED_USEC;
  _expire(scene, now_usec);

  passed = _report(scene);
  printf("[====] Synthesis: Tested: 1 | Passing: %d | Failing: %d | Crashing: 0\n", passed, !passed);
  _scene_clear(scene);
  g_free(scene);
  return !passed;
}
