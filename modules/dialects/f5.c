/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* BIG-IP's network firewall (AFM) with structured data.  With comma-separated
 * pairs, generic_kv reads it.  Events of attacks have the same fields and an
 * attack_type.
 *
 * Source: BIG-IP Network Firewall: Policies and Implementations, "Network
 * Firewall event messages". */

static const PkTupleSpec f5_afm = {
  .words =
      (const PkTupleWord[]){
          { "Drop|Reject", PK_VERDICT_DENY },
          { "Accept|Accept decisively|Established", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "action", PK_TUPLE_ACTION, NULL },
          { "attack_type", PK_TUPLE_EXCEPT, NULL },
          { "dos_attack_event", PK_TUPLE_EXCEPT, NULL },
          { "ip_protocol", PK_TUPLE_REQUIRE, NULL },
          { "ip_protocol", PK_TUPLE_PROTOCOL, NULL },
          { "source_ip", PK_TUPLE_SOURCE, NULL },
          { "source_port", PK_TUPLE_SOURCE_PORT, NULL },
          { "dest_ip", PK_TUPLE_DEST, NULL },
          { "dest_port", PK_TUPLE_DEST_PORT, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_f5_afm = {
  .name = "f5_afm",
  .title = "F5 BIG-IP AFM",
  .scan = pk_scan_sdata,
  .programs = { "tmm", "tmm0", "tmm1", "tmm2" },
  .needles = { "[F5@12276 " },
  .tuple = &f5_afm,
};
