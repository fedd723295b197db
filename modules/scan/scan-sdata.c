/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/octets.h"
#include "scan/pairs.h"
#include "scan/slice.h"
#include "scan/tuple.h"

/* RFC 5424, 6.3: [id name="value" name="value"][id ...].  In a value the bytes
 * " \ and ] are escaped with a backslash. */

static gboolean
_is_name_char(gchar c)
{
  return c > ' ' && c < 0x7f && c != '=' && c != ']' && c != '"';
}

static PkSlice
_take_name(PkSlice *text)
{
  PkSlice name = pk_slice(text->data, 0);

  while (name.len < text->len && _is_name_char(text->data[name.len]))
    name.len++;
  *text = pk_slice_from(*text, name.len);
  return name;
}

/* *text begins behind the opening quote, and becomes what follows the closing
 * one, if it was not cut off. */
static PkSlice
_take_value(PkSlice *text)
{
  const gchar *start = text->data, *end = start + text->len, *at = start;

  for (; at < end && *at != '"'; at++)
    if (*at == '\\' && at + 1 < end)
      at++;
  *text = at < end ? pk_slice(at + 1, (gsize) (end - at - 1)) : pk_slice(end, 0);
  return pk_slice(start, (gsize) (at - start));
}

/* name="value"; FALSE: none, or no more wanted. */
static gboolean
_take_param(PkSlice *text, PkPairFunc func, gpointer user_data)
{
  PkSlice rest = *text, name = _take_name(&rest);

  if (name.len == 0 || !pk_slice_starts_with(rest, PK_SLICE("=\"")))
    return FALSE;
  rest = pk_slice_from(rest, 2);
  if (!func(user_data, name, _take_value(&rest)))
    return FALSE;
  *text = rest;
  return TRUE;
}

static void
_skip_blanks(PkSlice *text)
{
  while (text->len && text->data[0] == ' ')
    *text = pk_slice_from(*text, 1);
}

/* Some senders leave the id out. */
static void
_take_id(PkSlice *text, PkSlice *ret_id)
{
  PkSlice rest = *text, id = _take_name(&rest);

  *ret_id = pk_slice(NULL, 0);
  if (id.len == 0 || rest.len == 0 || rest.data[0] != ' ')
    return;
  *ret_id = id;
  *text = rest;
}

/* One element; FALSE: it has no parameters. */
static gboolean
_take_element(PkSlice *text, PkPairFunc func, gpointer user_data)
{
  PkSlice rest = pk_slice_from(*text, 1), id;
  gboolean any = FALSE;

  _take_id(&rest, &id);
  if (!func(user_data, PK_SLICE("_id"), id))
    return FALSE;
  for (_skip_blanks(&rest); _take_param(&rest, func, user_data); _skip_blanks(&rest))
    any = TRUE;
  *text = rest;
  return any;
}

gboolean
pk_pairs_sdata(PkSlice text, PkPairFunc func, gpointer user_data)
{
  gboolean any = FALSE;

  while (text.len && text.data[0] == '[' && _take_element(&text, func, user_data))
    {
      any = TRUE;
      if (text.len && text.data[0] == ']')
        text = pk_slice_from(text, 1);
    }
  return any;
}

/* ---- the line ----------------------------------------------------------------- */

static gboolean
_is_element(PkSlice text)
{
  PkSlice rest = pk_slice_from(text, 1), id;

  _take_id(&rest, &id);
  _skip_blanks(&rest);
  return _take_name(&rest).len > 0 && pk_slice_starts_with(rest, PK_SLICE("=\""));
}

/* Where a relay or a parser left the structured data in the text. */
static gssize
_find_element(PkSlice text)
{
  gssize found;

  for (gsize at = 0; (found = pk_slice_find_char(pk_slice_from(text, at), '[')) >= 0; at++)
    {
      at += (gsize) found;
      if (_is_element(pk_slice_from(text, at)))
        return (gssize) at;
    }
  return -1;
}

/* The word before the structured data is the MSGID. */
static PkSlice
_last_word(PkSlice text)
{
  gsize len;

  text = pk_slice_trim(text);
  for (len = 0; len < text.len && text.data[text.len - 1 - len] != ' '; len++)
    ;
  return pk_slice_from(text, text.len - len);
}

PkScanResult
pk_scan_sdata(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  PkSlice sdata = line->sdata;
  PkTuple tuple;

  pk_tuple_init(&tuple, self->tuple, context->tuple_index, event);
  pk_tuple_put_header(&tuple, line);
  if (!sdata.len || _find_element(line->text) >= 0)
    {
      gssize at = _find_element(line->text);

      if (at < 0)
        return PK_SCAN_NO_MATCH;
      pk_tuple_put(&tuple, PK_SLICE("_msgid"), _last_word(pk_slice(line->text.data, (gsize) at)));
      sdata = pk_slice_from(line->text, (gsize) at);
    }
  if (!pk_pairs_sdata(sdata, pk_tuple_put_pair, &tuple))
    return PK_SCAN_NO_MATCH;
  return pk_tuple_finish(&tuple);
}
