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
