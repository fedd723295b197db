/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_OUTPUT_H_INCLUDED
#define PK_SYSLOG_NG_OUTPUT_H_INCLUDED

#include "append.h"
#include "compat.h"
#include "port-knock/pk-engine.h"

/* Events and alerts as name-value pairs, and alerts as messages. */

#define PK_OUTPUT_PROGRAM "port-knock"

/* Handles and tag ids, looked up once: each look-up takes a global lock.
 * Handles are new ones, mostly, and therefore ascending, as pk_append_value()
 * likes them. */
typedef struct _PkOutput
{
  PkAppendable fields[PK_N_FIELDS];
  LogMessageValueType types[PK_N_FIELDS];
  gboolean can_append;
  gint may_grow;            /* atomic */
  StatsCounterItem *memory; /* once may_grow; NULL: nobody counts it */
  LogTagId message_tag, alert_tag, heartbeat_tag;
  const gchar *prefix; /* borrowed */
} PkOutput;

/* prefix is borrowed for as long as self is in use. */
void pk_output_init(PkOutput *self, const gchar *prefix);
/* To be called when syslog-ng runs, with the counters that it has then.  Up to then
 * what messages need for their fields is left to it. */
void pk_output_start(PkOutput *self);

/* The tag of a recognised message.  msg must be writable. */
void pk_output_set_tag(const PkOutput *self, LogMessage *msg);
/* The same, and its fields. */
void pk_output_set_event(const PkOutput *self, LogMessage *msg, const PkEvent *event, PkSlice scope, gboolean all);

/* A message of its own: HOST and stamp of the hit that completed the alert,
 * received now, facility auth, level by confidence.  New reference. */
LogMessage *pk_output_new_alert(const PkOutput *self, const PkAlert *alert, const PkEvent *event);

#endif
