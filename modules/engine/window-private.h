/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_WINDOW_PRIVATE_H_INCLUDED
#define PK_WINDOW_PRIVATE_H_INCLUDED

#include "engine/window.h"

/* What window-hits.c, which keeps hits, and window.c, which judges them, share.
 * Hits are named by their places, and sets of them are bits. */

#define PK_LANE_NONE 0xff
#define PK_PLACE_NONE 0xff

static inline guint32
pk_bit(guint place)
{
  return (guint32) 1 << place;
}

/* Any of a set that is not empty. */
static inline guint
pk_any_of(guint32 set)
{
  return (guint) __builtin_ctz(set);
}

static inline guint
pk_place_at(const PkWindow *self, guint i)
{
  return pk_window_marks(self)[i].order;
}

/* All hits of a lane, consumed ones too. */
static inline guint32 *
pk_window_lane(const PkWindow *self, guint lane)
{
  return (guint32 *) (gpointer) (pk_window_marks(self) + self->capacity) + lane;
}

/* PK_LANE_NONE: there is no hit towards dest. */
guint pk_window_find_lane(const PkWindow *self, const PkAddr *dest);

/* By event time.  The set is not empty. */
guint pk_window_first_of(const PkWindow *self, guint32 set);
guint pk_window_last_of(const PkWindow *self, guint32 set);
/* How many hits come before it. */
guint pk_window_order_of(const PkWindow *self, guint place);

/* lane: of its destination, as found.  There must be room.  Returns its place. */
guint pk_window_insert(PkWindow *self, const PkHit *hit, guint lane);
void pk_window_remove(PkWindow *self, guint place);
/* Where the retransmitted hit is; PK_PLACE_NONE: it repeats none. */
guint pk_window_find_repeated(const PkWindow *self, const PkRule *rule, const PkHit *hit);
/* set: with a hit all open ones of its lane. */
void pk_window_consume(PkWindow *self, guint32 set);
void pk_window_reopen(PkWindow *self, guint32 set);
void pk_window_flag_sequence(PkWindow *self, guint32 set);

#endif
