/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Zeek's conn.log.  It filters nothing; a connection that was never answered
 * (S0) or refused (REJ) is an attempt all the same.  The ports of an ICMP
 * "connection" are type and code.
 *
 * Source: Book of Zeek, "conn.log". */

static const PkTupleWord words[] = {
  { "S0|REJ", PK_VERDICT_DENY },
  { "SF|S1|S2|S3|RSTO|RSTR", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec zeek_conn = {
  .words = words,
  .icmp_in_ports = TRUE,
  .keys =
      (const PkTupleKey[]){
          { "1", PK_TUPLE_TIME, NULL },
          { "3", PK_TUPLE_SOURCE, NULL },
          { "4", PK_TUPLE_SOURCE_PORT, NULL },
          { "5", PK_TUPLE_DEST, NULL },
          { "6", PK_TUPLE_DEST_PORT, NULL },
          { "6", PK_TUPLE_REQUIRE, NULL },
          { "7", PK_TUPLE_REQUIRE, "tcp|udp|icmp" },
          { "7", PK_TUPLE_PROTOCOL, NULL },
          { "12", PK_TUPLE_REQUIRE, "S0|S1|S2|S3|SF|REJ|RSTO*|RSTR*|SH|SHR|OTH" },
          { "12", PK_TUPLE_ACTION, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_zeek_conn = {
  .name = "zeek_conn",
  .title = "Zeek conn.log",
  .scan = pk_scan_csv,
  .needles = { "\ttcp\t", "\tudp\t", "\ticmp\t" },
  .tuple = &zeek_conn,
  .csv = &(const PkCsvSpec){ .separator = '\t' },
};

static const PkTupleSpec zeek_conn_json = {
  .words = words,
  .icmp_in_ports = TRUE,
  .keys =
      (const PkTupleKey[]){
          { "ts", PK_TUPLE_TIME, NULL },
          { "id.orig_h", PK_TUPLE_SOURCE, NULL },
          { "id.orig_p", PK_TUPLE_SOURCE_PORT, NULL },
          { "id.resp_h", PK_TUPLE_DEST, NULL },
          { "id.resp_p", PK_TUPLE_DEST_PORT, NULL },
          { "id.resp_p", PK_TUPLE_REQUIRE, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "conn_state", PK_TUPLE_ACTION, NULL },
          { "orig_pkts", PK_TUPLE_COUNT, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_zeek_conn_json = {
  .name = "zeek_conn_json",
  .title = "Zeek conn.log, JSON",
  .scan = pk_scan_json,
  .needles = { "\"conn_state\"" },
  .tuple = &zeek_conn_json,
};
