/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Kerio Control's filter log: DROP "rule" packet from WAN, proto:TCP, len:40,
 * 192.0.2.7:40000 -> 198.51.100.9:22, flags:[ SYN ], ...
 *
 * Source: Kerio Control Administrator's Guide, "Filter Log". */

#define HEAD "{action!} \"{rule}\" packet {direction!} {interface}, proto:{proto!}, len:{length#}, "

static const PkTupleSpec kerio = {
  .words =
      (const PkTupleWord[]){
          { "DROP|DENY", PK_VERDICT_DENY },
          { "PERMIT|ALLOW", PK_VERDICT_ACCEPT },
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

const PkDialect pk_dialect_kerio = {
  .name = "kerio",
  .title = "Kerio Control",
  .scan = pk_scan_pattern,
  .needles = { "\" packet from ", "\" packet to " },
  .tuple = &kerio,
  .pattern =
      &(const PkPatternSpec){
          .patterns =
              (const PkPattern[]){
                  { NULL, HEAD "ip/port:{src!} -> {dst!}, flags:[{flags}]", PK_VERDICT_NONE, NULL },
                  { NULL, HEAD "{src!} -> {dst!}, flags:[{flags}]", PK_VERDICT_NONE, NULL },
                  { NULL, HEAD "ip/port:{src!} -> {dst!},", PK_VERDICT_NONE, NULL },
                  { NULL, HEAD "{src!} -> {dst!},", PK_VERDICT_NONE, NULL },
                  { NULL, "[{stamp}] " HEAD "{src!} -> {dst!}, flags:[{flags}]", PK_VERDICT_NONE, NULL },
                  { NULL, "[{stamp}] " HEAD "{src!} -> {dst!},", PK_VERDICT_NONE, NULL },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
      },
};
