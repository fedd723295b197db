/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/sequences.h"

#include <string.h>

#include "engine/sequences-private.h"
#include "engine/window.h"

/* From here on a port may be missing: it is permitted and never logged, or its
 * line fell to a rate limit. */
#define MISSING_PORTS_MIN 4

PkSequences *
pk_sequences_ref(PkSequences *self)
{
  g_atomic_int_inc(&self->ref_count);
  return self;
}

void
pk_sequences_unref(PkSequences *self)
{
  if (!self || !g_atomic_int_dec_and_test(&self->ref_count))
    return;
  g_array_unref(self->sequences);
  g_array_unref(self->packets);
  pk_sequence_index_clear(&self->index);
  g_free(self);
}

guint
pk_sequences_count(const PkSequences *self)
{
  return self->sequences->len + self->packets->len;
}

/* ---- which ports are in any sequence ------------------------------------------ */

static guint
_filter_row(const PkPort *port)
{
  return port->protocol == PK_PROTO_TCP ? 0 : port->protocol == PK_PROTO_UDP ? 1 : 2;
}

void
pk_sequences_add_to_filter(PkSequences *self, const PkSequence *sequence)
{
  for (guint i = 0; i < sequence->n; i++)
    self->filter[_filter_row(&sequence->ports[i])][sequence->ports[i].port / 8] |=
        (guint8) (1 << sequence->ports[i].port % 8);
}

gboolean
pk_sequences_have_port(const PkSequences *self, const PkPort *port)
{
  return (self->filter[_filter_row(port)][port->port / 8] >> port->port % 8) & 1;
}

/* ---- hits ------------------------------------------------------------------------ */

/* Twice as many as there are hits. */
#define SPOTS 64
#define SPOT_BITS 6

/* The hits by port.  A set of hits is a word in which bit i stands for hit i. */
typedef struct _Hits
{
  const PkPort *ports;
  guint n, newest;
  guint32 newest_id;
  guint32 ids[SPOTS]; /* a hash table with open addressing; PK_PORT_ID_NONE: empty */
  guint32 sets[SPOTS];
} Hits;

G_STATIC_ASSERT(PK_HITS_MAX <= 32 && PK_HITS_MAX < SPOTS && 1 << SPOT_BITS == SPOTS);

static guint
_find_spot(const Hits *self, guint32 id)
{
  guint spot = (id * 0x9e3779b1u) >> (32 - SPOT_BITS);

  while (self->ids[spot] != id && self->ids[spot] != PK_PORT_ID_NONE)
    spot = (spot + 1) % SPOTS;
  return spot;
}

static guint32
_find_id(const PkSequences *known, const PkPort *port)
{
  return pk_sequences_have_port(known, port) ? pk_sequence_index_find(&known->index, port) : PK_PORT_ID_NONE;
}

static void
_add_hit(Hits *self, guint i, guint32 id)
{
  guint spot = _find_spot(self, id);

  self->ids[spot] = id;
  self->sets[spot] |= 1u << i;
}

/* FALSE: the newest is in no sequence. */
static gboolean
_hits_init(Hits *self, const PkSequences *known, const PkPort *ports, guint n, guint newest)
{
  g_assert(newest < n && n <= PK_HITS_MAX);
  self->newest_id = _find_id(known, &ports[newest]);
  if (self->newest_id == PK_PORT_ID_NONE)
    return FALSE;
  self->ports = ports;
  self->n = n;
  self->newest = newest;
  memset(self->ids, 0xff, sizeof(self->ids));
  memset(self->sets, 0, sizeof(self->sets));
  for (guint i = 0; i < n; i++)
    {
      guint32 id = _find_id(known, &ports[i]);

      if (id != PK_PORT_ID_NONE)
        _add_hit(self, i, id);
    }
  return TRUE;
}

static guint32
_hits_of(const Hits *self, guint32 id)
{
  return self->sets[_find_spot(self, id)];
}

static gint
_highest(guint32 set)
{
  return set ? (gint) g_bit_storage(set) - 1 : -1;
}

/* The last of set before hit at, the first of set after it; -1: none, which stays so. */
static gint
_last_before(guint32 set, gint at)
{
  return at < 0 ? -1 : _highest(set & ((1u << at) - 1));
}

