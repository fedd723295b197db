/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/room.h"

#include <string.h>

#include "scan/address.h"

/* A network of IPv6 addresses gets this part of a full table at the most. */
#define NETWORK_SHARE 8
/* And so many of the sources in it may be without a window before one of them gives way to a new one. */
#define PLAIN_SHARE 64

/* What one network of IPv6 addresses takes of the table. */
typedef struct _Network
{
  guint sources;
  guint32 newest; /* index of the source that came last */
} Network;

/* A flood of sources with two ports each, and a knock among them that takes its time. */
static guint
_pairs_for(guint sources)
{
  return sources / 2 + 1;
}

gboolean
pk_room_init(PkRoom *self, guint sources, guint windows, guint networks, gint64 window_usec,
             const PkNetworkRule *network, PkCaps *caps)
{
  *self = (PkRoom){ .caps = caps, .max_sources = sources, .window_usec = window_usec, .network = *network };
  self->sources = pk_sources_new(sources);
  self->windows = pk_windows_new(windows);
  self->networks = pk_recent_new(networks, sizeof(Network));
  self->pairs = pk_recent_new(_pairs_for(sources), sizeof(PkHit));
  return self->sources && self->windows && self->networks && self->pairs;
}

void
pk_room_clear(PkRoom *self)
{
  g_clear_pointer(&self->sources, pk_sources_free);
  g_clear_pointer(&self->windows, pk_windows_free);
  g_clear_pointer(&self->networks, pk_recent_free);
  g_clear_pointer(&self->pairs, pk_recent_free);
}

gsize
pk_room_bytes(guint sources, guint windows, guint networks)
{
  return pk_sources_bytes(sources) + pk_windows_bytes(windows) + pk_recent_bytes(networks, sizeof(Network)) +
         pk_recent_bytes(_pairs_for(sources), sizeof(PkHit));
}

guint64
pk_room_count_hits(const PkRoom *self)
{
  return pk_sources_count(self->sources) - pk_windows_count(self->windows) + pk_windows_count_hits(self->windows) +
         pk_recent_count(self->pairs);
}

guint
pk_room_count_hits_of(const PkRoom *self, const PkSource *source)
{
  return source->has_window ? pk_windows_get(self->windows, pk_source_window(source))->window.n : 1;
}

/* ---- windows -------------------------------------------------------------- */

/* Looks first: where a table is full all workers would write to the same cache line for each new source. */
static gboolean
_reserve(gint *now, gint max)
{
  if (g_atomic_int_get(now) >= max)
    return FALSE;
  if (g_atomic_int_add(now, 1) < max)
    return TRUE;
  g_atomic_int_add(now, -1);
  return FALSE;
}

static void
_release_window(PkRoom *self, guint32 window)
{
  pk_windows_release(self->windows, window);
  g_atomic_int_add(&self->caps->windows, -1);
}

/* A source without window keeps its newest hit. */
static guint32
_end_window(PkRoom *self, PkSource *source)
{
  guint32 index = pk_source_window(source);
  const PkWindow *window = &pk_windows_get(self->windows, index)->window;

  pk_source_end_window(source, pk_window_hit(window, window->n - 1u));
  return index;
}

void
pk_room_demote(PkRoom *self, PkSource *source)
{
  _release_window(self, _end_window(self, source));
}

/* Where hardly any source is without a window, the hand would pass by nearly all for each victim, which would be the
 * one that came last. */
static guint32
_find_plain_victim(PkRoom *self)
{
  guint sources = pk_sources_count(self->sources), windows = pk_windows_count(self->windows);

  return sources - windows > sources / PLAIN_SHARE ? pk_sources_find_victim(self->sources) : PK_INDEX_NONE;
}

/* A quiet window is worth no more than a single hit; one that is not quiet
 * goes only where nearly every source has one. */
static guint32
_find_source_victim(PkRoom *self, gint64 arrival_usec)
{
  guint32 plain = _find_plain_victim(self);
  guint32 window = pk_windows_find_quiet(self->windows, arrival_usec - self->window_usec);

  if (window != PK_INDEX_NONE && plain != PK_INDEX_NONE &&
      pk_windows_get(self->windows, window)->arrival_usec > (gint64) pk_sources_get(self->sources, plain)->arrival_usec)
    return plain;
  if (window == PK_INDEX_NONE && plain != PK_INDEX_NONE)
    return plain;
  if (window == PK_INDEX_NONE)
    window = pk_windows_find_victim(self->windows, PK_HITS_MAX, 0);
  return pk_windows_get(self->windows, window)->source;
}

/* ---- networks ------------------------------------------------------------- */

/* FALSE: the address is not shared out by networks. */
static gboolean
_get_network(const PkRoom *self, const PkAddr *address, guint64 *ret_key)
{
  guint64 halves[2];
  guint prefix = self->network.prefix;

  if (prefix == 128 || pk_addr_is_v4(address))
    return FALSE;
  memcpy(halves, address->bytes, sizeof(halves));
  halves[0] = GUINT64_FROM_BE(halves[0]);
  halves[1] = GUINT64_FROM_BE(halves[1]);
  if (prefix < 64)
    halves[0] &= ~(G_MAXUINT64 >> prefix);
  if (prefix <= 64)
    halves[1] = 0;
  else
    halves[1] &= ~(G_MAXUINT64 >> (prefix - 64));
  *ret_key = (halves[0] ^ halves[1] * self->network.salt) * self->network.salt;
  return TRUE;
}

