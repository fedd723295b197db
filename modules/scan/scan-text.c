/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

PkScanResult
pk_scan_text(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  return PK_SCAN_NO_MATCH;
}
