/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* The distributed firewall of NSX, dfwpktlogs: "INET match DROP 3 IN 52 TCP
 * 192.0.2.7/40000->198.51.100.9/22 S".  A flow's end is TERM, and was
 * permitted.
 *
 * Source: NSX Administration Guide, "Firewall Logs". */

#define HEAD "{action!} {rule!} {direction!} {length#} "
#define TERM "{rule!} {direction!} {proto%} {reason*} {src@}/{sport#}->{dst@}/{dport#} "

static const PkTupleSpec nsx = {
  .words =
      (const PkTupleWord[]){
          { "DROP|REJECT", PK_VERDICT_DENY },
          { "PASS|NAT|RDR", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "action", PK_TUPLE_ACTION, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "sport", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dport", PK_TUPLE_DEST_PORT, NULL },
          { "length", PK_TUPLE_LENGTH, NULL },
          { "flags", PK_TUPLE_TCP_FLAGS, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_vmware_nsx = {
  .name = "vmware_nsx",
  .title = "VMware NSX distributed firewall",
  .scan = pk_scan_pattern,
  .needles = { "INET match ", "INET6 match ", "INET reason-match ", "INET6 reason-match ", "INET TERM ",
               "INET6 TERM " },
  .tuple = &nsx,
  .pattern =
      &(const PkPatternSpec){
          .leads = { "INET match ", "INET6 match ", "INET reason-match ", "INET6 reason-match ", "INET TERM ",
                     "INET6 TERM " },
          .patterns =
              (const PkPattern[]){
                  { NULL, HEAD "{proto%} {src@}/{sport#}->{dst@}/{dport#} {flags!}", PK_VERDICT_NONE, NULL },
                  { NULL, HEAD "{proto%} {src@}/{sport#}->{dst@}/{dport#}", PK_VERDICT_NONE, NULL },
                  { NULL, HEAD "PROTO {proto%} {src@}->{dst@}", PK_VERDICT_NONE, NULL },
                  { NULL, HEAD "{proto%} {src@}->{dst@}", PK_VERDICT_NONE, NULL },
                  { NULL, TERM, PK_VERDICT_ACCEPT, "TERM" },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
          .otherwise = PK_SCAN_IGNORED,
      },
};

/* VeloCloud edges: "ACTION=VCF Deny SEGMENT=0 IN="GE3" PROTO=TCP SRC=192.0.2.1 DST=198.51.100.2 SPT=1024 DPT=22 ...".
 * "Close" follows "Open".  Source: VMware SD-WAN Administration Guide, "Syslog Message Format for Firewall Logs". */
static const PkTupleSpec velocloud = {
  .words =
      (const PkTupleWord[]){
          { "Deny|Drop|Reject", PK_VERDICT_DENY },
          { "Open|Allow", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "_word", PK_TUPLE_ACTION, NULL },
          { "PROTO", PK_TUPLE_PROTOCOL, NULL },
          { "SRC", PK_TUPLE_SOURCE, NULL },
          { "SPT", PK_TUPLE_SOURCE_PORT, NULL },
          { "DST", PK_TUPLE_DEST, NULL },
          { "DPT", PK_TUPLE_DEST_PORT, NULL },
          { "TYPE", PK_TUPLE_ICMP_TYPE, NULL },
          { "CODE", PK_TUPLE_ICMP_CODE, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_velocloud = {
  .name = "velocloud",
  .title = "VMware SD-WAN (VeloCloud)",
  .scan = pk_scan_kv,
  .needles = { "ACTION=VCF " },
  .tuple = &velocloud,
  .kv = &(const PkKvSpec){ .head = "ACTION=VCF ", .equals = '=', .ends = " " },
};
