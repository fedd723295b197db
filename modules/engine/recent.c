/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/recent.h"

#include <string.h>

#include "engine/pages.h"
#include "engine/prefetch.h"

#define NONE G_MAXUINT32

/* For one victim so many that were touched are passed by. */
#define TOUCHED_MAX 64

/* The record itself follows. */
typedef struct _Link
{
  guint64 key;
  guint32 chain; /* the next of the same bucket, or the next free one */
  guint32 older, younger;
  guint32 is_touched; /* since it was made the youngest */
} Link;

struct _PkRecent
{
  guint capacity, n;
  gsize stride; /* bytes of a link with its record */
  guint32 end;  /* records from here on were never used, so their memory was never touched */
  guint32 free_first;
  guint32 oldest, youngest;
  guint32 walk_next; /* of a walk in parts; NONE: it is at its end */
  guint walk_left;   /* visits, at the most: others must not keep it going */
  guint32 bucket_mask;
  guint32 *buckets; /* index + 1 of the first record, 0: empty */
  guint8 *links;
};

static gsize
_stride_of(gsize record_bytes)
{
  return (sizeof(Link) + record_bytes + 7) / 8 * 8;
}

static guint32
_buckets_for(guint capacity)
{
  guint32 buckets = 16;

  while (buckets < capacity)
    buckets *= 2;
  return buckets;
}

PkRecent *
pk_recent_new(guint capacity, gsize record_bytes)
{
  PkRecent *self = g_new0(PkRecent, 1);
  guint32 buckets = _buckets_for(capacity);

  self->capacity = capacity;
  self->stride = _stride_of(record_bytes);
  self->free_first = NONE;
  self->oldest = NONE;
  self->youngest = NONE;
  self->walk_next = NONE;
  self->bucket_mask = buckets - 1;
  self->buckets = pk_pages_new(buckets, sizeof(guint32));
  self->links = pk_pages_new(capacity, self->stride);
  if (!self->buckets || !self->links)
    g_clear_pointer(&self, pk_recent_free);
  return self;
}

void
pk_recent_free(PkRecent *self)
{
  if (!self)
    return;
  pk_pages_free(self->buckets, self->bucket_mask + 1, sizeof(guint32));
  pk_pages_free(self->links, self->capacity, self->stride);
  g_free(self);
}

gsize
pk_recent_bytes(guint capacity, gsize record_bytes)
{
  return sizeof(PkRecent) + _buckets_for(capacity) * sizeof(guint32) + capacity * _stride_of(record_bytes);
}

guint
pk_recent_count(const PkRecent *self)
{
  return self->n;
}

static Link *
_link(const PkRecent *self, guint32 index)
{
  return (Link *) (gpointer) (self->links + index * self->stride);
}

static gpointer
_record(const PkRecent *self, guint32 index)
{
  return _link(self, index) + 1;
}

/* Keys are hashes; their low bits may be the same in all of a shard. */
static guint32 *
_bucket(const PkRecent *self, guint64 key)
{
  return &self->buckets[(guint32) (key >> 32) & self->bucket_mask];
}

static guint32
_find(const PkRecent *self, guint64 key)
{
  guint32 entry = *_bucket(self, key);

  while (entry && _link(self, entry - 1)->key != key)
    entry = _link(self, entry - 1)->chain;
  return entry ? entry - 1 : NONE;
}

gpointer
pk_recent_find(const PkRecent *self, guint64 key)
{
  guint32 index = _find(self, key);

  return index == NONE ? NULL : _record(self, index);
}

void
pk_recent_prefetch_bucket(const PkRecent *self, guint64 key)
{
  pk_prefetch(_bucket(self, key), 1);
}

void
pk_recent_prefetch_record(const PkRecent *self, guint64 key)
{
  guint32 entry = *_bucket(self, key);

  if (entry)
    pk_prefetch(_link(self, entry - 1), self->stride);
}

/* ---- age -------------------------------------------------------------------- */

