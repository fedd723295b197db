/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_LEDGER_PRIVATE_H_INCLUDED
#define PK_LEDGER_PRIVATE_H_INCLUDED

#include "engine/ledger.h"
#include "engine/recent.h"

/* What ledger.c, which decides, and ledger-state.c, which writes and reads, share. */

/* A set of ports that a source sent to a destination, in whatever order. */
typedef struct _Set
{
  gint64 settled_usec; /* when it settled last */
  gint64 counted_usec; /* when that was counted last */
  guint settled;       /* times, cooldown()/2 apart or more */
} Set;

/* A candidate that was judged, and may still be proven. */
typedef struct _Judged
{
  PkAlert alert;
  gint64 judged_usec;
  gboolean is_scanner, is_confirmed, is_allowed;
} Judged;

/* A daemon's stage that waits to open. */
typedef struct _Stage
{
  gint64 arrival_usec, time_usec;
  guint64 source;
  PkAddr address;
  guint stage;
  gboolean is_allowed;
  gchar door[PK_WORD_BYTES];
  gchar scope[PK_NAME_BYTES], host[PK_NAME_BYTES];
} Stage;

struct _PkLedger
{
  const PkLedgerRule *rule; /* borrowed */
  PkAlertCap *cap;          /* borrowed */
  PkRecent *sets, *judged, *trails, *stages;
  PkReports *reports;
  PkStats stats; /* totals only */
};

#endif
