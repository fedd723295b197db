/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "dialects/tools.h"
#include "scan/scan.h"

/* Windows' own event logs; labels are those of the English texts for people. */

/* ---- Security: processes, and packets of the Windows Filtering Platform -------- */

static const PkLogField PROCESS_FIELDS[] = {
  { .name = "NewProcessName", .label = "New Process Name", .text = PK_TEXT_IMAGE },
  { .name = "process.executable", .text = PK_TEXT_IMAGE },
  { .name = "CommandLine", .label = "Process Command Line", .text = PK_TEXT_COMMAND_LINE },
  { .name = "process.command_line", .text = PK_TEXT_COMMAND_LINE },
  { .name = "SubjectUserName", .label = "Account Name", .text = PK_TEXT_USER },
  { .name = "user.name", .text = PK_TEXT_USER },
  { .name = "ParentProcessName", .label = "Creator Process Name", .text = PK_TEXT_PARENT_IMAGE },
  { .name = "process.parent.executable", .text = PK_TEXT_PARENT_IMAGE },
  { .name = NULL },
};

#define ADDRESS_FIELDS                                                                                                 \
  { .name = "SourceAddress", .label = "Source Address", .target = PK_LOG_SOURCE },                                     \
      { .name = "source.ip", .target = PK_LOG_SOURCE },                                                                \
      { .name = "SourcePort", .label = "Source Port", .target = PK_LOG_SOURCE_PORT },                                  \
      { .name = "source.port", .target = PK_LOG_SOURCE_PORT },                                                         \
      { .name = "DestAddress", .label = "Destination Address", .target = PK_LOG_DEST },                                \
      { .name = "destination.ip", .target = PK_LOG_DEST },                                                             \
      { .name = "DestPort", .label = "Destination Port", .target = PK_LOG_DEST_PORT },                                 \
      { .name = "destination.port", .target = PK_LOG_DEST_PORT }, { .name = "Protocol", .target = PK_LOG_PROTOCOL },   \
      { .name = "network.iana_number", .target = PK_LOG_PROTOCOL },                                                    \
      { .name = "Application", .label = "Application Name", .text = PK_TEXT_IMAGE },                                   \
  {                                                                                                                    \
    .name = "Network Information", .target = PK_LOG_NOTHING                                                            \
  }

/* 5152: as the packet has them. */
static const PkLogField PACKET_FIELDS[] = {
  ADDRESS_FIELDS,
  { .name = NULL },
};

/* 5156, 5157: the remote end stands in the fields of the destination, also when
 * it is the source. */
static const PkLogField CONNECTION_FIELDS[] = {
  ADDRESS_FIELDS,
  { .name = "Direction", .target = PK_LOG_SWAP, .values = "%%14592|Inbound|ingress" },
  { .name = NULL },
};

/* 5154: what is called source is where it listens. */
static const PkLogField LISTENER_FIELDS[] = {
  { .name = "SourceAddress", .label = "Source Address", .target = PK_LOG_DEST },
  { .name = "source.ip", .target = PK_LOG_DEST },
  { .name = "SourcePort", .label = "Source Port", .target = PK_LOG_DEST_PORT },
  { .name = "source.port", .target = PK_LOG_DEST_PORT },
  { .name = "Protocol", .target = PK_LOG_PROTOCOL },
  { .name = "network.iana_number", .target = PK_LOG_PROTOCOL },
  { .name = "Application", .label = "Application Name", .text = PK_TEXT_IMAGE },
  { .name = "Network Information", .target = PK_LOG_NOTHING },
  { .name = NULL },
};

static const PkLogEvent SECURITY_EVENTS[] = {
  { .id = 4688, .sentence = "A new process has been created", .fields = PROCESS_FIELDS, .process = &pk_knock_tools },
  { .id = 5152,
    .sentence = "Windows Filtering Platform has blocked a packet",
    .fields = PACKET_FIELDS,
    .finding = { PK_EVENT_FIREWALL_DENY, PK_BRANCH_FIREWALL_PORT_DENIED, NULL } },
  { .id = 5154,
    .sentence = "Windows Filtering Platform has permitted an application or service to listen",
    .fields = LISTENER_FIELDS,
    .finding = { PK_EVENT_NEW_LISTENER, PK_BRANCH_NONE, NULL } },
  { .id = 5156,
    .sentence = "Windows Filtering Platform has permitted a connection",
    .fields = CONNECTION_FIELDS,
    .finding = { PK_EVENT_FIREWALL_ACCEPT, PK_BRANCH_NONE, NULL } },
  { .id = 5157,
    .sentence = "Windows Filtering Platform has blocked a connection",
    .fields = CONNECTION_FIELDS,
    .finding = { PK_EVENT_FIREWALL_DENY, PK_BRANCH_FIREWALL_PORT_DENIED, NULL } },
  { .fields = NULL },
};

