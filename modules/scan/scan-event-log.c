/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/address.h"
#include "scan/event-log.h"
#include "scan/glob.h"
#include "scan/process.h"
#include "scan/slice.h"
#include "scan/timestamp.h"

/* ---- what readers ask ------------------------------------------------------------- */

const PkLogEvent *
pk_event_log_find(const PkEventLogSpec *spec, guint id)
{
  for (const PkLogEvent *event = spec->events; event->fields; event++)
    if (event->id == id || event->id == 0)
      return event;
  return NULL;
}

gboolean
pk_event_log_is_provider(const PkEventLogSpec *spec, PkSlice name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(spec->providers) && spec->providers[i]; i++)
    if (pk_slice_equals(name, pk_slice_from_string(spec->providers[i])))
      return TRUE;
  return FALSE;
}

gboolean
pk_event_log_parse_time(PkSlice text, gint64 *ret_usec)
{
  gboolean has_zone;

  return text.len > 0 && pk_timestamp_parse_iso(text, ret_usec, &has_zone) == text.len;
}

/* ---- values ----------------------------------------------------------------------- */

static gboolean
_set_address(PkEvent *event, PkSlice text, guint32 has, PkAddr *address)
{
  if (event->has & has)
    return TRUE;
  if (!pk_addr_parse(text, address))
    return FALSE;
  event->has |= has;
  return TRUE;
}

static gboolean
_set_port(PkEvent *event, PkSlice text, guint32 has, guint16 *port)
{
  if (event->has & has)
    return TRUE;
  if (!pk_port_parse(text, port))
    return FALSE;
  event->has |= has;
  return TRUE;
}

/* A rule may be about all protocols, which has a number of its own or a name. */
static gboolean
_set_protocol(PkEvent *event, PkSlice text)
{
  if (!pk_protocol_parse(text, &event->protocol))
    return event->kind == PK_EVENT_HOST_FIREWALL_OPENED;
  event->has |= PK_HAS_PROTOCOL;
  return TRUE;
}

static void
_set_time(PkEvent *event, PkSlice text)
{
  gint64 time_usec;

  if (pk_event_log_parse_time(text, &time_usec))
    event->time_usec = time_usec;
}

/* "192.0.2.1", "192.0.2.1/255.255.255.255", "192.0.2.1/32", "192.0.2.1-192.0.2.1";
 * several, a network and "*" are no single address. */
static void
_set_peer(PkEvent *event, PkSlice text)
{
  gssize slash = pk_slice_find_char(text, '/'), dash = pk_slice_find_char(text, '-');
  gssize at = slash >= 0 ? slash : dash;
  PkSlice mask = at >= 0 ? pk_slice_from(text, (gsize) at + 1) : pk_slice(NULL, 0);
  PkSlice address = at >= 0 ? pk_slice(text.data, (gsize) at) : text;

  if (slash >= 0 && !pk_glob_list_fits("255.255.255.255|32|128", mask))
    return;
  if (slash < 0 && dash >= 0 && !pk_slice_equals(address, mask))
    return;
  _set_address(event, address, PK_HAS_SOURCE, &event->source);
}

static gboolean
_set_field(PkEvent *event, const PkLogField *field, PkSlice value)
{
  switch (field->target)
    {
    case PK_LOG_TEXT:
      pk_event_set_text(event, field->text, value.data, value.len);
      break;
    case PK_LOG_UTC_TIME:
      _set_time(event, value);
      break;
    case PK_LOG_SOURCE:
      return _set_address(event, value, PK_HAS_SOURCE, &event->source);
    case PK_LOG_SOURCE_PORT:
      return _set_port(event, value, PK_HAS_SOURCE_PORT, &event->source_port);
    case PK_LOG_DEST:
      return _set_address(event, value, PK_HAS_DEST, &event->dest);
    case PK_LOG_DEST_PORT:
      return _set_port(event, value, PK_HAS_DEST_PORT, &event->dest_port);
    case PK_LOG_PROTOCOL:
      return _set_protocol(event, value);
    case PK_LOG_PEER:
      _set_peer(event, value);
      break;
    case PK_LOG_SWAP:
    case PK_LOG_OPEN_PORTS:
    case PK_LOG_REQUIRE:
    case PK_LOG_NOTHING:
      break;
    }
  return TRUE;
}