static void
_append(PkRecent *self, guint32 index)
{
  _link(self, index)->older = self->youngest;
  _link(self, index)->younger = NONE;
  _link(self, index)->is_touched = FALSE;
  if (self->youngest == NONE)
    self->oldest = index;
  else
    _link(self, self->youngest)->younger = index;
  self->youngest = index;
}

static void
_unlink(PkRecent *self, guint32 index)
{
  const Link *link = _link(self, index);

  if (self->walk_next == index)
    self->walk_next = link->younger;
  if (link->older == NONE)
    self->oldest = link->younger;
  else
    _link(self, link->older)->younger = link->younger;
  if (link->younger == NONE)
    self->youngest = link->older;
  else
    _link(self, link->younger)->older = link->older;
}

/* ---- records ---------------------------------------------------------------- */

static void
_remove(PkRecent *self, guint32 index)
{
  guint32 *entry = _bucket(self, _link(self, index)->key);

  while (*entry != index + 1)
    entry = &_link(self, *entry - 1)->chain;
  *entry = _link(self, index)->chain;
  _unlink(self, index);
  _link(self, index)->chain = self->free_first;
  self->free_first = index;
  self->n--;
}

static guint32
_take_free(PkRecent *self)
{
  guint32 index = self->free_first;

  if (index == NONE)
    return self->end++;
  self->free_first = _link(self, index)->chain;
  return index;
}

static guint32
_insert(PkRecent *self, guint64 key)
{
  guint32 index = _take_free(self), *bucket = _bucket(self, key);

  _link(self, index)->key = key;
  _link(self, index)->chain = *bucket;
  *bucket = index + 1;
  memset(_record(self, index), 0, self->stride - sizeof(Link));
  _append(self, index);
  self->n++;
  return index;
}

static gpointer
_take_new(PkRecent *self, guint64 key, guint64 *evicted)
{
  if (self->n == self->capacity)
    {
      _remove(self, self->oldest);
      (*evicted)++;
    }
  return _record(self, _insert(self, key));
}

gpointer
pk_recent_take(PkRecent *self, guint64 key, guint64 *evicted)
{
  guint32 index = _find(self, key);

  if (index == NONE)
    return _take_new(self, key, evicted);
  _unlink(self, index);
  _append(self, index);
  return _record(self, index);
}

static void
_pass_by_touched(PkRecent *self)
{
  for (guint i = 0; i < TOUCHED_MAX && _link(self, self->oldest)->is_touched; i++)
    {
      guint32 index = self->oldest;

      _unlink(self, index);
      _append(self, index);
    }
}

gpointer
pk_recent_touch(PkRecent *self, guint64 key, guint64 *evicted)
{
  guint32 index = _find(self, key);

  if (index == NONE)
    {
      if (self->n == self->capacity)
        _pass_by_touched(self);
      return _take_new(self, key, evicted);
    }
  _link(self, index)->is_touched = TRUE;
  return _record(self, index);
}

void
pk_recent_remove(PkRecent *self, guint64 key)
{
  guint32 index = _find(self, key);

  if (index != NONE)
    _remove(self, index);
}

gpointer
pk_recent_oldest(const PkRecent *self, guint64 *ret_key)
{
  if (self->oldest == NONE)
    return NULL;
  *ret_key = _link(self, self->oldest)->key;
  return _record(self, self->oldest);
}

void
pk_recent_each(const PkRecent *self, PkRecentFunc func, gpointer user_data)
{
  for (guint32 index = self->oldest; index != NONE; index = _link(self, index)->younger)
    func(_link(self, index)->key, _record(self, index), user_data);
}

void
pk_recent_begin_walk(PkRecent *self)
{
  self->walk_next = self->oldest;
  self->walk_left = 2 * self->capacity;
}

gboolean
pk_recent_walk(PkRecent *self, guint max, PkRecentFunc func, gpointer user_data)
{
  for (guint i = 0; i < max && self->walk_next != NONE; i++)
    {
      guint32 index = self->walk_next;

      self->walk_next = --self->walk_left ? _link(self, index)->younger : NONE;
      func(_link(self, index)->key, _record(self, index), user_data);
    }
  return self->walk_next != NONE;
}
