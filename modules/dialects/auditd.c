/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "dialects/tools.h"
#include "scan/scan.h"

/* A raw socket says nothing of what is sent, so it has no branch. */
static const PkAuditSpec SPEC = {
  .process = &pk_knock_tools,
  .raw_socket_images = "hping|hping2|hping3",
  .raw_socket = { PK_EVENT_KNOCK_CLIENT, PK_BRANCH_NONE, "raw_socket" },
  .files = pk_knock_config_files,
  .file_created = { PK_EVENT_KNOCK_TOOL_INSTALLED, PK_BRANCH_KNOCKD_GENERAL_ACTIVITY, "config_file_created" },
};

const PkDialect pk_dialect_auditd = {
  .name = "auditd",
  .title = "Linux audit: EXECVE, SYSCALL, PATH",
  .scan = pk_scan_audit,
  .programs = { "audit" },
  .needles = { "type=EXECVE ", "type=1309 ", "type=SYSCALL ", "type=1300 ", "nametype=CREATE" },
  .audit = &SPEC,
};
