/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/address.h"
#include "scan/process.h"
#include "scan/slice.h"
#include "scan/timestamp.h"

/* Windows event XML, as the event log renders it and as Sysmon for Linux writes
 * it (schemas.microsoft.com/win/2004/08/events/event):
 *
 *   <Event ...><System><Provider Name="P"/><EventID>N</EventID>
 *     <TimeCreated SystemTime="T"/>...</System>
 *   <EventData><Data Name="K">V</Data>...</EventData></Event>
 *
 * GMarkup knows no entities but the five of XML, so nothing in a line can make
 * it allocate more than the line's own size. */

/* Real events are three deep; rendering information adds two. */
#define DEPTH_MAX 8

typedef enum
{
  ELEMENT_OTHER = 0,
  ELEMENT_SYSTEM,
  ELEMENT_EVENT_DATA,
  ELEMENT_EVENT_ID,
  ELEMENT_DATA
} Element;

typedef struct _Value
{
  gboolean has;
  gsize offset, len; /* into Reader.store */
} Value;

typedef struct _Reader
{
  const PkEventLogSpec *spec;
  guint depth;
  Element section, leaf;
  PkScanResult stopped; /* why reading ended early */
  gboolean provider_matches;
  gboolean has_id;
  guint id;
  const PkLogEvent *event; /* NULL until the id is known and wanted */
  gint64 system_time_usec; /* 0: none */
  Value values[PK_LOG_FIELDS_MAX];
  guint field;    /* that the present leaf fills */
  gsize begin;    /* of the present leaf's text in store */
  GString *store; /* texts of wanted leaves, one after the other */
} Reader;

static void
_stop(Reader *self, PkScanResult why, GError **error)
{
  self->stopped = why;
  g_set_error_literal(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "");
}

static PkSlice
_slice_of(const Reader *self, const Value *value)
{
  return pk_slice(self->store->str + value->offset, value->has ? value->len : 0);
}

static const gchar *
_find_attribute(const gchar **names, const gchar **values, const gchar *name)
{
  for (gsize i = 0; names[i]; i++)
    if (g_str_equal(names[i], name))
      return values[i];
  return NULL;
}

/* ---- System ------------------------------------------------------------------- */

static void
_read_provider(Reader *self, const gchar **names, const gchar **values)
{
  const gchar *provider = _find_attribute(names, values, "Name");

  for (gsize i = 0; provider && i < G_N_ELEMENTS(self->spec->providers) && self->spec->providers[i]; i++)
    if (g_str_equal(provider, self->spec->providers[i]))
      self->provider_matches = TRUE;
}

static gboolean
_parse_utc(PkSlice text, gint64 *ret_usec)
{
  gboolean has_zone;

  return pk_timestamp_parse_iso(text, ret_usec, &has_zone) == text.len && text.len > 0;
}

static void
_read_time_created(Reader *self, const gchar **names, const gchar **values)
{
  const gchar *text = _find_attribute(names, values, "SystemTime");

  _parse_utc(pk_slice_from_string(text), &self->system_time_usec);
}

static void
_start_in_system(Reader *self, const gchar *name, const gchar **names, const gchar **values)
{
  if (g_str_equal(name, "Provider"))
    _read_provider(self, names, values);
  else if (g_str_equal(name, "TimeCreated"))
    _read_time_created(self, names, values);
  else if (g_str_equal(name, "EventID"))
    self->leaf = ELEMENT_EVENT_ID;
}

static void
_end_event_id(Reader *self)
{
  PkSlice text = pk_slice_trim(pk_slice(self->store->str + self->begin, self->store->len - self->begin));
  guint64 id;

  if (self->has_id || !pk_number_parse(text, G_MAXUINT16, &id))
    return;
  self->has_id = TRUE;
  self->id = (guint) id;
}

/* ---- EventData ------------------------------------------------------------------ */

static const PkLogEvent *
_find_event(const PkEventLogSpec *spec, guint id)
{
  for (const PkLogEvent *event = spec->events; event->fields; event++)
    if (event->id == id)
      return event;
  return NULL;
}

/* System comes first in every event, so what is not wanted is known before its
 * data are read. */
static void
_start_event_data(Reader *self, GError **error)
{
  if (!self->provider_matches)
    _stop(self, PK_SCAN_NO_MATCH, error);
  else if (!self->has_id)
    _stop(self, PK_SCAN_MALFORMED, error);
  else if (!(self->event = _find_event(self->spec, self->id)))
    _stop(self, PK_SCAN_IGNORED, error);
}

