/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/state-clock.h"

void
pk_state_clock_init(PkStateClock *self, gint64 saved_usec, gint64 now_usec)
{
  self->now_usec = now_usec;
  self->ahead_usec = MAX(saved_usec - now_usec, 0);
}

gint64
pk_state_clock_turn(const PkStateClock *self, gint64 usec)
{
  return usec == 0 ? 0 : MAX(usec - self->ahead_usec, -PK_STATE_TIME_USEC_MAX);
}

gint64
pk_state_clock_cut(const PkStateClock *self, gint64 usec, gint64 latest_usec)
{
  return MIN(pk_state_clock_turn(self, usec), latest_usec);
}

gint64
pk_state_clock_past(const PkStateClock *self, gint64 usec)
{
  gint64 turned_usec = pk_state_clock_turn(self, usec);

  return turned_usec > self->now_usec ? 0 : turned_usec;
}

/* Rounded so that the second of the save becomes that of now. */
static gint64
_turn_sec(const PkStateClock *self, guint32 sec)
{
  gint64 now_sec = self->now_usec / G_USEC_PER_SEC;
  gint64 saved_sec = (self->now_usec + self->ahead_usec) / G_USEC_PER_SEC;

  return sec - (saved_sec - now_sec);
}

guint32
pk_state_clock_cut_sec(const PkStateClock *self, guint32 sec)
{
  gint64 now_sec = self->now_usec / G_USEC_PER_SEC;

  return sec == 0 ? 0 : (guint32) CLAMP(MIN(_turn_sec(self, sec), now_sec), 1, G_MAXUINT32);
}

guint32
pk_state_clock_past_sec(const PkStateClock *self, guint32 sec)
{
  gint64 turned_sec = _turn_sec(self, sec);

  return sec == 0 || turned_sec > self->now_usec / G_USEC_PER_SEC ? 0 : (guint32) MAX(turned_sec, 1);
}
