/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

const PkDialect pk_dialect_fwknopd = {
  .name = "fwknopd",
  .title = "fwknopd",
  .scan = pk_scan_text,
  .programs = { "fwknopd" },
};
