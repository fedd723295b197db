/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* PAN-OS.  Columns of TRAFFIC and THREAT are the same up to the action in all
 * releases from 4 on; later ones only append.  The session's end writes the
 * verdict: "deny" after the application was known, "drop" before.  THREAT
 * blocks on level 7.
 *
 * Source: PAN-OS Administrator's Guide, "Syslog Field Descriptions" and "CEF
 * Configuration Guide"; the latter's fields differ between PAN-OS ("...|end|
 * TRAFFIC|") and Cortex Data Lake ("...|TRAFFIC|end|"). */

static const PkTupleWord words[] = {
  { "deny|denied|drop*|reset*|block*", PK_VERDICT_DENY },
  { "allow*|alert|continue", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec panos_csv = {
  .words = words,
  .keys =
      (const PkTupleKey[]){
          { "4", PK_TUPLE_REQUIRE, "TRAFFIC|THREAT" },
          { "4", PK_TUPLE_NO_DENY, "THREAT" },
          { "8", PK_TUPLE_SOURCE, NULL },
          { "9", PK_TUPLE_DEST, NULL },
          { "24", PK_TUPLE_COUNT, NULL },
          { "25", PK_TUPLE_SOURCE_PORT, NULL },
          { "26", PK_TUPLE_DEST_PORT, NULL },
          { "30", PK_TUPLE_PROTOCOL, NULL },
          { "31", PK_TUPLE_ACTION, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_panos_csv = {
  .name = "panos_csv",
  .title = "Palo Alto Networks PAN-OS",
  .scan = pk_scan_csv,
  .needles = { ",TRAFFIC,", ",THREAT," },
  .tuple = &panos_csv,
  .csv = &(const PkCsvSpec){ .separator = ',', .anchors = { ",TRAFFIC,", ",THREAT," }, .anchor_column = 4 },
};

/* c6a2 and c6a3 are there in IPv4 records too, and then hold "::ffff:0". */
static const PkTupleSpec panos_cef = {
  .words = words,
  .keys =
      (const PkTupleKey[]){
          { "_vendor", PK_TUPLE_REQUIRE, "Palo Alto Networks" },
          { "_class", PK_TUPLE_EXCEPT, "CONFIG|SYSTEM|AUTH*|USERID|HIPMATCH|GLOBALPROTECT|DECRYPTION|CORRELATION" },
          { "_name", PK_TUPLE_EXCEPT, "CONFIG|SYSTEM|AUTH*|USERID|HIPMATCH|GLOBALPROTECT|DECRYPTION|CORRELATION" },
          { "_class", PK_TUPLE_NO_DENY, "THREAT|URL|DATA|WILDFIRE" },
          { "_name", PK_TUPLE_NO_DENY, "THREAT|URL|DATA|WILDFIRE" },
          { "cat", PK_TUPLE_NO_DENY, "THREAT|URL|DATA|WILDFIRE" },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "c6a2", PK_TUPLE_SOURCE, "!::ffff:0|::" },
          { "spt", PK_TUPLE_SOURCE_PORT, NULL },
          { "srcPort", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "c6a3", PK_TUPLE_DEST, "!::ffff:0|::" },
          { "dpt", PK_TUPLE_DEST_PORT, NULL },
          { "dstPort", PK_TUPLE_DEST_PORT, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "act", PK_TUPLE_ACTION, NULL },
          { "action", PK_TUPLE_ACTION, NULL },
          { "cnt", PK_TUPLE_COUNT, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_panos_cef = {
  .name = "panos_cef",
  .title = "Palo Alto Networks PAN-OS, CEF and LEEF",
  .scan = pk_scan_cef,
  .needles = { "|Palo Alto Networks|" },
  .tuple = &panos_cef,
};
