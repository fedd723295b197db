/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include "engine/printable.h"

static gboolean
_needs_quotes(const gchar *value, gsize len)
{
  for (gsize i = 0; i < len; i++)
    {
      guchar c = (guchar) value[i];

      /* what is beyond ASCII may be no UTF-8 */
      if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
        return TRUE;
    }
  return FALSE;
}

static void
_append_escaped(GString *out, const gchar *text, gsize len)
{
  for (gsize i = 0; i < len; i++)
    {
      guchar c = (guchar) text[i];

      if (c == '"' || c == '\\')
        g_string_append_c(out, '\\');
      if (c < ' ' || c == 0x7f)
        g_string_append_printf(out, "\\x%02x", c);
      else
        g_string_append_c(out, (gchar) c);
    }
}

static void
_append_value(GString *out, const gchar *value, gsize len)
{
  GString *valid;

  if (!_needs_quotes(value, len))
    {
      g_string_append_len(out, value, (gssize) len);
      return;
    }
  valid = g_string_sized_new(len);
  pk_append_utf8(valid, value, len);
  g_string_append_c(out, '"');
  _append_escaped(out, valid->str, valid->len);
  g_string_append_c(out, '"');
  g_string_free(valid, TRUE);
}

/* The branch is the first word, and what is always the same is left to the
 * name-value pairs. */
static void
_append_field(PkFieldId id, const gchar *value, gsize len, gpointer user_data)
{
  GString *out = user_data;

  switch (id)
    {
    case PK_FIELD_DETECTION_BRANCH:
    case PK_FIELD_TECHNIQUE:
    case PK_FIELD_TACTICS:
    case PK_FIELD_REFERENCE:
      return;
    default:
      g_string_append_printf(out, " %s=", pk_field_name(id));
      _append_value(out, value, len);
    }
}

void
pk_alert_append_logfmt(const PkAlert *alert, const PkEvent *event, GString *out)
{
  g_string_append(out, pk_branch_name(alert->branch));
  pk_alert_each_field(alert, event, _append_field, out);
}
