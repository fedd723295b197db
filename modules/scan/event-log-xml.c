/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/event-log.h"

#include "scan/address.h"
#include "scan/slice.h"

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
  gsize offset, len; /* into Reader.store, which moves while it grows */
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
  PkLogRecord *record; /* borrowed; its event is NULL until the id is known and wanted */
  Value values[PK_LOG_FIELDS_MAX];
  guint field;    /* that the present leaf fills */
  gsize begin;    /* of the present leaf's text in store */
  GString *store; /* borrowed; texts of wanted leaves, one after the other */
} Reader;

static void
_stop(Reader *self, PkScanResult why, GError **error)
{
  self->stopped = why;
  g_set_error_literal(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "");
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

  self->provider_matches |= pk_event_log_is_provider(self->spec, pk_slice_from_string(provider));
}

static void
_read_time_created(Reader *self, const gchar **names, const gchar **values)
{
  const gchar *text = _find_attribute(names, values, "SystemTime");

  pk_event_log_parse_time(pk_slice_from_string(text), &self->record->time_usec);
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

/* System comes first in every event, so what is not wanted is known before its
 * data are read. */
static void
_start_event_data(Reader *self, GError **error)
{
  if (!self->provider_matches)
    _stop(self, PK_SCAN_NO_MATCH, error);
  else if (!self->has_id)
    _stop(self, PK_SCAN_MALFORMED, error);
  else if (!(self->record->event = pk_event_log_find(self->spec, self->id)))
    _stop(self, PK_SCAN_NO_MATCH, error);
}

static void
_start_data(Reader *self, const gchar **names, const gchar **values)
{
  const gchar *name = _find_attribute(names, values, "Name");

  for (guint i = 0; name && i < PK_LOG_FIELDS_MAX && self->record->event->fields[i].name; i++)
    if (g_str_equal(name, self->record->event->fields[i].name) && !self->values[i].has)
      {
        self->leaf = ELEMENT_DATA;
        self->field = i;
        return;
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

/* A name may be listed more than once; only its first field was filled. */
static void
_fill(const Reader *self)
{
  const PkLogField *fields = self->record->event->fields;

  for (guint i = 0; i < PK_LOG_FIELDS_MAX && fields[i].name; i++)
    {
      const Value *value = &self->values[i];

      for (guint k = 0; k < i && !value->has; k++)
        if (g_str_equal(fields[k].name, fields[i].name))
          value = &self->values[k];
      if (value->has)
        self->record->values[i] = pk_slice(self->store->str + value->offset, value->len);
    }
}

gboolean
pk_event_log_is_xml(PkSlice text)
{
  return _find_xml(text).len > 0;
}

PkScanResult
pk_event_log_read_xml(const PkEventLogSpec *spec, PkSlice text, PkLogRecord *record)
{
  Reader reader = { .spec = spec, .record = record, .stopped = PK_N_SCAN_RESULTS };

  record->store = reader.store = g_string_sized_new(1024);
  if (!_parse(&reader, _find_xml(text)))
    return reader.stopped != PK_N_SCAN_RESULTS ? reader.stopped : PK_SCAN_MALFORMED;
  if (!reader.provider_matches || !record->event)
    return PK_SCAN_NO_MATCH;
  _fill(&reader);
  return PK_SCAN_MATCH;
}
