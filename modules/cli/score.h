/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_SCORE_H_INCLUDED
#define PK_CLI_SCORE_H_INCLUDED

#include "cli/arguments.h"
#include "cli/truth.h"

/* What came of playing files whose truth is known.
 *
 * Alerts that count are those of an engine with the options as given.  Beside
 * it runs a second one that writes everything, min-confidence(low) without
 * max-alerts(): it only tells why something was missed. */

/* A row of the truth that was played. */
typedef struct _PkScoreRow
{
  const PkTruthRow *truth;   /* borrowed */
  struct _PkScoreRow *next;  /* borrowed; another row with the same source, in one log */
  guint64 denials;           /* of its sources */
  guint64 unknown_prefix;    /* lines of its file that were not used */
  PkPort ports[PK_HITS_MAX]; /* distinct, of those denials */
  guint n_ports;             /* more than PK_HITS_MAX are not counted */
  guint64 scans;             /* how often a source was found scanning */
  PkAlert *alert;            /* owned; the first that counts; NULL: none */
  PkAlert *probed;           /* owned; the best of the second engine; NULL: none */
  gint64 latency_usec;       /* from the last hit of alert until it was written */
} PkScoreRow;

/* A source with alerts that is no knock; one for each source, and file if those
 * are played apart. */
typedef struct _PkFalseAlarm
{
  const gchar *file;  /* borrowed; NULL: all are one log */
  const gchar *class; /* static storage; "unlabelled" where no label names the source */
  PkAlert alert;      /* the first one of the highest confidence */
  guint alerts;
} PkFalseAlarm;

typedef struct _PkScore
{
  const PkArguments *arguments; /* borrowed */
  PkTruth truth;
  GPtrArray *rows;         /* owned, of PkScoreRow; in the order of the truth */
  GPtrArray *false_alarms; /* owned, of PkFalseAlarm; in the order of their first alert */
  guint64 alerts;          /* that count, false ones too */
} PkScore;

void pk_score_append_text(const PkScore *self, GString *out);
/* One object, without line end. */
void pk_score_append_json(const PkScore *self, GString *out);

#endif
