/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include <json.h>

#include "scan/pairs.h"
#include "scan/slice.h"
#include "scan/tuple.h"

/* The only shape that allocates: json-c makes a tree of the text, of at most
 * some megabytes for the longest line. */

#define DEPTH_MAX 16
#define PATH_BYTES_MAX 128
/* Values that are looked at; a line has a few dozen. */
#define VALUES_MAX 4096
#define NUMBER_BYTES 32

typedef struct _Walk
{
  PkPairFunc func;
  gpointer user_data;
  guint n_values;
  gchar path[PATH_BYTES_MAX];
} Walk;

static gboolean _walk(Walk *self, gsize path_len, struct json_object *value);

/* Appends a key to the path; FALSE: it is too long for any path that a row
 * knows. */
static gboolean
_append_key(Walk *self, gsize *path_len, PkSlice key)
{
  gsize dot = *path_len > 0;

  if (*path_len + dot + key.len > PATH_BYTES_MAX)
    return FALSE;
  if (dot)
    self->path[*path_len] = '.';
  memcpy(self->path + *path_len + dot, key.data, key.len);
  *path_len += dot + key.len;
  return TRUE;
}

static gboolean
_walk_object(Walk *self, gsize path_len, struct json_object *object)
{
  struct json_object_iter iter;

  json_object_object_foreachC(object, iter)
  {
    gsize len = path_len;

    if (_append_key(self, &len, pk_slice_from_string(iter.key)) && !_walk(self, len, iter.val))
      return FALSE;
  }
  return TRUE;
}

static gboolean
_walk_array(Walk *self, gsize path_len, struct json_object *array)
{
  gsize n = json_object_array_length(array);

  for (gsize i = 0; i < n; i++)
    if (!_walk(self, path_len, json_object_array_get_idx(array, i)))
      return FALSE;
  return TRUE;
}

static gboolean
_put(Walk *self, gsize path_len, PkSlice value)
{
  return self->func(self->user_data, pk_slice(self->path, path_len), value);
}

static gboolean
_put_int(Walk *self, gsize path_len, gint64 number)
{
  gchar text[NUMBER_BYTES];

  return _put(self, path_len, pk_slice(text, (gsize) g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT, number)));
}

/* Some writers make every number a double: "protocol":6.0. */
static gboolean
_put_double(Walk *self, gsize path_len, struct json_object *value)
{
  gdouble number = json_object_get_double(value);

  if (number >= 0 && number <= G_MAXUINT32 && number == (gdouble) (guint32) number)
    return _put_int(self, path_len, (gint64) number);
  return _put(self, path_len, pk_slice_from_string(json_object_get_string(value)));
}

/* FALSE: no more, please. */
static gboolean
_walk(Walk *self, gsize path_len, struct json_object *value)
{
  if (++self->n_values > VALUES_MAX)
    return FALSE;
  switch (json_object_get_type(value))
    {
    case json_type_object:
      return _walk_object(self, path_len, value);
    case json_type_array:
      return _walk_array(self, path_len, value);
    case json_type_string:
      return _put(self, path_len, pk_slice(json_object_get_string(value), (gsize) json_object_get_string_len(value)));
    case json_type_int:
      return _put_int(self, path_len, json_object_get_int64(value));
    case json_type_double:
      return _put_double(self, path_len, value);
    case json_type_null:
      return TRUE;
    default:
      return _put(self, path_len, pk_slice_from_string(json_object_get_string(value)));
    }
}

/* New reference, NULL: there is no whole object. */
static struct json_object *
_parse(PkSlice text)
{
  gssize start = pk_slice_find_char(text, '{');
  struct json_tokener *tokener;
  struct json_object *object;

  if (start < 0 || text.len > PK_LINE_BYTES_MAX)
    return NULL;
  tokener = json_tokener_new_ex(DEPTH_MAX);
  if (!tokener)
    return NULL;
  object = json_tokener_parse_ex(tokener, text.data + start, (gint) (text.len - (gsize) start));
  json_tokener_free(tokener);
  return object;
}

static void
_walk_all(struct json_object *object, PkPairFunc func, gpointer user_data)
{
  Walk walk = { .func = func, .user_data = user_data };

  _walk(&walk, 0, object);
}

gboolean
pk_pairs_json(PkSlice text, PkPairFunc func, gpointer user_data)
{
  struct json_object *object = _parse(text);

  if (!object)
    return FALSE;
  _walk_all(object, func, user_data);
  json_object_put(object);
  return TRUE;
}

/* ---- the line ----------------------------------------------------------------- */

/* Prose that mentions a key is not JSON that was cut. */
static PkScanResult
_miss_object(PkSlice text, PkEvent *event)
{
  event->failed = "no whole JSON object";
  return pk_slice_find_char(text, '{') < 0 ? PK_SCAN_NO_MATCH : PK_SCAN_MALFORMED;
}

PkScanResult
pk_scan_json(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  struct json_object *object = _parse(line->text);
  PkScanResult result;
  PkTuple tuple;

  if (!object)
    return _miss_object(line->text, event);
  pk_tuple_init(&tuple, self->tuple, context->tuple_index, event);
  pk_tuple_put_header(&tuple, line);
  _walk_all(object, pk_tuple_put_pair, &tuple);
  /* The tuple borrows from the tree. */
  result = pk_tuple_finish(&tuple);
  json_object_put(object);
  return result;
}

/* ---- columns in JSON ------------------------------------------------------------ */

typedef struct _Columns
{
  const PkDialect *dialect;
  const PkScanContext *context;
  PkEvent *event;
  PkEventKind wanted;
  PkScanResult result; /* of the last record */
} Columns;

static PkScanResult
_read_columns(const Columns *self, PkSlice record)
{
  static const PkCsvSpec comma = { .separator = ',' };
  const PkCsvSpec *spec = self->dialect->csv ? self->dialect->csv : &comma;
  PkTuple tuple;

  pk_tuple_start_anew(self->event);
  pk_tuple_init(&tuple, self->dialect->tuple, self->context->tuple_index, self->event);
  pk_pairs_csv(record, spec, pk_tuple_put_pair, &tuple);
  return pk_tuple_finish(&tuple);
}

/* FALSE: the record that counts was found. */
static gboolean
_try_columns(gpointer user_data, PkSlice path, PkSlice value)
{
  Columns *self = user_data;

  if (!pk_slice_ends_with(path, pk_slice_from_string(self->dialect->json->columns)))
    return TRUE;
  self->result = _read_columns(self, value);
  return self->result != PK_SCAN_MATCH || self->event->kind != self->wanted;
}

static gboolean
_find_record(Columns *self, struct json_object *object, PkEventKind wanted)
{
  self->wanted = wanted;
  _walk_all(object, _try_columns, self);
  return self->result == PK_SCAN_MATCH && self->event->kind == wanted;
}

PkScanResult
pk_scan_json_columns(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  Columns columns = { .dialect = self, .context = context, .event = event, .result = PK_SCAN_IGNORED };
  struct json_object *object = _parse(line->text);
  gboolean found;

  if (!object)
    return _miss_object(line->text, event);
  found = _find_record(&columns, object, PK_EVENT_FIREWALL_DENY) ||
          _find_record(&columns, object, PK_EVENT_FIREWALL_ACCEPT);
  json_object_put(object);
  return found ? PK_SCAN_MATCH : columns.result == PK_SCAN_MATCH ? PK_SCAN_IGNORED : columns.result;
}
