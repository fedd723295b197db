/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_EVENT_LOG_H_INCLUDED
#define PK_EVENT_LOG_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* An event of a log, whatever it was written as: what pk_scan_event_log() reads
 * fields from.  Zeroed by who declares it. */
typedef struct _PkLogRecord
{
  const PkLogEvent *event;
  gint64 time_usec;                  /* 0: none */
  PkSlice values[PK_LOG_FIELDS_MAX]; /* of event->fields; into the line or store */
  GString *store;                    /* owned; NULL until a reader needs it */
} PkLogRecord;

/* Each reads the first event in text.  PK_SCAN_MATCH: it is one of spec's, and
 * the record is filled.  Any other result is the line's. */
PkScanResult pk_event_log_read_xml(const PkEventLogSpec *spec, PkSlice text, PkLogRecord *record);
PkScanResult pk_event_log_read_json(const PkEventLogSpec *spec, PkSlice text, PkLogRecord *record);
PkScanResult pk_event_log_read_text(const PkEventLogSpec *spec, PkSlice text, PkLogRecord *record);

/* Whether text holds "<Event>" or "<Event ...>". */
gboolean pk_event_log_is_xml(PkSlice text);

/* NULL: the spec has no such event. */
const PkLogEvent *pk_event_log_find(const PkEventLogSpec *spec, guint id);
gboolean pk_event_log_is_provider(const PkEventLogSpec *spec, PkSlice name);
/* "2026-11-22 22:30:01.780" as UTC, or with a zone. */
gboolean pk_event_log_parse_time(PkSlice text, gint64 *ret_usec);

#endif
