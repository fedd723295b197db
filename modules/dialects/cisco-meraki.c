/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Meraki MX and MR.  The verdict stands before the keys ("flows allow src=")
 * or begins what follows "pattern:"; numeric patterns ("pattern: 1 all") say
 * nothing certain.
 *
 * Source: Meraki documentation, "Syslog Event Types and Log Samples". */

static const PkTupleSpec meraki = {
  .words =
      (const PkTupleWord[]){
          { "deny", PK_VERDICT_DENY },
          { "allow|ip_flow_start|ip_flow_end", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "_word", PK_TUPLE_REQUIRE,
            "flows|firewall|cellular_firewall|vpn_firewall|bridge_anyconnect_client_vpn_firewall|ip_flow_start|"
            "ip_flow_end" },
          { "_word", PK_TUPLE_TIME, NULL },
          { "_word", PK_TUPLE_ACTION, NULL },
          { "src", PK_TUPLE_SOURCE_WITH_PORT, NULL },
          { "sport", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST_WITH_PORT, NULL },
          { "dport", PK_TUPLE_DEST_PORT, NULL },
          { "protocol", PK_TUPLE_PROTOCOL, NULL },
          { "type", PK_TUPLE_ICMP_TYPE, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_cisco_meraki = {
  .name = "cisco_meraki",
  .title = "Cisco Meraki",
  .scan = pk_scan_kv,
  .needles = { " flows src=", " flows allow ", " flows deny ", "firewall src=", "firewall allow src=",
               "firewall deny src=", " ip_flow_start src=", " ip_flow_end src=" },
  .tuple = &meraki,
  .kv = &(const PkKvSpec){ .equals = '=', .ends = " " },
};
