/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* ipfw of FreeBSD, DragonFly and old macOS: "ipfw: 65000 Deny TCP 192.0.2.1:1024 198.51.100.2:22 in via em0", with
 * IPv6 addresses in brackets, "ICMP:8.0", "P:47" for what it has no name for, and "(frag 1:2@3)" at the end.  What
 * neither lets pass nor stops (Count, Skipto 10, Divert 8668, Pipe 1) says nothing.
 *
 * Source: FreeBSD, sys/netpfil/ipfw/ip_fw_log.c. */
#define TUPLE "{source!} {dest!} {direction!} via "

static const PkPattern ipfw_patterns[] = {
  { NULL, "{action!} P:{proto#} " TUPLE, PK_VERDICT_NONE, NULL },
  { NULL, "{action!} ICMP:{type#}.{code#} " TUPLE "{proto=icmp}", PK_VERDICT_NONE, NULL },
  { NULL, "{action!} ICMPv6:{type#}.{code#} " TUPLE "{proto=icmpv6}", PK_VERDICT_NONE, NULL },
  { NULL, "{action!} {proto%} " TUPLE, PK_VERDICT_NONE, NULL },
  { NULL, "Unreach {why#} ICMP:{type#}.{code#} " TUPLE "{proto=icmp}", PK_VERDICT_DENY, "Unreach" },
  { NULL, "Unreach6 {why#} ICMPv6:{type#}.{code#} " TUPLE "{proto=icmpv6}", PK_VERDICT_DENY, "Unreach6" },
  { NULL, "Unreach {why#} P:{proto#} " TUPLE, PK_VERDICT_DENY, "Unreach" },
  { NULL, "Unreach {why#} {proto%} " TUPLE, PK_VERDICT_DENY, "Unreach" },
  { NULL, "Unreach6 {why#} {proto%} " TUPLE, PK_VERDICT_DENY, "Unreach6" },
  { NULL, NULL, PK_VERDICT_NONE, NULL },
};

static const PkPatternSpec ipfw_pattern = {
  .leads = { "ipfw: {rule#} " },
  .patterns = ipfw_patterns,
  .otherwise = PK_SCAN_IGNORED,
};

static const PkTupleKey ipfw_keys[] = {
  { "direction", PK_TUPLE_REQUIRE, "in|out" },   { "action", PK_TUPLE_ACTION, NULL },
  { "source", PK_TUPLE_SOURCE_WITH_PORT, NULL }, { "dest", PK_TUPLE_DEST_WITH_PORT, NULL },
  { "proto", PK_TUPLE_PROTOCOL, NULL },          { "type", PK_TUPLE_ICMP_TYPE, NULL },
  { "code", PK_TUPLE_ICMP_CODE, NULL },          { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleWord ipfw_words[] = {
  { "Deny|Reject|Reset|Reset6|Abort|Abort6|Refuse|Unreach|Unreach6", PK_VERDICT_DENY },
  { "Accept|Allow|Pass", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec ipfw_tuple = {
  .keys = ipfw_keys,
  .words = ipfw_words,
};

const PkDialect pk_dialect_ipfw = {
  .name = "ipfw",
  .title = "ipfw",
  .scan = pk_scan_pattern,
  .needles = { "ipfw: " },
  .pattern = &ipfw_pattern,
  .tuple = &ipfw_tuple,
};
