/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/shard-private.h"

#include "engine/state-rows.h"
#include "scan/address.h"
#include "scan/slice.h"

/* Sources, and what a shard remembers of them, as the state file has it. */

/* Of a source. */
enum
{
  SOURCE_IS_ITS_NETWORK = 1 << 0, /* its memory is kept under its own hash */
  SOURCE_HAS_SCOPE = 1 << 1
};

/* Of a hit, beside PK_HIT_*. */
enum
{
  HIT_IS_PLAIN = 1 << 0, /* one packet, no retransmission */
  HIT_SAME_HOST = 1 << 1 /* as the hit before it */
};

/* ---- from and to a shard --------------------------------------------------------- */

static void
_copy_hit(const PkShard *self, const PkHit *hit, PkSourceState *state)
{
  state->hits[state->n] = *hit;
  g_strlcpy(state->hosts[state->n], pk_names_get_text(self->names, hit->host), sizeof(state->hosts[0]));
  state->n++;
}

static void
_copy_window(const PkShard *self, const PkSource *source, PkSourceState *state)
{
  guint32 index = pk_source_window(source);
  const PkWindowSlot *slot = pk_windows_get(self->room.windows, index);

  state->hash = pk_source_hash(source);
  state->memory = source->at.window.memory;
  state->arrival_usec = slot->arrival_usec;
  g_strlcpy(state->scope, pk_windows_get_scope(self->room.windows, index), sizeof(state->scope));
  for (guint i = 0; i < slot->window.n; i++)
    _copy_hit(self, pk_window_hit(&slot->window, i), state);
}

/* Of a source without a window only that part of its hash is kept by which it is found. */
gboolean
pk_shard_get_source(PkShard *self, guint32 index, PkSourceState *ret_state)
{
  const PkSource *source = pk_sources_get(self->room.sources, index);
  PkHit hit;

  if (!source->is_live)
    return FALSE;
  ret_state->address = source->address;
  ret_state->n = 0;
  if (source->has_window)
    {
      _copy_window(self, source, ret_state);
      return TRUE;
    }
  ret_state->hash = ret_state->memory = source->hash;
  ret_state->arrival_usec = source->arrival_usec;
  ret_state->scope[0] = '\0';
  pk_source_get_hit(source, 0, &hit);
  _copy_hit(self, &hit, ret_state);
  return TRUE;
}

static PkHit
_get_named_hit(PkShard *self, const PkSourceState *state, guint i)
{
  PkHit hit = state->hits[i];

  hit.host = pk_names_get_id(self->names, pk_slice_from_string(state->hosts[i]));
  return hit;
}

static guint
_count_ports(const PkSourceState *state)
{
  guint n = 0;

  for (guint i = 0; i < state->n; i++)
    {
      gboolean is_new = !(state->hits[i].flags & PK_HIT_CONSUMED);

      for (guint j = 0; j < i && is_new; j++)
        is_new =
            (state->hits[j].flags & PK_HIT_CONSUMED) || !pk_port_equals(&state->hits[j].port, &state->hits[i].port);
      n += is_new;
    }
  return n;
}

static void
_put_window(PkShard *self, PkSource *source, const PkSourceState *state)
{
  PkWindowSlot *slot =
      pk_room_promote(&self->room, source, state->hash, state->memory, _count_ports(state), state->arrival_usec);
  guint32 index = pk_source_window(source);

  if (!slot)
    {
      self->stats.evicted_hits += state->n - 1;
      return;
    }
  pk_windows_set_scope(self->room.windows, index, pk_slice_from_string(state->scope));
  for (guint i = 0; i < state->n; i++)
    {
      PkHit hit = _get_named_hit(self, state, i);

      pk_windows_grow(self->room.windows, index);
      pk_window_restore(&slot->window, &hit);
    }
  pk_windows_update(self->room.windows, index, &self->config->rule, state->arrival_usec);
}

void
pk_shard_put_source(PkShard *self, const PkSourceState *state)
{
  PkSource *source;
  PkHit newest;

  if (pk_sources_find(self->room.sources, state->hash, &state->address) != PK_INDEX_NONE)
    return;
  self->stats.restored_hits += state->n;
  newest = _get_named_hit(self, state, state->n - 1);
  source = pk_room_insert(&self->room, state->hash, &state->address, state->arrival_usec);
  pk_source_set_hit(source, &newest);
  if (state->n > 1)
    _put_window(self, source, state);
}

/* ---- times of a source ------------------------------------------------------------- */

static gint64
_latest_arrival(const PkSourceState *state)
{
  gint64 usec = state->arrival_usec;

  for (guint i = 0; i < state->n; i++)
    usec = MAX(usec, state->hits[i].arrival_usec);
  return usec;
}

/* Event times that are nearer to the old arrival than to the new one went with the relay's clock: they are its own, or
 * those of devices that had the same time.  Others are right already. */
