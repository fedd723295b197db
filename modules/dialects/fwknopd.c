/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* fwknopd 2.x, with its iptables, firewalld, ipfw and pf back ends, and the
 * texts by which the Perl fwknopd 1.9 differs.
 *
 * SYSLOG_IDENTITY renames the process, so that only the text tells; what is
 * unmistakable is taken from any program, the rest from the names known to us.
 *
 * "SPA Packet from IP ... received" comes before authentication: a random
 * datagram gets it too.  Only what follows a valid packet is a trigger. */
#define TRIGGERED PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED
#define IN_PROGRESS PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS
#define RUNNING PK_BRANCH_KNOCK_DAEMON_RUNNING

static const PkTextPattern fwknopd_patterns[] = {
  /* One line for each port, each with all ports. */
  { "Added {any} rule to {word} for {source} -> {dest} {ports}, expires at {expires}", TRIGGERED, "access_rule_added",
    "open", PK_TEXT_ANYWHERE },
  { "Added Rule {number} for {source}, {ports} expires at {expires}", TRIGGERED, "access_rule_added", "open",
    PK_TEXT_ANYWHERE },
  { "Added Rule for {source}, {ports} expires at {expires}", TRIGGERED, "access_rule_added", "open", PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) Running CMD_CYCLE_OPEN command: {command}", TRIGGERED, "cmd_cycle_open", "open",
    PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) Running command '{command}' setuid/setgid user/group to {any}", TRIGGERED,
    "spa_command", NULL, PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) Running command '{command}'", TRIGGERED, "spa_command", NULL, PK_TEXT_ANYWHERE },

  { "(stanza #{number}) SPA Packet from IP: {source} received with access source match", IN_PROGRESS, "spa_received",
    NULL, PK_TEXT_ANYWHERE },
  { "SPA Packet from IP: {source} received with access source match", IN_PROGRESS, "spa_received", NULL,
    PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) Processing SPA Command message: command='{any}'.", IN_PROGRESS,
    "spa_command_received", NULL, PK_TEXT_ANYWHERE },
  /* Two sources: the first sent the packet, the second was copied from. */
  { "Replay detected from source IP: {source}, {any}", IN_PROGRESS, "spa_replay", NULL, PK_TEXT_ANYWHERE },
  { "tcp_server: Got TCP connection from {source}.", IN_PROGRESS, "spa_transport", NULL, PK_TEXT_ANYWHERE },
  { "udp_server: Got UDP datagram ({number} bytes) from: {source}", IN_PROGRESS, "spa_transport", NULL,
    PK_TEXT_ANYWHERE },
  { "No access data found for source IP: {source}", IN_PROGRESS, "spa_rejected", NULL, PK_TEXT_ANYWHERE },
  { "(stanza #{number}) SPA packet from {source} requested NAT access, but is not enabled/supported", IN_PROGRESS,
    "spa_rejected", NULL, PK_TEXT_ANYWHERE },
  { "(stanza #{number}) Non-corresponding HMAC for this stanza", IN_PROGRESS, "spa_rejected", NULL, PK_TEXT_ANYWHERE },
  { "(stanza #{number}) SPA packet ({source} -> {dest}) filtered by SOURCE and/or DESTINATION criteria", RUNNING,
    "debug", NULL, PK_TEXT_ANYWHERE },
  { "Error parsing X-Forwarded-For header: value '{any}' is not an IP address", IN_PROGRESS, "spa_rejected", NULL,
    PK_TEXT_ANYWHERE },
  { "Error initializing FKO context from SPA data: {any}", IN_PROGRESS, "spa_rejected", NULL, PK_TEXT_ANYWHERE },
  { "Error {word} digest type for SPA data: {any}", IN_PROGRESS, "spa_rejected", NULL, PK_TEXT_ANYWHERE },
  { "Error setting digest for SPA data: {any}", IN_PROGRESS, "spa_rejected", NULL, PK_TEXT_ANYWHERE },
  { "Error getting digest from SPA data: {any}", IN_PROGRESS, "spa_rejected", NULL, PK_TEXT_ANYWHERE },
  { "Unable to dump FKO context: {any}", IN_PROGRESS, "spa_rejected", NULL, PK_TEXT_ANYWHERE },

  { "[{source}] (stanza #{number}) Running CMD_CYCLE_CLOSE command in {number} seconds: {any}", RUNNING,
    "access_rule_expired", NULL, PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) Timer expired, running CMD_CYCLE_CLOSE command: {command}", RUNNING,
    "access_rule_expired", "close", PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) Could not build CMD_CYCLE_CLOSE command.", RUNNING, "access_rule_expired", NULL,
    PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) Could not build {any}", RUNNING, "error", NULL, PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) Access stanza has expired", RUNNING, "other", NULL, PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) CMD_EXEC: command returned {any}", RUNNING, "other", NULL, PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) Incoming SPA data signed by '{any}", RUNNING, "other", NULL, PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) SPA Decode (res={any}", RUNNING, "debug", NULL, PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) No stanza encryption mode match for encryption type: {any}", RUNNING, "error", NULL,
    PK_TEXT_ANYWHERE },
  { "[{source}] (stanza #{number}) Unexpected error pulling SPA data from the context: {any}", RUNNING, "error", NULL,
    PK_TEXT_ANYWHERE },
  { "[{source}] preprocess_spa_data() returned error {any}", RUNNING, "debug", NULL, PK_TEXT_ANYWHERE },
  /* Whatever else is said about a packet is why it was refused. */
  { "[{source}] (stanza #{number}) {any}", IN_PROGRESS, "spa_rejected", NULL, PK_TEXT_ANYWHERE },

  { "Removed rule {word} from {word} with expire time of {number}", RUNNING, "access_rule_expired", "close",
    PK_TEXT_ANYWHERE },
  { "Moved rule {word} with expire time of {number} to set {number}.", RUNNING, "access_rule_expired", "close",
    PK_TEXT_ANYWHERE },
  { "Deleting rule with expire time of {number}.", RUNNING, "access_rule_expired", "close", PK_TEXT_ANYWHERE },
  { "Purged rule {number} from set {number}", RUNNING, "access_rule_expired", NULL, PK_TEXT_OWN_PROGRAM },

  { "Starting fwknopd{any}", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_ANYWHERE },
  { "Re-starting fwknopd{any}", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_ANYWHERE },
  { "Gracefully leaving the fwknopd event loop.", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_ANYWHERE },
  { "Shutting Down fwknopd.", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_ANYWHERE },
  { "Added jump rule from chain: {word} to chain: FWKNOP_{word}", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_ANYWHERE },
  { "Added jump rule from chain: {any}", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_OWN_PROGRAM },
  { "Starting {any}", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_OWN_PROGRAM },
  { "Re-starting {any}", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_OWN_PROGRAM },
  { "Kicking off {word} server to listen on port {any}", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_OWN_PROGRAM },
  { "Sniffing interface: {any}", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_OWN_PROGRAM },
  { "PCAP filter is: '{any}'", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_OWN_PROGRAM },
  { "Got SIG{any}", RUNNING, "daemon_lifecycle", NULL, PK_TEXT_OWN_PROGRAM },
  { "'filter' table 'FWKNOP_{any}", RUNNING, "debug", NULL, PK_TEXT_ANYWHERE },

  /* The Perl daemon: its "received valid" comes after authentication. */
  { "received valid {any}encrypted packet{any} from: {source}, remote user: {user}, client version: {word} "
    "({word} line num: {number})",
    TRIGGERED, "spa_accepted", NULL, PK_TEXT_ANYWHERE },
  { "add {word} {source} -> {dest}({ports}) {word} rule {number} sec", TRIGGERED, "access_rule_added", "open",
    PK_TEXT_ANYWHERE },
  { "fwknop(knoptm): removed iptables {any} rule for {source} -> {dest}({ports}), {number} sec timeout exceeded",
    RUNNING, "access_rule_expired", "close", PK_TEXT_ANYWHERE },

  /* Texts that hold what a stranger sent. */
  { "SPA Packet: '{any}", RUNNING, "debug", NULL, PK_TEXT_OWN_PROGRAM },

  /* What no version known to us writes, by words. */
  { "{any}Opening port{any}", TRIGGERED, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}OPEN SESAME{any}", TRIGGERED, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}sequence complete{any}", TRIGGERED, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}correct knock{any}", TRIGGERED, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}Stage {stage}{any}", IN_PROGRESS, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{word}() Error {any}", RUNNING, "error", NULL, PK_TEXT_OWN_PROGRAM },
  { "{word}() {any}", RUNNING, "debug", NULL, PK_TEXT_OWN_PROGRAM },
  { "RES={any}", RUNNING, "debug", NULL, PK_TEXT_OWN_PROGRAM },
  { "Did not find expire comment in rules list {number}", RUNNING, "debug", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}rror{any}", RUNNING, "error", NULL, PK_TEXT_OWN_PROGRAM },
  { "[*] {any}", RUNNING, "error", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}", RUNNING, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { NULL, RUNNING, NULL, NULL, PK_TEXT_OWN_PROGRAM },
};

static const PkTextSpec fwknopd = {
  .kind = PK_EVENT_KNOCK_DAEMON,
  .patterns = fwknopd_patterns,
};

const PkDialect pk_dialect_fwknopd = {
  .name = "fwknopd",
  .title = "fwknopd",
  .scan = pk_scan_text,
  .programs = { "fwknopd", "spad" },
  .needles = { " expires at ",
               "(stanza #",
               "SPA Packet from IP: ",
               "Replay detected from source IP: ",
               "tcp_server: Got TCP connection from ",
               "udp_server: Got UDP datagram (",
               "No access data found for source IP: ",
               "] preprocess_spa_data() returned error",
               "X-Forwarded-For header: value '",
               "FKO context",
               "for SPA data: ",
               "digest from SPA data: ",
               " with expire time of ",
               "Starting fwknopd",
               "-starting fwknopd",
               "leaving the fwknopd event loop.",
               "Shutting Down fwknopd.",
               "'FWKNOP_",
               "chain: FWKNOP_",
               "encrypted packet",
               "fwknop(knoptm): ",
               " ACCEPT rule " },
  .text = &fwknopd,
};
