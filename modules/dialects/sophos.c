/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Sophos UTM (ulogd) and Sophos Firewall (SFOS).
 *
 * Sources: Sophos UTM log message reference; Sophos Firewall "Log ID
 * structure", whose device standard format has no status, only log_subtype. */

static const PkTupleSpec sophos_utm = {
  .words =
      (const PkTupleWord[]){
          { "drop|reject", PK_VERDICT_DENY },
          { "accept|log|nat|dns request|ftp data|masq", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "sub", PK_TUPLE_REQUIRE, "packetfilter" },
          { "action", PK_TUPLE_ACTION, NULL },
          { "srcip", PK_TUPLE_SOURCE, NULL },
          { "srcport", PK_TUPLE_SOURCE_PORT, NULL },
          { "dstip", PK_TUPLE_DEST, NULL },
          { "dstport", PK_TUPLE_DEST_PORT, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "type", PK_TUPLE_ICMP_TYPE, NULL },
          { "code", PK_TUPLE_ICMP_CODE, NULL },
          { "length", PK_TUPLE_LENGTH, NULL },
          { "tcpflags", PK_TUPLE_TCP_FLAGS, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_sophos_utm = {
  .name = "sophos_utm",
  .title = "Sophos UTM",
  .scan = pk_scan_kv,
  .needles = { "sub=\"packetfilter\"" },
  .tuple = &sophos_utm,
  .kv = &(const PkKvSpec){ .equals = '=', .ends = " " },
};

static const PkTupleSpec sophos_xg = {
  .words =
      (const PkTupleWord[]){
          { "deny|denied|drop*|reject*", PK_VERDICT_DENY },
          { "allow|allowed", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "log_type", PK_TUPLE_REQUIRE, "Firewall" },
          { "log_subtype", PK_TUPLE_ACTION_ELSE, NULL },
          { "status", PK_TUPLE_ACTION, NULL },
          { "timestamp", PK_TUPLE_TIME, NULL },
          { "src_ip", PK_TUPLE_SOURCE, NULL },
          { "src_port", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst_ip", PK_TUPLE_DEST, NULL },
          { "dst_port", PK_TUPLE_DEST_PORT, NULL },
          { "protocol", PK_TUPLE_PROTOCOL, NULL },
          { "icmp_type", PK_TUPLE_ICMP_TYPE, NULL },
          { "icmp_code", PK_TUPLE_ICMP_CODE, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_sophos_xg = {
  .name = "sophos_xg",
  .title = "Sophos Firewall",
  .scan = pk_scan_kv,
  .needles = { "log_type=\"Firewall\"" },
  .tuple = &sophos_xg,
  .kv = &(const PkKvSpec){ .equals = '=', .ends = " " },
};