static gint
_first_after(guint32 set, gint at)
{
  guint32 later = at < 0 ? 0 : set & ~((2u << at) - 1);

  return _highest(later & (~later + 1));
}

/* ---- matching ------------------------------------------------------------------ */

/* A sequence that is laid over hits. */
typedef struct _Try
{
  const Hits *hits;
  const PkSequence *sequence;
} Try;

/* And there are hits enough before and after it, but for one that may be missing. */
static gboolean
_is_place_of_newest(const Try *self, guint i)
{
  const Hits *hits = self->hits;

  return i <= hits->newest + 1 && self->sequence->n - 1 - i <= hits->n - hits->newest &&
         self->sequence->ids[i] == hits->newest_id;
}

static guint32
_set(const Try *self, guint i)
{
  return _hits_of(self->hits, self->sequence->ids[i]);
}

/* Most sequences end here, where many begin or end with the same port. */
static gboolean
_has_ends(const Try *self)
{
  guint newest = self->hits->newest;

  return self->hits->n + 1 >= self->sequence->n && _set(self, self->sequence->n - 1) >> newest &&
         _set(self, 0) & ((2u << newest) - 1);
}

static gboolean
_has_port(const PkPort *ports, guint n, const PkPort *port)
{
  for (guint i = 0; i < n; i++)
    if (pk_port_equals(&ports[i], port))
      return TRUE;
  return FALSE;
}

static gboolean
_is_compact(const Try *self, gint first, gint last)
{
  const PkPort *ports = self->hits->ports;
  guint n = self->sequence->n, others = 0, others_max = n == 2 ? 0 : n;

  for (gint i = first + 1; i < last && others <= others_max; i++)
    others +=
        !_has_port(self->sequence->ports, n, &ports[i]) && !_has_port(ports + first, (guint) (i - first), &ports[i]);
  return others <= others_max;
}

static gboolean
_fits_between(const Try *self, gint first, gint last, PkSequenceMatch *ret_match)
{
  if (first < 0 || last < 0 || !_is_compact(self, first, last))
    return FALSE;
  ret_match->first = (guint) first;
  ret_match->last = (guint) last;
  return TRUE;
}

/* Where the hits begin, or end, of which the newest is one in a given place, as
 * near to it as can be: with all ports, and with any one left out; -1: there are
 * none. */
typedef struct _Reach
{
  gint whole, one;
} Reach;

static Reach
_reach_before(const Try *self, guint place)
{
  Reach reach = { (gint) self->hits->newest, -1 };

  for (guint i = place; i-- > 0 && (reach.whole >= 0 || reach.one >= 0);)
    {
      guint32 set = _set(self, i);
      gint without = i > 0 ? reach.whole : -1;

      reach.one = MAX(_last_before(set, reach.one), without);
      reach.whole = _last_before(set, reach.whole);
    }
  return reach;
}

static Reach
_reach_after(const Try *self, guint place)
{
  Reach reach = { (gint) self->hits->newest, -1 };

  for (guint i = place + 1; i < self->sequence->n && (reach.whole >= 0 || reach.one >= 0); i++)
    {
      guint32 set = _set(self, i);
      gint with = _first_after(set, reach.one), without = i + 1 < self->sequence->n ? reach.whole : -1;

      reach.one = with < 0 || (without >= 0 && without < with) ? without : with;
      reach.whole = _first_after(set, reach.whole);
    }
  return reach;
}

typedef enum
{
  FITS_NOT,
  FITS_WITHOUT_ONE,
  FITS_WHOLE
} Fit;

/* *ret_match is set if it fits whole. */
static Fit
_fit(const Try *self, PkSequenceMatch *ret_match)
{
  gboolean may_miss = self->sequence->n >= MISSING_PORTS_MIN;
  PkSequenceMatch unused;
  Fit fit = FITS_NOT;

  for (guint i = 0; i < self->sequence->n; i++)
    {
      Reach before, after;

      if (!_is_place_of_newest(self, i))
        continue;
      before = _reach_before(self, i);
      if (before.whole < 0 && before.one < 0)
        continue;
      after = _reach_after(self, i);
      if (_fits_between(self, before.whole, after.whole, ret_match))
        return FITS_WHOLE;
      if (may_miss && (_fits_between(self, before.one, after.whole, &unused) ||
                       _fits_between(self, before.whole, after.one, &unused)))
        fit = FITS_WITHOUT_ONE;
    }
  return fit;
}

