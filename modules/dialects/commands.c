/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "dialects/tools.h"
#include "scan/scan.h"

/* Programs that log the commands they run or see. */

/* sudo 1.8, 1.9: "root : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/knock ...";
 * what was refused has a reason before TTY=. */
static const PkCommandSpec SUDO = {
  .process = &pk_knock_commands,
  .user_before = "",
  .user_ends = " ",
  .after_user = " : ",
  .key_after_user = TRUE,
  .command_before = " ; COMMAND=",
};

const PkDialect pk_dialect_sudo = {
  .name = "sudo",
  .title = "sudo",
  .scan = pk_scan_command,
  .programs = { "sudo", "sudo-rs" },
  .words = { PK_TOOL_WORDS },
  .command = &SUDO,
};

/* cron of Debian, cronie, busybox crond: "(root) CMD (knock gate 7000)" */
static const PkCommandSpec CRON = {
  .process = &pk_knock_commands,
  .user_before = "(",
  .user_ends = ")",
  .after_user = ") CMD (",
  .command_before = ") CMD (",
  .command_after = ")",
  .shell = TRUE,
};

const PkDialect pk_dialect_cron = {
  .name = "cron",
  .title = "cron",
  .scan = pk_scan_command,
  .programs = { "CRON", "crond", "CROND", "cron" },
  .words = { PK_TOOL_WORDS },
  .command = &CRON,
};

/* snoopy 2: "[... uid:root(0)/root(0) cwd:/root filename:/usr/bin/knock]: knock gate 7000";
 * what stands in the brackets is configured. */
static const PkCommandSpec SNOOPY = {
  .process = &pk_knock_commands,
  .user_before = "uid:",
  .user_ends = "( ]/",
  .image_before = "filename:",
  .command_before = "]: ",
};

const PkDialect pk_dialect_snoopy = {
  .name = "snoopy",
  .title = "snoopy",
  .scan = pk_scan_command,
  .programs = { "snoopy" },
  .words = { PK_TOOL_WORDS, ": nc " },
  .command = &SNOOPY,
};