static void
_start_data(Reader *self, const gchar **names, const gchar **values)
{
  const gchar *name = _find_attribute(names, values, "Name");

  for (guint i = 0; name && i < PK_LOG_FIELDS_MAX && self->event->fields[i].name; i++)
    if (g_str_equal(name, self->event->fields[i].name) && !self->values[i].has)
      {
        self->leaf = ELEMENT_DATA;
        self->field = i;
      }
}

static void
_end_data(Reader *self)
{
  Value value = { TRUE, self->begin, self->store->len - self->begin };

  self->values[self->field] = value;
}

/* ---- GMarkup -------------------------------------------------------------------- */

static void
_start_section(Reader *self, const gchar *name, GError **error)
{
  self->section = g_str_equal(name, "System")      ? ELEMENT_SYSTEM
                  : g_str_equal(name, "EventData") ? ELEMENT_EVENT_DATA
                                                   : ELEMENT_OTHER;
  if (self->section == ELEMENT_EVENT_DATA)
    _start_event_data(self, error);
}

static void
_start_element(GMarkupParseContext *context G_GNUC_UNUSED, const gchar *name, const gchar **names, const gchar **values,
               gpointer user_data, GError **error)
{
  Reader *self = user_data;

  self->depth++;
  if (self->depth > DEPTH_MAX || (self->depth == 1 && !g_str_equal(name, "Event")))
    _stop(self, PK_SCAN_MALFORMED, error);
  else if (self->depth == 2)
    _start_section(self, name, error);
  else if (self->depth == 3)
    {
      self->begin = self->store->len;
      if (self->section == ELEMENT_SYSTEM)
        _start_in_system(self, name, names, values);
      else if (self->section == ELEMENT_EVENT_DATA && g_str_equal(name, "Data"))
        _start_data(self, names, values);
    }
}

static void
_end_element(GMarkupParseContext *context G_GNUC_UNUSED, const gchar *name G_GNUC_UNUSED, gpointer user_data,
             GError **error G_GNUC_UNUSED)
{
  Reader *self = user_data;

  if (self->depth-- != 3)
    return;
  if (self->leaf == ELEMENT_EVENT_ID)
    _end_event_id(self);
  else if (self->leaf == ELEMENT_DATA)
    _end_data(self);
  self->leaf = ELEMENT_OTHER;
}

static void
_text(GMarkupParseContext *context G_GNUC_UNUSED, const gchar *text, gsize len, gpointer user_data,
      GError **error G_GNUC_UNUSED)
{
  Reader *self = user_data;

  if (self->leaf != ELEMENT_OTHER && self->depth == 3)
    g_string_append_len(self->store, text, (gssize) len);
}

static const GMarkupParser PARSER = {
  .start_element = _start_element,
  .end_element = _end_element,
  .text = _text,
};

/* GMarkup wants valid UTF-8 without NUL.  A byte that is neither becomes U+FFFD:
 * one such byte in a command line must not hide the command. */
static gboolean
_parse(Reader *self, PkSlice xml)
{
  GMarkupParseContext *context = g_markup_parse_context_new(&PARSER, G_MARKUP_TREAT_CDATA_AS_TEXT, self, NULL);
  gchar *valid = g_utf8_validate_len(xml.data, xml.len, NULL) ? NULL : g_utf8_make_valid(xml.data, (gssize) xml.len);
  gboolean ok;

  if (valid)
    xml = pk_slice_from_string(valid);
  ok = g_markup_parse_context_parse(context, xml.data, (gssize) xml.len, NULL) &&
       g_markup_parse_context_end_parse(context, NULL);
  g_markup_parse_context_free(context);
  g_free(valid);
  return ok;
}

/* ---- the event -------------------------------------------------------------------- */

/* "<Event>" or "<Event ...>" up to and with "</Event>"; a header, a BOM or an
 * XML declaration may come before, anything after.  Length 0: there is none. */
static PkSlice
_find_xml(PkSlice text)
{
  PkSlice open = PK_SLICE("<Event"), close = PK_SLICE("</Event>");
  gssize at;

  while ((at = pk_slice_find(text, open)) >= 0)
    {
      gssize end;

      text = pk_slice_from(text, (gsize) at);
      if (text.len > open.len && text.data[open.len] != '>' && !g_ascii_isspace(text.data[open.len]))
        {
          text = pk_slice_from(text, open.len);
          continue;
        }
      end = pk_slice_find(text, close);
      return pk_slice(text.data, end < 0 ? text.len : (gsize) end + close.len);
    }
  return pk_slice(NULL, 0);
}

