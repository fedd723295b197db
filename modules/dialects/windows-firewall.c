/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* pfirewall.log: date time action protocol src-ip dst-ip src-port dst-port
 * size tcpflags tcpsyn tcpack tcpwin icmptype icmpcode info path [pid].  A
 * syslog parser takes date and time for a stamp and the action for the host.
 *
 * Source: Windows Server documentation, "Windows Firewall log". */

#define TUPLE "{proto!} {src@} {dst@} {sport!} {dport!} "
#define REST "{length!} {flags!} {syn!} {ack!} {window!} {type!} {code!}"

static const PkTupleSpec windows_pfirewall = {
  .words =
      (const PkTupleWord[]){
          { "DROP", PK_VERDICT_DENY },
          { "ALLOW|OPEN|OPEN-INBOUND|CLOSE", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "action", PK_TUPLE_ACTION, NULL },
          { "_host", PK_TUPLE_ACTION_ELSE, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "src", PK_TUPLE_SOURCE, NULL },
          { "sport", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dport", PK_TUPLE_DEST_PORT, NULL },
          { "length", PK_TUPLE_LENGTH, NULL },
          { "flags", PK_TUPLE_TCP_FLAGS, NULL },
          { "type", PK_TUPLE_ICMP_TYPE, NULL },
          { "code", PK_TUPLE_ICMP_CODE, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_windows_pfirewall = {
  .name = "windows_pfirewall",
  .title = "Windows Firewall, pfirewall.log",
  .scan = pk_scan_pattern,
  .needles = { " - RECEIVE", " - SEND", " - FORWARD", " - - - - - -" },
  .tuple = &windows_pfirewall,
  .pattern =
      &(const PkPatternSpec){
          .patterns =
              (const PkPattern[]){
                  { NULL, TUPLE REST, PK_VERDICT_NONE, NULL },
                  { NULL, "{action!} " TUPLE REST, PK_VERDICT_NONE, NULL },
                  { NULL, "{date!} {time!} {action!} " TUPLE REST, PK_VERDICT_NONE, NULL },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
      },
};
