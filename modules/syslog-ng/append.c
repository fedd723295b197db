/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "append.h"

/* Room in a table that was allocated for a run, for those that come after. */
#define SPARE_BYTES 64
/* Larger ones grow the long way. */
#define TABLE_BYTES_MAX (1024 * 1024)

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
  if (head_bytes < PK_APPEND_HEAD_BYTES_MIN || head_bytes > sizeof(self->head) ||
      nv_table_is_handle_static(table, handle) || !pk_sng_table_add(table, handle, name, "", 0, type) ||
      table->used < head_bytes)
    return;
  memcpy(self->head, nv_table_get_bottom(table), head_bytes);
  self->head_bytes = (guint) head_bytes;
}

/* ---- a run ----------------------------------------------------------------- */

/* Whether no handle is in both. */
static gboolean
_is_new(NVTable *table, const PkAppendRun *run)
{
  const NVIndexEntry *index = nv_table_get_index(table);
  guint n = table->index_size, left = run->n;

  while (n > 0 && left > 0)
    {
      NVHandle there = index[n - 1].handle, handle = run->index[left - 1].handle;

      if (there == handle)
        return FALSE;
      if (there > handle)
        n--;
      else
        left--;
    }
  return table->index_size + run->n <= G_MAXUINT16;
}

static gboolean
_has_room(NVTable *table, const PkAppendRun *run)
{
  return (gsize) (nv_table_get_bottom(table) - nv_table_get_ofs_table_top(table)) >=
         run->used + run->n * sizeof(NVIndexEntry);
}

/* As nv_table_realloc() does, which takes twice the size. */
static gboolean
_grow(NVTable **table, const PkAppendRun *run)
{
  NVTable *old = *table, *grown;
  gsize bytes = (gsize) old->used + run->used + SPARE_BYTES;

  if (bytes + (old->index_size + run->n) * sizeof(NVIndexEntry) > TABLE_BYTES_MAX)
    return FALSE;
  grown = nv_table_new(old->num_static_entries, (gint) (old->index_size + run->n), (gint) bytes);
  grown->used = old->used;
  grown->index_size = old->index_size;
  memcpy(grown->data, old->data, (gsize) (nv_table_get_ofs_table_top(old) - old->data));
  memcpy(nv_table_get_bottom(grown), nv_table_get_bottom(old), old->used);
  nv_table_unref(old);
  *table = grown;
  return TRUE;
}

/* From the end, where new handles belong, mostly. */
static void
_merge_index(NVTable *table, const PkAppendRun *run)
{
  NVIndexEntry *index = nv_table_get_index(table);
  guint n = table->index_size, left = run->n;

  while (left > 0)
    if (n > 0 && index[n - 1].handle > run->index[left - 1].handle)
      {
        index[n + left - 1] = index[n - 1];
        n--;
      }
    else
      {
        index[n + left - 1] = run->index[left - 1];
        index[n + left - 1].ofs += table->used;
        left--;
      }
  table->index_size = (guint16) (table->index_size + run->n);
}

gboolean
pk_append_run(NVTable **table, const PkAppendRun *run, gboolean may_grow)
{
  if (!_is_new(*table, run) || (!_has_room(*table, run) && !(may_grow && _grow(table, run))))
    return FALSE;
  _merge_index(*table, run);
  (*table)->used += run->used;
  memcpy(nv_table_get_bottom(*table), run->bytes + sizeof(run->bytes) - run->used, run->used);
  return TRUE;
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
_add_both(NVTable *expected, PkAppendRun *run, guint field)
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
         pk_append_value(run, &appendable, text, len);
}

/* In runs of 1, 2, 3 ... values. */
static gboolean
_fill_both(NVTable *expected, NVTable *table)
{
  PkAppendRun run;

  for (guint field = 0, n = 1; field < CHECKED_FIELDS; n++)
    {
      pk_append_begin(&run);
      for (guint i = 0; i < n && field < CHECKED_FIELDS; i++, field++)
        if (!_add_both(expected, &run, field))
          return FALSE;
      if (!pk_append_run(&table, &run, FALSE))
        return FALSE;
    }
  return TRUE;
}

gboolean
pk_append_is_exact(void)
{
  Table space, expected_space;
  NVTable *table = _clear_table(&space), *expected = _clear_table(&expected_space);

  pk_sng_table_add(table, LM_V_MESSAGE, "MESSAGE", "text", 4, LM_VT_STRING);
  pk_sng_table_add(expected, LM_V_MESSAGE, "MESSAGE", "text", 4, LM_VT_STRING);
  /* Every byte is meant, padding too: both began as zeros.
   * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
  return _fill_both(expected, table) && memcmp(&space, &expected_space, sizeof(space)) == 0;
}
