/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include <json.h>

#include "engine/printable.h"
#include "scan/slice.h"

/* A field's value, which the field's function wrote: digits, or a decimal number. */
static json_object *
_new_number(PkFieldId id, const gchar *value, gsize len)
{
  gchar text[32];

  g_strlcpy(text, value, MIN(len + 1, sizeof(text)));
  return pk_field_type(id) == PK_FIELD_INTEGER ? json_object_new_int64(g_ascii_strtoll(text, NULL, 10))
                                               : json_object_new_double_s(g_ascii_strtod(text, NULL), text);
}

static json_object *
_new_string(const gchar *value, gsize len)
{
  GString *text = g_string_sized_new(len);
  json_object *string;

  pk_append_utf8(text, value, len);
  string = json_object_new_string_len(text->str, (gint) text->len);
  g_string_free(text, TRUE);
  return string;
}

static void
_add_field(PkFieldId id, const gchar *value, gsize len, gpointer user_data)
{
  json_object *object = user_data;

  json_object_object_add(object, pk_field_name(id),
                         pk_field_type(id) == PK_FIELD_STRING ? _new_string(value, len) : _new_number(id, value, len));
}

static void
_append_and_free(GString *out, json_object *object)
{
  g_string_append(out, json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(object);
}

void
pk_alert_append_json(const PkAlert *alert, const PkEvent *event, GString *out)
{
  json_object *object = json_object_new_object();

  pk_alert_each_field(alert, event, _add_field, object);
  _append_and_free(out, object);
}

void
pk_event_append_json(const PkEvent *event, GString *out)
{
  json_object *object = json_object_new_object();

  json_object_object_add(object, "recognised", json_object_new_boolean(event != NULL));
  if (event)
    pk_event_each_field(event, pk_slice(NULL, 0), FALSE, _add_field, object);
  _append_and_free(out, object);
}

/* ---- explanations --------------------------------------------------------------- */

static void
_add_string(json_object *object, const gchar *key, const gchar *value)
{
  if (value)
    json_object_object_add(object, key, _new_string(value, strlen(value)));
}

static json_object *
_new_matched(const PkExplanation *explanation, const PkEvent *event)
{
  json_object *matched = json_object_new_object();

  _add_string(matched, "shape", pk_dialect_shape(event->dialect));
  if (explanation->by_program)
    _add_string(matched, "by", "program");
  _add_string(matched, "needle", explanation->needle);
  _add_string(matched, "word", explanation->word);
  _add_string(matched, "sentence", explanation->sentence);
  return matched;
}

static void
_add_failure(json_object *object, const PkExplanation *explanation, PkScanResult result, const PkEvent *event)
{
  PkSlice prefix = result == PK_SCAN_UNKNOWN_PREFIX ? pk_event_get_text(event, PK_TEXT_ACTION_WORD) : pk_slice(NULL, 0);

  _add_string(object, "reason", pk_scan_result_name(result));
  if (prefix.len)
    json_object_object_add(object, "prefix", _new_string(prefix.data, prefix.len));
  if (!explanation->dialect)
    return;
  _add_string(object, "nearest", explanation->dialect->name);
  _add_string(object, "failed", explanation->failed);
  _add_string(object, "failed_key", explanation->failed_key);
}

void
pk_explanation_append_json(const PkExplanation *explanation, PkScanResult result, const PkEvent *event, GString *out)
{
  json_object *object = json_object_new_object();

  json_object_object_add(object, "recognised", json_object_new_boolean(result == PK_SCAN_MATCH));
  if (result == PK_SCAN_MATCH)
    {
      pk_event_each_field(event, pk_slice(NULL, 0), TRUE, _add_field, object);
      json_object_object_add(object, "matched", _new_matched(explanation, event));
    }
  else
    _add_failure(object, explanation, result, event);
  _append_and_free(out, object);
}
