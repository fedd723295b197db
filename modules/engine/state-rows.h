/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_STATE_ROWS_H_INCLUDED
#define PK_STATE_ROWS_H_INCLUDED

#include "engine/state-codec.h"

/* What each part of a table has to do with the state file; table-state.c puts
 * it together.  Not thread safe: the table locks. */

/* Everything that is kept in a PkRecent. */
extern const PkStateRow pk_state_row_memories, pk_state_row_holds, pk_state_row_doors;         /* shard-state.c */
extern const PkStateRow pk_state_row_sequences, pk_state_row_services, pk_state_row_listeners; /* crowd.c */
extern const PkStateRow pk_state_row_sets, pk_state_row_judged, pk_state_row_trails, pk_state_row_stages; /* ledger */

typedef struct _PkShard PkShard;
typedef struct _PkCrowd PkCrowd;
typedef struct _PkLedger PkLedger;
typedef struct _PkReports PkReports;

/* Borrowed; NULL: it keeps no records of that kind. */
PkRecent *pk_shard_recent(PkShard *self, PkStateKind kind);
PkRecent *pk_crowd_recent(PkCrowd *self, PkStateKind kind);
PkRecent *pk_ledger_recent(PkLedger *self, PkStateKind kind);
PkReports *pk_ledger_reports(PkLedger *self);

/* ---- sources ------------------------------------------------------------------ */

/* A source with all its hits, in values that do not depend on how a shard keeps
 * them. */
typedef struct _PkSourceState
{
  guint64 hash, memory;
  PkAddr address;
  gint64 arrival_usec;        /* of the last hit */
  gchar scope[PK_NAME_BYTES]; /* "" with a single hit: only a window knows it */
  guint n;                    /* hits, at least one */
  PkHit hits[PK_HITS_MAX];    /* in event-time order; their host is not used */
  gchar hosts[PK_HITS_MAX][PK_NAME_BYTES];
} PkSourceState;

/* FALSE: no live source has that index, of pk_shard_end(). */
gboolean pk_shard_get_source(PkShard *self, guint32 index, PkSourceState *ret_state);
/* One that is there already stays as it is. */
void pk_shard_put_source(PkShard *self, const PkSourceState *state);

/* Makes its times those of the clock. */
void pk_source_state_fit(PkSourceState *self, const PkStateClock *clock);

void pk_state_put_source(PkStateWriter *self, const PkSourceState *state);
void pk_state_get_source(PkStateReader *self, PkSourceState *ret_state);

/* ---- reports ------------------------------------------------------------------ */

/* A section of the next max reports.  *next: 0 at first, then as it was left; between the parts reports may come
 * and go.  FALSE: they were the last. */
gboolean pk_reports_put_next(const PkReports *self, PkStateWriter *writer, guint max, guint64 *next);
/* What one report is; alert is that of the report. */
typedef struct _PkReportState
{
  guint64 key, source;
  gint64 ends_usec;
  PkAlert alert;
} PkReportState;

void pk_state_get_report(PkStateReader *self, PkReportState *ret_state);
/* A cooldown ends after cooldown_usec at the latest. */
void pk_report_state_fit(PkReportState *self, const PkStateClock *clock, gint64 cooldown_usec);
void pk_reports_put_back(PkReports *self, const PkReportState *state);

#endif
