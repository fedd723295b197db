/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/sources.h"

#include "engine/pages.h"
#include "engine/prefetch.h"
#include "scan/address.h"

#define TIME_USEC_MAX ((G_GINT64_CONSTANT(1) << 52) - 1)
#define PACKETS_MAX ((1u << 20) - 1)
#define RETRANSMITS_MAX 15
#define UPTIME_LOW_BITS 20
#define UPTIME_UNUSED_BITS 10

/* So many the hand passes by for one victim: nobody may choose how long a message takes. */
#define TOUCHED_MAX 256
/* So many with a window it passes by for one that is put behind it; where there are more, that may lie before it. */
#define WINDOWS_MAX 256

struct _PkSources
{
  guint capacity;
  guint32 end;        /* records from here on were never used, so their memory was never touched */
  guint32 free_first; /* chain of removed records */
  guint32 hand;
  guint live;
  guint32 n_slots;
  guint index_bits;
  /* index + 1 of a record in the low index_bits, some of its hash above; 0: empty.  Linear probing: what the slot
   * knows of the hash saves a look at most other records. */
  guint32 *slots;
  PkSource *records;
};

/* Three quarters full at most. */
static guint32
_slots_for(guint capacity)
{
  return capacity + capacity / 3 + 1;
}

PkSources *
pk_sources_new(guint capacity)
{
  PkSources *self = g_new0(PkSources, 1);

  self->capacity = capacity;
  self->free_first = PK_INDEX_NONE;
  self->n_slots = _slots_for(capacity);
  self->index_bits = g_bit_storage(capacity);
  self->slots = pk_pages_new(self->n_slots, sizeof(guint32));
  self->records = pk_pages_new(capacity, sizeof(PkSource));
  if (!self->slots || !self->records)
    g_clear_pointer(&self, pk_sources_free);
  return self;
}

void
pk_sources_free(PkSources *self)
{
  pk_pages_free(self->slots, self->n_slots, sizeof(guint32));
  pk_pages_free(self->records, self->capacity, sizeof(PkSource));
  g_free(self);
}

gsize
pk_sources_bytes(guint capacity)
{
  return sizeof(PkSources) + capacity * sizeof(PkSource) + _slots_for(capacity) * sizeof(guint32);
}

/* ---- a record's hit --------------------------------------------------------- */

static gboolean
_is_icmp(guint protocol)
{
  return protocol == PK_PROTO_ICMP || protocol == PK_PROTO_ICMPV6;
}

/* The time nearest to that of another hit which the record can mean. */
static guint32
_complete_uptime(const PkSource *self, guint32 near_usec)
{
  guint32 uptime = (guint32) self->uptime_high << UPTIME_LOW_BITS | (guint32) self->uptime_low;

  return near_usec + (guint32) ((gint32) ((uptime - near_usec) << UPTIME_UNUSED_BITS) >> UPTIME_UNUSED_BITS);
}

void
pk_source_get_hit(const PkSource *self, guint32 uptime_usec, PkHit *ret_hit)
{
  PkHit hit = {
    .time_usec = self->time_usec,
    .arrival_usec = self->arrival_usec,
    .dest = self->at.dest,
    .uptime_usec = _complete_uptime(self, uptime_usec),
    .host = self->host,
    .packets = self->packets,
    .port = { .protocol = self->protocol, .port = self->port },
    .retransmits = self->retransmits,
    .flags = self->flags,
  };

  if (_is_icmp(self->protocol))
    {
      hit.port.icmp_type = (guint8) (self->source_port >> 8);
      hit.port.icmp_code = (guint8) self->source_port;
    }
  else
    hit.source_port = self->source_port;
  *ret_hit = hit;
}

