/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SCAN_H_INCLUDED
#define PK_SCAN_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* The shapes: one function for each way in which log lines are written.  Each
 * is a PkScanFunc; see pk-dialect.h for its contract and for the specs. */

PkScanResult pk_scan_netfilter(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);
/* Where the kernel's own part of a line begins, after the log prefix; -1: line's
 * program is none that writes such lines, or it has no such part. */
gssize pk_netfilter_find_body(const PkLine *line);
/* What stands from body on, after a log prefix of which the rest is known; verdict: deny or accept. */
PkScanResult pk_netfilter_scan_body(const PkLine *line, gsize body, PkVerdict verdict, PkSlice word, PkEvent *event);
PkScanResult pk_scan_text(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);
PkScanResult pk_scan_event_log(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);
PkScanResult pk_scan_audit(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);
PkScanResult pk_scan_command(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);
PkScanResult pk_scan_package(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);

/* The row's tuple, out of one of these: */
PkScanResult pk_scan_kv(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);
PkScanResult pk_scan_csv(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);
PkScanResult pk_scan_json(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);
PkScanResult pk_scan_json_columns(const PkDialect *self, const PkScanContext *context, const PkLine *line,
                                  PkEvent *event);
PkScanResult pk_scan_cef(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);
PkScanResult pk_scan_sdata(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);
PkScanResult pk_scan_pattern(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event);

#endif
