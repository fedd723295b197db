/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/needles.h"

#include "port-knock/pk-dialect.h"
#include "scan/slice.h"

#define GRAM_BYTES 4
#define LIKELY_BITS 13
#define BUCKET_BITS 10
/* Positions that are asked for with one branch. */
#define BLOCK 4
/* A wider stride would ask for longer needles than dialects have. */
#define STRIDE_MAX 4

typedef struct _Needle
{
  PkSlice text; /* borrowed */
  guint row;
} Needle;

/* A gram of a needle, in the chain of its bucket. */
typedef struct _Gram
{
  guint32 hash;
  guint16 offset; /* of the gram in the needle */
  guint16 needle; /* index */
  gint16 next;    /* index of the next gram in the bucket, -1: none */
} Gram;

struct _PkNeedles
{
  GArray *needles; /* of Needle */
  GArray *grams;   /* of Gram */
  gsize stride;
  guint32 fold; /* set in every gram: 0, or the bit in which letters of either case differ */
  gint16 buckets[1 << BUCKET_BITS];
  guint8 likely[1 << LIKELY_BITS]; /* by the high bits of a gram's hash: 1 where a needle has one such */
};

PkNeedles *
pk_needles_new(gboolean fold)
{
  PkNeedles *self = g_new0(PkNeedles, 1);

  self->needles = g_array_new(FALSE, FALSE, sizeof(Needle));
  self->grams = g_array_new(FALSE, FALSE, sizeof(Gram));
  self->stride = STRIDE_MAX;
  self->fold = fold ? 0x20202020 : 0;
  memset(self->buckets, 0xff, sizeof(self->buckets));
  return self;
}

void
pk_needles_free(PkNeedles *self)
{
  g_array_unref(self->needles);
  g_array_unref(self->grams);
  g_free(self);
}

void
pk_needles_add(PkNeedles *self, const gchar *needle, guint row)
{
  Needle entry = { .text = pk_slice_from_string(needle), .row = row };

  g_assert(entry.text.len >= PK_NEEDLE_BYTES_MIN && row < PK_NEEDLES_ROWS_MAX);
  self->stride = MIN(self->stride, entry.text.len - GRAM_BYTES + 1);
  g_array_append_val(self->needles, entry);
}

static inline guint32
_hash_gram(const PkNeedles *self, const gchar *data)
{
  guint32 gram;

  memcpy(&gram, data, GRAM_BYTES);
  return (gram | self->fold) * 0x9E3779B1u;
}

static void
_add_gram(PkNeedles *self, guint needle, guint offset)
{
  const Needle *entry = &g_array_index(self->needles, Needle, needle);
  guint32 hash = _hash_gram(self, entry->text.data + offset);
  gint16 *bucket = &self->buckets[hash >> (32 - BUCKET_BITS)];
  Gram gram = { .hash = hash, .offset = (guint16) offset, .needle = (guint16) needle, .next = *bucket };

  g_assert(self->grams->len < G_MAXINT16);
  *bucket = (gint16) self->grams->len;
  g_array_append_val(self->grams, gram);
  self->likely[hash >> (32 - LIKELY_BITS)] = 1;
}

void
pk_needles_compile(PkNeedles *self)
{
  for (guint needle = 0; needle < self->needles->len; needle++)
    for (guint offset = 0; offset < self->stride; offset++)
      _add_gram(self, needle, offset);
}

static gboolean
_occurs_at(const PkNeedles *self, PkSlice text, gsize at, PkSlice needle)
{
  if (text.len - at < needle.len)
    return FALSE;
  text = pk_slice(text.data + at, needle.len);
  return self->fold ? pk_slice_equals_nocase(text, needle) : pk_slice_equals(text, needle);
}

static void
_compare_at(const PkNeedles *self, PkSlice text, gsize at, PkRowSet *rows)
{
  guint32 hash = _hash_gram(self, text.data + at);
  gint16 index = self->buckets[hash >> (32 - BUCKET_BITS)];

  while (index >= 0)
    {
      const Gram *gram = &g_array_index(self->grams, Gram, index);
      const Needle *needle = &g_array_index(self->needles, Needle, gram->needle);

      if (gram->hash == hash && at >= gram->offset && _occurs_at(self, text, at - gram->offset, needle->text))
        pk_row_set_add(rows, needle->row);
      index = gram->next;
    }
}

static inline guint
_is_likely(const PkNeedles *self, const gchar *data)
{
  return self->likely[_hash_gram(self, data) >> (32 - LIKELY_BITS)];
}

/* Written out: a compiler would rather save the space. */
static inline guint
_is_any_likely(const PkNeedles *self, const gchar *data)
{
  const gsize stride = self->stride;

  return _is_likely(self, data) | _is_likely(self, data + stride) | _is_likely(self, data + 2 * stride) |
         _is_likely(self, data + 3 * stride);
}

static void
_search_from(const PkNeedles *self, PkSlice text, gsize at, gsize end, PkRowSet *rows)
{
  for (; at < end && at + GRAM_BYTES <= text.len; at += self->stride)
    if (_is_likely(self, text.data + at))
      _compare_at(self, text, at, rows);
}

void
pk_needles_search(const PkNeedles *self, PkSlice text, PkRowSet *rows)
{
  const gsize block = BLOCK * self->stride;
  gsize at = 0;

  for (; at + block + GRAM_BYTES <= text.len; at += block)
    if (G_UNLIKELY(_is_any_likely(self, text.data + at)))
      _search_from(self, text, at, at + block, rows);
  _search_from(self, text, at, text.len, rows);
}
