/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "dialects/tools.h"
#include "scan/scan.h"

/* Sysmon for Windows and for Linux; fields of its schema 4.  Names with dots are
 * those of Elastic's common schema, for shippers that rename. */

static const PkLogField PROCESS_CREATE_FIELDS[] = {
  { .name = "UtcTime", .target = PK_LOG_UTC_TIME },
  { .name = "Image", .text = PK_TEXT_IMAGE },
  { .name = "process.executable", .text = PK_TEXT_IMAGE },
  { .name = "CommandLine", .text = PK_TEXT_COMMAND_LINE },
  { .name = "process.command_line", .text = PK_TEXT_COMMAND_LINE },
  { .name = "User", .text = PK_TEXT_USER },
  { .name = "user.name", .text = PK_TEXT_USER },
  { .name = "ParentImage", .text = PK_TEXT_PARENT_IMAGE },
  { .name = "process.parent.executable", .text = PK_TEXT_PARENT_IMAGE },
  { .name = "ParentCommandLine", .text = PK_TEXT_PARENT_COMMAND_LINE },
  { .name = "process.parent.command_line", .text = PK_TEXT_PARENT_COMMAND_LINE },
  { .name = NULL },
};

static const gchar INITIATED[] = "true|egress|outbound";

/* Mostly successes are logged, and every program has some: only those programs
 * count with which one knocks. */
static const PkLogField NETWORK_CONNECT_FIELDS[] = {
  { .name = "UtcTime", .target = PK_LOG_UTC_TIME },
  { .name = "Image", .target = PK_LOG_REQUIRE, .values = pk_network_images },
  { .name = "process.executable", .target = PK_LOG_REQUIRE, .values = pk_network_images },
  { .name = "Initiated", .target = PK_LOG_REQUIRE, .values = INITIATED },
  { .name = "network.direction", .target = PK_LOG_REQUIRE, .values = INITIATED },
  { .name = "Image", .text = PK_TEXT_IMAGE },
  { .name = "process.executable", .text = PK_TEXT_IMAGE },
  { .name = "User", .text = PK_TEXT_USER },
  { .name = "user.name", .text = PK_TEXT_USER },
  { .name = "Protocol", .target = PK_LOG_PROTOCOL },
  { .name = "network.transport", .target = PK_LOG_PROTOCOL },
  { .name = "SourceIp", .target = PK_LOG_SOURCE },
  { .name = "source.ip", .target = PK_LOG_SOURCE },
  { .name = "SourcePort", .target = PK_LOG_SOURCE_PORT },
  { .name = "source.port", .target = PK_LOG_SOURCE_PORT },
  { .name = "DestinationIp", .target = PK_LOG_DEST },
  { .name = "destination.ip", .target = PK_LOG_DEST },
  { .name = "DestinationPort", .target = PK_LOG_DEST_PORT },
  { .name = "destination.port", .target = PK_LOG_DEST_PORT },
  { .name = NULL },
};

static const PkLogField FILE_CREATE_FIELDS[] = {
  { .name = "UtcTime", .target = PK_LOG_UTC_TIME },
  { .name = "TargetFilename", .target = PK_LOG_REQUIRE, .values = pk_knock_config_files },
  { .name = "file.path", .target = PK_LOG_REQUIRE, .values = pk_knock_config_files },
  { .name = "Image", .text = PK_TEXT_IMAGE },
  { .name = "process.executable", .text = PK_TEXT_IMAGE },
  { .name = "User", .text = PK_TEXT_USER },
  { .name = "user.name", .text = PK_TEXT_USER },
  { .name = NULL },
};

static const PkLogEvent EVENTS[] = {
  { .id = 1, .sentence = "Process Create:", .fields = PROCESS_CREATE_FIELDS, .process = &pk_knock_tools },
  { .id = 3,
    .sentence = "Network connection detected:",
    .fields = NETWORK_CONNECT_FIELDS,
    .finding = { PK_EVENT_CONNECTION_ATTEMPT, PK_BRANCH_NONE, "network_connect" } },
  { .id = 11,
    .sentence = "File created:",
    .fields = FILE_CREATE_FIELDS,
    .finding = { PK_EVENT_KNOCK_TOOL_INSTALLED, PK_BRANCH_KNOCKD_GENERAL_ACTIVITY, "config_file_created" } },
  { .fields = NULL },
};

static const PkEventLogSpec SPEC = {
  .providers = { "Microsoft-Windows-Sysmon", "Linux-Sysmon", "Microsoft-Windows-Sysmon/Operational",
                 "Linux-Sysmon/Operational" },
  .events = EVENTS,
};

const PkDialect pk_dialect_sysmon = {
  .name = "sysmon",
  .title = "Sysmon",
  .scan = pk_scan_event_log,
  .programs = { "sysmon" },
  .needles = { "-Sysmon" },
  .words = { PK_TOOL_WORDS, ">3</EventID>", "EventID\":3,", "EventID\":\"3\"", "EventID\": 3,", "EventID\": \"3\"",
             "event_id\":3,", "event_id\":\"3\"", "event_id\": 3,", "event_id\": \"3\"", "\"code\":\"3\"",
             "\"code\": \"3\"", "Network connection detected" },
  .event_log = &SPEC,
};
