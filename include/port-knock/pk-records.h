/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_RECORDS_H_INCLUDED
#define PK_RECORDS_H_INCLUDED

#include "port-knock/pk-types.h"

/* What rows say about records of processes, hosts and packages; see
 * pk-dialect.h.
 *
 * A list of values is one string, "python*|*.conf|cmd": compared without
 * regard to ASCII case, '*' stands for any bytes, '/' and '\\' are the same. */

/* ---- processes: pk_process_classify() --------------------------------------- */

/* What an option of a command says.  The first six may stand for an option
 * with or without a value; the others need one. */
typedef enum
{
  PK_ARG_PLAIN = 0, /* nothing that matters */
  PK_ARG_SILENT,    /* with it the command is nothing at all: --help, --key-gen, hping3 --icmp */
  PK_ARG_WANTED,    /* see PkTool.needs_wanted: hping3 --syn */
  PK_ARG_UDP,       /* ports are UDP; undoes PK_ARG_WANTED */
  PK_ARG_SCAN,      /* many ports at once: see PkTool.scan_subtype */
  PK_ARG_TCP,       /* ports are TCP, what else is said */
  PK_ARG_PORT,      /* value: a port, with hping3's leading + or ++ */
  PK_ARG_ACCESS,    /* value: "tcp/22,udp/1194" */
  PK_ARG_TARGET     /* value: a host name or address, perhaps with :port */
} PkArgMeaning;

typedef struct _PkArgOption
{
  gchar letter;      /* 0: none */
  const gchar *name; /* without --; any unmistakable beginning of it counts */
  gboolean takes_value;
  PkArgMeaning meaning;
} PkArgOption;

typedef enum
{
  PK_OPERANDS_PLAIN = 0,    /* nothing that matters */
  PK_OPERANDS_TARGET,       /* the first is the target */
  PK_OPERANDS_TARGET_PORTS, /* the first is the target, the others are port[:proto]; no finding without a port */
} PkOperands;

/* What a command is a sign of.  kind PK_EVENT_NONE: of nothing. */
typedef struct _PkFinding
{
  PkEventKind kind;
  PkBranch branch;
  const gchar *subtype;
} PkFinding;

#define PK_PROCESS_NAMES_MAX 16

/* A command that is told by its own arguments. */
typedef struct _PkTool
{
  const gchar *names[PK_PROCESS_NAMES_MAX]; /* base names without .exe; compared without regard to case */
  const PkArgOption *options;               /* ends with name NULL */
  gboolean attached_values; /* as getopt_long(): -c1, --count=1; FALSE: such are errors and say nothing */
  gboolean single_dash;     /* long options may have one dash only: -sU is no cluster if it is a name */
  gboolean needs_wanted;    /* no finding without a PK_ARG_WANTED */
  gboolean needs_argument;  /* no finding without any argument */
  gboolean attempts;        /* what is no finding, but goes to one port, is a connection attempt */
  PkOperands operands;
  PkFinding finding;
  const gchar *scan_subtype; /* subtype with a PK_ARG_SCAN */
} PkTool;

/* A command that does something to a package or a service. */
typedef struct _PkManager
{
  const gchar *names[PK_PROCESS_NAMES_MAX];
  const gchar *verbs[PK_PROCESS_NAMES_MAX];   /* whole arguments */
  const gchar *objects[PK_PROCESS_NAMES_MAX]; /* package names, with or without version, architecture or path */
  PkFinding finding;
} PkManager;

typedef enum
{
  PK_SCRIPT_NONE = 0,
  PK_SCRIPT_SHELL,     /* "for p in 7000 8000; do nc -z gate $p; done" */
  PK_SCRIPT_POWERSHELL /* "7000,8000 | % { Test-NetConnection gate -Port $_ }" */
} PkScriptLanguage;

/* A command that runs another one. */
typedef struct _PkWrapper
{
  const gchar *names[PK_PROCESS_NAMES_MAX];
  const gchar *words[4];                          /* must come first: "netns", "exec" */
  const gchar *value_letters;                     /* short options whose value is the next argument */
  const gchar *value_names[PK_PROCESS_NAMES_MAX]; /* the same, whole arguments: "--user" */
  guint8 operands;                                /* arguments of its own after the options */
  const gchar *command_options[4];                /* what follows one of these is a command, perhaps as one string */
  const gchar *encoded_option;                    /* or a beginning of it: what follows is base64 of UTF-16LE */
  gboolean bare_command;                          /* without such an option, a command follows its own options */
  PkScriptLanguage language;                      /* of a command string */
} PkWrapper;

/* A text anywhere in a command line, without regard to case. */
typedef struct _PkCommandText
{
  const gchar *text;
  gboolean takes_port; /* an option: its value, after a blank or =, is a port */
  PkFinding finding;
} PkCommandText;

