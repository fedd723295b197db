/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "fuzz/rows.h"
#include "scan/scan.h"

/* One text through the rows with structured data. */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  fuzz_rows(pk_scan_sdata, data, size);
  return 0;
}
