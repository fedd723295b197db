/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef FUZZ_WRITTEN_H_INCLUDED
#define FUZZ_WRITTEN_H_INCLUDED

#include <json.h>
#include <string.h>

#include <glib.h>

/* What was written, read again: by json-c, and by a reader of logfmt that knows
 * nothing of ours. */

static inline void
_written_parse_json(const gchar *text, gsize len, gint flags)
{
  json_tokener *tokener = json_tokener_new();
  json_object *root;

  json_tokener_set_flags(tokener, flags);
  root = json_tokener_parse_ex(tokener, text, (gint) len);
  g_assert_true(json_tokener_get_error(tokener) == json_tokener_success);
  g_assert_true(json_tokener_get_parse_end(tokener) == len);
  g_assert_true(json_object_is_type(root, json_type_object));
  json_object_put(root);
  json_tokener_free(tokener);
}

/* Exactly one object.  json-c 0.18 refuses, when it is strict, every byte beyond
 * ASCII (its issue 875; RFC 8259 permits them in strings): it does not get them. */
static inline void
written_check_json(const GString *json)
{
  gchar *form = g_strndup(json->str, json->len);

  g_assert_true(g_utf8_validate(json->str, (gssize) json->len, NULL));
  _written_parse_json(json->str, json->len, JSON_TOKENER_VALIDATE_UTF8);
  for (gsize i = 0; i < json->len; i++)
    if ((guchar) form[i] >= 0x80)
      form[i] = '?';
  _written_parse_json(form, json->len, JSON_TOKENER_STRICT);
  g_free(form);
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
