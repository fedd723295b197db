/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_WATERMARK_H_INCLUDED
#define PK_CLI_WATERMARK_H_INCLUDED

#include <glib.h>

/* Arrival time in a replay: the highest event time so far.  A jump of more
 * than a day ahead counts only when the next event agrees within an hour, so
 * that one mad clock does not end the day for everyone else. */
typedef struct _PkWatermark
{
  gint64 usec;      /* 0 until the first event */
  gint64 jump_usec; /* a jump that waits for the next event; 0: none */
} PkWatermark;

/* Returns the arrival time of an event of that time; never less than before. */
gint64 pk_watermark_advance(PkWatermark *self, gint64 event_usec);

#endif
