/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* VPC flow logs in the default order of version 2 and later, which only
 * append.  A custom order cannot be told from the line; as JSON it can.
 *
 * Sources: Amazon VPC User Guide, "Flow log records"; AWS Network Firewall
 * Developer Guide, "Contents of a firewall log" (Suricata's EVE in "event"). */

static const PkTupleWord words[] = {
  { "REJECT|blocked", PK_VERDICT_DENY },
  { "ACCEPT", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec aws_vpcflow = {
  .words = words,
  .keys =
      (const PkTupleKey[]){
          { "4", PK_TUPLE_SOURCE, NULL },
          { "5", PK_TUPLE_DEST, NULL },
          { "6", PK_TUPLE_SOURCE_PORT, NULL },
          { "7", PK_TUPLE_DEST_PORT, NULL },
          { "8", PK_TUPLE_PROTOCOL, NULL },
          { "9", PK_TUPLE_COUNT, NULL },
          { "11", PK_TUPLE_TIME, NULL },
          { "13", PK_TUPLE_ACTION, NULL },
          { "14", PK_TUPLE_REQUIRE, "OK" },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_aws_vpcflow = {
  .name = "aws_vpcflow",
  .title = "Amazon VPC flow log",
  .scan = pk_scan_csv,
  .needles = { " eni-" },
  .tuple = &aws_vpcflow,
  .csv = &(const PkCsvSpec){ .separator = ' ', .anchors = { " eni-" }, .anchor_column = 3 },
};

static const PkTupleSpec aws_json = {
  .words = words,
  .keys =
      (const PkTupleKey[]){
          { "srcaddr", PK_TUPLE_SOURCE, NULL },
          { "srcport", PK_TUPLE_SOURCE_PORT, NULL },
          { "dstaddr", PK_TUPLE_DEST, NULL },
          { "dstport", PK_TUPLE_DEST_PORT, NULL },
          { "protocol", PK_TUPLE_PROTOCOL, NULL },
          { "packets", PK_TUPLE_COUNT, NULL },
          { "start", PK_TUPLE_TIME, NULL },
          { "tcp_flags", PK_TUPLE_TCP_FLAGS, NULL },
          { "action", PK_TUPLE_ACTION, NULL },
          { "event.src_ip", PK_TUPLE_SOURCE, NULL },
          { "event.src_port", PK_TUPLE_SOURCE_PORT, NULL },
          { "event.dest_ip", PK_TUPLE_DEST, NULL },
          { "event.dest_port", PK_TUPLE_DEST_PORT, NULL },
          { "event.proto", PK_TUPLE_PROTOCOL, NULL },
          { "event.icmp_type", PK_TUPLE_ICMP_TYPE, NULL },
          { "event.icmp_code", PK_TUPLE_ICMP_CODE, NULL },
          { "event.timestamp", PK_TUPLE_TIME, NULL },
          { "event.alert.action", PK_TUPLE_ACTION, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_aws_json = {
  .name = "aws_json",
  .title = "Amazon VPC flow log and Network Firewall, JSON",
  .scan = pk_scan_json,
  .needles = { "\"srcaddr\"", "\"firewall_name\"" },
  .tuple = &aws_json,
};