/* ---- what needs all values ---------------------------------------------------------- */

static PkSlice
_value_of(const PkLogRecord *record, guint i)
{
  PkSlice value = record->values[i];

  return pk_slice_equals(value, PK_SLICE("-")) ? pk_slice(NULL, 0) : value;
}

/* The value of the first field of that target, and of that text if it is one. */
static PkSlice
_find_value(const PkLogRecord *record, PkLogTarget target, PkTextId text)
{
  const PkLogField *fields = record->event->fields;

  for (guint i = 0; i < PK_LOG_FIELDS_MAX && fields[i].name; i++)
    if (fields[i].target == target && (target != PK_LOG_TEXT || fields[i].text == text) && _value_of(record, i).len)
      return _value_of(record, i);
  return pk_slice(NULL, 0);
}

/* Whether one of the fields that require what field does has such a value. */
static gboolean
_is_satisfied(const PkLogRecord *record, const PkLogField *field)
{
  const PkLogField *fields = record->event->fields;

  for (guint i = 0; i < PK_LOG_FIELDS_MAX && fields[i].name; i++)
    if (fields[i].target == PK_LOG_REQUIRE && fields[i].values == field->values &&
        pk_glob_list_fits(field->values, _value_of(record, i)))
      return TRUE;
  return FALSE;
}

static gboolean
_has_what_it_needs(const PkLogRecord *record)
{
  const PkLogField *fields = record->event->fields;

  for (guint i = 0; i < PK_LOG_FIELDS_MAX && fields[i].name; i++)
    if (fields[i].target == PK_LOG_REQUIRE && !_is_satisfied(record, &fields[i]))
      return FALSE;
  return TRUE;
}

static void
_swap_ends(PkEvent *event)
{
  const guint32 moved = PK_HAS_SOURCE | PK_HAS_DEST | PK_HAS_SOURCE_PORT | PK_HAS_DEST_PORT;
  PkAddr source = event->source;
  guint16 source_port = event->source_port;
  guint32 has = event->has & ~moved;

  has |= event->has & PK_HAS_SOURCE ? PK_HAS_DEST : 0;
  has |= event->has & PK_HAS_DEST ? PK_HAS_SOURCE : 0;
  has |= event->has & PK_HAS_SOURCE_PORT ? PK_HAS_DEST_PORT : 0;
  has |= event->has & PK_HAS_DEST_PORT ? PK_HAS_SOURCE_PORT : 0;
  event->has = has;
  event->source = event->dest;
  event->dest = source;
  event->source_port = event->dest_port;
  event->dest_port = source_port;
}

static void
_swap_if_told(const PkLogRecord *record, PkEvent *event)
{
  const PkLogField *fields = record->event->fields;

  for (guint i = 0; i < PK_LOG_FIELDS_MAX && fields[i].name; i++)
    if (fields[i].target == PK_LOG_SWAP && pk_glob_list_fits(fields[i].values, _value_of(record, i)))
      {
        _swap_ends(event);
        return;
      }
}

/* "22,80" of TCP is "tcp/22,tcp/80". */
static void
_set_open_ports(const PkLogRecord *record, PkEvent *event)
{
  PkSlice rest = _find_value(record, PK_LOG_OPEN_PORTS, PK_TEXT_ACTION_WORD);
  const gchar *protocol = event->has & PK_HAS_PROTOCOL ? pk_protocol_name(event->protocol) : NULL;
  gchar text[PK_SHORT_TEXT_BYTES_MAX + 1];
  gsize used = 0;

  while (rest.len)
    {
      gssize comma = pk_slice_find_char(rest, ',');
      PkSlice port = pk_slice_trim(pk_slice(rest.data, comma < 0 ? rest.len : (gsize) comma));
      guint16 number;

      if (pk_port_parse(port, &number) && used + 16 < sizeof(text))
        used += (gsize) g_snprintf(text + used, sizeof(text) - used, "%s%s%s%u", used ? "," : "",
                                   protocol ? protocol : "", protocol ? "/" : "", (guint) number);
      rest = pk_slice_from(rest, comma < 0 ? rest.len : (gsize) comma + 1);
    }
  pk_event_set_text(event, PK_TEXT_OPEN_PORT, text, used);
}

