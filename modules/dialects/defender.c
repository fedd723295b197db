/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "dialects/tools.h"
#include "scan/scan.h"

/* Microsoft Defender for Endpoint, tables of advanced hunting as its streaming
 * interface sends them, one record to a line. */

static const PkLogField PROCESS_FIELDS[] = {
  { .name = "ActionType", .target = PK_LOG_REQUIRE, .values = "ProcessCreated" },
  { .name = "Timestamp", .target = PK_LOG_UTC_TIME },
  { .name = "FolderPath", .text = PK_TEXT_IMAGE }, /* with the file's name */
  { .name = "FileName", .text = PK_TEXT_IMAGE },
  { .name = "ProcessCommandLine", .text = PK_TEXT_COMMAND_LINE },
  { .name = "AccountName", .text = PK_TEXT_USER },
  { .name = "InitiatingProcessFolderPath", .text = PK_TEXT_PARENT_IMAGE },
  { .name = "InitiatingProcessFileName", .text = PK_TEXT_PARENT_IMAGE },
  { .name = "InitiatingProcessCommandLine", .text = PK_TEXT_PARENT_COMMAND_LINE },
  { .name = NULL },
};

static const PkLogField NETWORK_FIELDS[] = {
  { .name = "ActionType", .target = PK_LOG_REQUIRE, .values = "ConnectionFailed" },
  { .name = "Timestamp", .target = PK_LOG_UTC_TIME },
  { .name = "LocalIP", .target = PK_LOG_SOURCE },
  { .name = "LocalPort", .target = PK_LOG_SOURCE_PORT },
  { .name = "RemoteIP", .target = PK_LOG_DEST },
  { .name = "RemotePort", .target = PK_LOG_DEST_PORT },
  { .name = "Protocol", .target = PK_LOG_PROTOCOL },
  { .name = "InitiatingProcessFolderPath", .text = PK_TEXT_IMAGE },
  { .name = "InitiatingProcessFileName", .text = PK_TEXT_IMAGE },
  { .name = "InitiatingProcessCommandLine", .text = PK_TEXT_COMMAND_LINE },
  { .name = "InitiatingProcessAccountName", .text = PK_TEXT_USER },
  { .name = NULL },
};

static const PkLogEvent PROCESS_EVENTS[] = {
  { .fields = PROCESS_FIELDS, .process = &pk_knock_tools },
  { .fields = NULL },
};

static const PkEventLogSpec PROCESSES = {
  .providers = { "AdvancedHunting-DeviceProcessEvents", "DeviceProcessEvents" },
  .events = PROCESS_EVENTS,
};

const PkDialect pk_dialect_defender_process = {
  .name = "defender_process",
  .title = "Microsoft Defender, DeviceProcessEvents",
  .scan = pk_scan_event_log,
  .needles = { "DeviceProcessEvents" },
  .words = { PK_TOOL_WORDS },
  .event_log = &PROCESSES,
};

static const PkLogEvent NETWORK_EVENTS[] = {
  { .fields = NETWORK_FIELDS, .finding = { PK_EVENT_CONNECTION_ATTEMPT, PK_BRANCH_NONE, "connection_failed" } },
  { .fields = NULL },
};

static const PkEventLogSpec NETWORK = {
  .providers = { "AdvancedHunting-DeviceNetworkEvents", "DeviceNetworkEvents" },
  .events = NETWORK_EVENTS,
};

const PkDialect pk_dialect_defender_network = {
  .name = "defender_network",
  .title = "Microsoft Defender, DeviceNetworkEvents",
  .scan = pk_scan_event_log,
  .needles = { "DeviceNetworkEvents" },
  .words = { "ConnectionFailed" },
  .event_log = &NETWORK,
};
