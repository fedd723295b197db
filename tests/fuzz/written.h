/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef FUZZ_WRITTEN_H_INCLUDED
#define FUZZ_WRITTEN_H_INCLUDED

#include <json.h>
#include <string.h>

#include <glib.h>

/* What was written, read again: by json-c, and by a reader of logfmt that knows
 * nothing of ours. */

/* Exactly one object. */
static inline void
written_check_json(const GString *json)
{
  json_tokener *tokener = json_tokener_new();
  json_object *root;

  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  root = json_tokener_parse_ex(tokener, json->str, (gint) json->len);
  g_assert_true(json_tokener_get_error(tokener) == json_tokener_success);
  g_assert_true(json_tokener_get_parse_end(tokener) == json->len);
  g_assert_true(json_object_is_type(root, json_type_object));
  json_object_put(root);
  json_tokener_free(tokener);
}

static inline const gchar *
_written_skip_value(const gchar *at)
{
  if (*at != '"')
    {
      while (*at && *at != ' ' && *at != '"' && *at != '=')
        at++;
      return at;
    }
  for (at++; *at && *at != '"'; at++)
    at += *at == '\\' && at[1];
  g_assert_true(*at == '"');
  return at + 1;
}

/* A word, then name=value or name="value", each behind one blank. */
static inline void
written_check_logfmt(const GString *logfmt)
{
  const gchar *at = logfmt->str;

  g_assert_true(strlen(at) == logfmt->len && g_utf8_validate(at, -1, NULL));
  for (gsize i = 0; i < logfmt->len; i++)
    g_assert_true((guchar) at[i] >= ' ' && at[i] != 0x7f);
  at += strspn(at, "abcdefghijklmnopqrstuvwxyz_");
  while (*at)
    {
      gsize name;

      g_assert_true(*at == ' ');
      name = strspn(++at, "abcdefghijklmnopqrstuvwxyz_");
      g_assert_true(name > 0 && at[name] == '=');
      at = _written_skip_value(at + name + 1);
    }
}

#endif
