/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* The cloud delivered firewall of Umbrella.  Source: Cisco Umbrella
 * documentation, "Cloud Firewall Log Formats". */

static const PkTupleSpec umbrella = {
  .words =
      (const PkTupleWord[]){
          { "BLOCK|BLOCKED", PK_VERDICT_DENY },
          { "ALLOW|ALLOWED", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "4", PK_TUPLE_REQUIRE, "CDFW*|*Tunnel*|*Network*" },
          { "5", PK_TUPLE_REQUIRE, "INBOUND|OUTBOUND" },
          { "6", PK_TUPLE_PROTOCOL, NULL },
          { "7", PK_TUPLE_LENGTH, NULL },
          { "8", PK_TUPLE_SOURCE, NULL },
          { "9", PK_TUPLE_SOURCE_PORT, NULL },
          { "10", PK_TUPLE_DEST, NULL },
          { "11", PK_TUPLE_DEST_PORT, NULL },
          { "14", PK_TUPLE_ACTION, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_cisco_umbrella = {
  .name = "cisco_umbrella",
  .title = "Cisco Umbrella firewall",
  .scan = pk_scan_csv,
  .needles = { "\",\"OUTBOUND\",\"", "\",\"INBOUND\",\"" },
  .tuple = &umbrella,
  .csv = &(const PkCsvSpec){ .separator = ',' },
};
