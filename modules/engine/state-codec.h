/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_STATE_CODEC_H_INCLUDED
#define PK_STATE_CODEC_H_INCLUDED

#include <string.h>

#include "engine/recent.h"
#include "engine/state-clock.h"
#include "engine/window.h"

/* Bytes of the state file: numbers are little-endian and packed, texts are a
 * length and bytes.  What a structure writes and how it reads that again stand
 * in one file each, field by field, so that the file does not change with
 * structs, compilers or processors.
 *
 * Nothing that is read is believed: a reader never leaves its bytes, a text has
 * a greatest length and no NUL, and a value outside of its range makes the
 * reader fail.  Once it has failed it gives zeros only, so callers look once, at
 * the end.  Memory that a file can ask for is bounded by the file's own size. */

/* The kinds of sections, in the order in which they are written. */
typedef enum
{
  PK_STATE_COMMON = 1,
  PK_STATE_SOURCES,
  PK_STATE_MEMORIES,
  PK_STATE_HOLDS,
  PK_STATE_DOORS,
  PK_STATE_SEQUENCES,
  PK_STATE_SERVICES,
  PK_STATE_LISTENERS,
  PK_STATE_SETS,
  PK_STATE_JUDGED,
  PK_STATE_TRAILS,
  PK_STATE_STAGES,
  PK_STATE_REPORTS,
  PK_STATE_KINDS_END
} PkStateKind;

/* ---- writing --------------------------------------------------------------- */

typedef struct _PkStateWriter
{
  guint8 *data; /* owned */
  gsize len, capacity;
} PkStateWriter;

/* Room for n bytes more. */
void pk_state_writer_reserve(PkStateWriter *self, gsize n);
void pk_state_writer_clear(PkStateWriter *self);

static inline void
pk_state_put(PkStateWriter *self, guint64 value, guint n_bytes)
{
  if (G_UNLIKELY(self->capacity - self->len < sizeof(value)))
    pk_state_writer_reserve(self, sizeof(value));
  value = GUINT64_TO_LE(value);
  memcpy(self->data + self->len, &value, sizeof(value));
  self->len += n_bytes;
}

static inline void
pk_state_put_u8(PkStateWriter *self, guint value)
{
  pk_state_put(self, value, 1);
}

static inline void
pk_state_put_u16(PkStateWriter *self, guint value)
{
  pk_state_put(self, value, 2);
}

static inline void
pk_state_put_u32(PkStateWriter *self, guint32 value)
{
  pk_state_put(self, value, 4);
}

static inline void
pk_state_put_u64(PkStateWriter *self, guint64 value)
{
  pk_state_put(self, value, 8);
}

static inline void
pk_state_put_time(PkStateWriter *self, gint64 usec)
{
  pk_state_put(self, (guint64) usec, 8);
}

void pk_state_put_bytes(PkStateWriter *self, gconstpointer data, gsize len);
void pk_state_put_addr(PkStateWriter *self, const PkAddr *addr);
void pk_state_put_port(PkStateWriter *self, const PkPort *port);
/* At most 65535 bytes. */
void pk_state_put_text(PkStateWriter *self, const gchar *text);
void pk_state_put_alert(PkStateWriter *self, const PkAlert *alert);

/* A section is a kind, a number of records, and their bytes.  Returns what
 * pk_state_end_section() wants to know. */
gsize pk_state_begin_section(PkStateWriter *self, guint8 kind);
void pk_state_end_section(PkStateWriter *self, gsize section, guint32 n_records);

/* ---- tables of recent records ------------------------------------------------ */

typedef struct _PkStateReader PkStateReader;

/* How the records of one kind are written and read. */
typedef struct _PkStateRow
{
  PkStateKind kind;
  gsize record_bytes; /* in memory */
  void (*put)(PkStateWriter *writer, gconstpointer record);
  void (*get)(PkStateReader *reader, gpointer ret_record); /* all zero before */
  /* Makes times those of the clock.  FALSE: it is not worth keeping. */
  gboolean (*fit)(gpointer record, const PkStateClock *clock);
} PkStateRow;

/* A section of the next records of a walk, the oldest first, as many as are
 * gathered in a short time.  FALSE: they were the last. */
gboolean pk_state_put_recent(PkStateWriter *self, const PkStateRow *row, PkRecent *recent);

/* ---- reading --------------------------------------------------------------- */

struct _PkStateReader
{
  const guint8 *at, *end; /* borrowed */
  gboolean failed;
};

typedef struct _PkStateSection
{
  PkStateKind kind;
  guint32 n_records;
  PkStateReader records;
} PkStateSection;

/* FALSE: there is no further one, or the reader has failed. */
gboolean pk_state_next_section(PkStateReader *self, PkStateSection *ret_section);

static inline void
pk_state_fail(PkStateReader *self)
{
  self->failed = TRUE;
  self->at = self->end;
}

static inline guint64
pk_state_get(PkStateReader *self, guint n_bytes)
{
  guint64 value = 0;

  if (G_UNLIKELY((gsize) (self->end - self->at) < n_bytes))
    {
      pk_state_fail(self);
      return 0;
    }
  memcpy(&value, self->at, n_bytes);
  self->at += n_bytes;
  return GUINT64_FROM_LE(value);
}

static inline guint8
pk_state_get_u8(PkStateReader *self)
{
  return (guint8) pk_state_get(self, 1);
}

static inline guint16
pk_state_get_u16(PkStateReader *self)
{
  return (guint16) pk_state_get(self, 2);
}

static inline guint32
pk_state_get_u32(PkStateReader *self)
{
  return (guint32) pk_state_get(self, 4);
}

static inline guint64
pk_state_get_u64(PkStateReader *self)
{
  return pk_state_get(self, 8);
}

/* A number that is max at most. */
guint32 pk_state_get_max(PkStateReader *self, guint n_bytes, guint32 max);
gboolean pk_state_get_boolean(PkStateReader *self);
/* Far enough from the ends of its type that sums and differences of two do not overflow. */
gint64 pk_state_get_time(PkStateReader *self);
void pk_state_get_bytes(PkStateReader *self, gpointer ret_data, gsize len);
void pk_state_get_addr(PkStateReader *self, PkAddr *ret_addr);
/* may_be_none: all zero is permitted, too. */
void pk_state_get_port(PkStateReader *self, gboolean may_be_none, PkPort *ret_port);
/* ret_text has room for bytes, with the NUL. */
void pk_state_get_text(PkStateReader *self, gchar *ret_text, gsize bytes);
void pk_state_get_alert(PkStateReader *self, PkAlert *ret_alert);

/* Puts the records of a section into the tables that choose() names for their
 * keys.  It looks at section->records.failed who wants to know. */
typedef PkRecent *(*PkStateChoice)(guint64 key, PkStateKind kind, gpointer user_data);
void pk_state_get_recent(PkStateSection *section, const PkStateRow *row, const PkStateClock *clock,
                         PkStateChoice choose, gpointer user_data);

#endif
