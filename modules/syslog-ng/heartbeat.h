/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_HEARTBEAT_H_INCLUDED
#define PK_SYSLOG_NG_HEARTBEAT_H_INCLUDED

#include "counters.h"
#include "output.h"

/* heartbeat(): a message that says that the relay works, for a monitor that
 * wants to know when none comes.  No finding: without severity, confidence and
 * alert_id, and with a tag of its own, port-knock.heartbeat.
 *
 *   port_knock_heartbeat parser=p_knock reference=1 seconds=60 messages=9120 ...
 *
 * | field                | says                                                |
 * |----------------------|-----------------------------------------------------|
 * | kind                 | heartbeat                                           |
 * | heartbeat_parser     | the parser's name, bytes but letters, digits and    |
 * |                      | ._-# replaced                                       |
 * | heartbeat_reference  | the number of its use in the configuration          |
 * | heartbeat_seconds    | since the last one; 0: the first after a start      |
 * | heartbeat_messages   | came since the last one                             |
 * | heartbeat_recognised | of these, read by a dialect                         |
 * | heartbeat_hits       | denials that reached a window                       |
 * | heartbeat_alerts     | alerts written, all confidences                     |
 * | heartbeat_evicted    | sources and windows that gave way, a table was full |
 * | heartbeat_sources    | in the table now                                    |
 * | heartbeat_windows    | in the table now                                    |
 *
 * The first follows the start, or a reload, at the first tick: a relay that is
 * reloaded more often than it has a heartbeat has one all the same.
 *
 * Threads: the main thread only. */

#define PK_N_HEARTBEAT_TOTALS 5

typedef struct _PkHeartbeat
{
  gint64 interval_usec;                /* 0: none */
  gint64 last_usec;                    /* -1: none was sent */
  gsize totals[PK_N_HEARTBEAT_TOTALS]; /* at the last one */
} PkHeartbeat;

/* What is counted already is left out: counters outlive a reload. */
void pk_heartbeat_init(PkHeartbeat *self, gint interval_seconds, const PkCounters *counters);

/* The message if one is due, a new reference; NULL otherwise.  now_usec is of
 * any clock that does not go back.  The engine's counters are copied before. */
LogMessage *pk_heartbeat_next(PkHeartbeat *self, const PkOutput *output, const PkCounters *counters,
                              const gchar *parser, gint reference, gint64 now_usec);

#endif
