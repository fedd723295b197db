/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/room.h"

#define SOURCES 4096
#define WINDOWS 64
#define NETWORKS 16
#define NOW G_GINT64_CONSTANT(1795305600000000)
#define WINDOW_USEC (30 * (gint64) G_USEC_PER_SEC)

static const PkNetworkRule NETWORK = { .salt = G_GUINT64_CONSTANT(0x9e3779b97f4a7c15), .prefix = 128 };

static PkAddr
_addr(guint number)
{
  return (PkAddr){ { [10] = 0xff,
                     [11] = 0xff,
                     [12] = 10,
                     [13] = (guint8) (number >> 16),
                     [14] = (guint8) (number >> 8),
                     [15] = (guint8) number } };
}

/* A new source with two hits in a window. */
static void
_add_pair(PkRoom *room, guint number)
{
  guint64 hash = number * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
  PkSource *source = pk_room_insert(room, hash, &(PkAddr[]){ _addr(number) }[0], NOW);
  PkWindowSlot *slot = pk_room_promote(room, source, hash, hash, 2, NOW);

  for (guint16 i = 0; slot && i < 2; i++)
    {
      PkHit hit = { .time_usec = NOW, .arrival_usec = NOW, .port = { .protocol = PK_PROTO_TCP, .port = i } };

      pk_window_restore(&slot->window, &hit);
    }
}

#define FLOOD 100000
#define ROUNDS 20

static gpointer
_flood(gpointer user_data)
{
  for (guint i = 0; i < FLOOD; i++)
    _add_pair(user_data, i);
  return NULL;
}

static void
_flood_both(PkRoom rooms[2], PkCaps *caps)
{
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    {
      cr_assert(pk_room_init(&rooms[i], SOURCES, WINDOWS, NETWORKS, WINDOW_USEC, &NETWORK, caps));
      threads[i] = g_thread_new("room", _flood, &rooms[i]);
    }
  for (guint i = 0; i < 2; i++)
    g_thread_join(threads[i]);
}

/* Shards share the caps, and each is locked by itself. */
Test(room, rooms_that_share_caps_never_have_more_than_these)
{
  for (guint round = 0; round < ROUNDS; round++)
    {
      PkCaps caps = { .max_sources = SOURCES, .max_windows = WINDOWS };
      PkRoom rooms[2];

      _flood_both(rooms, &caps);
      cr_expect_leq(caps.windows, WINDOWS, "%d windows", caps.windows);
      cr_expect_leq(caps.sources, SOURCES + 1, "%d sources, one for a room that was empty", caps.sources);
      cr_expect_eq(caps.windows, (gint) (pk_windows_count(rooms[0].windows) + pk_windows_count(rooms[1].windows)));
      cr_expect_eq(caps.sources, (gint) (pk_sources_count(rooms[0].sources) + pk_sources_count(rooms[1].sources)));
      for (guint i = 0; i < 2; i++)
        pk_room_clear(&rooms[i]);
    }
}
