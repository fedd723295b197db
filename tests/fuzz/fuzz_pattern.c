/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "fuzz/fuzz.h"
#include "scan/scan.h"

/* A text, read by every row of sentences, whether or not it has the words that
 * would make the row be tried. */

static const PkDialect *const rows[] = {
  &pk_dialect_cisco_asa, &pk_dialect_cisco_ios, &pk_dialect_mikrotik, &pk_dialect_ipfw,
  &pk_dialect_ipfilter,  &pk_dialect_pf_pflog,  &pk_dialect_knockd,   &pk_dialect_fwknopd,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const PkScanContext context = { 0 };
  PkLine line = { .text = { (const gchar *) data, MIN(size, PK_LINE_BYTES_MAX) } };
  PkEvent event;

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    {
      PkScanResult result;

      pk_event_init(&event);
      event.dialect = rows[i];
      result = rows[i]->scan(rows[i], &context, &line, &event);
      g_assert_true(result != PK_SCAN_MATCH || event.kind != PK_EVENT_NONE);
    }
  return 0;
}
