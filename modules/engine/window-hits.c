/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/window-private.h"

#include <string.h>

#include "scan/address.h"

void
pk_window_init(PkWindow *self, gpointer block, guint capacity)
{
  *self = (PkWindow){ .places = block, .capacity = (guint8) capacity };
}

void
pk_window_move(PkWindow *self, gpointer block, guint capacity)
{
  PkWindow moved;

  pk_window_init(&moved, block, capacity);
  for (guint i = 0; i < self->n; i++)
    pk_window_restore(&moved, pk_window_hit(self, i));
  *self = moved;
}

/* ---- order ------------------------------------------------------------------ */

guint
pk_window_first_of(const PkWindow *self, guint32 set)
{
  guint i = 0;

  while (!(set & pk_bit(pk_place_at(self, i))))
    i++;
  return pk_place_at(self, i);
}

guint
pk_window_last_of(const PkWindow *self, guint32 set)
{
  guint i = self->n - 1u;

  while (!(set & pk_bit(pk_place_at(self, i))))
    i--;
  return pk_place_at(self, i);
}

guint
pk_window_order_of(const PkWindow *self, guint place)
{
  guint i = self->n - 1u;

  while (pk_place_at(self, i) != place)
    i--;
  return i;
}

/* Stamps of RFC 3164 are whole seconds: uptime orders hits that one host stamped
 * with the same one.  Otherwise ties keep the order of arrival. */
static gboolean
_goes_before(const PkHit *hit, const PkHit *other)
{
  if (hit->time_usec != other->time_usec)
    return hit->time_usec < other->time_usec;
  return (hit->flags & other->flags & PK_HIT_HAS_UPTIME) && hit->host == other->host &&
         (gint32) (hit->uptime_usec - other->uptime_usec) < 0;
}

static void
_add_to_order(PkWindow *self, guint place)
{
  PkMark *marks = pk_window_marks(self);
  guint i = self->n++;

  for (; i > 0 && _goes_before(&self->places[place], &self->places[marks[i - 1].order]); i--)
    marks[i].order = marks[i - 1].order;
  marks[i].order = (guint8) place;
}

static void
_remove_from_order(PkWindow *self, guint place)
{
  PkMark *marks = pk_window_marks(self);
  guint i = 0;

  while (marks[i].order != place)
    i++;
  for (self->n--; i < self->n; i++)
    marks[i].order = marks[i + 1].order;
}

/* ---- comparing ------------------------------------------------------------ */

/* ICMP's type and code are not in the mark. */
static gboolean
_have_same_port(const PkWindow *self, guint a, guint b)
{
  const PkMark *marks = pk_window_marks(self);

  return marks[a].port == marks[b].port && marks[a].protocol == marks[b].protocol &&
         pk_port_equals(&self->places[a].port, &self->places[b].port);
}

guint
pk_window_find_lane(const PkWindow *self, const PkAddr *dest)
{
  for (guint32 lanes = self->lanes; lanes; lanes &= lanes - 1)
    if (pk_addr_equals(&self->places[pk_any_of(*pk_window_lane(self, pk_any_of(lanes)))].dest, dest))
      return pk_any_of(lanes);
  return PK_LANE_NONE;
}

guint
pk_window_find_repeated(const PkWindow *self, const PkRule *rule, const PkHit *hit)
{
  const PkMark *marks = pk_window_marks(self);

  if (!(hit->flags & PK_HIT_HAS_SOURCE_PORT))
    return PK_PLACE_NONE;
  for (guint i = self->n; i > 0; i--)
    {
      guint place = marks[i - 1].order;

      if (marks[place].port == hit->port.port && marks[place].source_port == hit->source_port &&
          pk_hit_is_retransmission(&self->places[place], hit, rule))
        return place;
    }
  return PK_PLACE_NONE;
}

/* ---- sets ----------------------------------------------------------------- */

/* *first_ones holds for each port the first hit of `of` that tries it; now the hit in place is one of those. */
static void
_join(const PkWindow *self, guint place, guint32 of, guint32 *first_ones)
{
  for (guint32 rest = *first_ones & of; rest; rest &= rest - 1)
    {
      guint other = pk_any_of(rest);

      if (!_have_same_port(self, place, other))
        continue;
      if (pk_window_order_of(self, other) < pk_window_order_of(self, place))
        return;
      *first_ones &= ~pk_bit(other);
    }
  *first_ones |= pk_bit(place);
}

