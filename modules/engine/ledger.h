/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_LEDGER_H_INCLUDED
#define PK_LEDGER_H_INCLUDED

#include "engine/crowd.h"
#include "engine/reports.h"
#include "engine/signs.h"
#include "engine/trail.h"
#include "engine/window.h"
#include "port-knock/pk-engine.h"

/* What is kept of sources beside their hits: what was judged of them, what
 * daemons and firewalls said about them since, and what was reported.  From
 * these it makes verdicts.  Bounded: the least recent gives way.  Not thread
 * safe.  All times are arrival times, unless they say otherwise.
 *
 * A candidate is proven when something names its source within confirm-window()
 * after it: a daemon's or the host firewall's line, or a permitted connection
 * to a port that is no open service.  Proof may come before the candidate is
 * judged, because lines of several programs overtake each other. */

typedef struct _PkLedger PkLedger;

typedef struct _PkLedgerRule
{
  gint64 window_usec, cooldown_usec, confirm_usec;
  PkConfidence min_confidence;
  guint max_packets;
  guint32 signs;           /* that count */
  guint capacity;          /* of each table */
  gboolean without_window; /* alert-on() has no window: only findings become alerts */
  gboolean with_fates;     /* hand out what is not reported, too */
  const guint8 *secret;    /* 16 bytes, borrowed */
} PkLedgerRule;

/* The bound of alerts in a minute, of all ledgers; changed atomically. */
typedef struct _PkAlertCap
{
  gint max;
  gint minute, alerts; /* the present minute, and the alerts written in it */
  gint held_back;      /* in minutes that were not told yet */
} PkAlertCap;

typedef enum
{
  PK_DRAFT_CANDIDATE = 0, /* of hits; or a known sequence, or a single packet that is known */
  PK_DRAFT_CONFIRMATION,  /* of a candidate that was judged before */
  PK_DRAFT_FINDING        /* rated already */
} PkDraftKind;

/* What is to become an alert, or not. */
typedef struct _PkDraft
{
  PkDraftKind kind;
  guint64 source;    /* keyed hash of scope and source */
  PkAlert alert;     /* id, signs and, but for findings, confidence are not set */
  PkSignFacts facts; /* of a candidate; facts.alert is not set */
  gboolean known;    /* a known sequence */
  gboolean allowed;
  guint64 text_key; /* of a finding: what beside source and destination tells it from others */
} PkDraft;

PkLedger *pk_ledger_new(const PkLedgerRule *rule, PkAlertCap *cap); /* both borrowed; NULL: no memory */
void pk_ledger_free(PkLedger *self);
gsize pk_ledger_bytes(guint capacity);

/* ---- evidence -------------------------------------------------------------------- */

/* Remembers it. */
void pk_ledger_add_evidence(PkLedger *self, const PkEvidence *evidence);
/* TRUE when a judged candidate of the source waits to be proven; dest NULL: towards any destination. */
gboolean pk_ledger_awaits_proof(const PkLedger *self, guint64 source, const PkAddr *dest, gint64 arrival_usec);
/* FALSE: there is no such candidate, or what is known of the source does not prove it. */
gboolean pk_ledger_confirm(PkLedger *self, guint64 source, gint64 arrival_usec, PkDraft *ret_draft);
/* A daemon opened a door, and there is no candidate: that is a finding by itself, once. */
gboolean pk_ledger_draft_open_door(PkLedger *self, guint64 source, PkDraft *ret_draft);
gboolean pk_ledger_has_open_door(const PkLedger *self, guint64 source, gint64 arrival_usec);

/* Stages that never opened are due 60 seconds after the last one. */
gboolean pk_ledger_has_due_stage(const PkLedger *self, gint64 arrival_usec);
/* The next one, which must be due.  *ret_draft is its finding. */
void pk_ledger_close_stage(PkLedger *self, PkDraft *ret_draft);

/* ---- verdicts --------------------------------------------------------------------- */

/* Sets what is remembered of the same set of ports of that source in
 * draft->facts, and remembers that it settled once more. */
void pk_ledger_recall_set(PkLedger *self, PkDraft *draft, gint64 arrival_usec);
/* FALSE: nothing is to be written.  *ret_alert is complete. */
gboolean pk_ledger_decide(PkLedger *self, PkDraft *draft, gint64 arrival_usec, PkAlert *ret_alert);
/* Closes one cooldown that has ended; FALSE: none has.  *ret_written: with a summary of its repeats. */
gboolean pk_ledger_close_report(PkLedger *self, gint64 arrival_usec, gboolean *ret_written, PkAlert *ret_alert);

void pk_ledger_add_stats(const PkLedger *self, PkStats *stats);

/* ---- moving ------------------------------------------------------------------------ */

/* What is kept under a source's hash, or under a key made of it, goes to the
 * ledger that choose() names: the lowest bits of both are the same. */
typedef PkLedger *(*PkLedgerChoice)(guint64 source, gpointer user_data);
void pk_ledger_move(const PkLedger *self, PkLedgerChoice choose, gpointer user_data);
/* What was reported, the oldest first: the hash of its source, and when its cooldown ends. */
guint pk_ledger_count_reports(const PkLedger *self);
guint64 pk_ledger_get_report_key(const PkLedger *self, guint i, gint64 *ret_ends_usec);
void pk_ledger_copy_report(const PkLedger *self, guint i, PkLedger *dest);

#endif