/* The source's own word for it is the event's number. */
static void
_set_action_word(const PkLogRecord *record, PkEvent *event)
{
  gchar word[16];

  if (event->kind == PK_EVENT_FIREWALL_DENY || event->kind == PK_EVENT_FIREWALL_ACCEPT)
    pk_event_set_text(event, PK_TEXT_ACTION_WORD, word,
                      (gsize) g_snprintf(word, sizeof(word), "%u", record->event->id));
}

/* ---- the event ------------------------------------------------------------------------ */

static PkScanResult
_classify(const PkLogRecord *record, PkEvent *event)
{
  const PkLogEvent *spec = record->event;
  PkSlice image = _find_value(record, PK_LOG_TEXT, PK_TEXT_IMAGE);
  PkSlice command_line = _find_value(record, PK_LOG_TEXT, PK_TEXT_COMMAND_LINE);

  if (spec->script != PK_SCRIPT_NONE)
    return pk_process_classify_script(spec->process, spec->script, image, command_line, event);
  return pk_process_classify(spec->process, image, command_line, event);
}

static void
_set_finding(const PkLogRecord *record, PkEvent *event)
{
  PkSlice process = pk_process_base_name(_find_value(record, PK_LOG_TEXT, PK_TEXT_IMAGE));

  event->kind = record->event->finding.kind;
  event->branch = record->event->finding.branch;
  event->subtype = record->event->finding.subtype;
  pk_event_set_text(event, PK_TEXT_PROCESS, process.data, process.len);
}

static gboolean
_set_fields(const PkLogRecord *record, PkEvent *event)
{
  const PkLogField *fields = record->event->fields;

  for (guint i = 0; i < PK_LOG_FIELDS_MAX && fields[i].name; i++)
    {
      PkSlice value = _value_of(record, i);

      if (value.len && !_set_field(event, &fields[i], value))
        return FALSE;
    }
  return TRUE;
}

static PkScanResult
_fill(const PkLogRecord *record, PkEvent *event)
{
  PkScanResult result = PK_SCAN_MATCH;

  if (!_has_what_it_needs(record))
    return PK_SCAN_IGNORED;
  if (record->event->process)
    result = _classify(record, event);
  else
    _set_finding(record, event);
  if (result == PK_SCAN_IGNORED)
    return result;
  if (record->time_usec)
    event->time_usec = record->time_usec;
  _set_action_word(record, event);
  if (!_set_fields(record, event))
    return PK_SCAN_MALFORMED;
  _set_open_ports(record, event);
  _swap_if_told(record, event);
  return result;
}

/* A brace in the text for people begins a GUID. */
static gboolean
_is_json(PkSlice text)
{
  gssize brace = pk_slice_find_char(text, '{');
  PkSlice after = brace >= 0 ? pk_slice_trim(pk_slice_from(text, (gsize) brace + 1)) : pk_slice(NULL, 0);

  return after.len > 0 && after.data[0] == '"';
}

static PkScanResult
_read(const PkEventLogSpec *spec, PkSlice text, PkLogRecord *record)
{
  if (pk_event_log_is_xml(text))
    return pk_event_log_read_xml(spec, text, record);
  if (_is_json(text))
    return pk_event_log_read_json(spec, text, record);
  return pk_event_log_read_text(spec, text, record);
}

PkScanResult
pk_scan_event_log(const PkDialect *self, const PkScanContext *context G_GNUC_UNUSED, const PkLine *line, PkEvent *event)
{
  PkLogRecord record = { .event = NULL };
  PkScanResult result = _read(self->event_log, line->text, &record);

  if (result == PK_SCAN_MATCH)
    result = _fill(&record, event);
  if (record.store)
    g_string_free(record.store, TRUE);
  return result;
}