/* Now the hit in place is no longer one of those; of: without it. */
static void
_leave(const PkWindow *self, guint place, guint32 of, guint32 *first_ones)
{
  guint32 heirs = 0;

  if (!(*first_ones & pk_bit(place)))
    return;
  *first_ones &= ~pk_bit(place);
  for (guint32 rest = of & ~*first_ones; rest; rest &= rest - 1)
    if (_have_same_port(self, place, pk_any_of(rest)))
      heirs |= pk_bit(pk_any_of(rest));
  if (heirs)
    *first_ones |= pk_bit(pk_window_first_of(self, heirs));
}

static void
_open_hit(PkWindow *self, guint place)
{
  self->open |= pk_bit(place);
  self->places[place].flags &= (guint8) ~PK_HIT_CONSUMED;
  _join(self, place, *pk_window_lane(self, pk_window_marks(self)[place].lane), &self->new_attempts);
  _join(self, place, self->open, &self->new_ports);
}

static void
_close_hit(PkWindow *self, guint place)
{
  self->open &= ~pk_bit(place);
  _leave(self, place, self->open & *pk_window_lane(self, pk_window_marks(self)[place].lane), &self->new_attempts);
  _leave(self, place, self->open, &self->new_ports);
}

void
pk_window_consume(PkWindow *self, guint32 set)
{
  guint32 gone = self->open & set;

  self->open &= ~gone;
  self->new_attempts &= ~gone;
  for (; gone; gone &= gone - 1)
    {
      self->places[pk_any_of(gone)].flags |= PK_HIT_CONSUMED;
      _leave(self, pk_any_of(gone), self->open, &self->new_ports);
    }
}

void
pk_window_reopen(PkWindow *self, guint32 set)
{
  for (set &= ~self->open; set; set &= set - 1)
    _open_hit(self, pk_any_of(set));
}

void
pk_window_flag_sequence(PkWindow *self, guint32 set)
{
  for (; set; set &= set - 1)
    {
      self->places[pk_any_of(set)].flags |= PK_HIT_IN_SEQUENCE;
      pk_window_marks(self)[pk_any_of(set)].flags |= PK_HIT_IN_SEQUENCE;
    }
}

/* ---- inserting and removing ------------------------------------------------ */

static void
_add_to_lane(PkWindow *self, guint place, guint lane)
{
  if (lane == PK_LANE_NONE)
    lane = pk_any_of(~self->lanes);
  if (!(self->lanes & pk_bit(lane)))
    *pk_window_lane(self, lane) = 0;
  self->lanes |= pk_bit(lane);
  *pk_window_lane(self, lane) |= pk_bit(place);
  pk_window_marks(self)[place].lane = (guint8) lane;
}

static void
_remove_from_lane(PkWindow *self, guint place)
{
  guint lane = pk_window_marks(self)[place].lane;

  *pk_window_lane(self, lane) &= ~pk_bit(place);
  if (*pk_window_lane(self, lane) == 0)
    self->lanes &= ~pk_bit(lane);
}

static void
_mark(PkWindow *self, guint place)
{
  const PkHit *hit = &self->places[place];
  PkMark *mark = &pk_window_marks(self)[place];

  mark->port = hit->port.port;
  mark->source_port = hit->source_port;
  mark->protocol = hit->port.protocol;
  mark->flags = hit->flags & PK_HIT_IN_SEQUENCE;
}

guint
pk_window_insert(PkWindow *self, const PkHit *hit, guint lane)
{
  guint place = pk_any_of(~self->used);

  self->used |= pk_bit(place);
  self->places[place] = *hit;
  _mark(self, place);
  _add_to_order(self, place);
  _add_to_lane(self, place, lane);
  if (!(hit->flags & PK_HIT_CONSUMED))
    _open_hit(self, place);
  return place;
}

void
pk_window_remove(PkWindow *self, guint place)
{
  if (self->open & pk_bit(place))
    _close_hit(self, place);
  self->used &= ~pk_bit(place);
  _remove_from_lane(self, place);
  _remove_from_order(self, place);
}

void
pk_window_restore(PkWindow *self, const PkHit *hit)
{
  pk_window_insert(self, hit, pk_window_find_lane(self, &hit->dest));
}

gboolean
pk_window_needs_place(const PkWindow *self, const PkRule *rule, const PkHit *hit)
{
  return self->n == self->capacity && pk_window_find_repeated(self, rule, hit) == PK_PLACE_NONE;
}
