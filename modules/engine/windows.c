/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/windows.h"

#include <string.h>

#include "engine/pages.h"
#include "engine/prefetch.h"
#include "engine/sources.h"
#include "scan/slice.h"

/* Both ends of a list of windows. */
typedef struct _List
{
  guint32 first, last;
} List;

/* Blocks of one size.  A free one holds the next. */
typedef struct _Blocks
{
  guint8 *bytes;
  gsize block_bytes;
  guint32 end; /* blocks from here on were never used, so their memory was never touched */
  gpointer free_first;
} Blocks;

struct _PkWindows
{
  guint capacity;
  guint32 end;        /* slots from here on were never used, so their memory was never touched */
  guint32 free_first; /* chain of released slots through age_next */
  guint live;
  guint64 hits;
  List ages;
  List ranks[PK_HITS_MAX + 1]; /* by distinct ports */
  guint heap_size;
  guint32 *heap; /* binary, of indices; the earliest deadline first */
  PkWindowSlot *slots;
  gchar (*scopes)[PK_NAME_BYTES];
  Blocks few, many; /* of PK_WINDOW_FEW and PK_HITS_MAX hits; as many as there are slots */
};

/* ---- blocks --------------------------------------------------------------- */

static gboolean
_blocks_init(Blocks *self, guint capacity, guint hits)
{
  self->block_bytes = PK_WINDOW_BLOCK_BYTES(hits);
  self->bytes = pk_pages_new(capacity, self->block_bytes);
  return self->bytes != NULL;
}

static gpointer
_blocks_take(Blocks *self)
{
  gpointer block = self->free_first;

  if (!block)
    return self->bytes + self->block_bytes * self->end++;
  memcpy(&self->free_first, block, sizeof(gpointer));
  return block;
}

static void
_blocks_give(Blocks *self, gpointer block)
{
  memcpy(block, &self->free_first, sizeof(gpointer));
  self->free_first = block;
}

static Blocks *
_blocks_of(PkWindows *self, const PkWindow *window)
{
  return window->capacity == PK_WINDOW_FEW ? &self->few : &self->many;
}

static void
_change_block(PkWindows *self, PkWindow *window, guint capacity)
{
  Blocks *old = _blocks_of(self, window);
  gpointer block = window->places;

  pk_window_move(window, _blocks_take(capacity == PK_WINDOW_FEW ? &self->few : &self->many), capacity);
  _blocks_give(old, block);
}

void
pk_windows_grow(PkWindows *self, guint32 index)
{
  PkWindow *window = &self->slots[index].window;

  if (window->n == window->capacity && window->capacity < PK_HITS_MAX)
    _change_block(self, window, PK_HITS_MAX);
}

/* Not at once, or one that has four hits and five by turns is moved every time. */
static void
_shrink(PkWindows *self, PkWindow *window)
{
  if (window->capacity > PK_WINDOW_FEW && window->n <= PK_WINDOW_FEW / 2)
    _change_block(self, window, PK_WINDOW_FEW);
}

/* ---- the pool ------------------------------------------------------------- */

PkWindows *
pk_windows_new(guint capacity)
{
  PkWindows *self = g_new0(PkWindows, 1);

  self->capacity = capacity;
  self->free_first = PK_INDEX_NONE;
  self->ages = (List){ PK_INDEX_NONE, PK_INDEX_NONE };
  for (guint i = 0; i < G_N_ELEMENTS(self->ranks); i++)
    self->ranks[i] = self->ages;
  self->heap = pk_pages_new(capacity, sizeof(guint32));
  self->slots = pk_pages_new(capacity, sizeof(PkWindowSlot));
  self->scopes = pk_pages_new(capacity, sizeof(self->scopes[0]));
  if (!self->heap || !self->slots || !self->scopes || !_blocks_init(&self->few, capacity, PK_WINDOW_FEW) ||
      !_blocks_init(&self->many, capacity, PK_HITS_MAX))
    g_clear_pointer(&self, pk_windows_free);
  return self;
}

void
pk_windows_free(PkWindows *self)
{
  pk_pages_free(self->heap, self->capacity, sizeof(guint32));
  pk_pages_free(self->slots, self->capacity, sizeof(PkWindowSlot));
  pk_pages_free(self->scopes, self->capacity, sizeof(self->scopes[0]));
  pk_pages_free(self->few.bytes, self->capacity, self->few.block_bytes);
  pk_pages_free(self->many.bytes, self->capacity, self->many.block_bytes);
  g_free(self);
}

