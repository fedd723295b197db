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

static gboolean
_is_in_any(const PkSequences *self, const PkPort *port)
{
  return (self->filter[_filter_row(port)][port->port / 8] >> port->port % 8) & 1;
}

/* ---- matching ------------------------------------------------------------------ */

/* A sequence, perhaps without one of its ports, laid over hits. */
typedef struct _Try
{
  const PkPort *ports; /* hits */
  guint n;
  const PkSequence *sequence;
  guint skipped; /* index of the port that is missing; n of the sequence: none */
} Try;

/* The next index of the sequence, or one past its end. */
static guint
_after(const Try *try, guint i)
{
  return i + 1 == try->skipped ? i + 2 : i + 1;
}

/* Those that come before hit `at`, the latest first: so the match is as short as can be. */
static gboolean
_lay_before(const Try *try, guint position, guint at, guint *ret_first)
{
  guint hit = at;

  while (position > 0)
    {
      position--;
      if (position == try->skipped)
        continue;
      do
        if (hit-- == 0)
          return FALSE;
      while (!pk_port_equals(&try->ports[hit], &try->sequence->ports[position]));
    }
  *ret_first = hit;
  return TRUE;
}

static gboolean
_lay_after(const Try *try, guint position, guint at, guint *ret_last)
{
  guint hit = at;

  for (position = _after(try, position); position < try->sequence->n; position = _after(try, position))
    do
      if (++hit >= try->n)
        return FALSE;
    while (!pk_port_equals(&try->ports[hit], &try->sequence->ports[position]));
  *ret_last = hit;
  return TRUE;
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
_is_compact(const Try *try, guint first, guint last)
{
  guint others = 0;

  for (guint i = first + 1; i < last; i++)
    others += !_has_port(try->sequence->ports, try->sequence->n, &try->ports[i]) &&
              !_has_port(try->ports + first, i - first, &try->ports[i]);
  return others <= (try->sequence->n == 2 ? 0 : try->sequence->n);
}

/* With the newest hit in any place that is its. */
static gboolean
_fits(const Try *try, guint newest, PkSequenceMatch *ret_match)
{
  for (guint i = 0; i < try->sequence->n; i++)
    {
      guint first, last;

      if (i == try->skipped || !pk_port_equals(&try->sequence->ports[i], &try->ports[newest]))
        continue;
      if (!_lay_before(try, i, newest, &first) || !_lay_after(try, i, newest, &last) || !_is_compact(try, first, last))
        continue;
      ret_match->first = first;
      ret_match->last = last;
      return TRUE;
    }
  return FALSE;
}

static gboolean
_match(Try *try, guint newest, PkSequenceMatch *ret_match)
{
  const PkSequence *sequence = try->sequence;

  ret_match->id = sequence->id;
  ret_match->n_ports = sequence->n;
  ret_match->is_missing = FALSE;
  try->skipped = sequence->n;
  if (_fits(try, newest, ret_match))
    return TRUE;
  ret_match->is_missing = TRUE;
  for (try->skipped = 1; sequence->n >= MISSING_PORTS_MIN && try->skipped + 1 < sequence->n; try->skipped++)
    if (_fits(try, newest, ret_match))
      {
        ret_match->missing = sequence->ports[try->skipped];
        return TRUE;
      }
  return FALSE;
}

static gboolean
_is_better(const PkSequenceMatch *match, const PkSequenceMatch *best)
{
  if (match->is_missing != best->is_missing)
    return best->is_missing;
  return match->n_ports > best->n_ports;
}

gboolean
pk_sequences_match(const PkSequences *self, const PkPort *ports, guint n, guint newest, PkSequenceMatch *ret_match)
{
  gboolean found = FALSE;
  PkSequenceMatch match;

  if (!_is_in_any(self, &ports[newest]))
    return FALSE;
  for (guint i = 0; i < self->sequences->len; i++)
    {
      Try try = { .ports = ports, .n = n, .sequence = &g_array_index(self->sequences, PkSequence, i) };

      if (n + 1 < try.sequence->n || !_has_port(try.sequence->ports, try.sequence->n, &ports[newest]))
        continue;
      if (!_match(&try, newest, &match) || (found && !_is_better(&match, ret_match)))
        continue;
      *ret_match = match;
      found = TRUE;
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
