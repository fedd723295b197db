/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "engine/state-file.h"
#include "scan/slice.h"

/* What a save costs: bench_state FOLDER SOURCES[/WINDOWS[/PORTS[/KNOCKERS]]]...
 *
 * For each number of sources a table with as many places and all of them taken,
 * with room for WINDOWS (a sixteenth), KNOCKERS of them (WINDOWS) having sent
 * PORTS (four) ports, and with as much beside them as comes of it: how large the
 * file is, what writing and reading it takes (of the processor's time, and until
 * it is on FOLDER's disk), and for how long a shard was locked at the most. */

#define START_USEC G_GINT64_CONSTANT(1795305600000000)
#define WINDOW_SHARE 16
#define WINDOW_PORTS 4

/* How a table is filled. */
typedef struct _Fill
{
  guint32 sources, windows, knockers;
  guint16 ports; /* of a source that knocks */
} Fill;

static Fill
_parse_fill(const gchar *text)
{
  gchar **parts = g_strsplit(text, "/", 4);
  guint n = g_strv_length(parts);
  Fill fill;

  fill.sources = (guint32) g_ascii_strtoull(parts[0], NULL, 10);
  fill.windows = n > 1 ? (guint32) g_ascii_strtoull(parts[1], NULL, 10) : fill.sources / WINDOW_SHARE;
  fill.ports = n > 2 ? (guint16) g_ascii_strtoull(parts[2], NULL, 10) : WINDOW_PORTS;
  fill.knockers = n > 3 ? (guint32) g_ascii_strtoull(parts[3], NULL, 10) : fill.windows;
  g_strfreev(parts);
  return fill;
}

static gdouble
_read_clock(clockid_t clock)
{
  struct timespec now;

  clock_gettime(clock, &now);
  return (gdouble) now.tv_sec + (gdouble) now.tv_nsec / 1e9;
}

static gboolean
_set(PkOptions *options, const gchar *name, guint32 value)
{
  gchar text[32];

  g_snprintf(text, sizeof(text), "%u", value);
  return pk_options_set(options, name, text, NULL);
}

static PkTable *
_new_table(const Fill *fill, PkOptions *options)
{
  pk_options_init(options);
  if (!_set(options, "max-sources", fill->sources) || !_set(options, "max-windows", MAX(fill->windows, 64)) ||
      !pk_options_check(options, NULL))
    return NULL;
  return pk_table_new(options, NULL);
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
  pk_table_observe(table, &sender, &hit, NULL, NULL, alerts);
}

static void
_fill(PkTable *table, const Fill *fill)
{
  guint32 share = MAX(fill->sources / MAX(fill->knockers, 1), 1);
  PkAlert alerts[64];
  gboolean more = TRUE;
  gint64 usec = START_USEC;

  for (guint32 i = 0; i < fill->sources; i++, usec++)
    for (guint16 port = 0; port < (i % share == 0 ? fill->ports : 1); port++)
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

  pk_table_write(table, START_USEC, _watch, &watch, NULL);
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
_measure(const gchar *folder, const Fill *fill)
{
  gchar *path = g_build_filename(folder, "bench.state", NULL);
  PkOptions options;
  PkTable *table = _new_table(fill, &options), *again;
  guint64 bytes = 0;
  PkStats stats;
  gboolean ok;
  Lap lap;

  g_assert_nonnull(table);
  _fill(table, fill);
  pk_table_get_stats(table, &stats);
  _print_locks(table);
  lap = _begin_lap();
  ok = pk_state_file_write(table, path, PK_SLICE(""), START_USEC, &bytes, NULL);
  _end_lap("written in", lap);
  printf("  file         %8.1f MB of %" G_GUINT64_FORMAT " sources, %" G_GUINT64_FORMAT " windows\n",
         (gdouble) bytes / 1e6, stats.sources, stats.windows);
  lap = _begin_lap();
  again = pk_state_file_read(&options, path, PK_SLICE(""), START_USEC, NULL);
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
    fprintf(stderr, "usage: %s FOLDER SOURCES[/WINDOWS[/PORTS[/KNOCKERS]]]...\n", argv[0]);
  for (gint i = 2; ok && i < argc; i++)
    {
      Fill fill = _parse_fill(argv[i]);

      printf("%s sources\n", argv[i]);
      ok = _measure(argv[1], &fill);
    }
  return ok ? 0 : 1;
}
