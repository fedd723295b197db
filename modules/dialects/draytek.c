/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* DrayTek's filter log: "[FILTER][Block][LAN/RT/VPN->WAN, 1:55:47 ][@S:R=2:2, 192.0.2.1:1024->198.51.100.2:443][TCP]
 * [HLen=20, TLen=52, Flag=S, Seq=1, Ack=0, Win=8192]".
 *
 * Source: DrayTek Vigor User's Guide, "Firewall, Syslog". */

static const PkTupleSpec draytek = {
  .words =
      (const PkTupleWord[]){
          { "Block", PK_VERDICT_DENY },
          { "Pass", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "action", PK_TUPLE_ACTION, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "src", PK_TUPLE_SOURCE_WITH_PORT, NULL },
          { "dst", PK_TUPLE_DEST_WITH_PORT, NULL },
          { "length", PK_TUPLE_LENGTH, NULL },
          { "flags", PK_TUPLE_TCP_FLAGS, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_draytek = {
  .name = "draytek",
  .title = "DrayTek Vigor",
  .scan = pk_scan_pattern,
  .needles = { "[FILTER][" },
  .tuple = &draytek,
  .pattern =
      &(const PkPatternSpec){
          .leads = { "[FILTER][" },
          .patterns =
              (const PkPattern[]){
                  { NULL, "{action!}]{way}[@S:R={rule!} {src!}->{dst!}][{proto!}]", PK_VERDICT_NONE, NULL },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
          .finds = { "TLen={length#}", "Flag={flags!}," },
          .otherwise = PK_SCAN_IGNORED,
      },
};
