/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "fuzz/fuzz.h"

/* One text through the readers of event logs (XML, JSON, text for people) and
 * what classifies processes and scripts, without the words that keep most of
 * what a relay carries from them. */

static const PkDialect *const ROWS[] = {
  &pk_dialect_sysmon,           &pk_dialect_windows_security, &pk_dialect_powershell,
  &pk_dialect_windows_firewall, &pk_dialect_defender_process, &pk_dialect_defender_network,
};

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

  for (gsize i = 0; i < G_N_ELEMENTS(ROWS); i++)
    _scan(ROWS[i], &line);
  return 0;
}
