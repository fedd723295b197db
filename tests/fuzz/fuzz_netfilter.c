/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "fuzz/rows.h"
#include "scan/scan.h"

/* One text through the rows of packet filters that write netfilter's pairs. */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  fuzz_rows(pk_scan_netfilter, data, size);
  return 0;
}
