/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include "scan/scan.h"

/* ---- shapes ---------------------------------------------------------------------- */

typedef struct _Shape
{
  PkScanFunc scan;
  const gchar *name;
} Shape;

static const Shape SHAPES[] = {
  { pk_scan_netfilter, "netfilter" },
  { pk_scan_text, "sentence" },
  { pk_scan_pattern, "sentence" },
  { pk_scan_event_log, "event log" },
  { pk_scan_audit, "audit record" },
  { pk_scan_command, "command" },
  { pk_scan_package, "package" },
  { pk_scan_kv, "key=value" },
  { pk_scan_csv, "columns" },
  { pk_scan_json, "JSON" },
  { pk_scan_json_columns, "columns in JSON" },
  { pk_scan_cef, "CEF, LEEF" },
  { pk_scan_sdata, "structured data" },
};

const gchar *
pk_dialect_shape(const PkDialect *dialect)
{
  for (gsize i = 0; i < G_N_ELEMENTS(SHAPES); i++)
    if (SHAPES[i].scan == dialect->scan)
      return SHAPES[i].name;
  return "";
}

const gchar *
pk_scan_result_name(PkScanResult result)
{
  static const gchar *const NAMES[PK_N_SCAN_RESULTS] = {
    [PK_SCAN_IGNORED] = "ignored",
    [PK_SCAN_MALFORMED] = "malformed",
    [PK_SCAN_UNKNOWN_PREFIX] = "unknown_prefix",
    [PK_SCAN_CONTEXT] = "context",
    [PK_SCAN_OWN] = "own",
  };

  return NAMES[result];
}

/* ---- kinds ------------------------------------------------------------------------ */

static guint32
_kind(PkEventKind kind)
{
  return kind == PK_EVENT_NONE ? 0 : 1u << kind;
}

static guint32
_kinds_of_verdict(PkVerdict verdict)
{
  return verdict == PK_VERDICT_DENY     ? _kind(PK_EVENT_FIREWALL_DENY)
         : verdict == PK_VERDICT_ACCEPT ? _kind(PK_EVENT_FIREWALL_ACCEPT)
                                        : 0;
}

/* Verdict words, and the user's own prefixes, may say both. */
static guint32
_kinds_of_prefix(void)
{
  return _kinds_of_verdict(PK_VERDICT_DENY) | _kinds_of_verdict(PK_VERDICT_ACCEPT);
}

static guint32
_kinds_of_netfilter(const PkNetfilterSpec *spec)
{
  guint32 kinds = spec->words ? _kinds_of_prefix() : 0;

  for (const PkNetfilterRule *rule = spec->rules; rule->start || rule->end; rule++)
    kinds |= _kinds_of_verdict(rule->verdict);
  return kinds;
}

static guint32
_kinds_of_tuple(const PkTupleSpec *spec)
{
  guint32 kinds = 0;

  for (const PkTupleWord *word = spec->words; word && word->values; word++)
    kinds |= _kinds_of_verdict(word->verdict);
  return kinds;
}

static guint32
_kinds_of_pattern(const PkPatternSpec *spec)
{
  guint32 kinds = spec->prefix ? _kinds_of_prefix() : 0;

  for (const PkPattern *pattern = spec->patterns; pattern->pattern; pattern++)
    kinds |= _kinds_of_verdict(pattern->verdict);
  return kinds;
}

static guint32
_kinds_of_process(const PkProcessSpec *spec)
{
  guint32 kinds = _kind(spec->firewall_opened.kind);

  for (const PkTool *tool = spec->tools; tool && tool->names[0]; tool++)
    kinds |= _kind(tool->finding.kind) | (tool->attempts ? _kind(PK_EVENT_CONNECTION_ATTEMPT) : 0);
  for (const PkManager *manager = spec->managers; manager && manager->names[0]; manager++)
    kinds |= _kind(manager->finding.kind);
  for (const PkScript *script = spec->scripts; script && script->language; script++)
    kinds |= _kind(script->finding.kind);
  for (const PkCommandText *text = spec->texts; text && text->text; text++)
    kinds |= _kind(text->finding.kind);
  return kinds;
}

static guint32
_kinds_of_event_log(const PkEventLogSpec *spec)
{
  guint32 kinds = 0;

  for (const PkLogEvent *event = spec->events; event->fields; event++)
    kinds |= event->process ? _kinds_of_process(event->process) : _kind(event->finding.kind);
  return kinds;
}

static guint32
_kinds_of_records(const PkDialect *dialect)
{
  guint32 kinds = 0;

  if (dialect->event_log)
    kinds |= _kinds_of_event_log(dialect->event_log);
  if (dialect->audit)
    kinds |= _kinds_of_process(dialect->audit->process) | _kind(dialect->audit->raw_socket.kind) |
             _kind(dialect->audit->file_created.kind);
  if (dialect->command)
    kinds |= _kinds_of_process(dialect->command->process);
  if (dialect->package)
    kinds |= _kind(dialect->package->finding.kind) |
             (dialect->package->process ? _kinds_of_process(dialect->package->process) : 0);
  return kinds;
}

guint32
pk_dialect_kinds(const PkDialect *dialect)
{
  guint32 kinds = _kinds_of_records(dialect);

  if (dialect->netfilter)
    kinds |= _kinds_of_netfilter(dialect->netfilter);
  if (dialect->text)
    kinds |= _kind(dialect->text->kind);
  if (dialect->tuple)
    kinds |= _kinds_of_tuple(dialect->tuple);
  if (dialect->pattern)
    kinds |= _kinds_of_pattern(dialect->pattern);
  return kinds;
}
