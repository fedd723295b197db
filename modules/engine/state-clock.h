/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_STATE_CLOCK_H_INCLUDED
#define PK_STATE_CLOCK_H_INCLUDED

#include <glib.h>

/* Arrival times of a state file as the clock of the relay that reads it has them.
 *
 * A file that was written later than now was written by a clock that was ahead
 * and has been set back.  Taken as they are, its times would lie in the future:
 * cooldowns would go on until the clock catches up, and alerts with them.  So all
 * of its times go back by as much as the file's does, as if it had been written
 * just now: what was how long before what stays true.
 *
 * A time that is still to come after that was wrong when it was saved already.
 * What keeps alerts back or waits is cut to the longest that it may last from
 * now on; what would prove something never happened.
 *
 * A file from the past stays as it is: what it holds is as old as it looks. */
typedef struct _PkStateClock
{
  gint64 now_usec;   /* arrival time, when the file is read */
  gint64 ahead_usec; /* by so much the clock that wrote it was ahead, or more; 0: it was not */
} PkStateClock;

/* Some 36,000 years either way: a time in a file, and what becomes of it here. */
#define PK_STATE_TIME_USEC_MAX (G_GINT64_CONSTANT(1) << 60)

void pk_state_clock_init(PkStateClock *self, gint64 saved_usec, gint64 now_usec);

/* 0, which stands for never, stays 0. */
gint64 pk_state_clock_turn(const PkStateClock *self, gint64 usec);
/* That, but latest_usec at the most. */
gint64 pk_state_clock_cut(const PkStateClock *self, gint64 usec, gint64 latest_usec);
/* 0 where it would be still to come. */
gint64 pk_state_clock_past(const PkStateClock *self, gint64 usec);

/* The last two of whole seconds. */
guint32 pk_state_clock_cut_sec(const PkStateClock *self, guint32 sec);
guint32 pk_state_clock_past_sec(const PkStateClock *self, guint32 sec);

#endif
