/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TESTS_KNOCKS_H_INCLUDED
#define PK_TESTS_KNOCKS_H_INCLUDED

#include <criterion/criterion.h>

#include "port-knock/pk-engine.h"
#include "scan/slice.h"

/* Denied packets for the tests of the engine.  Times are in milliseconds after
 * KNOCKS_START, event time and arrival time being the same. */

#define KNOCKS_START G_GINT64_CONSTANT(1795305600000000) /* 2026-11-22T00:00:00Z */

static inline gint64
knocks_time(gint64 msec)
{
  return KNOCKS_START + msec * 1000;
}

static inline PkAddr
knocks_v4(guint8 a, guint8 b, guint8 c, guint8 d)
{
  return (PkAddr){ { [10] = 0xff, [11] = 0xff, [12] = a, [13] = b, [14] = c, [15] = d } };
}

/* One of 2^32 addresses of 2001:db8::/64. */
static inline PkAddr
knocks_v6(guint32 number)
{
  return (PkAddr){ { 0x20, 0x01, 0x0d, 0xb8, [12] = (guint8) (number >> 24), [13] = (guint8) (number >> 16),
                     [14] = (guint8) (number >> 8), [15] = (guint8) number } };
}

/* A TCP packet without flags and source port. */
static inline void
knocks_init_event(PkEvent *event, PkAddr source, PkAddr dest, guint16 port, gint64 msec)
{
  pk_event_init(event);
  event->kind = PK_EVENT_FIREWALL_DENY;
  event->branch = PK_BRANCH_FIREWALL_PORT_DENIED;
  event->has = PK_HAS_SOURCE | PK_HAS_DEST | PK_HAS_DEST_PORT | PK_HAS_PROTOCOL;
  event->source = source;
  event->dest = dest;
  event->protocol = PK_PROTO_TCP;
  event->dest_port = port;
  event->time_usec = knocks_time(msec);
}

/* The same, permitted. */
static inline void
knocks_init_accept(PkEvent *event, PkAddr source, PkAddr dest, guint16 port, gint64 msec)
{
  knocks_init_event(event, source, dest, port, msec);
  event->kind = PK_EVENT_FIREWALL_ACCEPT;
  event->branch = PK_BRANCH_NONE;
}

/* A daemon's word of a source; stage 0: the door opens. */
static inline void
knocks_init_daemon(PkEvent *event, PkAddr source, PkAddr dest, const gchar *door, guint16 stage, gint64 msec)
{
  knocks_init_event(event, source, dest, 0, msec);
  event->kind = PK_EVENT_KNOCK_DAEMON;
  event->branch = stage ? PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS : PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED;
  event->has = PK_HAS_SOURCE | (stage ? PK_HAS_STAGE : 0);
  event->stage = stage;
  pk_event_set_text(event, PK_TEXT_DOOR, door, strlen(door));
}

/* Options of "name", "value", ..., NULL.  Where it does not name them: without known sequences, each address a network
 * of its own, and with those signs only that windows have by themselves. */
static inline void
knocks_init_options(PkOptions *options, const gchar *const *settings)
{
  GError *error = NULL;

  pk_options_init(options);
  cr_assert(pk_options_set(options, "known-sequences", "", NULL));
  cr_assert(pk_options_set(options, "ipv6-prefix", "128", NULL));
  cr_assert(pk_options_set(options, "signs", "scanner,retries,unsettled", NULL));
  for (; settings && settings[0]; settings += 2)
    cr_assert(pk_options_set(options, settings[0], settings[1], &error), "%s", error ? error->message : "");
  cr_assert(pk_options_check(options, &error), "%s", error ? error->message : "");
}

static inline PkEngine *
knocks_new_engine(const gchar *const *settings, PkEngine *old)
{
  GError *error = NULL;
  PkOptions options;
  PkEngine *engine;

  knocks_init_options(&options, settings);
  engine = old ? pk_engine_new_from(old, &options, &error) : pk_engine_new(&options, &error);
  cr_assert_not_null(engine);
  pk_options_clear(&options);
  return engine;
}

/* What came out of an engine. */
typedef struct _Knocks
{
  PkEngine *engine;
  gint64 now_msec; /* the latest arrival */
  guint n;         /* alerts, of which the first 128 are kept */
  PkAlert alerts[128];
} Knocks;

static inline void
knocks_keep(Knocks *self, const PkAlert *alerts, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      if (self->n < G_N_ELEMENTS(self->alerts))
        self->alerts[self->n] = alerts[i];
      self->n++;
    }
}

static inline void
knocks_observe_from(Knocks *self, const PkEvent *event, const gchar *host, const gchar *scope, gint64 arrival_msec)
{
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];

  self->now_msec = MAX(self->now_msec, arrival_msec);
  knocks_keep(self, alerts,
              pk_engine_observe(self->engine, event, pk_slice_from_string(host), pk_slice_from_string(scope),
                                knocks_time(arrival_msec), alerts));
}

static inline void
knocks_send(Knocks *self, PkAddr source, PkAddr dest, guint16 port, gint64 msec)
{
  PkEvent event;

  knocks_init_event(&event, source, dest, port, msec);
  knocks_observe_from(self, &event, "gw", "", msec);
}

/* n ports from first on, a millisecond apart. */
static inline void
knocks_send_many(Knocks *self, PkAddr source, PkAddr dest, guint16 first, guint n, gint64 msec)
{
  for (guint i = 0; i < n; i++)
    knocks_send(self, source, dest, (guint16) (first + i), msec + i);
}

/* In microseconds since the epoch. */
static inline void
knocks_tick_at(Knocks *self, gint64 arrival_usec)
{
  PkAlert alerts[128];
  gboolean more = TRUE;

  self->now_msec = MAX(self->now_msec, (arrival_usec - knocks_time(0)) / 1000);
  while (more)
    knocks_keep(self, alerts, pk_engine_expire(self->engine, arrival_usec, G_N_ELEMENTS(alerts), alerts, &more));
}

static inline void
knocks_tick(Knocks *self, gint64 msec)
{
  knocks_tick_at(self, knocks_time(msec));
}

static inline PkStats
knocks_stats(Knocks *self)
{
  PkStats stats;

  pk_engine_get_stats(self->engine, &stats);
  return stats;
}

/* Nothing is lost: what became of every hit is counted. */
static inline gboolean
knocks_hits_add_up(Knocks *self)
{
  PkStats stats = knocks_stats(self);

  return stats.hits + stats.restored_hits == stats.repeated_hits + stats.late + stats.held_hits + stats.expired_hits +
                                                 stats.evicted_hits + stats.pushed_out;
}

#endif