static const PkEventLogSpec SECURITY = {
  .providers = { "Microsoft-Windows-Security-Auditing", "Security" },
  .events = SECURITY_EVENTS,
};

const PkDialect pk_dialect_windows_security = {
  .name = "windows_security",
  .title = "Windows Security 4688, 5152, 5154, 5156, 5157",
  .scan = pk_scan_event_log,
  .needles = { "-Security-Auditing", "Windows Filtering Platform has", "A new process has been created" },
  .words = { PK_TOOL_WORDS, ">5152<", ">5154<", ">5156<", ">5157<", "5152\"", "5154\"", "5156\"", "5157\"", ":5152",
             ":5154", ":5156", ":5157", " 5152,", " 5154,", " 5156,", " 5157,", "Platform has blocked",
             "Platform has permitted a" },
  .event_log = &SECURITY,
};

/* ---- PowerShell ------------------------------------------------------------------ */

static const PkLogField SCRIPT_FIELDS[] = {
  { .name = "ScriptBlockText", .text = PK_TEXT_COMMAND_LINE },
  { .name = "powershell.file.script_block_text", .text = PK_TEXT_COMMAND_LINE },
  { .name = NULL },
};

static const PkLogEvent POWERSHELL_EVENTS[] = {
  { .id = 4104, .fields = SCRIPT_FIELDS, .process = &pk_knock_commands, .script = PK_SCRIPT_POWERSHELL },
  { .fields = NULL },
};

static const PkEventLogSpec POWERSHELL = {
  .providers = { "Microsoft-Windows-PowerShell", "PowerShellCore", "Microsoft-Windows-PowerShell/Operational" },
  .events = POWERSHELL_EVENTS,
};

const PkDialect pk_dialect_powershell = {
  .name = "powershell",
  .title = "PowerShell 4104",
  .scan = pk_scan_event_log,
  .needles = { "-Windows-PowerShell", "PowerShellCore" },
  .words = { "tcpclient", "udpclient", "netconnection", ".sockets.", "tnc -", "tnc $", "tnc 1", "tnc 2", "knock",
             "fwknop", "hping", "netfirewallrule", "netsh", " -enc" },
  .event_log = &POWERSHELL,
};

/* ---- Windows Firewall with Advanced Security ---------------------------------------- */

/* Actions: 2 blocks, 3 allows.  Directions: 1 is in, 2 is out. */
static const PkLogField RULE_FIELDS[] = {
  { .name = "Action", .target = PK_LOG_REQUIRE, .values = "3|Allow" },
  { .name = "Direction", .target = PK_LOG_REQUIRE, .values = "1|Inbound" },
  { .name = "Protocol", .target = PK_LOG_PROTOCOL },
  { .name = "LocalPorts", .label = "Local Ports", .target = PK_LOG_OPEN_PORTS },
  { .name = "RemoteAddresses", .label = "Remote Addresses", .target = PK_LOG_PEER },
  { .name = "ModifyingApplication", .label = "Modifying Application", .text = PK_TEXT_IMAGE },
  { .name = "ModifyingUser", .label = "Modifying User", .text = PK_TEXT_USER },
  { .name = NULL },
};

static const PkLogEvent FIREWALL_EVENTS[] = {
  { .id = 2004,
    .sentence = "A rule has been added to the Windows",
    .fields = RULE_FIELDS,
    .finding = { PK_EVENT_HOST_FIREWALL_OPENED, PK_BRANCH_HOST_FIREWALL_OPENED, "rule_added" } },
  { .id = 2005,
    .sentence = "A rule has been modified in the Windows",
    .fields = RULE_FIELDS,
    .finding = { PK_EVENT_HOST_FIREWALL_OPENED, PK_BRANCH_HOST_FIREWALL_OPENED, "rule_modified" } },
  { .fields = NULL },
};

static const PkEventLogSpec FIREWALL = {
  .providers = { "Microsoft-Windows-Windows Firewall With Advanced Security" },
  .events = FIREWALL_EVENTS,
};

const PkDialect pk_dialect_windows_firewall = {
  .name = "windows_firewall",
  .title = "Windows Firewall 2004, 2005",
  .scan = pk_scan_event_log,
  .needles = { "Firewall With Advanced Security", "A rule has been added to the Windows",
               "A rule has been modified in the Windows" },
  .event_log = &FIREWALL,
};
