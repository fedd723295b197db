/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* RouterOS: "firewall,info PREFIX input: in:ether1 out:(unknown 0), connection-state:new src-mac 00:00:5e:00:53:01,
 * proto TCP (SYN), 192.0.2.1:1024->198.51.100.2:22, NAT ..., len 60".
 *
 * The router does not say what became of the packet: that stands only in the
 * log-prefix of the rule, if anywhere.  A chain is named by people too ("jump"
 * to "drop-bad"), but its name says nothing of a single rule. */
#define ENDS "{source}->{dest}, "

static const PkPattern mikrotik_patterns[] = {
  { NULL, "{proto!} (type {type#}, code {code#}), " ENDS, PK_VERDICT_NONE, NULL },
  { NULL, "{proto!} ({flags}), " ENDS, PK_VERDICT_NONE, NULL },
  { NULL, "{proto!}, " ENDS, PK_VERDICT_NONE, NULL },
  { NULL, NULL, PK_VERDICT_NONE, NULL },
};

static const PkPatternSpec mikrotik_pattern = {
  .leads = { ": in:{if} out:{if}proto " },
  .heads = { "firewall,{topics!} {chain!}{end}", "firewall,{topics!} {prefix*} {chain!}{end}", "{chain!}{end}",
             "{prefix*} {chain!}{end}" },
  .prefix = TRUE,
  .patterns = mikrotik_patterns,
  .finds = { ", len {length#}" },
  .otherwise = PK_SCAN_IGNORED,
};

static const PkTupleKey mikrotik_keys[] = {
  { "source", PK_TUPLE_SOURCE_WITH_PORT, NULL }, { "dest", PK_TUPLE_DEST_WITH_PORT, NULL },
  { "proto", PK_TUPLE_PROTOCOL, NULL },          { "flags", PK_TUPLE_TCP_FLAGS, NULL },
  { "type", PK_TUPLE_ICMP_TYPE, NULL },          { "code", PK_TUPLE_ICMP_CODE, NULL },
  { "length", PK_TUPLE_LENGTH, NULL },           { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleSpec mikrotik_tuple = {
  .keys = mikrotik_keys,
};

const PkDialect pk_dialect_mikrotik = {
  .name = "mikrotik",
  .title = "MikroTik RouterOS",
  .scan = pk_scan_pattern,
  .needles = { "input: in:", "forward: in:", "output: in:", "firewall,info ", "firewall,debug ", "firewall,warning ",
               "firewall,error " },
  .words = { ": in:" },
  .pattern = &mikrotik_pattern,
  .tuple = &mikrotik_tuple,
};
