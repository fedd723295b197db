/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TESTS_STREAM_H_INCLUDED
#define PK_TESTS_STREAM_H_INCLUDED

#include "engine/knocks.h"

/* Random streams of everything that reaches an engine: few sources, destinations
 * and ports, so that something comes of them. */

typedef struct _Stream
{
  GRand *rand;
  gint64 msec; /* now */
} Stream;

static inline gint
stream_choose(Stream *self, gint n)
{
  return g_rand_int_range(self->rand, 0, n);
}

static inline PkAddr
stream_choose_source(Stream *self)
{
  PkAddr address;

  switch (stream_choose(self, 8))
    {
    case 0:
      address = knocks_v6((guint32) stream_choose(self, 3));
      address.bytes[7] = (guint8) stream_choose(self, 2);
      return address;
    case 1:
      return knocks_v4(127, 0, 0, 1);
    default:
      return knocks_v4(192, 0, 2, (guint8) (1 + stream_choose(self, 6)));
    }
}

static inline PkAddr
stream_choose_dest(Stream *self)
{
  return knocks_v4(198, 51, 100, (guint8) (1 + stream_choose(self, 3)));
}

static inline void
stream_make_denial(Stream *self, PkEvent *event)
{
  knocks_init_event(event, stream_choose_source(self), stream_choose_dest(self),
                    (guint16) (7000 + 100 * stream_choose(self, 8)),
                    self->msec - (stream_choose(self, 5) ? 0 : stream_choose(self, 3000)));
  event->count = stream_choose(self, 4) ? 1 : 3;
  if (stream_choose(self, 2))
    {
      event->has |= PK_HAS_SOURCE_PORT;
      event->source_port = (guint16) (40000 + stream_choose(self, 4));
    }
  if (stream_choose(self, 3) == 0)
    {
      event->has |= PK_HAS_UPTIME;
      event->uptime_usec = self->msec * 1000;
    }
  if (stream_choose(self, 6) == 0)
    {
      event->protocol = PK_PROTO_ICMP;
      event->has |= PK_HAS_ICMP;
      event->icmp_type = 8;
      event->length = (guint16) (100 + stream_choose(self, 5));
    }
  if (stream_choose(self, 10) == 0)
    event->has &= ~(guint32) PK_HAS_DEST;
  if (stream_choose(self, 12) == 0)
    pk_event_set_text(event, PK_TEXT_ALLOWED, "ours", 4);
}

static inline void
stream_make_accept(Stream *self, PkEvent *event)
{
  knocks_init_accept(event, stream_choose_source(self), stream_choose_dest(self),
                     (guint16) (22 + stream_choose(self, 3)), self->msec);
}

static inline void
stream_make_daemon(Stream *self, PkEvent *event)
{
  gboolean opens = stream_choose(self, 2);

  knocks_init_event(event, stream_choose_source(self), stream_choose_dest(self), 0, self->msec);
  event->kind = PK_EVENT_KNOCK_DAEMON;
  event->branch = opens ? PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED : PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS;
  event->has = PK_HAS_SOURCE | (opens ? 0 : PK_HAS_STAGE);
  event->stage = (guint16) (opens ? 0 : 1 + stream_choose(self, 3));
  event->door_action = opens ? stream_choose(self, 3) ? "open" : "close" : NULL;
  pk_event_set_text(event, PK_TEXT_DOOR, stream_choose(self, 2) ? "ssh" : "web", 3);
  if (opens && stream_choose(self, 2))
    pk_event_set_text(event, PK_TEXT_OPEN_PORT, "tcp/22", 6);
}

static inline void
stream_make_host_event(Stream *self, PkEvent *event)
{
  gboolean listens = stream_choose(self, 2);

  knocks_init_event(event, stream_choose_source(self), stream_choose_dest(self),
                    (guint16) (22 + stream_choose(self, 3)), self->msec);
  event->kind = listens ? PK_EVENT_NEW_LISTENER : PK_EVENT_HOST_FIREWALL_OPENED;
  event->branch = listens ? PK_BRANCH_NONE : PK_BRANCH_HOST_FIREWALL_OPENED;
}

static inline void
stream_make_event(Stream *self, PkEvent *event)
{
  gint kind = stream_choose(self, 20);

  if (kind < 14)
    stream_make_denial(self, event);
  else if (kind < 16)
    stream_make_accept(self, event);
  else if (kind < 18)
    stream_make_daemon(self, event);
  else
    stream_make_host_event(self, event);
}

/* Who reports it, and of whom; and how time goes on. */
static inline const gchar *
stream_choose_host(Stream *self)
{
  return stream_choose(self, 2) ? "fw1" : "fw2";
}

static inline const gchar *
stream_choose_scope(Stream *self)
{
  return stream_choose(self, 4) ? "" : "tenant";
}

static inline void
stream_go_on(Stream *self)
{
  self->msec += stream_choose(self, 10) ? stream_choose(self, 400) : stream_choose(self, 20000);
}

/* The same event or tick to both, of which the other's clock is behind by that much. */
static inline void
stream_step(Stream *self, Knocks *one, Knocks *other, gint64 back_msec)
{
  const gchar *host = stream_choose_host(self), *scope = stream_choose_scope(self);
  PkEvent event;

  stream_go_on(self);
  if (stream_choose(self, 5) == 0)
    {
      knocks_tick(one, self->msec);
      knocks_tick(other, self->msec - back_msec);
      return;
    }
  stream_make_event(self, &event);
  knocks_observe_from(one, &event, host, scope, self->msec);
  event.time_usec -= back_msec * 1000;
  knocks_observe_from(other, &event, host, scope, self->msec - back_msec);
}

static inline gint
stream_compare_texts(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const gchar *const *) a, *(const gchar *const *) b);
}

/* Takes texts, which free their elements.  The order of alerts of one moment is nobody's business. */
static inline gchar *
stream_join_texts(GPtrArray *texts)
{
  gchar *text;

  g_ptr_array_sort(texts, stream_compare_texts);
  g_ptr_array_add(texts, NULL);
  text = g_strjoinv("\n", (gchar **) texts->pdata);
  g_ptr_array_unref(texts);
  return text;
}

#endif
