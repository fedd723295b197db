/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/text.h"

#include "port-knock/pk-engine.h"

typedef struct _PkFieldValues
{
  GString *values[PK_N_FIELDS]; /* owned; NULL: absent */
} PkFieldValues;

/* A part of the line: what stands before a field's value, and after it. */
typedef struct _PkTextPart
{
  const gchar *before;
  PkFieldId id;
  const gchar *after;
} PkTextPart;

static const PkTextPart PARTS[] = {
  { "", PK_FIELD_WINDOW_START, "" },
  { "  ", PK_FIELD_CONFIDENCE, "" },
  { "  ", PK_FIELD_SRC_IP, "" },
  { " -> ", PK_FIELD_DEST_IP, "" },
  { " and ", PK_FIELD_OTHER_DEST_IPS, "" },
  { "  ports ", PK_FIELD_SEQUENCE, "" },
  { " in ", PK_FIELD_KNOCK_DURATION_SEC, " s" },
  { ", packets ", PK_FIELD_TOTAL_PACKETS, "" },
  { "  ", PK_FIELD_DETECTION_BRANCH, "" },
  { "  door ", PK_FIELD_DOOR, "" },
  { "  user ", PK_FIELD_USER, "" },
  { "  command ", PK_FIELD_COMMAND_LINE, "" },
  { "  evidence ", PK_FIELD_EVIDENCE, "" },
  { "  repeats ", PK_FIELD_REPEATS, "" },
  { "  scope ", PK_FIELD_SCOPE, "" },
  { "  seen by ", PK_FIELD_HOSTS, "" },
  { "  id ", PK_FIELD_ALERT_ID, "" },
};

void
pk_text_append_escaped(GString *out, const gchar *value, gsize len)
{
  for (gsize i = 0; i < len; i++)
    {
      if (value[i] >= 0x20 && value[i] < 0x7f && value[i] != '\\')
        g_string_append_c(out, value[i]);
      else
        g_string_append_printf(out, "\\x%02x", (guint) (guchar) value[i]);
    }
}

static void
_keep_value(PkFieldId id, const gchar *value, gsize len, gpointer user_data)
{
  PkFieldValues *fields = user_data;

  if (!fields->values[id])
    fields->values[id] = g_string_sized_new(len);
  pk_text_append_escaped(fields->values[id], value, len);
}

/* A count of nothing is not worth reading. */
static gboolean
_is_worth_showing(const GString *value)
{
  return value && value->len > 0 && !g_str_equal(value->str, "0");
}

void
pk_alert_append_text(const PkAlert *alert, const PkEvent *event, GString *out)
{
  PkFieldValues fields = { { NULL } };

  pk_alert_each_field(alert, event, _keep_value, &fields);
  for (gsize i = 0; i < G_N_ELEMENTS(PARTS); i++)
    {
      const GString *value = fields.values[PARTS[i].id];

      if (_is_worth_showing(value))
        g_string_append_printf(out, "%s%s%s", PARTS[i].before, value->str, PARTS[i].after);
    }
  for (gsize i = 0; i < PK_N_FIELDS; i++)
    if (fields.values[i])
      g_string_free(fields.values[i], TRUE);
}
