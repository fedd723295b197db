/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_APPEND_H_INCLUDED
#define PK_SYSLOG_NG_APPEND_H_INCLUDED

#include "compat.h"

/* Values added to a message's table at a fraction of what nv_table_add_value()
 * costs.  A recognised message gets a dozen of them, and for each that function
 * searches the index twice and calls memmove() two or three times; and the table
 * of most is too small for all, so that it is allocated again, twice as large.
 *
 * A new value is an entry below the others, and its place in the index, which is
 * sorted by handle.  So a message's new values are written one below the other, as
 * the table will have them, and then copied into it at once; if it has no room for
 * that, into a new one of just that size.  All this is done with the structures and
 * the layout that logmsg/nvtable.h describes.  What an entry looks like, its flags
 * and type included, is copied from one that nv_table_add_value() wrote, and
 * pk_append_is_exact() compares whole tables filled both ways, so that with a
 * syslog-ng that writes anything else the only loss is time. */

/* Shorter and longer names are left to nv_table_add_value(). */
#define PK_APPEND_HEAD_BYTES_MIN 16
#define PK_APPEND_HEAD_BYTES 64

/* Of a message at once. */
#define PK_APPEND_RUN_MAX 48
#define PK_APPEND_RUN_BYTES 1536

/* A name-value pair without its value. */
typedef struct _PkAppendable
{
  NVHandle handle;
  guint head_bytes; /* 0: cannot be appended */
  gchar head[PK_APPEND_HEAD_BYTES];
} PkAppendable;

void pk_appendable_init(PkAppendable *self, NVHandle handle, const gchar *name, LogMessageValueType type);

/* New values, the last one first in bytes, which ends with the first one. */
typedef struct _PkAppendRun
{
  guint n;
  guint32 used;
  NVIndexEntry index[PK_APPEND_RUN_MAX]; /* sorted by handle; ofs as in an empty table */
  gchar bytes[PK_APPEND_RUN_BYTES] __attribute__((aligned(8)));
} PkAppendRun;

/* Whether pk_append_run() does what nv_table_add_value() does. */
gboolean pk_append_is_exact(void);

/* Adds all of run to *table, which is that of a message that owns its payload, or to
 * a new one in its place, for which the caller has to account; payload_reallocs of
 * syslog-ng's statistics does not count it.  FALSE: nothing is changed, as one of the
 * values is there already, or there is no room and may_grow is FALSE. */
gboolean pk_append_run(NVTable **table, const PkAppendRun *run, gboolean may_grow);

static inline void
pk_append_begin(PkAppendRun *self)
{
  self->n = 0;
  self->used = 0;
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
pk_append_copy_head(gchar *to, const PkAppendable *field)
{
  gsize n = field->head_bytes;

  memcpy(to, field->head, 16);
  if (n > 32)
    {
      memcpy(to + 16, field->head + 16, 16);
      memcpy(to + n - 32, field->head + n - 32, 16);
    }
  memcpy(to + n - 16, field->head + n - 16, 16);
}

/* Fields come in the order of their handles, mostly. */
static inline void
pk_append_index(PkAppendRun *self, NVHandle handle)
{
  NVIndexEntry *slot = self->index + self->n++;

  for (; slot > self->index && slot[-1].handle > handle; slot--)
    *slot = slot[-1];
  *slot = (NVIndexEntry){ .handle = handle, .ofs = self->used };
}

/* A value of a handle that is not in the run.  FALSE: it cannot be appended, or
 * there is no room for it. */
static inline gboolean
pk_append_value(PkAppendRun *self, const PkAppendable *field, const gchar *value, gsize len)
{
  gsize room = sizeof(self->bytes) - self->used, entry_bytes = NV_TABLE_BOUND(field->head_bytes + len + 1);
  gchar *end = self->bytes + room, *at;

  if (field->head_bytes == 0 || len >= sizeof(self->bytes) || entry_bytes > room || self->n == PK_APPEND_RUN_MAX)
    return FALSE;
  at = end - entry_bytes;
  self->used += (guint32) entry_bytes;
  pk_append_index(self, field->handle);
  /* The NUL, and what aligns the entry. */
  memset(end - 4, 0, 4);
  pk_append_copy_head(at, field);
  ((NVEntry *) (gpointer) at)->alloc_len = (guint32) entry_bytes;
  ((NVEntry *) (gpointer) at)->vdirect.value_len = (guint32) len;
  pk_append_copy(at + field->head_bytes, value, len);
  return TRUE;
}

#endif