gsize
pk_windows_bytes(guint capacity)
{
  return sizeof(PkWindows) + capacity * (sizeof(PkWindowSlot) + sizeof(guint32) + PK_NAME_BYTES +
                                         PK_WINDOW_BLOCK_BYTES(PK_WINDOW_FEW) + PK_WINDOW_BLOCK_BYTES(PK_HITS_MAX));
}

PkWindowSlot *
pk_windows_get(PkWindows *self, guint32 index)
{
  return &self->slots[index];
}

void
pk_windows_prefetch(const PkWindows *self, guint32 index)
{
  pk_prefetch(&self->slots[index], sizeof(self->slots[index]));
}

/* Its links to others. */
static void
_prefetch_links(const PkWindows *self, guint32 index)
{
  if (index != PK_INDEX_NONE)
    pk_prefetch(&self->slots[index].rank_next, 1);
}

void
pk_windows_prefetch_hits(const PkWindows *self, guint32 index)
{
  const PkWindowSlot *slot = &self->slots[index];

  pk_prefetch(slot->window.places, PK_WINDOW_BLOCK_BYTES(PK_WINDOW_FEW));
  _prefetch_links(self, slot->rank_previous);
  _prefetch_links(self, slot->rank_next);
  _prefetch_links(self, slot->age_previous);
  _prefetch_links(self, slot->age_next);
}

guint
pk_windows_count(const PkWindows *self)
{
  return self->live;
}

guint64
pk_windows_count_hits(const PkWindows *self)
{
  return self->hits;
}

gboolean
pk_windows_is_full(const PkWindows *self)
{
  return self->live == self->capacity;
}

/* ---- lists ---------------------------------------------------------------- */

static void
_append_to_ages(PkWindows *self, guint32 index)
{
  PkWindowSlot *slot = &self->slots[index];

  slot->age_next = PK_INDEX_NONE;
  slot->age_previous = self->ages.last;
  if (self->ages.last == PK_INDEX_NONE)
    self->ages.first = index;
  else
    self->slots[self->ages.last].age_next = index;
  self->ages.last = index;
}

static void
_remove_from_ages(PkWindows *self, guint32 index)
{
  PkWindowSlot *slot = &self->slots[index];

  if (slot->age_previous == PK_INDEX_NONE)
    self->ages.first = slot->age_next;
  else
    self->slots[slot->age_previous].age_next = slot->age_next;
  if (slot->age_next == PK_INDEX_NONE)
    self->ages.last = slot->age_previous;
  else
    self->slots[slot->age_next].age_previous = slot->age_previous;
}

static void
_append_to_rank(PkWindows *self, guint32 index)
{
  PkWindowSlot *slot = &self->slots[index];
  List *rank = &self->ranks[slot->ports];

  slot->rank_next = PK_INDEX_NONE;
  slot->rank_previous = rank->last;
  if (rank->last == PK_INDEX_NONE)
    rank->first = index;
  else
    self->slots[rank->last].rank_next = index;
  rank->last = index;
}

static void
_remove_from_rank(PkWindows *self, guint32 index)
{
  PkWindowSlot *slot = &self->slots[index];
  List *rank = &self->ranks[slot->ports];

  if (slot->rank_previous == PK_INDEX_NONE)
    rank->first = slot->rank_next;
  else
    self->slots[slot->rank_previous].rank_next = slot->rank_next;
  if (slot->rank_next == PK_INDEX_NONE)
    rank->last = slot->rank_previous;
  else
    self->slots[slot->rank_next].rank_previous = slot->rank_previous;
}

/* ---- heap ----------------------------------------------------------------- */

static gint64
_deadline_at(const PkWindows *self, guint place)
{
  return self->slots[self->heap[place]].deadline_usec;
}

static void
_put_at(PkWindows *self, guint place, guint32 index)
{
  self->heap[place] = index;
  self->slots[index].heap_place = place + 1;
}

static void
_swap(PkWindows *self, guint a, guint b)
{
  guint32 index = self->heap[a];

  _put_at(self, a, self->heap[b]);
  _put_at(self, b, index);
}

static void
_sift_up(PkWindows *self, guint place)
{
  while (place > 0 && _deadline_at(self, place) < _deadline_at(self, (place - 1) / 2))
    {
      _swap(self, place, (place - 1) / 2);
      place = (place - 1) / 2;
    }
}

static void
_sift_down(PkWindows *self, guint place)
{
  for (;;)
    {
      guint child = 2 * place + 1;

      if (child >= self->heap_size)
        return;
      if (child + 1 < self->heap_size && _deadline_at(self, child + 1) < _deadline_at(self, child))
        child++;
      if (_deadline_at(self, place) <= _deadline_at(self, child))
        return;
      _swap(self, place, child);
      place = child;
    }
}

