/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "fuzz/fuzz.h"
#include "port-knock/pk-engine.h"
#include "scan/scan.h"

/* A text, read by every row of sentences, whether or not it has the words that
 * would make the row be tried. */

static gboolean
_has_sentences(const PkDialect *row)
{
  return row->scan == pk_scan_pattern || row->scan == pk_scan_text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const PkScanContext context = { 0 };
  PkLine line = { .text = { (const gchar *) data, MIN(size, PK_LINE_BYTES_MAX) } };
  gsize n;
  const PkDialect *const *rows = pk_dialects(&n);
  PkEvent event;

  for (gsize i = 0; i < n; i++)
    {
      PkScanResult result;

      if (!_has_sentences(rows[i]))
        continue;
      pk_event_init(&event);
      event.dialect = rows[i];
      result = rows[i]->scan(rows[i], &context, &line, &event);
      g_assert_true(result != PK_SCAN_MATCH || event.kind != PK_EVENT_NONE);
      g_assert_true(event.text_used <= PK_EVENT_TEXT_BYTES);
    }
  return 0;
}
