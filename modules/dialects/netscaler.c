/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Access lists of NetScaler: "Source 192.0.2.1 --> Destination 198.51.100.2 - Protocol TCP - Source Port 1024 -
 * Destination Port 80 - Action DENY - Hitcount 1".  Its application firewall writes otherwise.
 *
 * Source: NetScaler Syslog Message Reference, "ACL". */

static const PkTupleSpec netscaler = {
  .words =
      (const PkTupleWord[]){
          { "DENY", PK_VERDICT_DENY },
          { "ALLOW|BRIDGE", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "action", PK_TUPLE_ACTION, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "sport", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dport", PK_TUPLE_DEST_PORT, NULL },
          { "type", PK_TUPLE_ICMP_TYPE, NULL },
          { "code", PK_TUPLE_ICMP_CODE, NULL },
          { "count", PK_TUPLE_COUNT, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_netscaler_acl = {
  .name = "netscaler_acl",
  .title = "NetScaler access lists",
  .scan = pk_scan_pattern,
  .needles = { " --> Destination " },
  .tuple = &netscaler,
  .pattern =
      &(const PkPatternSpec){
          .leads = { "Source {src@} --> Destination {dst@} - " },
          .patterns =
              (const PkPattern[]){
                  { NULL, "Protocol {proto!} - ", PK_VERDICT_NONE, NULL },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
          .finds = { " - Source Port {sport#} - Destination Port {dport#}", " - Type {type#} - Code {code#}",
                     " - Action {action!}", " - Hitcount {count#}" },
          .otherwise = PK_SCAN_IGNORED,
      },
};
