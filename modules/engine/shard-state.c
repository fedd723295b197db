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

#define HIT_FLAGS_ALL                                                                                                  \
  (PK_HIT_HAS_SOURCE_PORT | PK_HIT_HAS_UPTIME | PK_HIT_CONSUMED | PK_HIT_IN_SEQUENCE | PK_HIT_SCANNER_PACKET |         \
   PK_HIT_ALLOWED | PK_HIT_TOOL_RUN)

/* ---- from and to a shard --------------------------------------------------------- */

static void
_copy_hits(const PkShard *self, const PkHit *hits, guint n, PkSourceState *state)
{
  state->n = n;
  memcpy(state->hits, hits, n * sizeof(hits[0]));
  for (guint i = 0; i < n; i++)
    g_strlcpy(state->hosts[i], pk_names_get_text(self->names, hits[i].host), sizeof(state->hosts[0]));
}

gboolean
pk_shard_get_source(PkShard *self, guint32 index, PkSourceState *ret_state)
{
  const PkSource *source = pk_sources_get(self->room.sources, index);
  const PkWindowSlot *slot;

  if (!source->live)
    return FALSE;
  ret_state->hash = source->hash;
  ret_state->memory = source->memory;
  ret_state->address = source->address;
  ret_state->scope[0] = '\0';
  if (source->window == PK_INDEX_NONE)
    {
      ret_state->arrival_usec = source->single.arrival_usec;
      _copy_hits(self, &source->single, 1, ret_state);
      return TRUE;
    }
  slot = pk_windows_get(self->room.windows, source->window);
  ret_state->arrival_usec = slot->arrival_usec;
  memcpy(ret_state->scope, slot->scope, sizeof(ret_state->scope));
  _copy_hits(self, slot->window.hits, slot->window.n, ret_state);
  return TRUE;
}

/* As pk_windows_get() has it, in another table. */
static void
_put_window(PkShard *self, PkSource *source, const PkWindow *window, const PkSourceState *state)
{
  guint32 owner = pk_sources_find(self->room.sources, source->hash, &source->address);
  PkWindowSlot *slot;

  if (!pk_room_reserve_window(&self->room, pk_window_count_ports(window), state->arrival_usec))
    return;
  pk_sources_set_window(self->room.sources, source, pk_windows_take(self->room.windows, owner, state->arrival_usec));
  slot = pk_windows_get(self->room.windows, source->window);
  slot->window = *window;
  memcpy(slot->scope, state->scope, sizeof(slot->scope));
  pk_windows_update(self->room.windows, source->window, &self->config->rule, state->arrival_usec);
}

void
pk_shard_put_source(PkShard *self, const PkSourceState *state)
{
  PkSource *source;
  PkWindow window;

  if (pk_sources_find(self->room.sources, state->hash, &state->address) != PK_INDEX_NONE)
    return;
  window.n = state->n;
  for (guint i = 0; i < state->n; i++)
    {
      window.hits[i] = state->hits[i];
      window.hits[i].host = pk_names_get_id(self->names, pk_slice_from_string(state->hosts[i]));
    }
  source = pk_room_insert(&self->room, state->hash, state->memory, &state->address, state->arrival_usec);
  source->single = window.hits[window.n - 1];
  if (window.n > 1)
    _put_window(self, source, &window, state);
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
    pk_state_put_time(self, hit->uptime_usec);
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
  if ((hit->flags & ~HIT_FLAGS_ALL) || ((form & HIT_SAME_HOST) && !host_before))
    pk_state_fail(self);
  hit->time_usec = pk_state_get_time(self);
  hit->arrival_usec = pk_state_get_time(self);
  if (hit->flags & PK_HIT_HAS_UPTIME)
    hit->uptime_usec = pk_state_get_time(self);
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

const PkStateRow pk_state_row_memories = { PK_STATE_MEMORIES, sizeof(PkMemory), _put_memory, _get_memory };
const PkStateRow pk_state_row_holds = { PK_STATE_HOLDS, sizeof(Hold), _put_hold, _get_hold };
const PkStateRow pk_state_row_doors = { PK_STATE_DOORS, sizeof(Hold), _put_hold, _get_hold };

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
