/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/sources.h"

#include "scan/address.h"

struct _PkSources
{
  guint capacity;
  guint32 end;        /* records from here on were never used, so their memory was never touched */
  guint32 free_first; /* chain of removed records through PkSource.next */
  guint32 queue_first, queue_last;
  guint live;
  guint32 slot_mask;
  guint32 *slots; /* index + 1 of a record, 0: empty; linear probing */
  PkSource *records;
};

/* At most two thirds full. */
static guint32
_slots_for(guint capacity)
{
  guint32 slots = 16;

  while (slots < capacity + capacity / 2)
    slots *= 2;
  return slots;
}

PkSources *
pk_sources_new(guint capacity)
{
  PkSources *self = g_new0(PkSources, 1);
  guint32 slots = _slots_for(capacity);

  self->capacity = capacity;
  self->free_first = PK_INDEX_NONE;
  self->queue_first = PK_INDEX_NONE;
  self->queue_last = PK_INDEX_NONE;
  self->slot_mask = slots - 1;
  self->slots = g_try_new0(guint32, slots);
  self->records = g_try_new0(PkSource, capacity);
  if (!self->slots || !self->records)
    g_clear_pointer(&self, pk_sources_free);
  return self;
}

void
pk_sources_free(PkSources *self)
{
  g_free(self->slots);
  g_free(self->records);
  g_free(self);
}

gsize
pk_sources_bytes(guint capacity)
{
  return sizeof(PkSources) + capacity * sizeof(PkSource) + _slots_for(capacity) * sizeof(guint32);
}

PkSource *
pk_sources_get(PkSources *self, guint32 index)
{
  return &self->records[index];
}

static guint32
_find_slot(const PkSources *self, guint64 hash, const PkAddr *address)
{
  guint32 slot = (guint32) hash & self->slot_mask;

  for (; self->slots[slot]; slot = (slot + 1) & self->slot_mask)
    {
      const PkSource *record = &self->records[self->slots[slot] - 1];

      if (record->hash == hash && pk_addr_equals(&record->address, address))
        break;
    }
  return slot;
}

guint32
pk_sources_find(const PkSources *self, guint64 hash, const PkAddr *address)
{
  guint32 entry = self->slots[_find_slot(self, hash, address)];

  return entry ? entry - 1 : PK_INDEX_NONE;
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
_enqueue(PkSources *self, guint32 index)
{
  PkSource *record = &self->records[index];

  record->next = PK_INDEX_NONE;
  record->previous = self->queue_last;
  if (self->queue_last == PK_INDEX_NONE)
    self->queue_first = index;
  else
    self->records[self->queue_last].next = index;
  self->queue_last = index;
}

static void
_dequeue(PkSources *self, guint32 index)
{
  const PkSource *record = &self->records[index];

  if (record->previous == PK_INDEX_NONE)
    self->queue_first = record->next;
  else
    self->records[record->previous].next = record->next;
  if (record->next == PK_INDEX_NONE)
    self->queue_last = record->previous;
  else
    self->records[record->next].previous = record->previous;
}

static guint32
_take_record(PkSources *self)
{
  guint32 index = self->free_first;

  if (index == PK_INDEX_NONE)
    return self->end++;
  self->free_first = self->records[index].next;
  return index;
}

guint32
pk_sources_insert(PkSources *self, guint64 hash, const PkAddr *address)
{
  guint32 index;

  g_assert(!pk_sources_is_full(self));
  index = _take_record(self);
  self->records[index] = (PkSource){ .hash = hash, .address = *address, .window = PK_INDEX_NONE, .live = TRUE };
  _enqueue(self, index);
  self->slots[_find_slot(self, hash, address)] = index + 1;
  self->live++;
  return index;
}

/* Closes the gap, so that no search stops before an entry that had to move on. */
static void
_clear_slot(PkSources *self, guint32 gap)
{
  guint32 slot = gap;

  for (;;)
    {
      guint32 home;

      slot = (slot + 1) & self->slot_mask;
      if (!self->slots[slot])
        break;
      home = (guint32) self->records[self->slots[slot] - 1].hash & self->slot_mask;
      if (((slot - home) & self->slot_mask) >= ((slot - gap) & self->slot_mask))
        {
          self->slots[gap] = self->slots[slot];
          gap = slot;
        }
    }
  self->slots[gap] = 0;
}

void
pk_sources_remove(PkSources *self, guint32 index)
{
  PkSource *record = &self->records[index];

  _clear_slot(self, _find_slot(self, record->hash, &record->address));
  if (record->window == PK_INDEX_NONE)
    _dequeue(self, index);
  record->live = FALSE;
  record->next = self->free_first;
  self->free_first = index;
  self->live--;
}

void
pk_sources_set_window(PkSources *self, PkSource *source, guint32 window)
{
  guint32 index = (guint32) (source - self->records);

  if (source->window == PK_INDEX_NONE)
    _dequeue(self, index);
  source->window = window;
  source->touched = FALSE;
  if (window == PK_INDEX_NONE)
    _enqueue(self, index);
}

guint32
pk_sources_find_victim(PkSources *self)
{
  while (self->queue_first != PK_INDEX_NONE && self->records[self->queue_first].touched)
    {
      guint32 index = self->queue_first;

      self->records[index].touched = FALSE;
      _dequeue(self, index);
      _enqueue(self, index);
    }
  return self->queue_first;
}
