/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/commands.h"

#include <json.h>

#define NAME_COLUMNS 20
#define SHAPE_COLUMNS 16

/* ---- json --------------------------------------------------------------------- */

static json_object *
_new_strings(const gchar *const *strings, gsize n)
{
  json_object *array = json_object_new_array();

  for (gsize i = 0; i < n && strings[i]; i++)
    json_object_array_add(array, json_object_new_string(strings[i]));
  return array;
}

static json_object *
_new_kinds(const PkDialect *dialect)
{
  json_object *array = json_object_new_array();
  guint32 kinds = pk_dialect_kinds(dialect);

  for (PkEventKind kind = PK_EVENT_NONE + 1; kind < PK_N_EVENT_KINDS; kind++)
    if (kinds >> kind & 1)
      json_object_array_add(array, json_object_new_string(pk_event_kind_name(kind)));
  return array;
}

static void
_append_json(const PkDialect *dialect, GString *out)
{
  json_object *object = json_object_new_object();

  json_object_object_add(object, "name", json_object_new_string(dialect->name));
  json_object_object_add(object, "title", json_object_new_string(dialect->title));
  json_object_object_add(object, "shape", json_object_new_string(pk_dialect_shape(dialect)));
  json_object_object_add(object, "kinds", _new_kinds(dialect));
  json_object_object_add(object, "programs", _new_strings(dialect->programs, PK_DIALECT_PROGRAMS_MAX));
  json_object_object_add(object, "needles", _new_strings(dialect->needles, PK_DIALECT_NEEDLES_MAX));
  json_object_object_add(object, "words", _new_strings(dialect->words, PK_DIALECT_WORDS_MAX));
  g_string_append(out, json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(object);
}

/* ---- text ---------------------------------------------------------------------- */

static void
_append_kinds(const PkDialect *dialect, GString *out)
{
  guint32 kinds = pk_dialect_kinds(dialect);
  const gchar *separator = "";

  for (PkEventKind kind = PK_EVENT_NONE + 1; kind < PK_N_EVENT_KINDS; kind++)
    if (kinds >> kind & 1)
      {
        g_string_append_printf(out, "%s%s", separator, pk_event_kind_name(kind));
        separator = ", ";
      }
}

static void
_append_quoted(const gchar *const *strings, gsize n, const gchar *what, GString *out)
{
  for (gsize i = 0; i < n && strings[i]; i++)
    {
      gchar *escaped = g_strescape(strings[i], NULL);

      g_string_append_printf(out, "%s\"%s\"", i ? " " : what, escaped);
      g_free(escaped);
    }
}

static void
_append_text(const PkDialect *dialect, GString *out)
{
  g_string_append_printf(out, "%-*s %-*s %s\n    comes to  ", NAME_COLUMNS, dialect->name, SHAPE_COLUMNS,
                         pk_dialect_shape(dialect), dialect->title);
  _append_kinds(dialect, out);
  _append_quoted(dialect->programs, PK_DIALECT_PROGRAMS_MAX, "\n    programs  ", out);
  _append_quoted(dialect->needles, PK_DIALECT_NEEDLES_MAX, "\n    texts     ", out);
  _append_quoted(dialect->words, PK_DIALECT_WORDS_MAX, "\n    and of    ", out);
}

/* ---- the command ----------------------------------------------------------------- */

PkExit
pk_list_dialects(const PkArguments *arguments, PkOutput *output)
{
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);

  for (gsize i = 0; i < n; i++)
    {
      if (arguments->format == PK_FORMAT_JSON)
        _append_json(dialects[i], output->pending);
      else
        _append_text(dialects[i], output->pending);
      g_string_append_c(output->pending, '\n');
    }
  return PK_EXIT_DONE;
}
