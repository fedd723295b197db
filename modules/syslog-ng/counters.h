/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_COUNTERS_H_INCLUDED
#define PK_SYSLOG_NG_COUNTERS_H_INCLUDED

#include "compat.h"
#include "port-knock/pk-engine.h"
#include "saver.h"

/* What `syslog-ng-ctl stats` shows for each reference of the parser:
 *
 *   parser;NAME;REFERENCE;a;COUNTER;VALUE
 *
 * NAME is the parser's name, REFERENCE the number of the reference, from 1.
 * Since syslog-ng 4.1 they are metrics of `syslog-ng-ctl stats prometheus` too,
 * each with the labels id (NAME) and reference:
 *
 *   recognised          syslogng_port_knock_recognised_total
 *   alerts_high         syslogng_port_knock_alerts_total{confidence="high"}
 *   branch_BRANCH       syslogng_port_knock_branch_total{branch="BRANCH"}
 *   dialect_DIALECT     syslogng_port_knock_dialect_total{dialect="DIALECT"}
 *   sign_SIGN           syslogng_port_knock_sign_total{sign="SIGN"}
 *   sources             syslogng_port_knock_sources
 *
 * and so on: _total for all but the last four of the table, which may shrink.
 * The names are stable.  There is never a counter per address.
 *
 * | counter             | counts                                                       |
 * |---------------------|--------------------------------------------------------------|
 * | messages            | messages that came, recognised or not                        |
 * | recognised          | messages that a dialect read                                 |
 * | ignored             | lines of a dialect that say nothing about a knock            |
 * | malformed           | lines of a dialect that are broken or impossible             |
 * | unknown_prefix      | lines whose log prefix says neither deny nor accept          |
 * | context             | lines that are nothing by themselves, kept for the engine    |
 * | own                 | this module's alerts, passed on untouched                    |
 * | allowed             | recognised messages whose source is on the allow list        |
 * | clamped_clock       | event times a day or more off, replaced by the receive time  |
 * | audit_joined        | audit commands that got what another record said             |
 * | audit_evicted       | audit records that gave way before they were asked for       |
 * | state_bytes         | size of the state file as it was saved last                  |
 * | saves, failed_saves | how often it was saved, or could not be                      |
 * | branch_BRANCH       | recognised, by detection_branch; branch_none: accepts        |
 * | dialect_DIALECT     | recognised, by dialect                                       |
 * | alerts_CONFIDENCE   | alerts written                                               |
 * | hits, no_hit        | denials that are a hit; denials that are none                |
 * | candidates, scans   | complete candidates judged; sources that scanned             |
 * | below_confidence    | candidates below min-confidence()                            |
 * | sign_SIGN           | candidates with that sign                                    |
 * | suppressed          | alerts of sources on the allow list                          |
 * | failed_attempts     | daemons' stages that never opened                            |
 * | in_cooldown         | candidates that cooldown() suppressed                        |
 * | rate_limited        | alerts over max-alerts()                                     |
 * | late                | hits older than their window                                 |
 * | pushed_out          | hits that a 33rd pushed out before they were judged          |
 * | repeated_hits       | hits that are retransmissions                                |
 * | expired_hits        | hits that slid out of window(), or were judged and made room |
 * | evicted_hits        | hits forgotten early, because a table was full               |
 * | restored_hits       | hits that the state file held at start                       |
 * | evicted_sources, evicted_windows, evicted_reports, evicted_memories, evicted_evidence            |
 * |                     | forgotten early, because a table was full                    |
 * | sources, windows, held_hits | now in the tables                                    |
 * | reserved_bytes      | memory reserved at start                                     |
 *
 * Those from hits on are copied from the engine once a second, and only exist
 * for references that correlate, for which the audit counters are copied too;
 * the others count at once.
 *
 * Threads: inc functions from any; the others from the main thread only. */

typedef enum
{
  PK_COUNTER_MESSAGES = 0,
  PK_COUNTER_RECOGNISED,
  PK_COUNTER_IGNORED,
  PK_COUNTER_MALFORMED,
  PK_COUNTER_UNKNOWN_PREFIX,
  PK_COUNTER_CONTEXT,
  PK_COUNTER_OWN,
  PK_COUNTER_ALLOWED,
  PK_COUNTER_CLAMPED_CLOCK,
  PK_COUNTER_AUDIT_JOINED,
  PK_COUNTER_AUDIT_EVICTED,
  PK_COUNTER_STATE_BYTES,
  PK_COUNTER_SAVES,
  PK_COUNTER_FAILED_SAVES,
  PK_N_COUNTERS
} PkCounter;

#define PK_N_ENGINE_TOTALS 20
#define PK_N_ENGINE_LEVELS 4

typedef struct _PkCounters
{
  StatsCounterItem *plain[PK_N_COUNTERS];
  StatsCounterItem *branches[PK_N_BRANCHES];
  StatsCounterItem **dialects; /* one per row of pk_dialects(), same order */
  StatsCounterItem *alerts[PK_N_CONFIDENCES];
  StatsCounterItem *totals[PK_N_ENGINE_TOTALS];
  StatsCounterItem *levels[PK_N_ENGINE_LEVELS];
  StatsCounterItem *signs[PK_STATS_SIGNS_MAX];
  PkStats shown; /* what was already added to totals */
  PkAuditJoinStats shown_joins;
} PkCounters;

/* shown is where the engine's totals stood when this parser took it over: what
 * was counted up to then is in the counters already, as they outlive a reload. */
void pk_counters_register(PkCounters *self, const gchar *id, const gchar *reference, const PkStats *shown);
void pk_counters_unregister(PkCounters *self, const gchar *id, const gchar *reference);

void pk_counters_inc_recognised(PkCounters *self, const PkEvent *event);
/* Any result but PK_SCAN_MATCH. */
void pk_counters_inc_result(PkCounters *self, PkScanResult result);
void pk_counters_copy_engine(PkCounters *self, const PkStats *stats);
void pk_counters_add_saves(PkCounters *self, const PkSaverStats *stats);
void pk_counters_copy_joins(PkCounters *self, const PkAuditJoinStats *stats);

#endif