/* A language's ways to reach a port, for scripts that try several. */
typedef struct _PkScript
{
  PkScriptLanguage language;
  const gchar *connectors[PK_PROCESS_NAMES_MAX]; /* without regard to case */
  PkFinding finding;
} PkScript;

/* Tried in this order; the first finding counts.  Each list ends with an empty
 * element (names[0], language or text 0). */
typedef struct _PkProcessSpec
{
  const PkTool *tools;
  const PkManager *managers;
  const PkWrapper *wrappers;
  const PkScript *scripts;
  const PkCommandText *texts;
  PkFinding firewall_opened; /* a command that adds a rule which lets something in */
} PkProcessSpec;

/* ---- events of logs: pk_scan_event_log() ------------------------------------- */

/* What a field says.  A value "-" is none. */
typedef enum
{
  PK_LOG_TEXT = 0, /* goes to PkLogField.text */
  PK_LOG_UTC_TIME, /* "2026-11-22 22:30:01.780", with or without zone */
  PK_LOG_SOURCE,
  PK_LOG_SOURCE_PORT,
  PK_LOG_DEST,
  PK_LOG_DEST_PORT,
  PK_LOG_PROTOCOL,   /* name or number */
  PK_LOG_SWAP,       /* if it is one of values, source and destination are exchanged */
  PK_LOG_PEER,       /* addresses that a rule lets in: a single one is the source */
  PK_LOG_OPEN_PORTS, /* ports that a rule opens: "22", "22,80"; "*" is none */
  PK_LOG_REQUIRE,    /* must be one of values, or the event is ignored */
  PK_LOG_NOTHING     /* its label ends the value before it */
} PkLogTarget;

typedef struct _PkLogField
{
  /* Exact and case-sensitive.  Of XML the name of a <Data>; of JSON the end of
   * a path, "Image" as well as "winlog.event_data.Image". */
  const gchar *name;
  const gchar *label; /* in the text for people, before a colon; NULL: the same as name */
  PkLogTarget target;
  PkTextId text;
  const gchar *values;
} PkLogField;

#define PK_LOG_FIELDS_MAX 24

/* An event that matters. */
typedef struct _PkLogEvent
{
  guint id;              /* 0: the source has no ids */
  const gchar *sentence; /* with which the text for people begins; NULL: not read */
  const PkLogField
      *fields; /* ends with name NULL; at most PK_LOG_FIELDS_MAX; the first of a target with a value counts */
  const PkProcessSpec *process; /* the event is a process's start, and a finding only if this says so */
  PkScriptLanguage script;      /* its command line is a script in this language */
  PkFinding finding;            /* of any other event */
} PkLogEvent;

/* Events of one source, as XML (schemas.microsoft.com/win/2004/08/events/event),
 * as JSON of any shipper, or as text for people.  Other events of its providers
 * do not match, nor do other providers. */
typedef struct _PkEventLogSpec
{
  const gchar *providers[6];
  const PkLogEvent *events; /* ends with fields NULL */
} PkEventLogSpec;

/* ---- commands in sentences: pk_scan_command() ---------------------------------- */

/* "root : PWD=/ ; USER=root ; COMMAND=/usr/bin/knock gate 7000" */
typedef struct _PkCommandSpec
{
  const PkProcessSpec *process;
  const gchar *user_before;    /* what stands before the user's name; "": the text begins with it */
  const gchar *user_ends;      /* the name ends before one of these bytes */
  const gchar *after_user;     /* what must stand there, NULL: anything */
  gboolean key_after_user;     /* and then "KEY=", or the command was not run */
  const gchar *image_before;   /* what stands before the program's path, which holds no blank; NULL: it is not told */
  const gchar *command_before; /* each place where it stands is tried */
  const gchar *command_after;  /* at the end of the text; NULL: nothing */
  gboolean shell;              /* the command is for a shell */
} PkCommandSpec;

/* ---- packages: pk_scan_package() ----------------------------------------------- */

#define PK_PACKAGE_LEADS_MAX 8

typedef struct _PkPackageSpec
{
  /* What stands before a package's name.  "Installed: " may also be what a
   * syslog parser took for the program. */
  const gchar *leads[PK_PACKAGE_LEADS_MAX];
  gboolean anchored;                           /* leads stand at the beginning, or after a time */
  const gchar *separator;                      /* between packages of one line; NULL: one to a line */
  const gchar *packages[PK_PROCESS_NAMES_MAX]; /* as PkManager.objects */
  const gchar *command_lead;                   /* what stands before a command line; NULL: nothing */
  const PkProcessSpec *process;                /* for that */
  PkFinding finding;
} PkPackageSpec;

/* ---- audit records: pk_scan_audit() --------------------------------------------- */

typedef struct _PkAuditSpec
{
  const PkProcessSpec *process;
  const gchar *raw_socket_images; /* a list: programs whose raw socket is evidence */
  PkFinding raw_socket;
  const gchar *files; /* a list: files whose creation is a finding */
  PkFinding file_created;
} PkAuditSpec;

#endif
