/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

#define PF_WORDS                                                                                                       \
  {                                                                                                                    \
    { "block|reject", PK_VERDICT_DENY }, { "pass", PK_VERDICT_ACCEPT }, { "*", PK_VERDICT_NEITHER },                   \
    {                                                                                                                  \
      NULL, PK_VERDICT_NONE                                                                                            \
    }                                                                                                                  \
  }

/* ---- pfSense and OPNsense: filterlog ------------------------------------------- */

/* Columns, of which what follows the ninth depends on the IP version in it:
 *
 *   1 rule, 2 sub rule, 3 anchor, 4 tracker or label, 5 interface, 6 reason, 7 action, 8 direction, 9 version
 *   IPv4: 10 tos, ecn, ttl, id, offset, flags, 16 protocol number, 17 its name, 18 length, 19 source, 20 destination
 *   IPv6: 10 class, flow label, hop limit, 13 protocol name, 14 its number, 15 length, 16 source, 17 destination
 *   then of TCP and UDP: source port, destination port, data length, and of TCP: flags
 *
 * Name and number of an IPv6 protocol changed places between releases.  ICMP
 * has the name of its type where others have the source port. */
static const PkTupleKey filterlog_keys[] = {
  { "7", PK_TUPLE_ACTION, NULL },         { "4:17", PK_TUPLE_PROTOCOL, NULL },  { "4:16", PK_TUPLE_PROTOCOL, NULL },
  { "4:18", PK_TUPLE_LENGTH, NULL },      { "4:19", PK_TUPLE_SOURCE, NULL },    { "4:20", PK_TUPLE_DEST, NULL },
  { "4:21", PK_TUPLE_SOURCE_PORT, NULL }, { "4:21", PK_TUPLE_ICMP_TYPE, NULL }, { "4:22", PK_TUPLE_DEST_PORT, NULL },
  { "4:24", PK_TUPLE_TCP_FLAGS, NULL },   { "6:13", PK_TUPLE_PROTOCOL, NULL },  { "6:14", PK_TUPLE_PROTOCOL, NULL },
  { "6:15", PK_TUPLE_LENGTH, NULL },      { "6:16", PK_TUPLE_SOURCE, NULL },    { "6:17", PK_TUPLE_DEST, NULL },
  { "6:18", PK_TUPLE_SOURCE_PORT, NULL }, { "6:18", PK_TUPLE_ICMP_TYPE, NULL }, { "6:19", PK_TUPLE_DEST_PORT, NULL },
  { "6:21", PK_TUPLE_TCP_FLAGS, NULL },   { "8", PK_TUPLE_REQUIRE, "in|out" },  { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleWord filterlog_words[] = PF_WORDS;

static const PkTupleSpec filterlog_tuple = {
  .keys = filterlog_keys,
  .words = filterlog_words,
};

static const PkCsvSpec filterlog_csv = {
  .separator = ',',
  .variant_column = 9,
};

/* The needles are for records without a header. */
const PkDialect pk_dialect_pf_filterlog = {
  .name = "pf_filterlog",
  .title = "pfSense and OPNsense",
  .scan = pk_scan_csv,
  .programs = { "filterlog" },
  .needles = { "filterlog", ",block,in,", ",block,out,", ",reject,in,", ",reject,out,", ",pass,in,", ",pass,out," },
  .csv = &filterlog_csv,
  .tuple = &filterlog_tuple,
};

/* ---- pflog as tcpdump prints it ------------------------------------------------- */

/* "rule 4/(match) block in on em0: 192.0.2.1.1024 > 198.51.100.2.22: S 1:1(0) win 16384", with -v the IP header in
 * brackets before the addresses.  The port is the last part of an address.  "rule" looks like a host where there is
 * none.
 *
 * tcpdump names the protocol in many ways.  Of TCP it prints the flags first; what has ports and is none of these is
 * what it made of a UDP payload. */
#define TAIL(text)                                                                                                     \
  {                                                                                                                    \
    NULL, text, PK_VERDICT_NONE, NULL                                                                                  \
  }

static const PkPattern pflog_patterns[] = {
  TAIL("Flags [{flags!}]{proto=tcp}"),
  TAIL("S {sequence#}:{sequence#}({number#}) ack {proto=tcp}{flags=SYN ACK}"),
  TAIL("S [{checksum}] {sequence#}:{sequence#}({number#}) ack {proto=tcp}{flags=SYN ACK}"),
  TAIL("{flags!} {sequence#}:{sequence#}({number#}){proto=tcp}"),
  TAIL("{flags!} [{checksum}] {sequence#}:{sequence#}({number#}){proto=tcp}"),
  TAIL("{flags!} ack {sequence#}{proto=tcp}"),
  TAIL("tcp {number#}{proto=tcp}"),
  TAIL("icmp: echo request{proto=icmp}{type=8}{code=0}"),
  TAIL("ICMP echo request, {proto=icmp}{type=8}{code=0}"),
  TAIL("icmp6: echo request{proto=icmpv6}{type=128}{code=0}"),
  TAIL("ICMP6, echo request, {proto=icmpv6}{type=128}{code=0}"),
  TAIL("icmp6{proto=icmpv6}"),
  TAIL("ICMP6{proto=icmpv6}"),
  TAIL("HBH icmp6{proto=icmpv6}"),
  TAIL("HBH ICMP6{proto=icmpv6}"),
  TAIL("icmp{proto=icmp}"),
  TAIL("ICMP {proto=icmp}"),
  TAIL("igmp {proto=igmp}"),
  TAIL("gre {proto=gre}"),
  TAIL("GREv{proto=gre}"),
  TAIL("esp {proto=esp}"),
  TAIL("ESP({proto=esp}"),
  TAIL("AH({proto=ah}"),
  TAIL("OSPFv{proto=ospf}"),
  TAIL("VRRPv{proto=vrrp}"),
  TAIL("CARPv{proto=vrrp}"),
  TAIL("PIMv{proto=pim}"),
  TAIL("ip-proto-{proto#}"),
  TAIL("{any}{proto=udp}"),
  { NULL, NULL, PK_VERDICT_NONE, NULL },
};

#define ADDRESSES "{source!} > {dest!}: "

static const PkPatternSpec pflog_pattern = {
  .leads = { " on {if!}: ({header*} proto {proto!} {number}) " ADDRESSES,
             " on {if!}: ({header*} next-header {proto!} ({number#}) payload length: {length#}) " ADDRESSES,
             " on {if!}: " ADDRESSES },
  .heads = { "{rule*} {action!} {direction!}{end}" },
  .patterns = pflog_patterns,
  .otherwise = PK_SCAN_NO_MATCH,
};

static const PkTupleKey pflog_keys[] = {
  { "rule", PK_TUPLE_REQUIRE, "*/(*)*|*/0(*)*" },
  { "direction", PK_TUPLE_REQUIRE, "in|out" },
  { "action", PK_TUPLE_ACTION, NULL },
  { "source", PK_TUPLE_SOURCE_WITH_PORT, NULL },
  { "dest", PK_TUPLE_DEST_WITH_PORT, NULL },
  { "proto", PK_TUPLE_PROTOCOL, NULL },
  { "flags", PK_TUPLE_TCP_FLAGS, NULL },
  { "type", PK_TUPLE_ICMP_TYPE, NULL },
  { "code", PK_TUPLE_ICMP_CODE, NULL },
  { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleWord pflog_words[] = PF_WORDS;

static const PkTupleSpec pflog_tuple = {
  .keys = pflog_keys,
  .words = pflog_words,
};

const PkDialect pk_dialect_pf_pflog = {
  .name = "pf_pflog",
  .title = "OpenBSD and FreeBSD pf, as tcpdump prints it",
  .scan = pk_scan_pattern,
  .needles = { " block in on ", " block out on ", " pass in on ", " pass out on " },
  .pattern = &pflog_pattern,
  .tuple = &pflog_tuple,
};
