/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/room.h"

/* A network of IPv6 addresses gets this part of a full table at the most. */
#define NETWORK_SHARE 8

/* What one network of IPv6 addresses takes of the table. */
typedef struct _Network
{
  guint sources;
  guint32 newest; /* index of the source that came last */
} Network;

gboolean
pk_room_init(PkRoom *self, guint sources, guint windows, guint networks, gint64 window_usec, PkCaps *caps)
{
  *self = (PkRoom){ .caps = caps, .max_sources = sources, .window_usec = window_usec };
  self->sources = pk_sources_new(sources);
  self->windows = pk_windows_new(windows);
  self->networks = pk_recent_new(networks, sizeof(Network));
  return self->sources && self->windows && self->networks;
}

void
pk_room_clear(PkRoom *self)
{
  g_clear_pointer(&self->sources, pk_sources_free);
  g_clear_pointer(&self->windows, pk_windows_free);
  g_clear_pointer(&self->networks, pk_recent_free);
}

gsize
pk_room_bytes(guint sources, guint windows, guint networks)
{
  return pk_sources_bytes(sources) + pk_windows_bytes(windows) + pk_recent_bytes(networks, sizeof(Network));
}

/* ---- windows -------------------------------------------------------------- */

static gboolean
_reserve(gint *now, gint max)
{
  if (g_atomic_int_add(now, 1) < max)
    return TRUE;
  g_atomic_int_add(now, -1);
  return FALSE;
}

static void
_release_window(PkRoom *self, PkSource *source)
{
  pk_windows_release(self->windows, source->window);
  pk_sources_set_window(self->sources, source, PK_INDEX_NONE);
  g_atomic_int_add(&self->caps->windows, -1);
}

/* A source without window keeps its newest hit. */
void
pk_room_demote(PkRoom *self, PkSource *source)
{
  const PkWindow *window = &pk_windows_get(self->windows, source->window)->window;

  source->single = window->hits[window->n - 1];
  _release_window(self, source);
}

/* A quiet window is worth no more than a single hit; one that is not quiet
 * goes only where every source has one. */
static guint32
_find_source_victim(PkRoom *self, gint64 arrival_usec)
{
  guint32 plain = pk_sources_find_victim(self->sources);
  guint32 window = pk_windows_find_quiet(self->windows, arrival_usec - self->window_usec);

  if (window != PK_INDEX_NONE && plain != PK_INDEX_NONE &&
      pk_windows_get(self->windows, window)->arrival_usec > pk_sources_get(self->sources, plain)->single.arrival_usec)
    return plain;
  if (window == PK_INDEX_NONE && plain != PK_INDEX_NONE)
    return plain;
  if (window == PK_INDEX_NONE)
    window = pk_windows_find_victim(self->windows, PK_HITS_MAX, 0);
  return pk_windows_get(self->windows, window)->source;
}

/* ---- networks ------------------------------------------------------------- */

static gboolean
_is_of_network(const PkSource *source)
{
  return source->memory != source->hash;
}

static void
_join_network(PkRoom *self, const PkSource *source)
{
  Network *network;

  if (!_is_of_network(source))
    return;
  network = pk_recent_take(self->networks, source->memory, &self->evicted_networks);
  network->sources++;
  network->newest = pk_sources_find(self->sources, source->hash, &source->address);
}

static void
_leave_network(PkRoom *self, const PkSource *source)
{
  Network *network = _is_of_network(source) ? pk_recent_find(self->networks, source->memory) : NULL;

  if (network && network->sources > 0)
    network->sources--;
}

/* Whoever sends from all the addresses of a network drives out his own. */
static guint32
_find_network_victim(PkRoom *self, guint64 memory_key)
{
  const Network *network = pk_recent_find(self->networks, memory_key);
  const PkSource *newest;

  if (!network || network->sources <= self->max_sources / NETWORK_SHARE || network->newest == PK_INDEX_NONE)
    return PK_INDEX_NONE;
  newest = pk_sources_get(self->sources, network->newest);
  return newest->live && newest->memory == memory_key && newest->window == PK_INDEX_NONE ? network->newest
                                                                                         : PK_INDEX_NONE;
}

static void
_evict_source(PkRoom *self, guint64 memory_key, gint64 arrival_usec)
{
  guint32 victim = _find_network_victim(self, memory_key);
  PkSource *source;

  if (victim == PK_INDEX_NONE)
    victim = _find_source_victim(self, arrival_usec);
  source = pk_sources_get(self->sources, victim);
  _leave_network(self, source);
  if (source->window != PK_INDEX_NONE)
    _release_window(self, source);
  pk_sources_remove(self->sources, victim);
  self->evicted_sources++;
}

PkSource *
pk_room_insert(PkRoom *self, guint64 hash, guint64 memory_key, const PkAddr *address, gint64 arrival_usec)
{
  PkSource *source;

  if (pk_sources_is_full(self->sources) || !_reserve(&self->caps->sources, self->caps->max_sources))
    {
      if (!pk_sources_is_empty(self->sources))
        _evict_source(self, memory_key, arrival_usec);
      else
        g_atomic_int_add(&self->caps->sources, 1); /* one over the cap: there is nobody here to give way */
    }
  source = pk_sources_get(self->sources, pk_sources_insert(self->sources, hash, address));
  source->memory = memory_key;
  _join_network(self, source);
  return source;
}

/* FALSE: every other window is worth more. */
static gboolean
_make_room_for_window(PkRoom *self, guint ports, gint64 arrival_usec)
{
  guint32 victim = pk_windows_find_victim(self->windows, ports, arrival_usec - self->window_usec);

  self->evicted_windows++;
  if (victim == PK_INDEX_NONE)
    return FALSE;
  pk_room_demote(self, pk_sources_get(self->sources, pk_windows_get(self->windows, victim)->source));
  return TRUE;
}

gboolean
pk_room_reserve_window(PkRoom *self, guint ports, gint64 arrival_usec)
{
  if (!pk_windows_is_full(self->windows) && _reserve(&self->caps->windows, self->caps->max_windows))
    return TRUE;
  if (!_make_room_for_window(self, ports, arrival_usec))
    return FALSE;
  g_atomic_int_add(&self->caps->windows, 1);
  return TRUE;
}
