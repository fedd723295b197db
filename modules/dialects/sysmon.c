/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "dialects/tools.h"
#include "scan/scan.h"

static const PkLogField PROCESS_CREATE_FIELDS[] = {
  { .name = "UtcTime", .target = PK_LOG_UTC_TIME },
  { .name = "Image", .text = PK_TEXT_IMAGE },
  { .name = "CommandLine", .text = PK_TEXT_COMMAND_LINE },
  { .name = "User", .text = PK_TEXT_USER },
  { .name = "ParentImage", .text = PK_TEXT_PARENT_IMAGE },
  { .name = "ParentCommandLine", .text = PK_TEXT_PARENT_COMMAND_LINE },
  { .name = NULL },
};

static const PkLogEvent EVENTS[] = {
  { .id = 1, .fields = PROCESS_CREATE_FIELDS, .process = &pk_knock_tools },
  { .fields = NULL },
};

static const PkEventLogSpec SPEC = {
  .providers = { "Microsoft-Windows-Sysmon", "Linux-Sysmon" },
  .events = EVENTS,
};

/* Process starts are most of what a Windows relay carries: the words keep all
 * but a few from the XML reader.  Every command of tools.c needs one. */
const PkDialect pk_dialect_sysmon = {
  .name = "sysmon",
  .title = "Sysmon",
  .scan = pk_scan_xml,
  .programs = { "sysmon" },
  .needles = { "-Sysmon" },
  .words = { "knock", "fwknop", "hping" },
  .event_log = &SPEC,
};
