/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* knockd 0.5 to 0.8.  Doors are named by the administrator and may hold blanks,
 * colons, even "Stage 1"; with -l the name in parentheses comes from the
 * knocker's DNS.  Both are therefore parted from the rest at the line's ends,
 * and from each other at the last "): ".
 *
 * A door that closes says OPEN SESAME too, and that line names neither port nor
 * direction: those stand in the command, which is a line of its own. */
#define TRIGGERED PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED
#define IN_PROGRESS PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS
#define RUNNING PK_BRANCH_KNOCK_DAEMON_RUNNING

static const PkTextPattern knockd_patterns[] = {
  { "{source}: {door}: Stage {stage}", IN_PROGRESS, "stage", NULL, PK_TEXT_OWN_FILE },
  { "{source} ({any}): {door}: Stage {stage}", IN_PROGRESS, "stage", NULL, PK_TEXT_OWN_FILE },
  { "{source}: {door}: OPEN SESAME", TRIGGERED, "open_sesame", NULL, PK_TEXT_OWN_FILE },
  { "{source} ({any}): {door}: OPEN SESAME", TRIGGERED, "open_sesame", NULL, PK_TEXT_OWN_FILE },
  { "{source}: {door}: sequence timeout (stage {stage})", IN_PROGRESS, "sequence_timeout", NULL, PK_TEXT_OWN_FILE },
  { "{source} ({any}): {door}: sequence timeout (stage {stage})", IN_PROGRESS, "sequence_timeout", NULL,
    PK_TEXT_OWN_FILE },
  { "{source}: {door}: command timeout", RUNNING, "door_closing", "close", PK_TEXT_OWN_FILE },
  { "{source} ({any}): {door}: command timeout", RUNNING, "door_closing", "close", PK_TEXT_OWN_FILE },
  { "starting up, listening on {any}", RUNNING, "daemon_start", NULL, PK_TEXT_OWN_FILE },
  { "shutting down", RUNNING, "daemon_stop", NULL, PK_TEXT_OWN_FILE },
  { "re-reading config file: {any}", RUNNING, "config_reload", NULL, PK_TEXT_OWN_FILE },
  { "re-opening log file: {any}", RUNNING, "log_reopen", NULL, PK_TEXT_OWN_FILE },
  { "error: section {door}: too many ports in knock sequence", RUNNING, "config_error", NULL, PK_TEXT_OWN_FILE },
  { "error: section {door}: unknown protocol in knock sequence", RUNNING, "config_error", NULL, PK_TEXT_OWN_FILE },
  { "error while disabling used one time sequence for door {door} --> disabling the door", RUNNING, "error", NULL,
    PK_TEXT_OWN_FILE },
  { "error: {any}", RUNNING, "error", NULL, PK_TEXT_OWN_PROGRAM },
  { "could not create pid file {any}", RUNNING, "error", NULL, PK_TEXT_OWN_FILE },
  { "no more sequences left in the one time sequences file for door {door} --> disabling the door", RUNNING,
    "one_time_exhausted", NULL, PK_TEXT_OWN_FILE },
  { "{door}: command returned non-zero status code ({number})", RUNNING, "door_command_failed", NULL,
    PK_TEXT_OWN_FILE },
  { "{door}: running command: {change}", RUNNING, "door_command", NULL, PK_TEXT_OWN_FILE },
  { "{door}: running command: {command}", RUNNING, "door_command", NULL, PK_TEXT_OWN_PROGRAM },
  /* What no version known to us writes, by words. */
  { "{any}Opening port{any}", TRIGGERED, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}OPEN SESAME{any}", TRIGGERED, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}sequence complete{any}", TRIGGERED, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}correct knock{any}", TRIGGERED, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}Stage {stage}{any}", IN_PROGRESS, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}", RUNNING, "other", NULL, PK_TEXT_OWN_PROGRAM },
  { NULL, RUNNING, NULL, NULL, PK_TEXT_OWN_PROGRAM },
};

static const PkTextSpec knockd = {
  .kind = PK_EVENT_KNOCK_DAEMON,
  .patterns = knockd_patterns,
};

/* The needles are for the daemon's own file, which names no program. */
const PkDialect pk_dialect_knockd = {
  .name = "knockd",
  .title = "knockd",
  .scan = pk_scan_text,
  .programs = { "knockd" },
  .needles = { ": Stage ", ": OPEN SESAME", ": sequence timeout (stage ", ": command timeout",
               ": running command: ", ": command returned non-zero status code (", "] starting up, listening on ",
               "] shutting down", "] re-reading config file: ", "] re-opening log file: ", "] error: section ",
               "] error while disabling used one time sequence", "] could not create pid file ",
               "] no more sequences left in the one time sequences file" },
  .text = &knockd,
};

/* ---- what systemd says about the daemons ---------------------------------- */

#define GENERAL PK_BRANCH_KNOCKD_GENERAL_ACTIVITY

/* Older releases print only the description, which names neither daemon. */
static const PkTextPattern units_patterns[] = {
  { "Started {any}Port-Knock Daemon{any}", GENERAL, "service_start", NULL, PK_TEXT_OWN_PROGRAM },
  { "Started {any}Firewall Knock Operator Daemon{any}", GENERAL, "service_start", NULL, PK_TEXT_OWN_PROGRAM },
  { "Started knockd.service{any}", GENERAL, "service_start", NULL, PK_TEXT_OWN_PROGRAM },
  { "Started fwknop-server.service{any}", GENERAL, "service_start", NULL, PK_TEXT_OWN_PROGRAM },
  { "Stopped {any}Port-Knock Daemon{any}", GENERAL, "service_stop", NULL, PK_TEXT_OWN_PROGRAM },
  { "Stopped {any}Firewall Knock Operator Daemon{any}", GENERAL, "service_stop", NULL, PK_TEXT_OWN_PROGRAM },
  { "Stopped knockd.service{any}", GENERAL, "service_stop", NULL, PK_TEXT_OWN_PROGRAM },
  { "Stopped fwknop-server.service{any}", GENERAL, "service_stop", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}Port-Knock Daemon{any}", GENERAL, "service_other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{any}Firewall Knock Operator Daemon{any}", GENERAL, "service_other", NULL, PK_TEXT_OWN_PROGRAM },
  { "knockd.service: {any}", GENERAL, "service_other", NULL, PK_TEXT_OWN_PROGRAM },
  { "fwknop-server.service: {any}", GENERAL, "service_other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{word} knockd.service{any}", GENERAL, "service_other", NULL, PK_TEXT_OWN_PROGRAM },
  { "{word} fwknop-server.service{any}", GENERAL, "service_other", NULL, PK_TEXT_OWN_PROGRAM },
  { NULL, PK_BRANCH_NONE, NULL, NULL, PK_TEXT_OWN_PROGRAM },
};

static const PkTextSpec units = {
  .kind = PK_EVENT_KNOCK_DAEMON,
  .programs = { "systemd" },
  .patterns = units_patterns,
};

const PkDialect pk_dialect_knock_units = {
  .name = "knock-units",
  .title = "systemd, about knockd and fwknopd",
  .scan = pk_scan_text,
  .needles = { "Port-Knock Daemon", "Firewall Knock Operator Daemon", "knockd.service", "fwknop-server.service" },
  .text = &units,
};