void
pk_source_set_hit(PkSource *self, const PkHit *hit)
{
  self->at.dest = hit->dest;
  self->time_usec = (guint64) CLAMP(hit->time_usec, 0, TIME_USEC_MAX);
  self->arrival_usec = (guint64) CLAMP(hit->arrival_usec, 0, TIME_USEC_MAX);
  self->flags = hit->flags;
  self->retransmits = MIN(hit->retransmits, RETRANSMITS_MAX);
  self->protocol = hit->port.protocol;
  self->port = hit->port.port;
  self->source_port =
      _is_icmp(hit->port.protocol) ? (guint) hit->port.icmp_type << 8 | hit->port.icmp_code : hit->source_port;
  self->host = hit->host;
  self->packets = MIN(hit->packets, PACKETS_MAX);
  self->uptime_low = hit->uptime_usec & ((1u << UPTIME_LOW_BITS) - 1);
  self->uptime_high = (hit->uptime_usec >> UPTIME_LOW_BITS) & 3;
}

/* ---- index ------------------------------------------------------------------ */

PkSource *
pk_sources_get(PkSources *self, guint32 index)
{
  return &self->records[index];
}

guint32
pk_sources_index(const PkSources *self, const PkSource *source)
{
  return (guint32) (source - self->records);
}

/* By the high bits of the 32: what is the same in all sources of a table lies below. */
static guint32
_home(const PkSources *self, guint32 hash)
{
  return (guint32) (((guint64) hash * self->n_slots) >> 32);
}

static guint32
_next(const PkSources *self, guint32 slot)
{
  return slot + 1 == self->n_slots ? 0 : slot + 1;
}

static guint32
_tag(const PkSources *self, guint32 hash)
{
  return (hash >> PK_SHARD_BITS) << self->index_bits;
}

static guint32
_index_at(const PkSources *self, guint32 slot)
{
  return (self->slots[slot] & ((1u << self->index_bits) - 1)) - 1;
}

static gboolean
_is_key(const PkSource *record, guint32 hash, const PkAddr *address)
{
  return record->hash == hash && pk_addr_equals(&record->address, address);
}

static guint32
_find_slot(const PkSources *self, guint32 hash, const PkAddr *address)
{
  guint32 slot = _home(self, hash), tag = _tag(self, hash);

  for (; self->slots[slot]; slot = _next(self, slot))
    if (self->slots[slot] >> self->index_bits == tag >> self->index_bits &&
        _is_key(&self->records[_index_at(self, slot)], hash, address))
      break;
  return slot;
}

static void
_set_slot(PkSources *self, guint32 slot, guint32 index)
{
  self->slots[slot] = _tag(self, (guint32) self->records[index].hash) | (index + 1);
}

guint32
pk_sources_find(const PkSources *self, guint64 hash, const PkAddr *address)
{
  guint32 slot = _find_slot(self, (guint32) hash, address);

  return self->slots[slot] ? _index_at(self, slot) : PK_INDEX_NONE;
}

void
pk_sources_prefetch_slot(const PkSources *self, guint64 hash)
{
  pk_prefetch(&self->slots[_home(self, (guint32) hash)], 1);
}

const PkSource *
pk_sources_guess(const PkSources *self, guint64 hash)
{
  guint32 slot = _home(self, (guint32) hash), tag = _tag(self, (guint32) hash) >> self->index_bits;

  while (self->slots[slot] && self->slots[slot] >> self->index_bits != tag)
    slot = _next(self, slot);
  return self->slots[slot] ? &self->records[_index_at(self, slot)] : NULL;
}

void
pk_sources_prefetch_record(const PkSources *self, guint64 hash)
{
  const PkSource *record = pk_sources_guess(self, hash);

  if (record)
    pk_prefetch(record, sizeof(*record));
}

/* How far it is from one slot to another, going round. */
static guint32
_distance(const PkSources *self, guint32 from, guint32 to)
{
  return to >= from ? to - from : to + self->n_slots - from;
}

