/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "fuzz/fuzz.h"

/* One text through the XML reader, without the words that keep most of what a
 * relay carries from it. */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const PkScanContext context = { 0 };
  PkLine line = { .text = { (const gchar *) data, MIN(size, PK_LINE_BYTES_MAX) } };
  PkEvent event;
  PkScanResult result;

  pk_event_init(&event);
  result = pk_dialect_sysmon.scan(&pk_dialect_sysmon, &context, &line, &event);
  g_assert_true(result != PK_SCAN_MATCH || (event.kind != PK_EVENT_NONE && event.text_used <= PK_EVENT_TEXT_BYTES));
  return 0;
}
