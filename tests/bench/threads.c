/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "commands.h"
#include "measure.h"
#include "play.h"

#define WORKERS_MAX 64

/* What a worker spent its time with. */
typedef struct _Times
{
  gint64 wall_nsec;
  gint64 cpu_nsec;
  gint64 queued_nsec; /* it could have run, but no processor was free */
  glong waits;        /* how often it gave up the processor by itself: only a lock makes it do that */
} Times;

typedef struct _Worker
{
  Play play;
  GPtrArray *lines; /* of const PkLine *, its part of the log */
  GThread *thread;
  gint *ready; /* atomic, of all workers */
  gint n_workers;
  Times times;
} Worker;

/* Linux: time spent waiting in a run queue; 0 where the system does not tell. */
static gint64
_queued_nsec(void)
{
  gchar *path = g_strdup_printf("/proc/self/task/%ld/schedstat", syscall(SYS_gettid)), *text = NULL, *after;
  gint64 nsec = 0;

  if (g_file_get_contents(path, &text, NULL, NULL))
    {
      g_ascii_strtoll(text, &after, 10);
      nsec = g_ascii_strtoll(after, NULL, 10);
    }
  g_free(path);
  g_free(text);
  return nsec;
}

static glong
_count_waits(void)
{
  struct rusage usage;

  return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : 0;
}

static Times
_now(void)
{
  return (Times){ measure_wall_nsec(), measure_cpu_nsec(), _queued_nsec(), _count_waits() };
}

static gpointer
_work(gpointer user_data)
{
  Worker *self = user_data;
  Play play = self->play; /* of its own: the others' lie in the same cache lines */
  Times began, ended;

  g_atomic_int_inc(self->ready);
  while (g_atomic_int_get(self->ready) < self->n_workers)
    g_thread_yield();
  began = _now();
  for (guint i = 0; i < self->lines->len; i++)
    play_line(&play, g_ptr_array_index(self->lines, i));
  ended = _now();
  self->play = play;
  self->times = (Times){ ended.wall_nsec - began.wall_nsec, ended.cpu_nsec - began.cpu_nsec,
                         ended.queued_nsec - began.queued_nsec, ended.waits - began.waits };
  return NULL;
}

/* By source, so that no hit overtakes another of its source.  Only the first ticks, as only one thread has a timer. */
static void
_share_out(const Log *log, PkRecogniser *recogniser, Worker *workers, guint n)
{
  PkEvent event;

  for (guint i = 0; i < log->lines->len; i++)
    {
      guint32 mixed = 0;

      if (pk_recognise(recogniser, &log_lines(log)[i], &event) != PK_SCAN_MATCH)
        continue;
      for (gsize k = 0; k < sizeof(event.source); k++)
        mixed = (mixed + event.source.bytes[k]) * 2654435761u;
      g_ptr_array_add(workers[(mixed >> 16) % n].lines, (gpointer) &log_lines(log)[i]);
    }
}

static void
_print(const Worker *workers, guint n, guint64 round, guint lines, guint64 alerts)
{
  Times sum = { 0 };
  gint64 longest = 0;

  for (guint i = 0; i < n; i++)
    {
      sum.cpu_nsec += workers[i].times.cpu_nsec;
      sum.queued_nsec += workers[i].times.queued_nsec;
      sum.wall_nsec += workers[i].times.wall_nsec;
      sum.waits += workers[i].times.waits;
      longest = MAX(longest, workers[i].times.wall_nsec);
    }
  g_print("{\"what\":\"threads\",\"workers\":%u,\"round\":%" G_GUINT64_FORMAT ",\"lines\":%u,\"wall_seconds\":%.6f,"
          "\"cpu_seconds\":%.6f,\"queued_seconds\":%.6f,\"blocked_seconds\":%.6f,\"waits\":%ld,"
          "\"alerts\":%" G_GUINT64_FORMAT "}\n",
          n, round, lines, (gdouble) longest / 1e9, (gdouble) sum.cpu_nsec / 1e9, (gdouble) sum.queued_nsec / 1e9,
          (gdouble) MAX(0, sum.wall_nsec - sum.cpu_nsec - sum.queued_nsec) / 1e9, sum.waits, alerts);
}

static void
_measure(const PkOptions *options, const Log *log, guint n, guint64 round)
{
  PkRecogniser *recogniser = new_recogniser(options);
  PkEngine *engine = new_engine(options);
  Worker workers[WORKERS_MAX];
  Play last = { .engine = engine };
  gint ready = 0;

  memset(workers, 0, sizeof(workers));
  for (guint i = 0; i < n; i++)
    workers[i] = (Worker){ .play = { .recogniser = recogniser, .engine = engine, .never_ticks = i > 0 },
                           .lines = g_ptr_array_new(),
                           .ready = &ready,
                           .n_workers = (gint) n };
  _share_out(log, recogniser, workers, n);
  for (guint i = 0; i < n; i++)
    workers[i].thread = g_thread_new("worker", _work, &workers[i]);
  for (guint i = 0; i < n; i++)
    {
      g_thread_join(workers[i].thread);
      last.arrival_usec = MAX(last.arrival_usec, workers[i].play.arrival_usec);
      last.alerts += workers[i].play.alerts;
      g_ptr_array_unref(workers[i].lines);
    }
  play_settle(&last);
  _print(workers, n, round, log->lines->len, last.alerts);
  pk_engine_unref(engine);
  pk_recogniser_free(recogniser);
}

gboolean
bench_threads(const PkOptions *options, gchar **arguments)
{
  guint64 rounds = g_ascii_strtoull(arguments[1], NULL, 10);
  guint n_counts = g_strv_length(arguments + 2);
  Log log;

  if (!log_read(&log, arguments[0]))
    return FALSE;
  for (guint64 round = 0; round < rounds; round++)
    for (guint i = 0; i < n_counts; i++)
      {
        guint64 workers = g_ascii_strtoull(arguments[2 + (i + round) % n_counts], NULL, 10);

        _measure(options, &log, (guint) CLAMP(workers, 1, WORKERS_MAX), round);
      }
  log_clear(&log);
  return TRUE;
}
