/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Connection events of Firepower Threat Defense, "Key: value, Key: value":
 * 430002 begins a connection, 430003 ends it.  430001 is an intrusion, 430004
 * and 430005 a file; those have no AccessControlRuleAction.  Values may hold
 * commas and "<br/>".
 *
 * Source: Cisco Secure Firewall Threat Defense Syslog Messages, "Security Event
 * Syslog Messages". */

static const PkTupleSpec cisco_ftd = {
  .words =
      (const PkTupleWord[]){
          { "block*|*>block*|*interactive block*", PK_VERDICT_DENY },
          { "allow|*>allow|trust|*>trust|fastpath|monitor|*>monitor", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "AccessControlRuleAction", PK_TUPLE_ACTION, NULL },
          { "SrcIP", PK_TUPLE_SOURCE, NULL },
          { "SrcPort", PK_TUPLE_SOURCE_PORT, NULL },
          { "DstIP", PK_TUPLE_DEST, NULL },
          { "DstPort", PK_TUPLE_DEST_PORT, NULL },
          { "Protocol", PK_TUPLE_PROTOCOL, NULL },
          { "ICMPType", PK_TUPLE_ICMP_TYPE, NULL },
          { "ICMPCode", PK_TUPLE_ICMP_CODE, NULL },
          { "FirstPacketSecond", PK_TUPLE_TIME, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_cisco_ftd = {
  .name = "cisco_ftd",
  .title = "Cisco Firepower Threat Defense, connection events",
  .scan = pk_scan_kv,
  .needles = { "-430002: ", "-430003: ", "-430001: ", "-430004: ", "-430005: ", "AccessControlRuleAction: " },
  .tuple = &cisco_ftd,
  .kv = &(const PkKvSpec){ .head = "-43000{event#}: ", .equals = ':', .ends = "," },
};
