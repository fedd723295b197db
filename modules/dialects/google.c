/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Firewall rules logging of Google Cloud.  Source: Cloud Next Generation
 * Firewall documentation, "Firewall rules log format". */

static const PkTupleSpec gcp_firewall = {
  .words =
      (const PkTupleWord[]){
          { "DENIED", PK_VERDICT_DENY },
          { "ALLOWED", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "jsonPayload.connection.src_ip", PK_TUPLE_SOURCE, NULL },
          { "jsonPayload.connection.src_port", PK_TUPLE_SOURCE_PORT, NULL },
          { "jsonPayload.connection.dest_ip", PK_TUPLE_DEST, NULL },
          { "jsonPayload.connection.dest_port", PK_TUPLE_DEST_PORT, NULL },
          { "jsonPayload.connection.protocol", PK_TUPLE_PROTOCOL, NULL },
          { "jsonPayload.disposition", PK_TUPLE_ACTION, NULL },
          { "jsonPayload.disposition", PK_TUPLE_REQUIRE, NULL },
          { "timestamp", PK_TUPLE_TIME, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_gcp_firewall = {
  .name = "gcp_firewall",
  .title = "Google Cloud firewall",
  .scan = pk_scan_json,
  .needles = { "\"disposition\"" },
  .tuple = &gcp_firewall,
};
