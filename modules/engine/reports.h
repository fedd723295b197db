/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_REPORTS_H_INCLUDED
#define PK_REPORTS_H_INCLUDED

#include "port-knock/pk-types.h"

/* What was reported lately, so that the same knock is not reported again
 * within cooldown().  Bounded: when it is full the oldest is forgotten early.
 * Not thread safe. */

typedef struct _PkReports PkReports;

/* NULL when there is not that much memory. */
PkReports *pk_reports_new(guint capacity);
void pk_reports_free(PkReports *self);
gsize pk_reports_bytes(guint capacity);

/* Alerts of one source that are remembered at a time; what comes on top is a
 * repeat of the latest, so that nobody fills the log with sequences. */
#define PK_REPORTS_OF_SOURCE_MAX 16

/* TRUE: it was reported, or too much of its source was.  Confirmed alerts are never too much. */
gboolean pk_reports_is_repeat(PkReports *self, guint64 source_hash, guint64 key, gint64 arrival_usec,
                              gboolean is_confirmed);
/* Counts one more repeat of what it repeats. */
void pk_reports_add_repeat(PkReports *self, guint64 source_hash, guint64 key, gint64 arrival_usec,
                           gboolean is_confirmed);

/* source_hash: of the source, only kept; key: keyed hash of scope, source, destination and sequence.  TRUE: alert is
 * to be written, and its repeats are set; it is remembered for cooldown_usec of
 * arrival time.  FALSE: it is a repeat, and counted.  *evicted is increased when
 * another one had to be forgotten. */
gboolean pk_reports_admit(PkReports *self, guint64 source_hash, guint64 key, gint64 arrival_usec, gint64 cooldown_usec,
                          PkAlert *alert, guint64 *evicted);

/* Forgets one cooldown that has ended; FALSE when there is none.  If the knock
 * was repeated meanwhile, *ret_summary is TRUE and *ret_alert the alert that
 * tells how often. */
gboolean pk_reports_close(PkReports *self, gint64 arrival_usec, gboolean *ret_summary, PkAlert *ret_alert);

/* Goes through the remembered ones, the oldest first; for moving them. */
guint pk_reports_count(const PkReports *self);
void pk_reports_copy(const PkReports *self, guint i, PkReports *dest, guint64 *evicted);
guint64 pk_reports_get_key(const PkReports *self, guint i, gint64 *ret_ends_usec);

#endif
