/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/tools.h"
#include "fuzz/fuzz.h"
#include "scan/argv.h"
#include "scan/process.h"
#include "scan/slice.h"

/* One command line, as Windows and as a joined one, split and classified. */

static void
_split(PkSlice text, PkArgvStyle style)
{
  PkArgv argv;

  pk_argv_split(text, style, &argv);
  g_assert_true(argv.n <= PK_ARGV_MAX && argv.used <= PK_ARGV_BYTES);
  for (gsize i = 0; i < argv.n; i++)
    g_assert_true(argv.args[i].data >= argv.bytes && argv.args[i].data + argv.args[i].len <= argv.bytes + argv.used);
}

static void
_classify(PkSlice image, PkSlice text)
{
  PkEvent event;
  PkScanResult result;

  pk_event_init(&event);
  result = pk_process_classify(&pk_knock_tools, image, text, &event);
  g_assert_true((result == PK_SCAN_MATCH || result == PK_SCAN_CONTEXT) == (event.kind != PK_EVENT_NONE));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  PkSlice text = pk_slice((const gchar *) data, MIN(size, PK_LINE_BYTES_MAX));

  _split(text, PK_ARGV_WINDOWS);
  _split(text, PK_ARGV_JOINED);
  _classify(PK_SLICE("C:\\a\\cmd.exe"), text);
  _classify(PK_SLICE("/usr/sbin/hping3"), text);
  _classify(pk_slice(NULL, 0), text);
  return 0;
}
