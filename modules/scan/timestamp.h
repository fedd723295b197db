/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TIMESTAMP_H_INCLUDED
#define PK_TIMESTAMP_H_INCLUDED

#include "port-knock/pk-types.h"

/* Time stamps as log lines carry them.  Years 1970 to 9999, the Gregorian
 * calendar, UTC without leap seconds (a second of 60 is the last moment of 59).
 * Each reads the beginning of text, returns how many bytes it read, 0 when there
 * is no valid stamp, and touches no output then. */

/* "2026-11-22T22:09:59.123456+01:00", also with a blank for the T, without
 * fraction, without zone: then *ret_has_zone is FALSE and UTC is assumed. */
gsize pk_timestamp_parse_iso(PkSlice text, gint64 *ret_usec, gboolean *ret_has_zone);

/* "Nov 22 22:09:59", also with a fraction, and with a year before or after the
 * time of day.  Without a year, it is the latest one that does not put the
 * stamp more than a day after now_usec.  utc_offset_seconds, added to UTC,
 * gives the zone in which the stamp is written. */
gsize pk_timestamp_parse_bsd(PkSlice text, gint64 now_usec, gint utc_offset_seconds, gint64 *ret_usec);

/* "2026-11-22T22:09:59.123Z", NUL terminated; returns its length.  Empty
 * outside the years above. */
#define PK_TIMESTAMP_TEXT_BYTES 32
gsize pk_timestamp_format(gint64 usec, gchar ret_text[PK_TIMESTAMP_TEXT_BYTES]);

#endif
