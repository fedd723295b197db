/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Juniper ScreenOS: "NetScreen device_id=NAME [Root]system-notification-00257(traffic): start_time="..." ... proto=6
 * src zone=Untrust dst zone=Trust action=Deny sent=0 rcvd=0 src=192.0.2.1 dst=198.51.100.2 src_port=1024 dst_port=22"
 *
 * Screens ("SYN flood! From ...") and the device's own events are other
 * numbers.  Words with blanks in them ("src zone") fall apart, which does no
 * harm; a translated end comes as "src-xlated ip= port=". */
static const PkTupleKey netscreen_keys[] = {
  { "src", PK_TUPLE_SOURCE, NULL },     { "src_port", PK_TUPLE_SOURCE_PORT, NULL },
  { "dst", PK_TUPLE_DEST, NULL },       { "dst_port", PK_TUPLE_DEST_PORT, NULL },
  { "proto", PK_TUPLE_PROTOCOL, NULL }, { "action", PK_TUPLE_ACTION, NULL },
  { "type", PK_TUPLE_ICMP_TYPE, NULL }, { "code", PK_TUPLE_ICMP_CODE, NULL },
  { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleWord netscreen_words[] = {
  { "Deny|Reject|Drop", PK_VERDICT_DENY },
  { "Permit|Tunnel", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec netscreen_tuple = {
  .keys = netscreen_keys,
  .words = netscreen_words,
};

static const PkKvSpec netscreen_kv = {
  .head = "NetScreen device_id={any}(traffic): ",
  .equals = '=',
  .ends = " ",
};

const PkDialect pk_dialect_netscreen = {
  .name = "netscreen",
  .title = "Juniper NetScreen",
  .scan = pk_scan_kv,
  .needles = { "NetScreen device_id=" },
  .words = { "(traffic): " },
  .kv = &netscreen_kv,
  .tuple = &netscreen_tuple,
};
