/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/crowd.h"

#include "engine/memory.h"
#include "engine/state-rows.h"

/* One more than may share a secret, and one more than one destination. */
#define SOURCES_MAX 9
#define DESTS_MAX 2

/* One of those who sent a sequence, or of those it was sent to. */
typedef struct _Member
{
  guint32 tag; /* a part of its keyed hash */
  guint32 seen_sec;
} Member;

typedef struct _Sequence
{
  Member sources[SOURCES_MAX];
  Member dests[DESTS_MAX];
} Sequence;

typedef struct _Service
{
  guint32 seen_sec;
} Service;

typedef struct _Listener
{
  gint64 arrival_usec;
} Listener;

struct _PkCrowd
{
  guint32 memory_seconds;
  PkRecent *sequences;
  PkRecent *services;
  PkRecent *listeners;
  guint64 evicted;
};

PkCrowd *
pk_crowd_new(guint capacity, guint32 memory_seconds)
{
  PkCrowd *self = g_new0(PkCrowd, 1);

  self->memory_seconds = memory_seconds;
  self->sequences = pk_recent_new(capacity, sizeof(Sequence));
  self->services = pk_recent_new(capacity, sizeof(Service));
  self->listeners = pk_recent_new(capacity, sizeof(Listener));
  if (!self->sequences || !self->services || !self->listeners)
    g_clear_pointer(&self, pk_crowd_free);
  return self;
}

void
pk_crowd_free(PkCrowd *self)
{
  if (!self)
    return;
  pk_recent_free(self->sequences);
  pk_recent_free(self->services);
  pk_recent_free(self->listeners);
  g_free(self);
}

gsize
pk_crowd_bytes(guint capacity)
{
  return sizeof(PkCrowd) + pk_recent_bytes(capacity, sizeof(Sequence)) + pk_recent_bytes(capacity, sizeof(Service)) +
         pk_recent_bytes(capacity, sizeof(Listener));
}

/* ---- sequences ---------------------------------------------------------------- */

/* In the place that it has, else in that of the one who was not seen the longest. */
static void
_add_member(Member *members, guint n, guint32 tag, guint32 now_sec)
{
  Member *place = members;

  for (guint i = 0; i < n; i++)
    {
      if (members[i].seen_sec != 0 && members[i].tag == tag)
        {
          members[i].seen_sec = now_sec;
          return;
        }
      if (members[i].seen_sec < place->seen_sec)
        place = &members[i];
    }
  *place = (Member){ tag, now_sec };
}

static guint
_count_members(const PkCrowd *self, const Member *members, guint n, guint32 now_sec)
{
  guint count = 0;

  for (guint i = 0; i < n; i++)
    count += pk_seconds_are_within(members[i].seen_sec, now_sec, self->memory_seconds);
  return count;
}

void
pk_crowd_add_sequence(PkCrowd *self, guint64 sequence_key, guint32 source, guint32 dest, guint32 now_sec,
                      PkCrowdFacts *ret_facts)
{
  Sequence *sequence = pk_recent_take(self->sequences, sequence_key, &self->evicted);

  now_sec = MAX(now_sec, 1);
  _add_member(sequence->sources, SOURCES_MAX, source, now_sec);
  _add_member(sequence->dests, DESTS_MAX, dest, now_sec);
  ret_facts->sources = _count_members(self, sequence->sources, SOURCES_MAX, now_sec);
  ret_facts->dests = _count_members(self, sequence->dests, DESTS_MAX, now_sec);
}

/* ---- services ----------------------------------------------------------------- */

void
pk_crowd_add_service(PkCrowd *self, guint64 service_key, guint32 now_sec)
{
  Service *service = pk_recent_take(self->services, service_key, &self->evicted);

  service->seen_sec = MAX(now_sec, 1);
}

gboolean
pk_crowd_has_service(const PkCrowd *self, guint64 service_key, guint32 now_sec)
{
  const Service *service = pk_recent_find(self->services, service_key);

  return service && pk_seconds_are_within(service->seen_sec, now_sec, self->memory_seconds);
}

void
pk_crowd_add_listener(PkCrowd *self, guint64 listener_key, gint64 arrival_usec)
{
  Listener *listener = pk_recent_take(self->listeners, listener_key, &self->evicted);

  listener->arrival_usec = arrival_usec;
}

gint64
pk_crowd_get_listener(const PkCrowd *self, guint64 listener_key)
{
  const Listener *listener = pk_recent_find(self->listeners, listener_key);

  return listener ? listener->arrival_usec : 0;
}

guint64
pk_crowd_count_evicted(const PkCrowd *self)
{
  return self->evicted;
}

/* ---- moving ------------------------------------------------------------------- */

