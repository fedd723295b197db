/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Flow logs of network security groups and of virtual networks.  A record's
 * flowTuples are strings of columns: time, source, destination, source port,
 * destination port, protocol (T, U or a number), direction, and then in a
 * security group's log the decision (A or D), in a virtual network's the state
 * (B begin, C continuing, E end, D denied).  A record holds many of them, of
 * which one line can give one event only: a relay that is to see each of them
 * splits records before.
 *
 * Source: Azure Network Watcher, "Flow logging for network security groups"
 * and "Virtual network flow logs". */

static const PkTupleSpec azure = {
  .words =
      (const PkTupleWord[]){
          { "D", PK_VERDICT_DENY },
          { "A|B|C|E", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "1", PK_TUPLE_TIME, NULL },
          { "2", PK_TUPLE_SOURCE, NULL },
          { "3", PK_TUPLE_DEST, NULL },
          { "4", PK_TUPLE_SOURCE_PORT, NULL },
          { "5", PK_TUPLE_DEST_PORT, NULL },
          { "6", PK_TUPLE_PROTOCOL, NULL },
          { "7", PK_TUPLE_REQUIRE, "I|O" },
          { "8", PK_TUPLE_ACTION, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_azure_flow = {
  .name = "azure_flow",
  .title = "Azure NSG and virtual network flow logs",
  .scan = pk_scan_json_columns,
  .needles = { "\"flowTuples\"" },
  .tuple = &azure,
  .csv = &(const PkCsvSpec){ .separator = ',' },
  .json = &(const PkJsonSpec){ .columns = "flowTuples" },
};

/* Azure Firewall before its structured logs: a sentence in JSON.  Source: Azure
 * Firewall documentation, "Diagnostic logs". */
#define SENTENCE "{src!}:{sport#} to {dst!}:{dport#}. Action: {action!}."

static const PkTupleSpec firewall = {
  .words =
      (const PkTupleWord[]){
          { "Deny", PK_VERDICT_DENY },
          { "Allow", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "sport", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dport", PK_TUPLE_DEST_PORT, NULL },
          { "action", PK_TUPLE_ACTION, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_azure_firewall = {
  .name = "azure_firewall",
  .title = "Azure Firewall",
  .scan = pk_scan_pattern,
  .needles = { "TCP request from ", "UDP request from ", "ICMP request from " },
  .tuple = &firewall,
  .pattern =
      &(const PkPatternSpec){
          .leads = { "TCP request from {proto=TCP}", "UDP request from {proto=UDP}", "ICMP request from {proto=ICMP}" },
          .patterns =
              (const PkPattern[]){
                  { NULL, SENTENCE, PK_VERDICT_NONE, NULL },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
      },
};