/* Closes the gap, so that no search stops before an entry that had to move on. */
static void
_clear_slot(PkSources *self, guint32 gap)
{
  guint32 slot = gap;

  for (;;)
    {
      guint32 home;

      slot = _next(self, slot);
      if (!self->slots[slot])
        break;
      home = _home(self, (guint32) self->records[_index_at(self, slot)].hash);
      if (_distance(self, home, slot) >= _distance(self, gap, slot))
        {
          self->slots[gap] = self->slots[slot];
          gap = slot;
        }
    }
  self->slots[gap] = 0;
}

/* ---- records ---------------------------------------------------------------- */

guint
pk_sources_count(const PkSources *self)
{
  return self->live;
}

gboolean
pk_sources_is_full(const PkSources *self)
{
  return self->live == self->capacity;
}

gboolean
pk_sources_is_empty(const PkSources *self)
{
  return self->live == 0;
}

guint32
pk_sources_end(const PkSources *self)
{
  return self->end;
}

static void
_advance(PkSources *self)
{
  self->hand = self->hand + 1 >= self->end ? 0 : self->hand + 1;
}

static gboolean
_is_plain(const PkSource *record)
{
  return record->is_live && !record->has_window;
}

/* To a free place; that it is older than its new neighbours lets it live longer, not shorter. */
static void
_move(PkSources *self, guint32 from, guint32 to)
{
  const PkSource *record = &self->records[from];
  guint32 slot = _find_slot(self, (guint32) record->hash, &record->address);

  self->records[to] = *record;
  _set_slot(self, slot, to);
}

/* A free place behind the hand: anywhere else the new record might be the next
 * victim.  The record that is in the way takes the place that is free. */
static guint32
_take_place(PkSources *self)
{
  guint32 index = self->free_first;

  if (index == PK_INDEX_NONE)
    return self->end++;
  self->free_first = self->records[index].at.window.index;
  for (guint step = 0; step < WINDOWS_MAX && index != self->hand && !_is_plain(&self->records[self->hand]); step++)
    _advance(self);
  if (index != self->hand && _is_plain(&self->records[self->hand]))
    {
      _move(self, self->hand, index);
      index = self->hand;
    }
  if (index == self->hand)
    _advance(self);
  return index;
}

guint32
pk_sources_insert(PkSources *self, guint64 hash, const PkAddr *address)
{
  guint32 index;

  g_assert(!pk_sources_is_full(self));
  index = _take_place(self);
  self->records[index] = (PkSource){ .hash = (guint32) hash, .address = *address, .is_live = TRUE };
  _set_slot(self, _find_slot(self, (guint32) hash, address), index);
  self->live++;
  return index;
}

void
pk_sources_remove(PkSources *self, guint32 index)
{
  PkSource *record = &self->records[index];

  _clear_slot(self, _find_slot(self, (guint32) record->hash, &record->address));
  record->is_live = FALSE;
  record->has_window = FALSE;
  record->at.window.index = self->free_first;
  self->free_first = index;
  self->live--;
}

void
pk_source_set_window(PkSource *self, guint32 window, guint64 hash, guint64 memory)
{
  self->has_window = TRUE;
  self->at.window.index = window;
  self->at.window.hash_high = (guint32) (hash >> 32);
  self->at.window.memory = memory;
}

/* The hand may be about to come to it. */
void
pk_source_end_window(PkSource *self, const PkHit *hit)
{
  self->has_window = FALSE;
  self->is_touched = TRUE;
  pk_source_set_hit(self, hit);
}

guint32
pk_sources_find_victim(PkSources *self)
{
  guint32 plain = PK_INDEX_NONE;
  guint touched = 0;

  for (guint32 step = 0; step < self->end && touched < TOUCHED_MAX; step++, _advance(self))
    {
      PkSource *record = &self->records[self->hand];

      if (!_is_plain(record))
        continue;
      if (!record->is_touched)
        return self->hand;
      record->is_touched = FALSE;
      plain = self->hand;
      touched++;
    }
  return plain;
}