static gboolean
_went_with_arrival(const PkHit *newest, gint64 back_usec)
{
  return ABS(newest->time_usec - newest->arrival_usec) < ABS(newest->time_usec - (newest->arrival_usec - back_usec));
}

static gint64
_move_back(gint64 usec, gint64 back_usec)
{
  return MAX(usec - back_usec, -PK_STATE_TIME_USEC_MAX);
}

/* All hits by the same, or their order would change. */
void
pk_source_state_fit(PkSourceState *self, const PkStateClock *clock)
{
  gint64 latest_usec = _latest_arrival(self);
  gint64 back_usec = MAX(clock->ahead_usec, latest_usec - clock->now_usec);
  gboolean with_events = back_usec > 0 && _went_with_arrival(&self->hits[self->n - 1], back_usec);

  if (back_usec <= 0)
    return;
  self->arrival_usec = _move_back(self->arrival_usec, back_usec);
  for (guint i = 0; i < self->n; i++)
    {
      self->hits[i].arrival_usec = _move_back(self->hits[i].arrival_usec, back_usec);
      if (with_events)
        self->hits[i].time_usec = _move_back(self->hits[i].time_usec, back_usec);
    }
}

/* ---- sources as bytes -------------------------------------------------------------- */

static void
_put_hit(PkStateWriter *self, const PkHit *hit, const gchar *host, const gchar *host_before)
{
  gboolean is_plain = hit->packets == 1 && hit->retransmits == 0;
  gboolean same_host = host_before && strcmp(host, host_before) == 0;

  pk_state_put_u8(self, hit->flags);
  pk_state_put_u8(self, (is_plain ? HIT_IS_PLAIN : 0) | (same_host ? HIT_SAME_HOST : 0));
  pk_state_put_time(self, hit->time_usec);
  pk_state_put_time(self, hit->arrival_usec);
  if (hit->flags & PK_HIT_HAS_UPTIME)
    pk_state_put_u32(self, hit->uptime_usec);
  pk_state_put_addr(self, &hit->dest);
  pk_state_put_port(self, &hit->port);
  if (hit->flags & PK_HIT_HAS_SOURCE_PORT)
    pk_state_put_u16(self, hit->source_port);
  if (!is_plain)
    {
      pk_state_put_u32(self, hit->packets);
      pk_state_put_u16(self, hit->retransmits);
    }
  if (!same_host)
    pk_state_put_text(self, host);
}

void
pk_state_put_source(PkStateWriter *self, const PkSourceState *state)
{
  gboolean is_its_network = state->memory == state->hash;

  pk_state_put_time(self, state->arrival_usec);
  pk_state_put_u8(self, (is_its_network ? SOURCE_IS_ITS_NETWORK : 0) | (state->scope[0] ? SOURCE_HAS_SCOPE : 0));
  pk_state_put_u64(self, state->hash);
  if (!is_its_network)
    pk_state_put_u64(self, state->memory);
  pk_state_put_addr(self, &state->address);
  if (state->scope[0])
    pk_state_put_text(self, state->scope);
  pk_state_put_u8(self, state->n);
  for (guint i = 0; i < state->n; i++)
    _put_hit(self, &state->hits[i], state->hosts[i], i ? state->hosts[i - 1] : NULL);
}

static void
_get_hit(PkStateReader *self, PkHit *hit, gchar host[PK_NAME_BYTES], const gchar *host_before)
{
  guint32 form;

  memset(hit, 0, sizeof(*hit));
  hit->flags = pk_state_get_u8(self);
  form = pk_state_get_max(self, 1, HIT_IS_PLAIN | HIT_SAME_HOST);
  if ((hit->flags & ~PK_HIT_FLAGS) || ((form & HIT_SAME_HOST) && !host_before))
    pk_state_fail(self);
  hit->time_usec = pk_state_get_time(self);
  hit->arrival_usec = pk_state_get_time(self);
  if (hit->flags & PK_HIT_HAS_UPTIME)
    hit->uptime_usec = pk_state_get_u32(self);
  pk_state_get_addr(self, &hit->dest);
  pk_state_get_port(self, FALSE, &hit->port);
  if (hit->flags & PK_HIT_HAS_SOURCE_PORT)
    hit->source_port = pk_state_get_u16(self);
  hit->packets = form & HIT_IS_PLAIN ? 1 : pk_state_get_max(self, 4, G_MAXUINT32 / PK_HITS_MAX);
  hit->retransmits = form & HIT_IS_PLAIN ? 0 : pk_state_get_u16(self);
  if ((form & HIT_SAME_HOST) && host_before)
    memcpy(host, host_before, PK_NAME_BYTES);
  else
    pk_state_get_text(self, host, PK_NAME_BYTES);
}

static gboolean
_is_in_order(const PkSourceState *state)
{
  for (guint i = 1; i < state->n; i++)
    if (state->hits[i].time_usec < state->hits[i - 1].time_usec)
      return FALSE;
  return state->n > 0;
}

