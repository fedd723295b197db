/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TESTS_PLAIN_SETS_H_INCLUDED
#define PK_TESTS_PLAIN_SETS_H_INCLUDED

#include "engine/window-private.h"
#include "scan/address.h"

/* The sets of a window worked out anew from its hits, and compared with those that it keeps. */

static inline gboolean
plain_have_same_port(const PkHit *a, const PkHit *b)
{
  return pk_port_equals(&a->port, &b->port);
}

static inline gboolean
plain_have_same_dest(const PkHit *a, const PkHit *b)
{
  return pk_addr_equals(&a->dest, &b->dest);
}

/* The i-th hit is open, and the first open one at its port; towards_dest: among those towards its destination. */
static inline gboolean
plain_is_first(const PkWindow *self, guint i, gboolean towards_dest)
{
  const PkHit *hit = pk_window_hit(self, i);

  if (hit->flags & PK_HIT_CONSUMED)
    return FALSE;
  for (guint j = 0; j < i; j++)
    {
      const PkHit *other = pk_window_hit(self, j);

      if (!(other->flags & PK_HIT_CONSUMED) && plain_have_same_port(hit, other) &&
          (!towards_dest || plain_have_same_dest(hit, other)))
        return FALSE;
    }
  return TRUE;
}

/* All hits towards the destination of the i-th. */
static inline guint32
plain_lane(const PkWindow *self, guint i)
{
  guint32 lane = 0;

  for (guint j = 0; j < self->n; j++)
    if (plain_have_same_dest(pk_window_hit(self, i), pk_window_hit(self, j)))
      lane |= pk_bit(pk_place_at(self, j));
  return lane;
}

static inline gboolean
plain_mark_is_right(const PkWindow *self, guint i)
{
  const PkHit *hit = pk_window_hit(self, i);
  const PkMark *mark = &pk_window_marks(self)[pk_place_at(self, i)];

  return mark->port == hit->port.port && mark->source_port == hit->source_port &&
         mark->protocol == hit->port.protocol && mark->flags == (hit->flags & PK_HIT_IN_SEQUENCE) &&
         mark->lane < self->capacity && (self->lanes & pk_bit(mark->lane)) &&
         *pk_window_lane(self, mark->lane) == plain_lane(self, i);
}

/* NULL when all is right; else what is not. */
static inline const gchar *
plain_find_fault(const PkWindow *self)
{
  guint32 used = 0, lanes = 0, open = 0, new_attempts = 0, new_ports = 0;

  for (guint i = 0; i < self->n; i++)
    {
      guint32 bit = pk_bit(pk_place_at(self, i));

      if ((used & bit) || pk_place_at(self, i) >= self->capacity)
        return "a place";
      if (i && pk_window_hit(self, i)->time_usec < pk_window_hit(self, i - 1)->time_usec)
        return "the order";
      if (!plain_mark_is_right(self, i))
        return "a mark";
      used |= bit;
      lanes |= pk_bit(pk_window_marks(self)[pk_place_at(self, i)].lane);
      open |= pk_window_hit(self, i)->flags & PK_HIT_CONSUMED ? 0 : bit;
      new_attempts |= plain_is_first(self, i, TRUE) ? bit : 0;
      new_ports |= plain_is_first(self, i, FALSE) ? bit : 0;
    }
  if (self->n > self->capacity || used != self->used)
    return "the places that are used";
  if (lanes != self->lanes)
    return "the lanes";
  if (open != self->open)
    return "what is open";
  if (new_attempts != self->new_attempts)
    return "first attempts";
  return new_ports != self->new_ports ? "first ports" : NULL;
}

#endif
