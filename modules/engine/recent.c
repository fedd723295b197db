/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/recent.h"

#include <string.h>

#define NONE G_MAXUINT32

/* Of a record: the record itself lies in an array beside this one. */
typedef struct _Link
{
  guint64 key;
  guint32 chain; /* the next of the same bucket, or the next free one */
  guint32 older, younger;
} Link;

struct _PkRecent
{
  guint capacity, n;
  gsize record_bytes;
  guint32 end; /* records from here on were never used, so their memory was never touched */
  guint32 free_first;
  guint32 oldest, youngest;
  guint32 bucket_mask;
  guint32 *buckets; /* index + 1 of the first record, 0: empty */
  Link *links;
  guint8 *records;
};

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
  self->record_bytes = record_bytes;
  self->free_first = NONE;
  self->oldest = NONE;
  self->youngest = NONE;
  self->bucket_mask = buckets - 1;
  self->buckets = g_try_new0(guint32, buckets);
  self->links = g_try_new0(Link, capacity);
  self->records = g_try_malloc0_n(capacity, record_bytes);
  if (!self->buckets || !self->links || !self->records)
    g_clear_pointer(&self, pk_recent_free);
  return self;
}

void
pk_recent_free(PkRecent *self)
{
  if (!self)
    return;
  g_free(self->buckets);
  g_free(self->links);
  g_free(self->records);
  g_free(self);
}

gsize
pk_recent_bytes(guint capacity, gsize record_bytes)
{
  return sizeof(PkRecent) + _buckets_for(capacity) * sizeof(guint32) + capacity * (sizeof(Link) + record_bytes);
}

guint
pk_recent_count(const PkRecent *self)
{
  return self->n;
}

static gpointer
_record(const PkRecent *self, guint32 index)
{
  return self->records + index * self->record_bytes;
}

static guint32 *
_bucket(const PkRecent *self, guint64 key)
{
  return &self->buckets[(guint32) key & self->bucket_mask];
}

static guint32
_find(const PkRecent *self, guint64 key)
{
  guint32 entry = *_bucket(self, key);

  while (entry && self->links[entry - 1].key != key)
    entry = self->links[entry - 1].chain;
  return entry ? entry - 1 : NONE;
}

gpointer
pk_recent_find(const PkRecent *self, guint64 key)
{
  guint32 index = _find(self, key);

  return index == NONE ? NULL : _record(self, index);
}

/* ---- age -------------------------------------------------------------------- */

static void
_append(PkRecent *self, guint32 index)
{
  self->links[index].older = self->youngest;
  self->links[index].younger = NONE;
  if (self->youngest == NONE)
    self->oldest = index;
  else
    self->links[self->youngest].younger = index;
  self->youngest = index;
}

static void
_unlink(PkRecent *self, guint32 index)
{
  const Link *link = &self->links[index];

  if (link->older == NONE)
    self->oldest = link->younger;
  else
    self->links[link->older].younger = link->younger;
  if (link->younger == NONE)
    self->youngest = link->older;
  else
    self->links[link->younger].older = link->older;
}

/* ---- records ---------------------------------------------------------------- */

static void
_remove(PkRecent *self, guint32 index)
{
  guint32 *entry = _bucket(self, self->links[index].key);

  while (*entry != index + 1)
    entry = &self->links[*entry - 1].chain;
  *entry = self->links[index].chain;
  _unlink(self, index);
  self->links[index].chain = self->free_first;
  self->free_first = index;
  self->n--;
}

static guint32
_take_free(PkRecent *self)
{
  guint32 index = self->free_first;

  if (index == NONE)
    return self->end++;
  self->free_first = self->links[index].chain;
  return index;
}

static guint32
_insert(PkRecent *self, guint64 key)
{
  guint32 index = _take_free(self), *bucket = _bucket(self, key);

  self->links[index].key = key;
  self->links[index].chain = *bucket;
  *bucket = index + 1;
  memset(_record(self, index), 0, self->record_bytes);
  _append(self, index);
  self->n++;
  return index;
}

gpointer
pk_recent_take(PkRecent *self, guint64 key, guint64 *evicted)
{
  guint32 index = _find(self, key);

  if (index != NONE)
    {
      _unlink(self, index);
      _append(self, index);
      return _record(self, index);
    }
  if (self->n == self->capacity)
    {
      _remove(self, self->oldest);
      (*evicted)++;
    }
  return _record(self, _insert(self, key));
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
  *ret_key = self->links[self->oldest].key;
  return _record(self, self->oldest);
}

void
pk_recent_each(const PkRecent *self, PkRecentFunc func, gpointer user_data)
{
  for (guint32 index = self->oldest; index != NONE; index = self->links[index].younger)
    func(self->links[index].key, _record(self, index), user_data);
}
