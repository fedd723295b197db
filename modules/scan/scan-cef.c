/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/octets.h"
#include "scan/pairs.h"
#include "scan/slice.h"
#include "scan/tuple.h"

/* ArcSight's Common Event Format, and IBM's LEEF:
 *
 *   CEF:0|vendor|product|version|class|name|severity|key=value with blanks key=value
 *   LEEF:1.0|vendor|product|version|class|key=value<TAB>key=value
 *   LEEF:2.0|vendor|product|version|class|delimiter|key=value...
 *
 * CEF's values may hold blanks, so a value ends where the next key begins.
 * Relays print a tab as "#011", or make a blank of it. */

typedef struct _Format
{
  const gchar *name;  /* of the format */
  const gchar *start; /* in the text */
  const gchar *const *fields;
} Format;

static const gchar *const CEF_FIELDS[] = { "_vendor", "_product", "_version", "_class", "_name", "_severity", NULL };
static const gchar *const LEEF_FIELDS[] = { "_vendor", "_product", "_version", "_class", NULL };

static const Format CEF = { "CEF", "CEF:", CEF_FIELDS };
static const Format LEEF = { "LEEF", "LEEF:", LEEF_FIELDS };

typedef struct _Sink
{
  PkPairFunc func;
  gpointer user_data;
} Sink;

static gboolean
_put(const Sink *sink, PkSlice key, PkSlice value)
{
  return sink->func(sink->user_data, key, value);
}

/* ---- the header --------------------------------------------------------------- */

/* Up to the next unescaped "|", which is taken too; FALSE: there is none. */
static gboolean
_take_field(PkSlice *text, PkSlice *ret_field)
{
  for (gsize i = 0; i < text->len; i++)
    if (text->data[i] == '\\')
      i++;
    else if (text->data[i] == '|')
      {
        *ret_field = pk_slice(text->data, i);
        *text = pk_slice_from(*text, i + 1);
        return TRUE;
      }
  return FALSE;
}

/* "0|", "1.0|", " 0|" */
static gboolean
_take_format_version(PkSlice *text, PkSlice *ret_version)
{
  PkSlice rest = *text, field;

  if (!_take_field(&rest, &field) || field.len > 8)
    return FALSE;
  field = pk_slice_trim(field);
  for (gsize i = 0; i < field.len; i++)
    if (!g_ascii_isdigit(field.data[i]) && field.data[i] != '.')
      return FALSE;
  *ret_version = field;
  *text = rest;
  return field.len > 0;
}

/* A header may read "CEF: 0|", of which a syslog parser makes the program CEF. */
static const Format *
_find_format(PkSlice *text, PkSlice *ret_version)
{
  static const Format *const formats[] = { &CEF, &LEEF };

  if (_take_format_version(text, ret_version))
    return pk_slice_find_char(*ret_version, '.') >= 0 ? &LEEF : &CEF;
  for (gsize i = 0; i < G_N_ELEMENTS(formats); i++)
    {
      PkSlice start = pk_slice_from_string(formats[i]->start), rest;
      gssize at = pk_slice_find(*text, start);

      if (at < 0 || (at > 0 && g_ascii_isalnum(text->data[at - 1])))
        continue;
      rest = pk_slice_from(*text, (gsize) at + start.len);
      if (!_take_format_version(&rest, ret_version))
        continue;
      *text = rest;
      return formats[i];
    }
  return NULL;
}

/* What is not there was cut off. */
static gboolean
_put_header(const Format *format, PkSlice *text, const Sink *sink)
{
  PkSlice field;

  if (!_put(sink, PK_SLICE("_format"), pk_slice_from_string(format->name)))
    return FALSE;
  for (const gchar *const *name = format->fields; *name && _take_field(text, &field); name++)
    if (!_put(sink, pk_slice_from_string(*name), field))
      return FALSE;
  return TRUE;
}

/* ---- values ------------------------------------------------------------------- */

static gboolean
_is_key_char(gchar c)
{
  return g_ascii_isalnum(c) || c == '_' || c == '.' || c == '-' || c == '[' || c == ']';
}

static PkSlice
_unquote(PkSlice value)
{
  value = pk_slice_trim(value);
  if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
    return pk_slice(value.data + 1, value.len - 2);
  return value;
}

