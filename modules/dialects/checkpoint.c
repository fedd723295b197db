/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Check Point.  Blades share one log; only the firewall's verdicts are about
 * packets.  "service" is the destination's port, or its name.
 *
 * Sources: Check Point R81 Logging and Monitoring Administration Guide, "Log
 * Exporter"; sk122323.  The exporter's bracket is no RFC 5424 structured data
 * although it stands in its place. */

#define FIREWALL "!VPN-1*|*FireWall*|VPN|SmartDefense Firewall"

static const PkTupleWord words[] = {
  { "drop|reject|block|prevent", PK_VERDICT_DENY },
  { "accept|allow|encrypt|decrypt|vpn routing", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

#define KEYS                                                                                                           \
  { "product", PK_TUPLE_NO_DENY, FIREWALL }, { "src", PK_TUPLE_SOURCE, NULL },                                         \
      { "s_port", PK_TUPLE_SOURCE_PORT, NULL }, { "dst", PK_TUPLE_DEST, NULL },                                        \
      { "service", PK_TUPLE_DEST_PORT, NULL }, { "proto", PK_TUPLE_PROTOCOL, NULL },                                   \
      { "icmp_type", PK_TUPLE_ICMP_TYPE, NULL }, { "ICMP Type", PK_TUPLE_ICMP_TYPE, NULL },                            \
      { "icmp_code", PK_TUPLE_ICMP_CODE, NULL }, { "ICMP Code", PK_TUPLE_ICMP_CODE, NULL },                            \
      { "action", PK_TUPLE_ACTION, NULL }, { "tcp_flags", PK_TUPLE_TCP_FLAGS, NULL },                                  \
  {                                                                                                                    \
    "time", PK_TUPLE_TIME, NULL                                                                                        \
  }

static const PkTupleSpec checkpoint = {
  .words = words,
  .keys = (const PkTupleKey[]){ KEYS, { "", PK_N_TUPLE_TARGETS, NULL } },
};

const PkDialect pk_dialect_checkpoint = {
  .name = "checkpoint",
  .title = "Check Point, log exporter",
  .scan = pk_scan_kv,
  .programs = { "CheckPoint" },
  .needles = { " CheckPoint ", "loguid:\"{", "product:\"VPN-1", "ifdir:\"inbound\"", "ifdir:\"outbound\"" },
  .tuple = &checkpoint,
  .kv = &(const PkKvSpec){ .equals = ':', .ends = ";" },
};

const PkDialect pk_dialect_checkpoint_pipes = {
  .name = "checkpoint_pipes",
  .title = "Check Point, log exporter for Splunk",
  .scan = pk_scan_kv,
  .needles = { "|loguid={", "|ifdir=inbound|", "|ifdir=outbound|", "|product=VPN-1", "|product=Firewall|" },
  .tuple = &checkpoint,
  .kv = &(const PkKvSpec){ .equals = '=', .ends = "|" },
};

/* fw log -ft: "14Aug2006 16:38:54 drop 192.0.2.1 >eth0 product: VPN-1 & FireWall-1; src: ..." */
static const PkTupleSpec checkpoint_fwlog = {
  .words =
      (const PkTupleWord[]){
          { "drop|reject", PK_VERDICT_DENY },
          { "accept|encrypt|decrypt", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "action", PK_TUPLE_REQUIRE,
            "accept|drop|reject|encrypt|decrypt|authcrypt|deauth|keyinst|ctl|block|monitor|detect|prevent|bypass" },
          { "action", PK_TUPLE_ACTION, NULL },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "s_port", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "service", PK_TUPLE_DEST_PORT, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "ICMP Type", PK_TUPLE_ICMP_TYPE, NULL },
          { "ICMP Code", PK_TUPLE_ICMP_CODE, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_checkpoint_fwlog = {
  .name = "checkpoint_fwlog",
  .title = "Check Point, fw log",
  .scan = pk_scan_kv,
  .needles = { "; s_port: ", "; src: ", " product: VPN-1", "; dst: " },
  .tuple = &checkpoint_fwlog,
  .kv = &(const PkKvSpec){ .head = "{date!} {time!} {action!} {origin!} {interface!} ", .equals = ':', .ends = ";" },
};

static const PkTupleSpec checkpoint_cef = {
  .words = words,
  .keys =
      (const PkTupleKey[]){
          { "_vendor", PK_TUPLE_REQUIRE, "Check Point" },
          { "_product", PK_TUPLE_NO_DENY, FIREWALL },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "spt", PK_TUPLE_SOURCE_PORT, NULL },
          { "srcPort", PK_TUPLE_SOURCE_PORT, NULL },
          { "s_port", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dpt", PK_TUPLE_DEST_PORT, NULL },
          { "dstPort", PK_TUPLE_DEST_PORT, NULL },
          { "service", PK_TUPLE_DEST_PORT, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "icmp_type", PK_TUPLE_ICMP_TYPE, NULL },
          { "icmp_code", PK_TUPLE_ICMP_CODE, NULL },
          { "act", PK_TUPLE_ACTION, NULL },
          { "action", PK_TUPLE_ACTION, NULL },
          { "tcp_flags", PK_TUPLE_TCP_FLAGS, NULL },
          { "rt", PK_TUPLE_TIME, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_checkpoint_cef = {
  .name = "checkpoint_cef",
  .title = "Check Point, CEF and LEEF",
  .scan = pk_scan_cef,
  .needles = { "|Check Point|" },
  .tuple = &checkpoint_cef,
};
