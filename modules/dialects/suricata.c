/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Suricata's EVE.  It drops packets only where it runs inline; an alert that is
 * "allowed" says nothing about a packet filter.  There is no row for the
 * one-line alerts of Snort and Suricata: what stands as "[Drop]" there is
 * blocked for its content.
 *
 * Source: Suricata User Guide, "EVE JSON Format". */

static const PkTupleSpec suricata_eve = {
  .words =
      (const PkTupleWord[]){
          { "drop|blocked", PK_VERDICT_DENY },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "event_type", PK_TUPLE_REQUIRE, "drop|alert" },
          { "event_type", PK_TUPLE_ACTION, "drop" },
          { "alert.action", PK_TUPLE_ACTION, "blocked" },
          { "src_ip", PK_TUPLE_SOURCE, NULL },
          { "src_port", PK_TUPLE_SOURCE_PORT, NULL },
          { "dest_ip", PK_TUPLE_DEST, NULL },
          { "dest_port", PK_TUPLE_DEST_PORT, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "icmp_type", PK_TUPLE_ICMP_TYPE, NULL },
          { "icmp_code", PK_TUPLE_ICMP_CODE, NULL },
          { "drop.len", PK_TUPLE_LENGTH, NULL },
          { "timestamp", PK_TUPLE_TIME, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_suricata_eve = {
  .name = "suricata_eve",
  .title = "Suricata, EVE",
  .scan = pk_scan_json,
  .needles = { "\"event_type\":\"drop\"", "\"event_type\": \"drop\"", "\"action\":\"blocked\"",
               "\"action\": \"blocked\"" },
  .tuple = &suricata_eve,
};
