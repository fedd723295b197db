/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef FUZZ_ROWS_H_INCLUDED
#define FUZZ_ROWS_H_INCLUDED

#include "fuzz/fuzz.h"
#include "port-knock/pk-engine.h"

/* One text through every row of a shape, without the needles that keep most of
 * what a relay carries from it.  What matches must be whole. */
static inline void
fuzz_rows(PkScanFunc scan, const uint8_t *data, size_t size)
{
  static const PkPrefix prefixes[] = { { "OURS-DROP", 9, PK_VERDICT_DENY }, { "IN", 2, PK_VERDICT_ACCEPT } };
  const PkScanContext context = { .prefixes = prefixes, .n_prefixes = G_N_ELEMENTS(prefixes) };
  const PkSlice text = { (const gchar *) data, MIN(size, PK_LINE_BYTES_MAX) };
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);

  for (gsize i = 0; i < n; i++)
    {
      /* as a relay leaves it, and as structured data */
      PkLine line = { .text = text, .sdata = i % 2 ? text : (PkSlice){ NULL, 0 } };
      PkEvent event;

      if (dialects[i]->scan != scan)
        continue;
      pk_event_init(&event);
      if (scan(dialects[i], &context, &line, &event) != PK_SCAN_MATCH)
        continue;
      g_assert_true(event.kind == PK_EVENT_FIREWALL_DENY || event.kind == PK_EVENT_FIREWALL_ACCEPT);
      g_assert_true(event.count >= 1 && event.count <= 1000000 && event.text_used <= PK_EVENT_TEXT_BYTES);
    }
}

#endif
