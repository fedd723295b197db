/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Fireware.  Message ids 3000-xxxx are the packet filter's; proxies and the
 * intrusion prevention say "Deny" on level 7.
 *
 * Source: Fireware Log Catalog.  Length, header length and TTL are only there
 * in some messages; interfaces are named by the administrator. */

#define LEVEL_7 "*Proxy*|*IPS detected*|*virus*|*APT*|*Application identified*|*Application control*|*geolocation*"

static const PkTupleWord words[] = {
  { "deny|drop|block", PK_VERDICT_DENY },
  { "allow", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

#define HEAD "{action!} {interfaces*} {proto%} "
#define PAIR "{src@} {dst@} "

static const PkTupleSpec watchguard = {
  .words = words,
  .icmp_in_ports = TRUE,
  .keys =
      (const PkTupleKey[]){
          { "_id", PK_TUPLE_NO_DENY, "!3000-*" },
          { "rest", PK_TUPLE_NO_DENY, LEVEL_7 },
          { "action", PK_TUPLE_ACTION, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "sport", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dport", PK_TUPLE_DEST_PORT, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_watchguard = {
  .name = "watchguard",
  .title = "WatchGuard Firebox",
  .scan = pk_scan_pattern,
  .needles = { "msg_id=\"" },
  .tuple = &watchguard,
  .pattern =
      &(const PkPatternSpec){
          .leads = { "msg_id=\"{id}\" " },
          .patterns =
              (const PkPattern[]){
                  { NULL, HEAD "{header#} {ttl#} " PAIR "{sport#} {dport#} {rest}", PK_VERDICT_NONE, NULL },
                  { NULL, HEAD PAIR "{sport#} {dport#} {rest}", PK_VERDICT_NONE, NULL },
                  { NULL, HEAD "{header#} {ttl#} " PAIR "{rest}", PK_VERDICT_NONE, NULL },
                  { NULL, HEAD PAIR "{rest}", PK_VERDICT_NONE, NULL },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
          .otherwise = PK_SCAN_IGNORED,
      },
};

static const PkTupleSpec watchguard_leef = {
  .words = words,
  .keys =
      (const PkTupleKey[]){
          { "_vendor", PK_TUPLE_REQUIRE, "WatchGuard" },
          { "_class", PK_TUPLE_NO_DENY, "!3000*" },
          { "msg", PK_TUPLE_NO_DENY, LEVEL_7 },
          { "disp", PK_TUPLE_ACTION, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "srcPort", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dstPort", PK_TUPLE_DEST_PORT, NULL },
          { "tcp_flag", PK_TUPLE_TCP_FLAGS, NULL },
          { "ip_len", PK_TUPLE_LENGTH, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_watchguard_leef = {
  .name = "watchguard_leef",
  .title = "WatchGuard Firebox, LEEF",
  .scan = pk_scan_cef,
  .needles = { "|WatchGuard|" },
  .tuple = &watchguard_leef,
};