static void
_join_network(PkRoom *self, const PkSource *source, guint32 index)
{
  Network *network;
  guint64 key;

  if (!_get_network(self, &source->address, &key))
    return;
  network = pk_recent_touch(self->networks, key, &self->evicted_networks);
  network->sources++;
  network->newest = index;
}

static void
_leave_network(PkRoom *self, const PkSource *source)
{
  guint64 key;
  Network *network = _get_network(self, &source->address, &key) ? pk_recent_find(self->networks, key) : NULL;

  if (network && network->sources > 0)
    network->sources--;
}

/* Whoever sends from all the addresses of a network drives out his own, with or
 * without a window.  The newest may have moved since. */
static guint32
_find_network_victim(PkRoom *self, const PkAddr *address)
{
  guint64 key, other;
  const Network *network = _get_network(self, address, &key) ? pk_recent_find(self->networks, key) : NULL;
  const PkSource *newest;

  if (!network || network->sources <= self->max_sources / NETWORK_SHARE || network->newest == PK_INDEX_NONE)
    return PK_INDEX_NONE;
  newest = pk_sources_get(self->sources, network->newest);
  return newest->is_live && _get_network(self, &newest->address, &other) && other == key ? network->newest
                                                                                         : PK_INDEX_NONE;
}

static void
_evict_source(PkRoom *self, const PkAddr *address, gint64 arrival_usec)
{
  guint32 victim = _find_network_victim(self, address);
  PkSource *source;

  if (victim == PK_INDEX_NONE)
    victim = _find_source_victim(self, arrival_usec);
  source = pk_sources_get(self->sources, victim);
  _leave_network(self, source);
  self->evicted_hits += pk_room_count_hits_of(self, source);
  if (source->has_window)
    _release_window(self, pk_source_window(source));
  pk_sources_remove(self->sources, victim);
  self->evicted_sources++;
}

PkSource *
pk_room_insert(PkRoom *self, guint64 hash, const PkAddr *address, gint64 arrival_usec)
{
  guint32 index;

  if (pk_sources_is_full(self->sources) || !_reserve(&self->caps->sources, self->caps->max_sources))
    {
      if (!pk_sources_is_empty(self->sources))
        _evict_source(self, address, arrival_usec);
      else
        g_atomic_int_add(&self->caps->sources, 1); /* one over the cap: there is nobody here to give way */
    }
  index = pk_sources_insert(self->sources, hash, address);
  _join_network(self, pk_sources_get(self->sources, index), index);
  return pk_sources_get(self->sources, index);
}

/* ---- a place for a window ---------------------------------------------------- */

void
pk_room_keep_pair(PkRoom *self, guint64 hash, const PkHit *hit)
{
  guint before = pk_recent_count(self->pairs);

  *(PkHit *) pk_recent_take(self->pairs, hash, &self->evicted_pairs) = *hit;
  self->evicted_hits += 1 - (pk_recent_count(self->pairs) - before);
}

/* Of what gives way to a flood two hits stay, for a knock that goes on. */
static void
_keep_hits(PkRoom *self, const PkSource *source)
{
  const PkWindow *window = &pk_windows_get(self->windows, pk_source_window(source))->window;
  const PkHit *hit = window->n > 1 ? pk_window_hit(window, window->n - 2u) : NULL;

  self->evicted_hits += window->n - 1u;
  if (!hit || (hit->flags & PK_HIT_CONSUMED))
    return;
  self->evicted_hits--;
  pk_room_keep_pair(self, pk_source_hash(source), hit);
}

gboolean
pk_room_recall_pair(PkRoom *self, guint64 hash, PkHit *ret_hit)
{
  const PkHit *hit = pk_recent_find(self->pairs, hash);

  if (!hit)
    return FALSE;
  *ret_hit = *hit;
  pk_recent_remove(self->pairs, hash);
  return TRUE;
}

/* FALSE: every other window is worth more.  What gives way leaves its part of the cap to the new one: another shard
 * might take it meanwhile. */
static gboolean
_make_room_for_window(PkRoom *self, guint ports, gint64 arrival_usec)
{
  guint32 victim = pk_windows_find_victim(self->windows, ports, arrival_usec - self->window_usec);
  PkSource *source;

  self->evicted_windows++;
  if (victim == PK_INDEX_NONE)
    return FALSE;
  source = pk_sources_get(self->sources, pk_windows_get(self->windows, victim)->source);
  _keep_hits(self, source);
  pk_windows_release(self->windows, _end_window(self, source));
  return TRUE;
}

static gboolean
_reserve_window(PkRoom *self, guint ports, gint64 arrival_usec)
{
  if (!pk_windows_is_full(self->windows) && _reserve(&self->caps->windows, self->caps->max_windows))
    return TRUE;
  return _make_room_for_window(self, ports, arrival_usec);
}

PkWindowSlot *
pk_room_promote(PkRoom *self, PkSource *source, guint64 hash, guint64 memory, guint ports, gint64 arrival_usec)
{
  guint32 index;

  if (!_reserve_window(self, ports, arrival_usec))
    return NULL;
  index = pk_windows_take(self->windows, pk_sources_index(self->sources, source), arrival_usec);
  pk_source_set_window(source, index, hash, memory);
  return pk_windows_get(self->windows, index);
}
