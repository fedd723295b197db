/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "engine/state-file.h"
#include "scan/slice.h"

/* What a save costs: bench_state FOLDER SOURCES...
 *
 * For each number of sources a table with as many places and all of them taken,
 * a sixteenth with windows of four ports, and with as much beside them as comes
 * of it: how large the file is, what writing and reading it takes (of the
 * processor's time, and until it is on FOLDER's disk), and for how long a shard
 * was locked at the most. */

#define START_USEC G_GINT64_CONSTANT(1795305600000000)
#define WINDOW_SHARE 16
#define WINDOW_PORTS 4

static gdouble
_read_clock(clockid_t clock)
{
  struct timespec now;

  clock_gettime(clock, &now);
  return (gdouble) now.tv_sec + (gdouble) now.tv_nsec / 1e9;
}

static PkTable *
_new_table(gint sources, PkOptions *options)
{
  gchar text[32];
  PkTable *table;

  pk_options_init(options);
  g_snprintf(text, sizeof(text), "%d", sources);
  if (!pk_options_set(options, "max-sources", text, NULL) || !pk_options_check(options, NULL))
    return NULL;
  table = pk_table_new(options, NULL);
  return table;
}

static void
_send(PkTable *table, guint32 number, guint16 port, gint64 usec)
{
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
  PkSender sender = { .host = PK_SLICE("firewall-1.example.net") };
  PkHit hit = { .time_usec = usec, .arrival_usec = usec, .packets = 1, .flags = PK_HIT_HAS_SOURCE_PORT };

  sender.address = (PkAddr){ { [10] = 0xff,
                               [11] = 0xff,
                               [12] = (guint8) (number >> 24),
                               [13] = (guint8) (number >> 16),
                               [14] = (guint8) (number >> 8),
                               [15] = (guint8) number } };
  hit.dest = (PkAddr){ { [10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = 2 } };
  hit.port = (PkPort){ .protocol = PK_PROTO_TCP, .port = port };
  pk_table_observe(table, &sender, &hit, NULL, alerts);
}

static void
_fill(PkTable *table, guint32 sources)
{
  PkAlert alerts[64];
  gboolean more = TRUE;
  gint64 usec = START_USEC;

  for (guint32 i = 0; i < sources; i++, usec++)
    for (guint16 port = 0; port < (i % WINDOW_SHARE == 0 ? WINDOW_PORTS : 1); port++)
      _send(table, 0x0a000000 + i, (guint16) (7000 + 137 * port), usec);
  while (more)
    pk_table_expire(table, usec + 20 * G_USEC_PER_SEC, G_N_ELEMENTS(alerts), alerts, &more);
}

/* ---- locks ------------------------------------------------------------------------ */

/* Between two calls one part is gathered, under one lock. */
typedef struct _Watch
{
  gdouble left, longest, sum;
  gsize bytes;
  guint parts;
} Watch;

static gboolean
_watch(const guint8 *data, gsize len, gpointer user_data, GError **error)
{
  Watch *self = user_data;
  gdouble held = _read_clock(CLOCK_THREAD_CPUTIME_ID) - self->left;

  self->longest = MAX(self->longest, held);
  self->sum += held;
  self->bytes += len;
  self->parts++;
  self->left = _read_clock(CLOCK_THREAD_CPUTIME_ID);
  return TRUE;
}

static void
_print_locks(PkTable *table)
{
  Watch watch = { .left = _read_clock(CLOCK_THREAD_CPUTIME_ID) };

  pk_table_write(table, _watch, &watch, NULL);
  printf("  locked       %8.3f ms at the most, %.1f ms in all, in %u parts\n", watch.longest * 1e3, watch.sum * 1e3,
         watch.parts);
}

/* ---- files ------------------------------------------------------------------------ */

typedef struct _Lap
{
  gdouble wall, cpu;
} Lap;

static Lap
_begin_lap(void)
{
  return (Lap){ _read_clock(CLOCK_MONOTONIC), _read_clock(CLOCK_THREAD_CPUTIME_ID) };
}

static void
_end_lap(const gchar *what, Lap begun)
{
  printf("  %-12s %8.1f ms, %.1f ms of the processor\n", what, (_read_clock(CLOCK_MONOTONIC) - begun.wall) * 1e3,
         (_read_clock(CLOCK_THREAD_CPUTIME_ID) - begun.cpu) * 1e3);
}

static gboolean
_measure(const gchar *folder, gint sources)
{
  gchar *path = g_build_filename(folder, "bench.state", NULL);
  PkOptions options;
  PkTable *table = _new_table(sources, &options), *again;
  guint64 bytes = 0;
  PkStats stats;
  gboolean ok;
  Lap lap;

  g_assert_nonnull(table);
  _fill(table, (guint32) sources);
  pk_table_get_stats(table, &stats);
  _print_locks(table);
  lap = _begin_lap();
  ok = pk_state_file_write(table, path, PK_SLICE(""), &bytes, NULL);
  _end_lap("written in", lap);
  printf("  file         %8.1f MB of %" G_GUINT64_FORMAT " sources, %" G_GUINT64_FORMAT " windows\n",
         (gdouble) bytes / 1e6, stats.sources, stats.windows);
  lap = _begin_lap();
  again = pk_state_file_read(&options, path, PK_SLICE(""), NULL);
  _end_lap("read in", lap);
  ok = ok && again;
  g_clear_pointer(&again, pk_table_free);
  pk_table_free(table);
  pk_options_clear(&options);
  remove(path);
  g_free(path);
  return ok;
}

int
main(int argc, char **argv)
{
  gboolean ok = argc > 2;

  if (!ok)
    fprintf(stderr, "usage: %s FOLDER SOURCES...\n", argv[0]);
  for (gint i = 2; ok && i < argc; i++)
    {
      printf("%s sources\n", argv[i]);
      ok = _measure(argv[1], atoi(argv[i]));
    }
  return ok ? 0 : 1;
}