/* ---- the port that is missing -------------------------------------------------- */

static gint
_lay_before(const Try *self, guint place, guint missing)
{
  gint at = (gint) self->hits->newest;

  for (guint i = place; i-- > 0 && at >= 0;)
    at = i == missing ? at : _last_before(_set(self, i), at);
  return at;
}

static gint
_lay_after(const Try *self, guint place, guint missing)
{
  gint at = (gint) self->hits->newest;

  for (guint i = place + 1; i < self->sequence->n && at >= 0; i++)
    at = i == missing ? at : _first_after(_set(self, i), at);
  return at;
}

static gboolean
_fits_without(const Try *self, guint missing, PkSequenceMatch *ret_match)
{
  for (guint i = 0; i < self->sequence->n; i++)
    if (i != missing && _is_place_of_newest(self, i) &&
        _fits_between(self, _lay_before(self, i, missing), _lay_after(self, i, missing), ret_match))
      return TRUE;
  return FALSE;
}

/* The first without which it fits is told. */
static gboolean
_find_missing(const Try *self, PkSequenceMatch *ret_match)
{
  for (guint missing = 1; missing + 1 < self->sequence->n; missing++)
    if (_fits_without(self, missing, ret_match))
      {
        ret_match->missing = self->sequence->ports[missing];
        return TRUE;
      }
  return FALSE;
}

static gboolean
_match(const Hits *hits, const PkSequence *sequence, gboolean may_miss_one, PkSequenceMatch *ret_match)
{
  const Try try = { hits, sequence };
  Fit fit = _has_ends(&try) ? _fit(&try, ret_match) : FITS_NOT;

  ret_match->id = sequence->id;
  ret_match->n_ports = sequence->n;
  ret_match->is_missing = fit == FITS_WITHOUT_ONE;
  return fit == FITS_WHOLE || (fit == FITS_WITHOUT_ONE && may_miss_one && _find_missing(&try, ret_match));
}

/* Those that hold the newest come in the order of preference: the first that is
 * whole is the best, and of those that miss a port only the first can be. */
gboolean
pk_sequences_match(const PkSequences *self, const PkPort *ports, guint n, guint newest, PkSequenceMatch *ret_match)
{
  gboolean found = FALSE;
  const guint16 *holders;
  guint n_holders;
  Hits hits;

  if (!_hits_init(&hits, self, ports, n, newest))
    return FALSE;
  holders = pk_sequence_index_holders(&self->index, hits.newest_id, &n_holders);
  for (guint i = 0; i < n_holders; i++)
    {
      PkSequenceMatch match;

      if (!_match(&hits, &g_array_index(self->sequences, PkSequence, holders[i]), !found, &match))
        continue;
      *ret_match = match;
      found = TRUE;
      if (!match.is_missing)
        break;
    }
  return found;
}

/* ---- packets -------------------------------------------------------------------- */

static gboolean
_is_packet(const PkKnownPacket *packet, const PkEvent *event)
{
  if (packet->has & ~event->has)
    return FALSE;
  return (!(packet->has & PK_HAS_PROTOCOL) || packet->protocol == event->protocol) &&
         (!(packet->has & PK_HAS_DEST_PORT) || packet->dest_port == event->dest_port) &&
         (!(packet->has & PK_HAS_SOURCE_PORT) || packet->source_port == event->source_port) &&
         (!(packet->has & PK_HAS_IP_ID) || packet->ip_id == event->ip_id) &&
         (!(packet->has & PK_HAS_TCP_WINDOW) || packet->tcp_window == event->tcp_window) &&
         (!(packet->has & PK_HAS_LENGTH) || packet->length == event->length);
}

const PkKnownPacket *
pk_sequences_find_packet(const PkSequences *self, const PkEvent *event)
{
  for (guint i = 0; i < self->packets->len; i++)
    {
      const PkKnownPacket *packet = &g_array_index(self->packets, PkKnownPacket, i);

      if (_is_packet(packet, event))
        return packet;
    }
  return NULL;
}
