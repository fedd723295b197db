/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Linux before netfilter: "Packet log: input DENY eth0 PROTO=6 192.0.2.1:1024 198.51.100.2:22 L=60 S=0x00 I=1 F=0x4000
 * T=64 SYN (#8)".  The ports of an ICMP packet are its type and code.
 *
 * Source: Linux IPCHAINS-HOWTO, "Logging Packets". */

static const PkTupleSpec ipchains = {
  .words =
      (const PkTupleWord[]){
          { "DENY|REJECT", PK_VERDICT_DENY },
          { "ACCEPT|MASQ|REDIRECT", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .icmp_in_ports = TRUE,
  .keys =
      (const PkTupleKey[]){
          { "action", PK_TUPLE_ACTION, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "src", PK_TUPLE_SOURCE_WITH_PORT, NULL },
          { "dst", PK_TUPLE_DEST_WITH_PORT, NULL },
          { "length", PK_TUPLE_LENGTH, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_ipchains = {
  .name = "ipchains",
  .title = "Linux ipchains",
  .scan = pk_scan_pattern,
  .needles = { "Packet log: " },
  .tuple = &ipchains,
  .pattern =
      &(const PkPatternSpec){
          .leads = { "Packet log: " },
          .patterns =
              (const PkPattern[]){
                  { NULL, "{chain!} {action!} {if!} PROTO={proto#} {src!} {dst!} L={length#} ", PK_VERDICT_NONE, NULL },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
          .otherwise = PK_SCAN_IGNORED,
      },
};
