/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

const PkDialect pk_dialect_ufw = {
  .name = "ufw",
  .title = "UFW",
  .scan = pk_scan_netfilter,
  .needles = { "[UFW " },
};

const PkDialect pk_dialect_netfilter = {
  .name = "netfilter",
  .title = "Linux netfilter LOG",
  .scan = pk_scan_netfilter,
  .needles = { " PROTO=" },
};
