/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Hillstone's session log: "SESSION: 192.0.2.1:1024->198.51.100.2:80(TCP), interface ethernet0/1, vr trust-vr,
 * policy 1, user -@-, host -, session deny".  A session's end follows its start, and is not counted again.
 *
 * Source: Hillstone StoneOS Log Messages Reference Guide, "Traffic". */

static const PkTupleSpec hillstone = {
  .words =
      (const PkTupleWord[]){
          { "deny|denied|drop", PK_VERDICT_DENY },
          { "start", PK_VERDICT_ACCEPT },
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

const PkDialect pk_dialect_hillstone = {
  .name = "hillstone",
  .title = "Hillstone StoneOS",
  .scan = pk_scan_pattern,
  .needles = { "Traffic@FLOW: ", ": SESSION: ", ": POLICY: " },
  .tuple = &hillstone,
  .pattern =
      &(const PkPatternSpec){
          .leads = { "SESSION: ", "POLICY: " },
          .patterns =
              (const PkPattern[]){
                  { NULL, "{src!}->{dst!}({proto!}), ", PK_VERDICT_NONE, NULL },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
          .finds = { ", session {action!}", ", policy deny{action=deny}" },
          .otherwise = PK_SCAN_NO_MATCH,
      },
};
