/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Junos.  The event's name is the verdict of a flow; RT_SCREEN_* and IDP_*
 * block on other grounds than a policy.  The id of the structured data differs
 * from platform to platform.
 *
 * Source: Juniper System Log Explorer, RT_FLOW_SESSION_CREATE, _CLOSE, _DENY,
 * PFE_FW_SYSLOG_IP. */

static const PkTupleSpec juniper_srx = {
  .words =
      (const PkTupleWord[]){
          { "RT_FLOW_SESSION_DENY*", PK_VERDICT_DENY },
          { "RT_FLOW_SESSION_CREATE*|RT_FLOW_SESSION_CLOSE*|APPTRACK_SESSION_CREATE*|APPTRACK_SESSION_CLOSE*",
            PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .keys =
      (const PkTupleKey[]){
          { "_msgid", PK_TUPLE_ACTION, NULL },
          { "source-address", PK_TUPLE_SOURCE, NULL },
          { "source-port", PK_TUPLE_SOURCE_PORT, NULL },
          { "destination-address", PK_TUPLE_DEST, NULL },
          { "destination-port", PK_TUPLE_DEST_PORT, NULL },
          { "protocol-id", PK_TUPLE_PROTOCOL, NULL },
          { "icmp-type", PK_TUPLE_ICMP_TYPE, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_juniper_srx = {
  .name = "juniper_srx",
  .title = "Juniper SRX, structured",
  .scan = pk_scan_sdata,
  .programs = { "RT_FLOW" },
  .needles = { "RT_FLOW_SESSION_", "APPTRACK_SESSION_" },
  .tuple = &juniper_srx,
};

/* After the addresses come the service's name, in CREATE and CLOSE the
 * addresses after NAT and two rule names, then the protocol.  Newer releases
 * put a connection tag after each pair of addresses. */
#define PAIR "{src@}/{sport#}->{dst@}/{dport#} "
#define NAT "{nat@}/{nat#}->{nat@}/{nat#} "
#define TAG "0x{tag!} "

static const PkPattern srx_patterns[] = {
  { "DENY", "session denied " PAIR TAG "{service!} {proto#}({type#}) ", PK_VERDICT_DENY, "RT_FLOW_SESSION_DENY" },
  { "DENY", "session denied " PAIR "{service!} {proto#}({type#}) ", PK_VERDICT_DENY, "RT_FLOW_SESSION_DENY" },
  { "DENY", "session denied " PAIR, PK_VERDICT_DENY, "RT_FLOW_SESSION_DENY" },
  { "CREATE", "session created " PAIR TAG "{service!} " NAT TAG "{word!} {rule!} {word!} {rule!} {proto#} ",
    PK_VERDICT_ACCEPT, "RT_FLOW_SESSION_CREATE" },
  { "CREATE", "session created " PAIR "{service!} " NAT "{rule!} {rule!} {proto#} ", PK_VERDICT_ACCEPT,
    "RT_FLOW_SESSION_CREATE" },
  { "CREATE", "session created " PAIR, PK_VERDICT_ACCEPT, "RT_FLOW_SESSION_CREATE" },
  { "CLOSE", "session closed {reason}: " PAIR TAG "{service!} " NAT TAG "{word!} {rule!} {word!} {rule!} {proto#} ",
    PK_VERDICT_ACCEPT, "RT_FLOW_SESSION_CLOSE" },
  { "CLOSE", "session closed {reason}: " PAIR "{service!} " NAT "{rule!} {rule!} {proto#} ", PK_VERDICT_ACCEPT,
    "RT_FLOW_SESSION_CLOSE" },
  { "CLOSE", "session closed {reason}: " PAIR, PK_VERDICT_ACCEPT, "RT_FLOW_SESSION_CLOSE" },
  { NULL, NULL, PK_VERDICT_NONE, NULL },
};

static const PkTupleSpec srx_plain = {
  .keys =
      (const PkTupleKey[]){
          { "src", PK_TUPLE_SOURCE, NULL },
          { "sport", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dport", PK_TUPLE_DEST_PORT, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "type", PK_TUPLE_ICMP_TYPE, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_juniper_srx_plain = {
  .name = "juniper_srx_plain",
  .title = "Juniper SRX",
  .scan = pk_scan_pattern,
  .programs = { "RT_FLOW_SESSION_DENY", "RT_FLOW_SESSION_CREATE", "RT_FLOW_SESSION_CLOSE" },
  .needles = { "RT_FLOW_SESSION_" },
  .tuple = &srx_plain,
  .pattern =
      &(const PkPatternSpec){
          .leads = { "RT_FLOW_SESSION_{id}: " },
          .patterns = srx_patterns,
          .otherwise = PK_SCAN_IGNORED,
      },
};

/* A firewall filter's "then syslog": D is discard, R reject.  The ports of an
 * ICMP packet are its type and code. */
static const PkTupleSpec filter = {
  .words =
      (const PkTupleWord[]){
          { "D|R|discard|reject", PK_VERDICT_DENY },
          { "A|accept", PK_VERDICT_ACCEPT },
          { NULL, PK_VERDICT_NONE },
      },
  .icmp_in_ports = TRUE,
  .keys =
      (const PkTupleKey[]){
          { "src", PK_TUPLE_SOURCE, NULL },
          { "sport", PK_TUPLE_SOURCE_PORT, NULL },
          { "dst", PK_TUPLE_DEST, NULL },
          { "dport", PK_TUPLE_DEST_PORT, NULL },
          { "proto", PK_TUPLE_PROTOCOL, NULL },
          { "action", PK_TUPLE_ACTION, NULL },
          { "count", PK_TUPLE_COUNT, NULL },
          { "", PK_N_TUPLE_TARGETS, NULL },
      },
};

const PkDialect pk_dialect_juniper_filter = {
  .name = "juniper_filter",
  .title = "Juniper firewall filter",
  .scan = pk_scan_pattern,
  .programs = { "PFE_FW_SYSLOG_IP", "PFE_FW_SYSLOG_IP6_GEN", "PFE_FW_SYSLOG_IP6_ICMP", "PFE_FW_SYSLOG_IP6_TCP_UDP" },
  .needles = { "PFE_FW_SYSLOG_", "FW: ge-", "FW: xe-", "FW: et-", "FW: so-", "FW: ae", "FW: irb", "FW: lo0" },
  .tuple = &filter,
  .pattern =
      &(const PkPatternSpec){
          /* the first may also be what a syslog parser took for the program */
          .leads = { "PFE_FW_SYSLOG_{id}: FW: ", "PFE_FW_SYSLOG_{id}: ", "FW: " },
          .patterns =
              (const PkPattern[]){
                  { NULL, "{if!} {action!} {proto!} {src@} {dst@} {sport#} {dport#} ({count#} packet", PK_VERDICT_NONE,
                    NULL },
                  { NULL, "{if!} {action!} {proto!} {src@} {dst@} {sport#} {dport#}", PK_VERDICT_NONE, NULL },
                  { NULL, NULL, PK_VERDICT_NONE, NULL },
              },
          .otherwise = PK_SCAN_IGNORED,
      },
};
