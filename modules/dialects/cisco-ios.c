/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* ---- IOS, IOS-XE, IOS-XR, Arista EOS ---------------------------------------- */

/* Access lists with `log`, and the zone-based firewall:
 *
 *   %SEC-6-IPACCESSLOGP: list NAME denied tcp 192.0.2.1(1024) (Vlan1 0000.5e00.5301) -> 198.51.100.2(22), 3 packets
 *   %SEC-6-IPACCESSLOGDP: list NAME denied icmp 192.0.2.1 -> 198.51.100.2 (8/0), 1 packet
 *   %SEC-6-IPACCESSLOGS: list NAME denied 192.0.2.1 1 packet
 *   %FW-6-DROP_PKT: Dropping tcp session 192.0.2.1:1024 198.51.100.2:22 on zone-pair ...
 *
 * The letters after IPACCESSLOG say how much of a packet the list looked at:
 * a port 0 was not looked at.  Packets are counted for five minutes. */
static const PkPattern ios_patterns[] = {
  { "RL", "access-list logging rate-limited", PK_VERDICT_NEITHER, NULL },
  { NULL, "list {acl!} {action!} {proto!} {source} -> {dest}, {count#} packet", PK_VERDICT_NONE, NULL },
  { NULL, "list {acl!} {action!} {source!} {count#} packet", PK_VERDICT_NONE, NULL },
  /* XR */
  { NULL, "access-list {acl!} ({line!}) {action!} {proto!} {source} -> {dest}, {count#} packet", PK_VERDICT_NONE,
    NULL },
  /* EOS */
  { "IPACCESS", "list {acl!} {if!} {action!} {proto!} {source} -> {dest}", PK_VERDICT_NONE, NULL },
  { "IPV6ACCESS", "list {acl!} {if!} {action!} {proto!} {source} -> {dest}", PK_VERDICT_NONE, NULL },

  { "DROP_PKT", "Dropping {proto!} session {source!} {dest!}", PK_VERDICT_DENY, "Dropping" },
  { "DROP_PKT", "Dropping {proto!} pkt from {if!} {source!} => {dest!}", PK_VERDICT_DENY, "Dropping" },
  { "DROP_PKT", "Dropping {proto!} pkt {source!} => {dest!}", PK_VERDICT_DENY, "Dropping" },
  { "LOG_SUMMARY", "{count#} {packets!} {were!} dropped from {if!} {source!} => {dest!}", PK_VERDICT_DENY, "dropped" },
  { "LOG_SUMMARY", "{count#} {packets!} {were!} passed from {if!} {source!} => {dest!}", PK_VERDICT_ACCEPT, "passed" },
  { NULL, NULL, PK_VERDICT_NONE, NULL },
};

static const PkPatternSpec ios_pattern = {
  .leads = { "ACCESSLOG{id}: {fru!}: fman_fp_image:", "ACCESSLOG{id}: ", "ACCESSLOG{id} : ", "%FW-{id}: ",
             "%ACL-{id}: " },
  .patterns = ios_patterns,
  .finds = { "({type#}/{code#}), ", " tcp flag {flags!}, " },
  .otherwise = PK_SCAN_MALFORMED,
};

static const PkTupleKey ios_keys[] = {
  { "source", PK_TUPLE_SOURCE_WITH_PORT, NULL },
  { "dest", PK_TUPLE_DEST_WITH_PORT, NULL },
  { "proto", PK_TUPLE_PROTOCOL, NULL },
  { "action", PK_TUPLE_ACTION, NULL },
  { "count", PK_TUPLE_COUNT, NULL },
  { "flags", PK_TUPLE_TCP_FLAGS, NULL },
  { "type", PK_TUPLE_ICMP_TYPE, NULL },
  { "code", PK_TUPLE_ICMP_CODE, NULL },
  { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleWord ios_words[] = {
  { "denied|deny", PK_VERDICT_DENY },
  { "permitted|permit", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

/* A standard list looks at no destination. */
static const PkTupleSpec ios_tuple = {
  .keys = ios_keys,
  .words = ios_words,
  .optional = PK_HAS_DEST,
};

const PkDialect pk_dialect_cisco_ios = {
  .name = "cisco_ios",
  .title = "Cisco IOS, IOS-XE and IOS-XR, Arista EOS",
  .scan = pk_scan_pattern,
  .needles = { "ACCESSLOG", "%FW-6-DROP_PKT", "%FW-6-LOG_SUMMARY", "%ACL-6-IP" },
  .pattern = &ios_pattern,
  .tuple = &ios_tuple,
};

/* ---- NX-OS ------------------------------------------------------------------- */

/* Flows, with their packets in an interval.  Releases without "ACE Action" do
 * not tell what became of them. */
static const PkTupleKey nxos_keys[] = {
  { "Src IP", PK_TUPLE_SOURCE, NULL },        { "Source IP", PK_TUPLE_SOURCE, NULL },
  { "Src Port", PK_TUPLE_SOURCE_PORT, NULL }, { "Source Port", PK_TUPLE_SOURCE_PORT, NULL },
  { "Dst IP", PK_TUPLE_DEST, NULL },          { "Destination IP", PK_TUPLE_DEST, NULL },
  { "Dst Port", PK_TUPLE_DEST_PORT, NULL },   { "Destination Port", PK_TUPLE_DEST_PORT, NULL },
  { "Protocol", PK_TUPLE_PROTOCOL, NULL },    { "ACE Action", PK_TUPLE_ACTION, NULL },
  { "Hit-count", PK_TUPLE_COUNT, NULL },      { "SIP", PK_TUPLE_SOURCE, NULL },
  { "SPort", PK_TUPLE_SOURCE_PORT, NULL },    { "DIP", PK_TUPLE_DEST, NULL },
  { "DPort", PK_TUPLE_DEST_PORT, NULL },      { "Proto", PK_TUPLE_PROTOCOL, NULL },
  { "mnemonic", PK_TUPLE_ACTION, NULL },      { "PktLen", PK_TUPLE_LENGTH, NULL },
  { "", PK_N_TUPLE_TARGETS, NULL },
};

/* ACI says what became of a packet in the mnemonic. */
static const PkTupleWord nxos_words[] = {
  { "permitted|Permit|PKTLOG_PERMIT", PK_VERDICT_ACCEPT },
  { "denied|Deny|PKTLOG_DENY", PK_VERDICT_DENY },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec nxos_tuple = {
  .keys = nxos_keys,
  .words = nxos_words,
};

static const PkKvSpec nxos_kv = {
  .head = "%ACLLOG-{level#}-ACLLOG_{mnemonic!}: ",
  .equals = ':',
  .ends = ",",
};

const PkDialect pk_dialect_cisco_nxos = {
  .name = "cisco_nxos",
  .title = "Cisco NX-OS and ACI access lists",
  .scan = pk_scan_kv,
  .needles = { "%ACLLOG-" },
  .kv = &nxos_kv,
  .tuple = &nxos_tuple,
};
