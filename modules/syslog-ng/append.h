/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_APPEND_H_INCLUDED
#define PK_SYSLOG_NG_APPEND_H_INCLUDED

#include "compat.h"

/* Values added to a message's table at a fifth of what nv_table_add_value()
 * costs.  A recognised message gets a dozen of them, and for each that function
 * searches the index twice and calls memmove() two or three times.
 *
 * A new value is an entry below the others, and its place in the index, which is
 * sorted by handle: mostly at its end.  That is all this does, with the structures
 * and the layout that logmsg/nvtable.h describes.  What an entry looks like, its
 * flags and type included, is copied from one that nv_table_add_value() wrote, and
 * pk_append_is_exact() compares whole tables filled both ways, so that with a
 * syslog-ng that writes anything else the only loss is time. */

/* Places of the index that a handle may be away from its end. */
#define PK_APPEND_STEPS_MAX 64

/* Longer names are left to nv_table_add_value(). */
#define PK_APPEND_HEAD_BYTES 64

/* A name-value pair without its value. */
typedef struct _PkAppendable
{
  NVHandle handle;
  guint head_bytes; /* 0: cannot be appended */
  gchar head[PK_APPEND_HEAD_BYTES];
} PkAppendable;

void pk_appendable_init(PkAppendable *self, NVHandle handle, const gchar *name, LogMessageValueType type);

/* Whether pk_append_value() does what nv_table_add_value() does. */
gboolean pk_append_is_exact(void);

/* Where handle belongs in an index of n that ends before end; NULL: it is there
 * already, or too far away. */
static inline NVIndexEntry *
pk_append_find_slot(NVIndexEntry *end, guint n, NVHandle handle)
{
  NVIndexEntry *first = end - MIN(n, PK_APPEND_STEPS_MAX), *slot = end;

  while (slot > first && slot[-1].handle > handle)
    slot--;
  if (slot > first)
    return slot[-1].handle == handle ? NULL : slot;
  return n <= PK_APPEND_STEPS_MAX ? slot : NULL;
}

/* memcpy() for few bytes: the call would cost more than all else does.  Neither
 * end is passed; for 16 bytes and more the last 16 are copied twice in part. */
static inline void
pk_append_copy(gchar *to, const gchar *from, gsize n)
{
  if (n >= 16)
    {
      for (gsize i = 0; i + 16 < n; i += 16)
        memcpy(to + i, from + i, 16);
      memcpy(to + n - 16, from + n - 16, 16);
    }
  else if (n >= 8)
    {
      memcpy(to, from, 8);
      memcpy(to + n - 8, from + n - 8, 8);
    }
  else if (n >= 4)
    {
      memcpy(to, from, 4);
      memcpy(to + n - 4, from + n - 4, 4);
    }
  else
    for (gsize i = 0; i < n; i++)
      to[i] = from[i];
}

static inline void
pk_append_set_entry(NVEntry *entry, gsize entry_bytes, const PkAppendable *field, const gchar *value, gsize len)
{
  gchar *text = (gchar *) entry + field->head_bytes;

  pk_append_copy((gchar *) entry, field->head, field->head_bytes);
  entry->alloc_len = (guint32) entry_bytes;
  entry->vdirect.value_len = (guint32) len;
  pk_append_copy(text, value, len);
  text[len] = '\0';
}

/* table is that of a message which owns its payload.  FALSE: nothing is changed. */
static inline gboolean
pk_append_value(NVTable *table, const PkAppendable *field, const gchar *value, gsize len)
{
  NVIndexEntry *end = (NVIndexEntry *) (gpointer) nv_table_get_ofs_table_top(table), *slot;
  gchar *bottom = nv_table_get_bottom(table);
  gsize entry_bytes = NV_TABLE_BOUND(field->head_bytes + len + 1);

  if (field->head_bytes == 0 || len > NV_TABLE_MAX_BYTES || table->index_size == G_MAXUINT16 ||
      (gsize) (bottom - (gchar *) end) < entry_bytes + sizeof(*slot))
    return FALSE;
  slot = pk_append_find_slot(end, table->index_size, field->handle);
  if (!slot)
    return FALSE;
  if (slot < end)
    memmove(slot + 1, slot, (gsize) (end - slot) * sizeof(*slot));
  table->used += (guint32) entry_bytes;
  table->index_size++;
  *slot = (NVIndexEntry){ .handle = field->handle, .ofs = table->used };
  pk_append_set_entry((NVEntry *) (gpointer) (bottom - entry_bytes), entry_bytes, field, value, len);
  return TRUE;
}

#endif
