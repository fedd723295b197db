/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "port-knock/pk-engine.h"
#include "dialects/tools.h"
#include "fuzz/fuzz.h"
#include "scan/process.h"
#include "scan/scan.h"

/* One text through the rows of audit records, of commands in sentences and of
 * packages, and as a script of either language. */

static gboolean
_is_record(const PkDialect *row)
{
  return row->scan == pk_scan_audit || row->scan == pk_scan_command || row->scan == pk_scan_package;
}

static void
_scan(const PkDialect *row, PkSlice text)
{
  const PkScanContext context = { 0 };
  PkSlice program = { row->programs[0], row->programs[0] ? strlen(row->programs[0]) : 0 };
  PkLine line = { .program = program, .text = text };
  PkEvent event;

  pk_event_init(&event);
  row->scan(row, &context, &line, &event);
  g_assert_true(event.text_used <= PK_EVENT_TEXT_BYTES);
}

static void
_classify(PkScriptLanguage language, PkSlice text)
{
  PkSlice image = { NULL, 0 };
  PkEvent event;

  pk_event_init(&event);
  pk_process_classify_script(&pk_knock_tools, language, image, text, &event);
  g_assert_true(event.text_used <= PK_EVENT_TEXT_BYTES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  PkSlice text = { (const gchar *) data, MIN(size, PK_LINE_BYTES_MAX) };
  gsize n;
  const PkDialect *const *rows = pk_dialects(&n);

  for (gsize i = 0; i < n; i++)
    if (_is_record(rows[i]))
      _scan(rows[i], text);
  _classify(PK_SCRIPT_SHELL, text);
  _classify(PK_SCRIPT_POWERSHELL, text);
  return 0;
}