void
pk_state_get_source(PkStateReader *self, PkSourceState *ret_state)
{
  guint32 form;

  ret_state->arrival_usec = pk_state_get_time(self);
  form = pk_state_get_max(self, 1, SOURCE_IS_ITS_NETWORK | SOURCE_HAS_SCOPE);
  ret_state->hash = pk_state_get_u64(self);
  ret_state->memory = form & SOURCE_IS_ITS_NETWORK ? ret_state->hash : pk_state_get_u64(self);
  pk_state_get_addr(self, &ret_state->address);
  ret_state->scope[0] = '\0';
  if (form & SOURCE_HAS_SCOPE)
    pk_state_get_text(self, ret_state->scope, sizeof(ret_state->scope));
  ret_state->n = pk_state_get_max(self, 1, PK_HITS_MAX);
  for (guint i = 0; i < ret_state->n; i++)
    _get_hit(self, &ret_state->hits[i], ret_state->hosts[i], i ? ret_state->hosts[i - 1] : NULL);
  if (!_is_in_order(ret_state))
    pk_state_fail(self);
}

/* ---- what is remembered ------------------------------------------------------------ */

static void
_put_memory(PkStateWriter *writer, gconstpointer record)
{
  const PkMemory *memory = record;

  for (guint i = 0; i < G_N_ELEMENTS(memory->ports); i++)
    {
      pk_state_put_u64(writer, memory->ports[i]);
      pk_state_put_u32(writer, memory->dests[i]);
    }
  pk_state_put_u32(writer, memory->begun_sec);
  pk_state_put_u32(writer, memory->seen_sec);
  pk_state_put_u32(writer, memory->scan_sec);
  pk_state_put_u32(writer, memory->sequence_sec);
}

static void
_get_memory(PkStateReader *reader, gpointer ret_record)
{
  PkMemory *memory = ret_record;

  for (guint i = 0; i < G_N_ELEMENTS(memory->ports); i++)
    {
      memory->ports[i] = pk_state_get_u64(reader);
      memory->dests[i] = pk_state_get_u32(reader);
    }
  memory->begun_sec = pk_state_get_u32(reader);
  memory->seen_sec = pk_state_get_u32(reader);
  memory->scan_sec = pk_state_get_u32(reader);
  memory->sequence_sec = pk_state_get_u32(reader);
}

/* A time that is still to come is no time: pk_memory_*(). */
static gboolean
_fit_memory(gpointer record, const PkStateClock *clock)
{
  PkMemory *memory = record;

  memory->begun_sec = pk_state_clock_past_sec(clock, memory->begun_sec);
  memory->seen_sec = pk_state_clock_past_sec(clock, memory->seen_sec);
  memory->scan_sec = pk_state_clock_past_sec(clock, memory->scan_sec);
  memory->sequence_sec = pk_state_clock_past_sec(clock, memory->sequence_sec);
  return TRUE;
}

static void
_put_hold(PkStateWriter *writer, gconstpointer record)
{
  const Hold *hold = record;

  pk_state_put_time(writer, hold->due_usec);
  pk_state_put_addr(writer, &hold->address);
  pk_state_put_u8(writer, hold->is_accept != 0);
}

static void
_get_hold(PkStateReader *reader, gpointer ret_record)
{
  Hold *hold = ret_record;

  hold->due_usec = pk_state_get_time(reader);
  pk_state_get_addr(reader, &hold->address);
  hold->is_accept = pk_state_get_boolean(reader);
}

static gboolean
_fit_hold(gpointer record, const PkStateClock *clock)
{
  Hold *hold = record;

  hold->due_usec = pk_state_clock_cut(clock, hold->due_usec, clock->now_usec + PK_HOLD_USEC);
  return TRUE;
}

static gboolean
_fit_door(gpointer record, const PkStateClock *clock)
{
  Hold *hold = record;

  hold->due_usec = pk_state_clock_cut(clock, hold->due_usec, clock->now_usec + PK_DOOR_USEC);
  return TRUE;
}

const PkStateRow pk_state_row_memories = { PK_STATE_MEMORIES, sizeof(PkMemory), _put_memory, _get_memory, _fit_memory };
const PkStateRow pk_state_row_holds = { PK_STATE_HOLDS, sizeof(Hold), _put_hold, _get_hold, _fit_hold };
const PkStateRow pk_state_row_doors = { PK_STATE_DOORS, sizeof(Hold), _put_hold, _get_hold, _fit_door };

PkRecent *
pk_shard_recent(PkShard *self, PkStateKind kind)
{
  PkRecent *recent = pk_crowd_recent(self->crowd, kind);

  if (kind == PK_STATE_MEMORIES)
    return self->memories;
  if (kind == PK_STATE_HOLDS)
    return self->holds;
  if (kind == PK_STATE_DOORS)
    return self->doors;
  return recent ? recent : pk_ledger_recent(self->ledger, kind);
}
