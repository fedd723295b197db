/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* ZyWALL and USG: src="192.0.2.1:1024" dst="198.51.100.2:22" msg="priority:1, from WAN to ZyWALL, TCP, service others,
 * REJECT" note="ACCESS BLOCK" ...  The protocol stands in the sentence; where it is a key of its own, generic_kv reads
 * the line.
 *
 * Source: ZyWALL USG User's Guide, "Log Descriptions", Policy Route and Firewall Logs. */

#define SENTENCE(proto) "{way}, " proto ", service {service}, {action!}\"{proto=" proto "}"

static const PkTupleSpec zyxel = {
  .words =
      (const PkTupleWord[]){
          { "DROP|REJECT|DENY", PK_VERDICT_DENY },
          { "ACCEPT|FORWARD|ALLOW", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "action", PK_TUPLE_ACTION, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "src", PK_TUPLE_SOURCE_WITH_PORT, NULL },
          { "dst", PK_TUPLE_DEST_WITH_PORT, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_zyxel = {
  .name = "zyxel",
  .title = "Zyxel ZyWALL and USG",
  .scan = pk_scan_pattern,
  .needles = { " msg=\"priority:" },
  .tuple = &zyxel,
  .pattern =
      &(const PkPatternSpec){
          .leads = { "src=\"{src!}\" dst=\"{dst!}\" msg=\"" },
          .patterns =
              (const PkPattern[]){
                  { NULL, SENTENCE("TCP"), PK_VERDICT_NONE, NULL },
                  { NULL, SENTENCE("UDP"), PK_VERDICT_NONE, NULL },
                  { NULL, SENTENCE("ICMP"), PK_VERDICT_NONE, NULL },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
          .otherwise = PK_SCAN_NO_MATCH,
      },
};
