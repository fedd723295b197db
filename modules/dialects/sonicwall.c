/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* SonicOS.  The verdict is fw_action where the release writes it, else the
 * message's text.  Addresses are packed: "192.0.2.1:443:X1:name"; of IPv6 they
 * stand apart, and ":443:X1" is left.
 *
 * Source: SonicOS Log Events Reference Guide. */

#define DENIED                                                                                                         \
  "drop|deny|dropped|denied|*packet*dropped*|*packet*denied*|*connection*dropped*|*connection*denied*|"                \
  "*connection*rejected*|*protocol*dropped*|*request dropped*|*traffic*dropped*|ip spoof dropped"

static const PkTupleWord words[] = {
  { DENIED, PK_VERDICT_DENY },
  { "forward|allow|mgmt|97|1235|web management request allowed|connection opened|connection closed",
    PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec sonicwall = {
  .words = words,
  .keys =
      (const PkTupleKey[]){
          { "sn", PK_TUPLE_REQUIRE, NULL },
          { "src", PK_TUPLE_SOURCE_WITH_PORT, NULL },
          { "srcV6", PK_TUPLE_SOURCE, NULL },
          { "dst", PK_TUPLE_DEST_WITH_PORT, NULL },
          { "dstV6", PK_TUPLE_DEST, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "msg", PK_TUPLE_PROTOCOL, "TCP *|UDP *|ICMP *|ICMPv6 *" },
          { "fw_action", PK_TUPLE_ACTION, NULL },
          { "msg", PK_TUPLE_ACTION_ELSE, NULL },
          { "m", PK_TUPLE_ACTION_ELSE, NULL },
          { "type", PK_TUPLE_ICMP_TYPE, NULL },
          { "code", PK_TUPLE_ICMP_CODE, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_sonicwall = {
  .name = "sonicwall",
  .title = "SonicWall",
  .scan = pk_scan_kv,
  .needles = { "id=firewall ", "\" fw=" },
  .tuple = &sonicwall,
  .kv = &(const PkKvSpec){ .equals = '=', .ends = " " },
};

static const PkTupleSpec sonicwall_cef = {
  .words = words,
  .keys =
      (const PkTupleKey[]){
          { "_vendor", PK_TUPLE_REQUIRE, "SonicWall" },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "spt", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dpt", PK_TUPLE_DEST_PORT, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "fw_action", PK_TUPLE_ACTION, NULL },
          { "_name", PK_TUPLE_ACTION_ELSE, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_sonicwall_cef = {
  .name = "sonicwall_cef",
  .title = "SonicWall, CEF",
  .scan = pk_scan_cef,
  .needles = { "|SonicWall|" },
  .tuple = &sonicwall_cef,
};