static void
_remove_from_heap(PkWindows *self, guint32 index)
{
  guint place = self->slots[index].heap_place;

  if (place == 0)
    return;
  place--;
  self->slots[index].heap_place = 0;
  self->heap_size--;
  if (place == self->heap_size)
    return;
  _put_at(self, place, self->heap[self->heap_size]);
  _sift_up(self, place);
  _sift_down(self, place);
}

static void
_set_deadline(PkWindows *self, guint32 index, gint64 deadline_usec)
{
  PkWindowSlot *slot = &self->slots[index];

  if (slot->deadline_usec == deadline_usec)
    return;
  _remove_from_heap(self, index);
  slot->deadline_usec = deadline_usec;
  if (deadline_usec == G_MAXINT64)
    return;
  _put_at(self, self->heap_size, index);
  self->heap_size++;
  _sift_up(self, self->heap_size - 1);
}

/* ---- windows -------------------------------------------------------------- */

guint32
pk_windows_take(PkWindows *self, guint32 source, gint64 arrival_usec)
{
  guint32 index = self->free_first;
  PkWindowSlot *slot;

  g_assert(!pk_windows_is_full(self));
  if (index == PK_INDEX_NONE)
    index = self->end++;
  else
    self->free_first = self->slots[index].age_next;
  slot = &self->slots[index];
  pk_window_init(&slot->window, _blocks_take(&self->few), PK_WINDOW_FEW);
  slot->deadline_usec = G_MAXINT64;
  slot->arrival_usec = arrival_usec;
  slot->source = source;
  slot->has_scope = FALSE;
  slot->ports = 0;
  slot->hits = 0;
  slot->heap_place = 0;
  _append_to_ages(self, index);
  _append_to_rank(self, index);
  self->live++;
  return index;
}

void
pk_windows_release(PkWindows *self, guint32 index)
{
  _remove_from_heap(self, index);
  _remove_from_rank(self, index);
  _remove_from_ages(self, index);
  _blocks_give(_blocks_of(self, &self->slots[index].window), self->slots[index].window.places);
  self->slots[index].age_next = self->free_first;
  self->free_first = index;
  self->live--;
  self->hits -= self->slots[index].hits;
}

void
pk_windows_set_scope(PkWindows *self, guint32 index, PkSlice scope)
{
  self->slots[index].has_scope = scope.len > 0;
  if (scope.len > 0)
    pk_slice_copy(scope, self->scopes[index], sizeof(self->scopes[index]));
}

const gchar *
pk_windows_get_scope(const PkWindows *self, guint32 index)
{
  return self->slots[index].has_scope ? self->scopes[index] : "";
}

guint32
pk_windows_find_quiet(const PkWindows *self, gint64 quiet_since_usec)
{
  const PkWindowSlot *oldest;

  if (self->ages.first == PK_INDEX_NONE)
    return PK_INDEX_NONE;
  oldest = &self->slots[self->ages.first];
  return oldest->arrival_usec < quiet_since_usec && oldest->heap_place == 0 ? self->ages.first : PK_INDEX_NONE;
}

guint32
pk_windows_find_victim(const PkWindows *self, guint ports, gint64 quiet_since_usec)
{
  guint32 quiet = pk_windows_find_quiet(self, quiet_since_usec);

  if (quiet != PK_INDEX_NONE)
    return quiet;
  for (guint rank = 0; rank <= MIN(ports, PK_HITS_MAX); rank++)
    if (self->ranks[rank].first != PK_INDEX_NONE)
      return self->ranks[rank].first;
  return PK_INDEX_NONE;
}

void
pk_windows_update(PkWindows *self, guint32 index, const PkRule *rule, gint64 arrival_usec)
{
  PkWindowSlot *slot = &self->slots[index];

  _shrink(self, &slot->window);
  _remove_from_rank(self, index);
  slot->ports = (guint8) pk_window_count_ports(&slot->window);
  _append_to_rank(self, index);
  self->hits += slot->window.n - (guint64) slot->hits;
  slot->hits = slot->window.n;
  if (arrival_usec > slot->arrival_usec)
    {
      slot->arrival_usec = arrival_usec;
      _remove_from_ages(self, index);
      _append_to_ages(self, index);
    }
  _set_deadline(self, index, slot->ports < rule->min_ports ? G_MAXINT64 : pk_window_deadline(&slot->window, rule));
}

guint32
pk_windows_find_due(const PkWindows *self, gint64 arrival_usec)
{
  return self->heap_size && _deadline_at(self, 0) <= arrival_usec ? self->heap[0] : PK_INDEX_NONE;
}
