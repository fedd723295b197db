/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "commands.h"
#include "measure.h"
#include "play.h"
#include "scan/slice.h"

#define START_USEC G_GINT64_CONSTANT(1795305600000000)
/* All sources of a measurement arrive within this, less than window(). */
#define SPREAD_USEC (20 * (gint64) G_USEC_PER_SEC)
#define FLOOD_SAMPLE_LINES 10000

/* ---- synthetic events ------------------------------------------------------- */

/* One of 2^32 networks of 64 bits, and an interface number as hosts choose them. */
static PkAddr
_source(guint32 number)
{
  guint64 interface = (number + 1) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
  PkAddr address = { { 0x20, 0x01, 0x0d, 0xb8, (guint8) (number >> 24), (guint8) (number >> 16), (guint8) (number >> 8),
                       (guint8) number } };

  memcpy(address.bytes + 8, &interface, sizeof(interface));
  return address;
}

static void
_init_event(PkEvent *event)
{
  pk_event_init(event);
  event->kind = PK_EVENT_FIREWALL_DENY;
  event->branch = PK_BRANCH_FIREWALL_PORT_DENIED;
  event->has = PK_HAS_SOURCE | PK_HAS_SOURCE_PORT | PK_HAS_DEST | PK_HAS_DEST_PORT | PK_HAS_PROTOCOL;
  event->protocol = PK_PROTO_TCP;
  event->dest = (PkAddr){ { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
}

/* Ports as a knock has them: of no run, of no service, and not those of another source. */
static guint16
_port(guint32 source, guint i)
{
  guint32 mixed = (source * 3 + i + 1) * 2654435761u;

  return (guint16) (10000 + (mixed >> 16) % 20000 + i * 11000);
}

/* Sends port i of each source, source after source. */
static void
_send_round(Play *play, guint first, guint sources, guint i, gint64 start_usec)
{
  PkEvent event;

  _init_event(&event);
  for (guint n = 0; n < sources; n++)
    {
      event.source = _source(first + n);
      event.source_port = (guint16) (1024 + (n * 7 + i) % 60000);
      event.dest_port = _port(first + n, i);
      event.time_usec = start_usec + SPREAD_USEC * n / sources / 4;
      play_event(play, &event, PK_SLICE("gw"), NULL);
    }
}

/* ---- memory ----------------------------------------------------------------- */

gboolean
bench_memory(const PkOptions *options, gchar **arguments)
{
  gboolean with_window = g_str_equal(arguments[0], "window");
  guint sources = (guint) g_ascii_strtoull(arguments[1], NULL, 10);
  gsize before = measure_resident_bytes(), after;
  Play play = { .engine = new_engine(options) };
  PkStats stats;

  for (guint i = 0; i < (with_window ? 2u : 1u); i++)
    _send_round(&play, 0, sources, i, START_USEC + i * SPREAD_USEC / 2);
  after = measure_resident_bytes();
  pk_engine_get_stats(play.engine, &stats);
  g_print("{\"what\":\"%s\",\"sources\":%" G_GUINT64_FORMAT ",\"windows\":%" G_GUINT64_FORMAT
          ",\"growth_bytes\":%" G_GSIZE_FORMAT ",\"resident_bytes\":%" G_GSIZE_FORMAT
          ",\"reserved_bytes\":%" G_GUINT64_FORMAT "}\n",
          arguments[0], stats.sources, stats.windows, after - before, after, stats.reserved_bytes);
  pk_engine_unref(play.engine);
  return TRUE;
}

/* ---- flood ------------------------------------------------------------------ */

gboolean
bench_flood(const PkOptions *options, gchar **arguments)
{
  Play play = { .recogniser = new_recogniser(options), .engine = new_engine(options) };
  gsize full_bytes = 0;
  gint64 began;
  PkStats stats;
  Log log;

  if (!log_read(&log, arguments[0]))
    return FALSE;
  began = measure_cpu_nsec();
  for (guint i = 0; i < log.lines->len; i++)
    {
      play_line(&play, &log_lines(&log)[i]);
      if (full_bytes || i % FLOOD_SAMPLE_LINES)
        continue;
      pk_engine_get_stats(play.engine, &stats);
      if (stats.evicted_sources > 0)
        full_bytes = measure_resident_bytes();
    }
  play_settle(&play);
  pk_engine_get_stats(play.engine, &stats);
  g_print("{\"what\":\"flood\",\"lines\":%u,\"cpu_seconds\":%.6f,\"alerts\":%" G_GUINT64_FORMAT
          ",\"sources\":%" G_GUINT64_FORMAT ",\"windows\":%" G_GUINT64_FORMAT ",\"evicted_sources\":%" G_GUINT64_FORMAT
          ",\"evicted_windows\":%" G_GUINT64_FORMAT ",\"full_bytes\":%" G_GSIZE_FORMAT ",\"end_bytes\":%" G_GSIZE_FORMAT
          "}\n",
          log.lines->len, (gdouble) (measure_cpu_nsec() - began) / 1e9, play.alerts, stats.sources, stats.windows,
          stats.evicted_sources, stats.evicted_windows, full_bytes, measure_resident_bytes());
  pk_engine_unref(play.engine);
  pk_recogniser_free(play.recogniser);
  log_clear(&log);
  return TRUE;
}

/* ---- ticks ------------------------------------------------------------------ */

/* As modules/syslog-ng/port-knock.c bounds a tick. */
#define TICK_ITEMS_MAX 1000
#define TICK_NSEC_MAX 4000000
#define TICK_SLICE_ITEMS 16
#define QUIET_TICKS 200

/* FALSE: nothing is due any more. */
static gboolean
_tick(Play *play, const gchar *what)
{
  gint64 cpu_began = measure_cpu_nsec(), wall_began = measure_wall_nsec();
  PkAlert alerts[TICK_SLICE_ITEMS];
  gboolean more = TRUE;
  guint items = 0;
  PkStats stats;

  for (; more && items < TICK_ITEMS_MAX; items += TICK_SLICE_ITEMS)
    {
      play->alerts += pk_engine_expire(play->engine, play->arrival_usec, TICK_SLICE_ITEMS, alerts, &more);
      if (measure_wall_nsec() - wall_began > TICK_NSEC_MAX)
        break;
    }
  pk_engine_get_stats(play->engine, &stats);
  g_print("{\"what\":\"%s\",\"items\":%u,\"cpu_msec\":%.4f,\"wall_msec\":%.4f}\n", what, items,
          (gdouble) (measure_cpu_nsec() - cpu_began) / 1e6, (gdouble) (measure_wall_nsec() - wall_began) / 1e6);
  return more;
}

gboolean
bench_tick(const PkOptions *options, gchar **arguments)
{
  guint sources = (guint) g_ascii_strtoull(arguments[0], NULL, 10), knocking = (guint) options->max_windows;
  Play play = { .engine = new_engine(options), .never_ticks = TRUE };
  PkStats stats;

  knocking = MIN(knocking, sources);
  _send_round(&play, knocking, sources - knocking, 0, START_USEC);
  for (guint i = 0; i < (guint) options->min_ports; i++)
    _send_round(&play, 0, knocking, i, START_USEC + SPREAD_USEC / 4 * (i + 1));
  pk_engine_get_stats(play.engine, &stats);
  g_print("{\"what\":\"state\",\"sources\":%" G_GUINT64_FORMAT ",\"windows\":%" G_GUINT64_FORMAT "}\n", stats.sources,
          stats.windows);
  for (guint i = 0; i < QUIET_TICKS; i++)
    _tick(&play, "quiet");
  play.arrival_usec += ((gint64) options->settle_seconds + 1) * G_USEC_PER_SEC;
  while (_tick(&play, "due"))
    ;
  g_print("{\"what\":\"check\",\"alerts\":%" G_GUINT64_FORMAT "}\n", play.alerts);
  pk_engine_unref(play.engine);
  return TRUE;
}
