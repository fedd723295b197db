/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_LINE_ZONE_H_INCLUDED
#define PK_CLI_LINE_ZONE_H_INCLUDED

#include "cli/arguments.h"

/* Lines whose stamps have no zone, read in --utc-offset, or in the local zone
 * as it was at their time.  Where an hour comes twice, a stamp is of the time
 * that is nearest to that of the line before. */
typedef struct _PkLineZone
{
  PkClock clock;
  GTimeZone *zone; /* owned; NULL: one offset for all */
  /* Of the day, counted since the epoch, that was asked for last: what holds before and after it. */
  gint64 day;
  gint offsets_seconds[2];
  gint64 last_usec; /* of the last line that had a time; 0: none had */
} PkLineZone;

/* now_usec: the time of day, which says what year it is. */
void pk_line_zone_init(PkLineZone *self, const PkArguments *arguments, gint64 now_usec);
void pk_line_zone_clear(PkLineZone *self);

/* As pk_line_parse(). */
void pk_line_zone_parse(PkLineZone *self, PkSlice data, PkLine *ret_line);

#endif
