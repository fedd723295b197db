/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* ipmon of IPFilter (NetBSD, FreeBSD, illumos, Solaris):
 *
 *   16:41:56.123456 2x em0 @0:10 b 192.0.2.1,1024 -> 198.51.100.2,22 PR tcp len 20 60 -S IN
 *
 * "2x" are equal packets in a row, and @ stands before group and rule.  p and P
 * pass, b and B block; S is too short, n no match, L a rule that only logs.
 * After the two lengths come TCP's flags, or "icmp echo/0".
 *
 * Source: ipmon(8). */
#define LENGTHS " PR {proto!} len {header#} "

static const PkPattern ipfilter_patterns[] = {
  { NULL, "{source!},{sport!} -> {dest!},{dport!}" LENGTHS "{length#} -{flags!} ", PK_VERDICT_NONE, NULL },
  { NULL, "{source!},{sport!} -> {dest!},{dport!}" LENGTHS, PK_VERDICT_NONE, NULL },
  { NULL, "{source!} -> {dest!}" LENGTHS "{length#} icmp {type!}/{code#} ", PK_VERDICT_NONE, NULL },
  { NULL, "{source!} -> {dest!}" LENGTHS, PK_VERDICT_NONE, NULL },
  { NULL, NULL, PK_VERDICT_NONE, NULL },
};

static const PkPatternSpec ipfilter_pattern = {
  .leads = { " @{rule!} {action!} " },
  .patterns = ipfilter_patterns,
  .finds = { " {count#}x " },
  .otherwise = PK_SCAN_NO_MATCH,
};

static const PkTupleKey ipfilter_keys[] = {
  { "rule", PK_TUPLE_REQUIRE, "*:*" },     { "action", PK_TUPLE_ACTION, NULL }, { "source", PK_TUPLE_SOURCE, NULL },
  { "sport", PK_TUPLE_SOURCE_PORT, NULL }, { "dest", PK_TUPLE_DEST, NULL },     { "dport", PK_TUPLE_DEST_PORT, NULL },
  { "proto", PK_TUPLE_PROTOCOL, NULL },    { "length", PK_TUPLE_LENGTH, NULL }, { "flags", PK_TUPLE_TCP_FLAGS, NULL },
  { "icmp", PK_TUPLE_ICMP, NULL },         { "count", PK_TUPLE_COUNT, NULL },   { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleWord ipfilter_words[] = {
  { "b", PK_VERDICT_DENY },
  { "p", PK_VERDICT_ACCEPT },
  { "*", PK_VERDICT_NEITHER },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec ipfilter_tuple = {
  .keys = ipfilter_keys,
  .words = ipfilter_words,
};

const PkDialect pk_dialect_ipfilter = {
  .name = "ipfilter",
  .title = "IPFilter",
  .scan = pk_scan_pattern,
  .needles = { " PR tcp len ", " PR udp len ", " PR icmp len ", " PR icmpv6 len ", " PR ipv6-icmp len ",
               " PR igmp len ", " PR gre len ", " PR esp len " },
  .pattern = &ipfilter_pattern,
  .tuple = &ipfilter_tuple,
};
