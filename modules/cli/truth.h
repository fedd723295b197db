/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_TRUTH_H_INCLUDED
#define PK_CLI_TRUTH_H_INCLUDED

#include "port-knock/pk-types.h"

/* What log files really hold, for `port-knock score`.  The first line that is
 * neither empty nor begins with # tells the format of a truth file:
 *
 *   {"file": "a.log", "label": "knock", "src": ["198.51.100.7"], "true_sequence": [7000, 8000]}
 *       a JSON object for each log file; label is knock, scan, benign or spa.  Other
 *       members are of no interest, true_sequence may be missing or null.
 *   a.log TAB knock TAB 198.51.100.7,198.51.100.8 TAB 7000,8000 TAB how it was made
 *       the same with tabs between; - where no ports are to be told
 *   198.51.100.7 KIND START END NPORTS NPACKETS PORTS
 *       a line for each knock in one log, blanks between; START and END are
 *       seconds since the log's first whole second.  KIND is a word of the
 *       writer's own; scan, benign and spa, also as scan:NAME, are labels. */

typedef enum
{
  PK_TRUTH_KNOCK = 0,
  PK_TRUTH_SCAN,
  PK_TRUTH_BENIGN,
  PK_TRUTH_SPA, /* a single packet that opens a door: neither missed nor a false alarm */
  PK_N_TRUTH_CLASSES
} PkTruthClass;

/* Something that is to be found, or not. */
typedef struct _PkTruthRow
{
  gchar *file; /* owned; base name of its log; NULL: all are in one log */
  PkTruthClass class;
  gchar *kind;           /* owned; the label, or KIND */
  GArray *sources;       /* owned, of PkAddr */
  gchar *ports;          /* owned; for people; "" where not known */
  gdouble start_seconds; /* one log only; END is checked, and not kept */
} PkTruthRow;

typedef struct _PkTruth
{
  gboolean by_file; /* each row has a log of its own */
  GPtrArray *rows;  /* owned, of PkTruthRow */
} PkTruth;

/* Reads a truth file.  FALSE with *error set, which names file and line. */
gboolean pk_truth_read(const gchar *path, PkTruth *ret_truth, GError **error);
void pk_truth_clear(PkTruth *self);

/* The row of a log file: its base name is that of the row, or that with one
 * more word before its ending, a.ktime.log for a.log.  NULL: there is none. */
const PkTruthRow *pk_truth_find_file(const PkTruth *self, const gchar *path);

/* "knock", "scan", "benign", "spa"; static storage. */
const gchar *pk_truth_class_name(PkTruthClass class);

#endif
