/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Barracuda CloudGen Firewall, box_Firewall_Activity.  Records of the type
 * <cumulative> stand for several packets and have no source port.
 *
 * Source: CloudGen Firewall documentation, "Firewall Activity log file":
 * type|proto|srcIF|srcIP|srcPort|srcMAC|dstIP|dstPort|dstService|dstIF|rule|
 * info|srcNAT|dstNAT|duration|count|... behind the action, or the same as
 * key=value. */

#define HEAD "{level!} {box!} {action!}: "

static const PkTupleWord words[] = {
  { "Block|Deny|Drop|LocalBlock|LocalDeny|LocalDrop", PK_VERDICT_DENY },
  { "Allow|Detect|Remove|LocalAllow|LocalDetect|LocalRemove", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec barracuda = {
  .words = words,
  .icmp_in_ports = TRUE,
  .keys =
      (const PkTupleKey[]){
          { "action", PK_TUPLE_ACTION, NULL },
          { "2", PK_TUPLE_REQUIRE, "TCP|UDP|ICMP|IPv6-ICMP|ESP|GRE|IGMP" },
          { "2", PK_TUPLE_PROTOCOL, NULL },
          { "4", PK_TUPLE_SOURCE, NULL },
          { "5", PK_TUPLE_SOURCE_PORT, NULL },
          { "7", PK_TUPLE_DEST, NULL },
          { "8", PK_TUPLE_DEST_PORT, NULL },
          { "16", PK_TUPLE_COUNT, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_barracuda_cgf = {
  .name = "barracuda_cgf",
  .title = "Barracuda CloudGen Firewall",
  .scan = pk_scan_csv,
  .needles = { "|TCP|", "|UDP|", "|ICMP|", "|IPv6-ICMP|" },
  .tuple = &barracuda,
  .csv = &(const PkCsvSpec){ .separator = '|', .head = HEAD },
};

static const PkTupleSpec barracuda_kv = {
  .words = words,
  .icmp_in_ports = TRUE,
  .keys =
      (const PkTupleKey[]){
          { "action", PK_TUPLE_ACTION, NULL },
          { "proto", PK_TUPLE_REQUIRE, NULL },
          { "srcIF", PK_TUPLE_REQUIRE, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "srcIP", PK_TUPLE_SOURCE, NULL },
          { "srcPort", PK_TUPLE_SOURCE_PORT, NULL },
          { "dstIP", PK_TUPLE_DEST, NULL },
          { "dstPort", PK_TUPLE_DEST_PORT, NULL },
          { "count", PK_TUPLE_COUNT, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

/* "Info box Block: type=FWD|proto=TCP|srcIF=eth0|..." */
const PkDialect pk_dialect_barracuda_cgf_kv = {
  .name = "barracuda_cgf_kv",
  .title = "Barracuda CloudGen Firewall, key=value",
  .scan = pk_scan_kv,
  .needles = { "|srcIF=" },
  .tuple = &barracuda_kv,
  .kv = &(const PkKvSpec){ .head = HEAD, .equals = '=', .ends = "|" },
};