typedef struct _Walk
{
  PkCrowdFunc func;
  gpointer user_data;
} Walk;

static void
_visit(guint64 key, gconstpointer record, gpointer user_data)
{
  const Walk *walk = user_data;

  walk->func(key, walk->user_data);
}

void
pk_crowd_each_sequence(const PkCrowd *self, PkCrowdFunc func, gpointer user_data)
{
  Walk walk = { func, user_data };

  pk_recent_each(self->sequences, _visit, &walk);
}

void
pk_crowd_each_service(const PkCrowd *self, PkCrowdFunc func, gpointer user_data)
{
  Walk walk = { func, user_data };

  pk_recent_each(self->services, _visit, &walk);
}

void
pk_crowd_copy_sequence(const PkCrowd *self, guint64 key, PkCrowd *dest)
{
  Sequence *copy = pk_recent_take(dest->sequences, key, &dest->evicted);

  *copy = *(const Sequence *) pk_recent_find(self->sequences, key);
}

void
pk_crowd_copy_service(const PkCrowd *self, guint64 key, PkCrowd *dest)
{
  Service *copy = pk_recent_take(dest->services, key, &dest->evicted);

  *copy = *(const Service *) pk_recent_find(self->services, key);
}

/* ---- the state file ------------------------------------------------------------ */

static void
_put_members(PkStateWriter *writer, const Member *members, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      pk_state_put_u32(writer, members[i].tag);
      pk_state_put_u32(writer, members[i].seen_sec);
    }
}

static void
_get_members(PkStateReader *reader, Member *members, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      members[i].tag = pk_state_get_u32(reader);
      members[i].seen_sec = pk_state_get_u32(reader);
    }
}

static void
_put_sequence(PkStateWriter *writer, gconstpointer record)
{
  const Sequence *sequence = record;

  _put_members(writer, sequence->sources, SOURCES_MAX);
  _put_members(writer, sequence->dests, DESTS_MAX);
}

static void
_get_sequence(PkStateReader *reader, gpointer ret_record)
{
  Sequence *sequence = ret_record;

  _get_members(reader, sequence->sources, SOURCES_MAX);
  _get_members(reader, sequence->dests, DESTS_MAX);
}

static void
_put_service(PkStateWriter *writer, gconstpointer record)
{
  pk_state_put_u32(writer, ((const Service *) record)->seen_sec);
}

static void
_get_service(PkStateReader *reader, gpointer ret_record)
{
  ((Service *) ret_record)->seen_sec = pk_state_get_u32(reader);
}

static void
_put_listener(PkStateWriter *writer, gconstpointer record)
{
  pk_state_put_time(writer, ((const Listener *) record)->arrival_usec);
}

static void
_get_listener(PkStateReader *reader, gpointer ret_record)
{
  ((Listener *) ret_record)->arrival_usec = pk_state_get_time(reader);
}

static void
_fit_members(Member *members, guint n, const PkStateClock *clock)
{
  for (guint i = 0; i < n; i++)
    members[i].seen_sec = pk_state_clock_past_sec(clock, members[i].seen_sec);
}

static gboolean
_fit_sequence(gpointer record, const PkStateClock *clock)
{
  Sequence *sequence = record;

  _fit_members(sequence->sources, SOURCES_MAX, clock);
  _fit_members(sequence->dests, DESTS_MAX, clock);
  return TRUE;
}

static gboolean
_fit_service(gpointer record, const PkStateClock *clock)
{
  Service *service = record;

  service->seen_sec = pk_state_clock_cut_sec(clock, service->seen_sec);
  return TRUE;
}

static gboolean
_fit_listener(gpointer record, const PkStateClock *clock)
{
  Listener *listener = record;

  listener->arrival_usec = pk_state_clock_past(clock, listener->arrival_usec);
  return listener->arrival_usec != 0;
}

const PkStateRow pk_state_row_sequences = {
  PK_STATE_SEQUENCES, sizeof(Sequence), _put_sequence, _get_sequence, _fit_sequence,
};
const PkStateRow pk_state_row_services = {
  PK_STATE_SERVICES, sizeof(Service), _put_service, _get_service, _fit_service,
};
const PkStateRow pk_state_row_listeners = {
  PK_STATE_LISTENERS, sizeof(Listener), _put_listener, _get_listener, _fit_listener,
};

PkRecent *
pk_crowd_recent(PkCrowd *self, PkStateKind kind)
{
  switch (kind)
    {
    case PK_STATE_SEQUENCES:
      return self->sequences;
    case PK_STATE_SERVICES:
      return self->services;
    case PK_STATE_LISTENERS:
      return self->listeners;
    default:
      return NULL;
    }
}
