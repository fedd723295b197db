/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* FortiOS.  Only a traffic record's "deny" is the packet filter's; "close",
 * "timeout", "client-rst", "server-rst" and "ip-conn" are ends of sessions that
 * were permitted.  UTM records block on level 7.
 *
 * Sources: FortiOS Log Reference, "Log field format" and "CEF support";
 * FortiOS 4.x has src, dst and status instead of srcip, dstip and action. */

#define PERMITTED                                                                                                      \
  "accept|traffic* accept|start|close|timeout|client-rst|server-rst|ip-conn|dns|pass|passthrough|permit*|allow*|"      \
  "monitor*|detected|exempt|log-only"
#define BLOCKED "blocked|block|dropped|drop|reset*|clear_session"

static const PkTupleWord words[] = {
  { "deny|traffic* deny", PK_VERDICT_DENY },
  { PERMITTED, PK_VERDICT_ACCEPT },
  { BLOCKED, PK_VERDICT_NEITHER },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec fortigate = {
  .words = words,
  .keys =
      (const PkTupleKey[]){
          { "type", PK_TUPLE_REQUIRE, NULL },
          { "type", PK_TUPLE_EXCEPT, "event" },
          { "type", PK_TUPLE_NO_DENY, "!traffic" },
          { "subtype", PK_TUPLE_REQUIRE, NULL },
          { "srcip", PK_TUPLE_SOURCE, NULL },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "srcport", PK_TUPLE_SOURCE_PORT, NULL },
          { "src_port", PK_TUPLE_SOURCE_PORT, NULL },
          { "dstip", PK_TUPLE_DEST, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dstport", PK_TUPLE_DEST_PORT, NULL },
          { "dst_port", PK_TUPLE_DEST_PORT, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "service", PK_TUPLE_ICMP, "icmp*" },
          { "action", PK_TUPLE_ACTION, NULL },
          { "status", PK_TUPLE_ACTION_ELSE, NULL },
          { "eventtime", PK_TUPLE_TIME, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_fortigate = {
  .name = "fortigate",
  .title = "Fortinet FortiGate",
  .scan = pk_scan_kv,
  .needles = { "logid=", "log_id=" },
  .tuple = &fortigate,
  .kv = &(const PkKvSpec){ .equals = '=', .ends = " ,;" },
};

static const PkTupleSpec fortigate_cef = {
  .words = words,
  .keys =
      (const PkTupleKey[]){
          { "_vendor", PK_TUPLE_REQUIRE, "Fortinet" },
          { "_name", PK_TUPLE_EXCEPT, "event*" },
          { "_name", PK_TUPLE_NO_DENY, "!traffic*" },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "spt", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dpt", PK_TUPLE_DEST_PORT, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "act", PK_TUPLE_ACTION, NULL },
          { "_name", PK_TUPLE_ACTION_ELSE, NULL },
          { "FTNTFGTeventtime", PK_TUPLE_TIME, NULL },
          { "FortinetFortiGateeventtime", PK_TUPLE_TIME, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_fortigate_cef = {
  .name = "fortigate_cef",
  .title = "Fortinet FortiGate, CEF",
  .scan = pk_scan_cef,
  .needles = { "|Fortinet|" },
  .tuple = &fortigate_cef,
};