/* The key that ends at equals, if the word before it is one. */
static PkSlice
_key_before(PkSlice text, gsize from, gsize equals)
{
  gsize start = equals;

  while (start > from && _is_key_char(text.data[start - 1]))
    start--;
  if (start > from && text.data[start - 1] != ' ')
    start = equals;
  return pk_slice(text.data + start, equals - start);
}

/* key=value with blanks key=value */
static void
_put_by_keys(PkSlice text, const Sink *sink)
{
  PkSlice key = pk_slice(NULL, 0);
  gsize value = 0;
  gssize found;

  for (gsize at = 0; (found = pk_slice_find_char(pk_slice_from(text, at), '=')) >= 0; at++)
    {
      PkSlice next = _key_before(text, value, at += (gsize) found);

      if (next.len == 0)
        continue;
      if (key.len && !_put(sink, key, _unquote(pk_slice(text.data + value, (gsize) (next.data - text.data) - value))))
        return;
      key = next;
      value = at + 1;
    }
  if (key.len)
    _put(sink, key, _unquote(pk_slice_from(text, value)));
}

/* key=value<delimiter>key=value */
static void
_put_delimited(PkSlice text, PkSlice delimiter, const Sink *sink)
{
  while (text.len)
    {
      gssize end = pk_slice_find(text, delimiter);
      PkSlice pair = pk_slice(text.data, end < 0 ? text.len : (gsize) end);
      gssize equals = pk_slice_find_char(pair, '=');

      if (equals > 0 && !_put(sink, pk_slice_trim(pk_slice(pair.data, (gsize) equals)),
                              _unquote(pk_slice_from(pair, (gsize) equals + 1))))
        return;
      text = end < 0 ? pk_slice(NULL, 0) : pk_slice_from(text, (gsize) end + delimiter.len);
    }
}

/* ---- LEEF --------------------------------------------------------------------- */

/* "^", "x5E", "0x5e"; empty: none. */
static gboolean
_parse_delimiter(PkSlice field, gchar *ret_delimiter)
{
  if (field.len == 1)
    {
      *ret_delimiter = field.data[0];
      return TRUE;
    }
  if (field.len < 3 || (field.data[field.len - 3] | 0x20) != 'x' || !g_ascii_isxdigit(field.data[field.len - 2]) ||
      !g_ascii_isxdigit(field.data[field.len - 1]))
    return FALSE;
  *ret_delimiter =
      (gchar) (g_ascii_xdigit_value(field.data[field.len - 2]) * 16 + g_ascii_xdigit_value(field.data[field.len - 1]));
  return TRUE;
}

static void
_put_leef(PkSlice text, PkSlice version, const Sink *sink)
{
  gchar delimiter = '\t';
  PkSlice rest = text, field;

  /* Some senders of 2.0 leave the delimiter out. */
  if (version.data[0] == '2' && _take_field(&rest, &field) && field.len <= 4 &&
      (field.len == 0 || _parse_delimiter(field, &delimiter)))
    text = rest;
  if (pk_slice_find_char(text, delimiter) >= 0)
    _put_delimited(text, pk_slice(&delimiter, 1), sink);
  else if (pk_slice_find(text, PK_SLICE("#011")) >= 0)
    _put_delimited(text, PK_SLICE("#011"), sink);
  else
    _put_by_keys(text, sink);
}

gboolean
pk_pairs_cef(PkSlice text, PkPairFunc func, gpointer user_data)
{
  Sink sink = { func, user_data };
  PkSlice version;
  const Format *format = _find_format(&text, &version);

  if (!format)
    return FALSE;
  if (!_put_header(format, &text, &sink))
    return TRUE;
  if (format == &LEEF)
    _put_leef(text, version, &sink);
  else
    _put_by_keys(text, &sink);
  return TRUE;
}

PkScanResult
pk_scan_cef(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  PkTuple tuple;

  pk_tuple_init(&tuple, self->tuple, context->tuple_index, event);
  pk_tuple_put_header(&tuple, line);
  if (!pk_pairs_cef(line->text, pk_tuple_put_pair, &tuple))
    {
      event->failed = "no header of CEF or LEEF";
      return PK_SCAN_NO_MATCH;
    }
  return pk_tuple_finish(&tuple);
}
