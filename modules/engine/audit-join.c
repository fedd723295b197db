/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include "scan/slice.h"

/* 256 sets of four places.  The kernel writes the records of one event one after
 * the other, so that only those of hosts that report at the same moment are in
 * here together. */
#define SETS 256
#define WAYS 4
#define DEADLINE_USEC (10 * (gint64) G_USEC_PER_SEC)
#define USER_BYTES 64

typedef struct _Key
{
  guint64 host_hash;
  guint64 record;
  gint64 time_usec;
} Key;

typedef struct _Part
{
  Key key;
  gint64 arrival_usec; /* 0: free */
  guint8 image_len, user_len;
  gchar image[PK_SHORT_TEXT_BYTES_MAX];
  gchar user[USER_BYTES];
} Part;

/* Who finds a set busy goes without it: that costs one event two fields. */
typedef struct _Set
{
  gint busy; /* atomic */
  Part parts[WAYS];
} Set;

struct _PkAuditJoin
{
  gsize kept, joined, evicted, missed; /* atomic */
  Set sets[SETS];
};

PkAuditJoin *
pk_audit_join_new(void)
{
  return g_new0(PkAuditJoin, 1);
}

void
pk_audit_join_free(PkAuditJoin *self)
{
  g_free(self);
}

/* FNV-1a.  Who picks colliding names only makes parts give way early. */
static guint64
_hash(guint64 hash, const void *data, gsize len)
{
  const guint8 *bytes = data;

  for (gsize i = 0; i < len; i++)
    hash = (hash ^ bytes[i]) * G_GUINT64_CONSTANT(0x100000001b3);
  return hash;
}

static Key
_make_key(const PkEvent *event, PkSlice host)
{
  return (Key){ _hash(G_GUINT64_CONSTANT(0xcbf29ce484222325), host.data, MIN(host.len, PK_NAME_BYTES)), event->record,
                event->time_usec };
}

static Set *
_find_set(PkAuditJoin *self, const Key *key)
{
  guint64 hash = _hash(key->host_hash, &key->record, sizeof(key->record));

  return &self->sets[(hash ^ hash >> 32) % SETS];
}

static gboolean
_is_alive(const Part *part, gint64 arrival_usec)
{
  return part->arrival_usec != 0 && ABS(arrival_usec - part->arrival_usec) <= DEADLINE_USEC;
}

static gboolean
_keys_equal(const Key *a, const Key *b)
{
  return a->host_hash == b->host_hash && a->record == b->record && a->time_usec == b->time_usec;
}

/* A free place, else the one that was filled first. */
static Part *
_choose(Set *set, gint64 arrival_usec)
{
  Part *oldest = &set->parts[0];

  for (guint i = 0; i < WAYS; i++)
    {
      if (!_is_alive(&set->parts[i], arrival_usec))
        return &set->parts[i];
      if (set->parts[i].arrival_usec < oldest->arrival_usec)
        oldest = &set->parts[i];
    }
  return oldest;
}

static guint8
_copy(gchar *room, gsize room_len, PkSlice text)
{
  gsize len = MIN(text.len, room_len);

  if (len)
    memcpy(room, text.data, len);
  return (guint8) len;
}

static void
_keep(PkAuditJoin *self, Set *set, const Key *key, const PkEvent *event, gint64 arrival_usec)
{
  Part *part = _choose(set, arrival_usec);

  if (_is_alive(part, arrival_usec))
    g_atomic_pointer_add(&self->evicted, 1);
  part->key = *key;
  part->arrival_usec = arrival_usec;
  part->image_len = _copy(part->image, sizeof(part->image), pk_event_get_text(event, PK_TEXT_IMAGE));
  part->user_len = _copy(part->user, sizeof(part->user), pk_event_get_text(event, PK_TEXT_USER));
  g_atomic_pointer_add(&self->kept, 1);
}

static void
_add(PkAuditJoin *self, Set *set, const Key *key, PkEvent *event, gint64 arrival_usec)
{
  for (guint i = 0; i < WAYS; i++)
    {
      Part *part = &set->parts[i];

      if (!_is_alive(part, arrival_usec) || !_keys_equal(&part->key, key))
        continue;
      pk_event_set_text(event, PK_TEXT_IMAGE, part->image, part->image_len);
      pk_event_set_text(event, PK_TEXT_USER, part->user, part->user_len);
      g_atomic_pointer_add(&self->joined, 1);
      return;
    }
}

void
pk_audit_join_take(PkAuditJoin *self, PkEvent *event, PkSlice host, gint64 arrival_usec)
{
  Key key;
  Set *set;

  if (!(event->has & PK_HAS_RECORD))
    return;
  key = _make_key(event, host);
  set = _find_set(self, &key);
  if (!g_atomic_int_compare_and_exchange(&set->busy, 0, 1))
    {
      g_atomic_pointer_add(&self->missed, 1);
      return;
    }
  if (event->kind == PK_EVENT_NONE)
    _keep(self, set, &key, event, arrival_usec);
  else
    _add(self, set, &key, event, arrival_usec);
  g_atomic_int_set(&set->busy, 0);
}

void
pk_audit_join_get_stats(PkAuditJoin *self, PkAuditJoinStats *ret_stats)
{
  *ret_stats = (PkAuditJoinStats){ .kept = (gsize) g_atomic_pointer_get(&self->kept),
                                   .joined = (gsize) g_atomic_pointer_get(&self->joined),
                                   .evicted = (gsize) g_atomic_pointer_get(&self->evicted),
                                   .missed = (gsize) g_atomic_pointer_get(&self->missed) };
}
