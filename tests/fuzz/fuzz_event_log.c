/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"
#include "fuzz/fuzz.h"
#include "scan/scan.h"

/* One text through the readers of event logs (XML, JSON, text for people) and
 * what classifies processes and scripts, without the words that keep most of
 * what a relay carries from them. */

static void
_scan(const PkDialect *row, const PkLine *line)
{
  const PkScanContext context = { 0 };
  PkEvent event;
  PkScanResult result;

  pk_event_init(&event);
  result = row->scan(row, &context, line, &event);
  g_assert_true(result != PK_SCAN_MATCH || (event.kind != PK_EVENT_NONE && event.text_used <= PK_EVENT_TEXT_BYTES));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  PkLine line = { .text = { (const gchar *) data, MIN(size, PK_LINE_BYTES_MAX) } };
  gsize n;
  const PkDialect *const *rows = pk_dialects(&n);

  for (gsize i = 0; i < n; i++)
    if (rows[i]->scan == pk_scan_event_log)
      _scan(rows[i], &line);
  return 0;
}
