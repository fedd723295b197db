/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/event-log.h"

#include "scan/slice.h"

/* An event as the event viewer shows it to people, which is what Snare and other
 * agents send, on one line or several:
 *
 *   Process Create:  UtcTime: 2026-11-22 22:30:01.101  Image: C:\x.exe  CommandLine: x.exe -a
 *   ... has blocked a connection. ... Source Address: 192.0.2.1 Source Port: 53
 *
 * The sentence says which event it is.  A value ends before two blanks and a
 * capital, before a tab or a line end, before the next label that is known,
 * and, unless it is text, before a blank. */

static gboolean
_is_blank(gchar c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where the value of a label begins; -1: it is not there. */
static gssize
_find_label(PkSlice text, PkSlice label)
{
  gsize from = 0;
  gssize at;

  while ((at = pk_slice_find(pk_slice_from(text, from), label)) >= 0)
    {
      gsize begin = from + (gsize) at, end = begin + label.len;

      if (end < text.len && text.data[end] == ':' && (begin == 0 || _is_blank(text.data[begin - 1])))
        return (gssize) end + 1;
      from = end;
    }
  return -1;
}

static PkSlice
_label_of(const PkLogField *field)
{
  return pk_slice_from_string(field->label ? field->label : field->name);
}

static gboolean
_ends_value(PkSlice text, gsize at, gboolean is_text)
{
  if (text.data[at] != ' ')
    return _is_blank(text.data[at]);
  return !is_text || at + 1 == text.len ||
         (text.data[at + 1] == ' ' && (at + 2 == text.len || g_ascii_isupper(text.data[at + 2])));
}

static PkSlice
_cut_before_labels(PkSlice value, const PkLogField *fields)
{
  for (guint i = 0; i < PK_LOG_FIELDS_MAX && fields[i].name; i++)
    {
      PkSlice label = _label_of(&fields[i]);
      gssize after = _find_label(value, label);

      if (after > (gssize) label.len + 1)
        value.len = (gsize) after - label.len - 1;
    }
  return pk_slice_trim(value);
}

static PkSlice
_read_value(PkSlice text, const PkLogField *field, const PkLogField *fields)
{
  gboolean is_text = field->target == PK_LOG_TEXT || field->target == PK_LOG_UTC_TIME;
  gssize at = _find_label(text, _label_of(field));
  gsize end = 0;

  if (at < 0)
    return pk_slice(NULL, 0);
  text = pk_slice_from(text, (gsize) at);
  while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
    text = pk_slice_from(text, 1);
  while (end < text.len && !_ends_value(text, end, is_text))
    end++;
  return _cut_before_labels(pk_slice(text.data, end), fields);
}

PkScanResult
pk_event_log_read_text(const PkEventLogSpec *spec, PkSlice text, PkLogRecord *record)
{
  for (const PkLogEvent *event = spec->events; event->fields; event++)
    {
      gssize at = event->sentence ? pk_slice_find(text, pk_slice_from_string(event->sentence)) : -1;

      if (at < 0)
        continue;
      record->event = event;
      text = pk_slice_from(text, (gsize) at);
      for (guint i = 0; i < PK_LOG_FIELDS_MAX && event->fields[i].name; i++)
        record->values[i] = _read_value(text, &event->fields[i], event->fields);
      return PK_SCAN_MATCH;
    }
  return PK_SCAN_NO_MATCH;
}