static gboolean
_set_address(PkEvent *event, PkSlice text, guint32 has, PkAddr *address)
{
  if (!pk_addr_parse(text, address))
    return FALSE;
  event->has |= has;
  return TRUE;
}

static gboolean
_set_port(PkEvent *event, PkSlice text, guint32 has, guint16 *port)
{
  if (!pk_port_parse(text, port))
    return FALSE;
  event->has |= has;
  return TRUE;
}

static gboolean
_set_field(PkEvent *event, const PkLogField *field, PkSlice value)
{
  gint64 time_usec;

  switch (field->target)
    {
    case PK_LOG_TEXT:
      pk_event_set_text(event, field->text, value.data, value.len);
      return TRUE;
    case PK_LOG_UTC_TIME:
      if (_parse_utc(value, &time_usec))
        event->time_usec = time_usec;
      return TRUE;
    case PK_LOG_SOURCE:
      return _set_address(event, value, PK_HAS_SOURCE, &event->source);
    case PK_LOG_SOURCE_PORT:
      return _set_port(event, value, PK_HAS_SOURCE_PORT, &event->source_port);
    case PK_LOG_DEST:
      return _set_address(event, value, PK_HAS_DEST, &event->dest);
    case PK_LOG_DEST_PORT:
      return _set_port(event, value, PK_HAS_DEST_PORT, &event->dest_port);
    case PK_LOG_PROTOCOL:
      event->has |= PK_HAS_PROTOCOL;
      return pk_protocol_parse(value, &event->protocol);
    default:
      break;
    }
  return FALSE;
}

static gboolean
_set_fields(const Reader *self, PkEvent *event)
{
  for (guint i = 0; i < PK_LOG_FIELDS_MAX && self->event->fields[i].name; i++)
    {
      PkSlice value = _slice_of(self, &self->values[i]);

      if (value.len && !pk_slice_equals(value, PK_SLICE("-")) && !_set_field(event, &self->event->fields[i], value))
        return FALSE;
    }
  return TRUE;
}

static PkSlice
_get_text(const Reader *self, PkTextId text)
{
  for (guint i = 0; i < PK_LOG_FIELDS_MAX && self->event->fields[i].name; i++)
    if (self->event->fields[i].target == PK_LOG_TEXT && self->event->fields[i].text == text)
      return _slice_of(self, &self->values[i]);
  return pk_slice(NULL, 0);
}

static PkScanResult
_fill(const Reader *self, PkEvent *event)
{
  if (self->event->process)
    {
      if (!pk_process_classify(self->event->process, _get_text(self, PK_TEXT_IMAGE),
                               _get_text(self, PK_TEXT_COMMAND_LINE), event))
        return PK_SCAN_IGNORED;
    }
  else
    {
      event->kind = self->event->finding.kind;
      event->branch = self->event->finding.branch;
      event->subtype = self->event->finding.subtype;
    }
  if (self->system_time_usec)
    event->time_usec = self->system_time_usec;
  return _set_fields(self, event) ? PK_SCAN_MATCH : PK_SCAN_MALFORMED;
}

static PkScanResult
_read(Reader *self, PkSlice xml, PkEvent *event)
{
  if (!_parse(self, xml))
    return self->stopped != PK_N_SCAN_RESULTS ? self->stopped : PK_SCAN_MALFORMED;
  if (!self->provider_matches)
    return PK_SCAN_NO_MATCH;
  return self->event ? _fill(self, event) : PK_SCAN_IGNORED;
}

PkScanResult
pk_scan_xml(const PkDialect *self, const PkScanContext *context G_GNUC_UNUSED, const PkLine *line, PkEvent *event)
{
  PkSlice xml = _find_xml(line->text);
  Reader reader = { .spec = self->event_log, .stopped = PK_N_SCAN_RESULTS };
  PkScanResult result;

  if (!xml.len)
    return PK_SCAN_NO_MATCH;
  reader.store = g_string_sized_new(1024);
  result = _read(&reader, xml, event);
  g_string_free(reader.store, TRUE);
  return result;
}
