/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "append.h"

#define TABLE_BYTES 2048
#define CHECKED_FIELDS 12

/* A table in memory without anything left over, so that all of it can be compared. */
typedef union _Table
{
  gchar bytes[TABLE_BYTES];
  NVTable table;
} Table;

static NVTable *
_clear_table(Table *self)
{
  memset(self, 0, sizeof(*self));
  return nv_table_init_borrowed(self, sizeof(*self), LM_V_MAX);
}

void
pk_appendable_init(PkAppendable *self, NVHandle handle, const gchar *name, LogMessageValueType type)
{
  gsize name_len = strlen(name), head_bytes = G_STRUCT_OFFSET(NVEntry, vdirect.data) + name_len + 1;
  Table space;
  NVTable *table = _clear_table(&space);

  memset(self, 0, sizeof(*self));
  self->handle = handle;
  if (head_bytes > sizeof(self->head) || nv_table_is_handle_static(table, handle) ||
      !pk_sng_table_add(table, handle, name, "", 0, type) || table->used < head_bytes)
    return;
  memcpy(self->head, nv_table_get_bottom(table), head_bytes);
  self->head_bytes = (guint) head_bytes;
}

/* ---- the comparison ------------------------------------------------------- */

/* Handles in an order of no kind.  That nobody has registered them does not
 * matter in a table that is not part of a message. */
static NVHandle
_handle(guint field)
{
  return LM_V_MAX + 1 + field * 5 % CHECKED_FIELDS;
}

static gboolean
_add_both(NVTable *expected, NVTable *table, guint field)
{
  static const gchar text[] = "a value of some length, of which the beginning is used";
  static const LogMessageValueType types[] = { LM_VT_STRING, PK_SNG_VT_INTEGER, LM_VT_DOUBLE };
  gchar name[] = ".knock.some_name";
  LogMessageValueType type = types[field % G_N_ELEMENTS(types)];
  gsize len = field * 5 % (sizeof(text) - 1);
  PkAppendable appendable;

  name[sizeof(name) - 1 - field % 5] = '\0';
  pk_appendable_init(&appendable, _handle(field), name, type);
  return pk_sng_table_add(expected, _handle(field), name, text, len, type) &&
         pk_append_value(table, &appendable, text, len);
}

gboolean
pk_append_is_exact(void)
{
  Table space, expected_space;
  NVTable *table = _clear_table(&space), *expected = _clear_table(&expected_space);

  pk_sng_table_add(table, LM_V_MESSAGE, "MESSAGE", "text", 4, LM_VT_STRING);
  pk_sng_table_add(expected, LM_V_MESSAGE, "MESSAGE", "text", 4, LM_VT_STRING);
  for (guint field = 0; field < CHECKED_FIELDS; field++)
    /* Every byte is meant, padding too: both began as zeros.
     * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
    if (!_add_both(expected, table, field) || memcmp(&space, &expected_space, sizeof(space)) != 0)
      return FALSE;
  return TRUE;
}
