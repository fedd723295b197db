/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/needles.h"

#include "port-knock/pk-dialect.h"
#include "scan/slice.h"

#define GRAM_BYTES 4
/* A wider one would ask for longer needles than dialects have. */
#define STRIDE 2
/* The bit in which letters of either case differ. */
#define FOLD 0x20202020u
#define LIKELY_WORDS_BITS 10
#define LIKELY_SHIFT 12
#define BUCKET_BITS 10
/* Places that are asked for together, and the bytes that they see. */
#define BLOCK 8
#define BLOCKS (64 / BLOCK) /* of which a bit for each place fits into an integer */
#define BLOCK_BYTES ((BLOCK - 1) * STRIDE + GRAM_BYTES)

G_STATIC_ASSERT(PK_NEEDLE_BYTES_MIN == STRIDE + GRAM_BYTES - 1);

typedef struct _Needle
{
  PkSlice text; /* borrowed */
  PkRowSet rows;
} Needle;

/* A gram of a needle, in the chain of its bucket, with what is needed on a hit:
 * firewall lines hit three of them. */
typedef struct _Gram
{
  guint32 hash;   /* as multiplying by an odd number loses nothing: equal hashes are equal grams */
  guint16 offset; /* of the gram in the needle */
  gint16 next;    /* index of the next gram in the bucket, -1: none */
  Needle needle;
} Gram;

struct _PkNeedles
{
  GArray *needles; /* of Needle */
  Gram *grams;
  gint16 n_grams;
  guint32 fold; /* set in every gram: 0 or FOLD */
  gint16 buckets[1 << BUCKET_BITS];
  /* Of each gram of a needle, a bit: its word by the high bits of the hash, its
   * place there by the middle ones. */
  guint64 likely[1 << LIKELY_WORDS_BITS];
};

PkNeedles *
pk_needles_new(gboolean fold)
{
  PkNeedles *self = g_new0(PkNeedles, 1);

  self->needles = g_array_new(FALSE, FALSE, sizeof(Needle));
  self->fold = fold ? FOLD : 0;
  memset(self->buckets, 0xff, sizeof(self->buckets));
  return self;
}

void
pk_needles_free(PkNeedles *self)
{
  g_array_unref(self->needles);
  g_free(self->grams);
  g_free(self);
}

/* Rows that look for the same tools have the same needles. */
static Needle *
_find_needle(PkNeedles *self, PkSlice text)
{
  for (guint i = 0; i < self->needles->len; i++)
    if (pk_slice_equals(g_array_index(self->needles, Needle, i).text, text))
      return &g_array_index(self->needles, Needle, i);
  return NULL;
}

void
pk_needles_add(PkNeedles *self, const gchar *needle, guint row)
{
  Needle entry = { .text = pk_slice_from_string(needle) };
  Needle *found = _find_needle(self, entry.text);

  g_assert(entry.text.len >= PK_NEEDLE_BYTES_MIN && row < PK_NEEDLES_ROWS_MAX);
  if (found)
    {
      pk_row_set_add(&found->rows, row);
      return;
    }
  pk_row_set_add(&entry.rows, row);
  g_array_append_val(self->needles, entry);
}

static inline guint32
_hash_gram(const gchar *data, guint32 fold)
{
  guint32 gram;

  memcpy(&gram, data, GRAM_BYTES);
  return (gram | fold) * 0x9E3779B1u;
}

static inline guint64
_is_likely(const guint64 *likely, const gchar *data, guint32 fold)
{
  guint32 hash = _hash_gram(data, fold);

  return likely[hash >> (32 - LIKELY_WORDS_BITS)] >> (hash >> LIKELY_SHIFT) % 64 & 1;
}

static void
_add_gram(PkNeedles *self, const Needle *needle, gsize offset)
{
  guint32 hash = _hash_gram(needle->text.data + offset, self->fold);
  gint16 *bucket = &self->buckets[hash >> (32 - BUCKET_BITS)];

  self->grams[self->n_grams] = (Gram){ .hash = hash, .offset = (guint16) offset, .next = *bucket, .needle = *needle };
  *bucket = self->n_grams++;
  self->likely[hash >> (32 - LIKELY_WORDS_BITS)] |= G_GUINT64_CONSTANT(1) << (hash >> LIKELY_SHIFT) % 64;
}

/* What logs are made of. */
static const PkSlice FREQUENT = PK_SLICE(
    " error connection request from user with service session started starting network windows firewall device "
    "command process name type for user id=... Starting Windows Firewall Device Network Command TCP UDP ");

/* How much a gram tells: words in lower case stand in many a line. */
static guint
_rate_gram(PkSlice gram, gboolean fold)
{
  guint rarity = 1;

  if (pk_slice_find(FREQUENT, gram) >= 0)
    return 0;
  for (gsize i = 0; i < gram.len; i++)
    if (g_ascii_isupper(gram.data[i]))
      rarity += fold ? 0 : 1;
    else if (!g_ascii_islower(gram.data[i]) && gram.data[i] != ' ')
      rarity += 2;
  return rarity;
}

/* Where in a needle to take its grams: any two neighbours do, and the worse of
 * them counts. */
static gsize
_choose_offset(PkSlice needle, gboolean fold)
{
  gsize best = 0;
  guint best_rate = 0, before = 0;

  G_STATIC_ASSERT(STRIDE == 2);
  for (gsize offset = 0; offset + GRAM_BYTES <= needle.len; offset++)
    {
      guint rate = _rate_gram(pk_slice(needle.data + offset, GRAM_BYTES), fold);

      if (MIN(before, rate) > best_rate)
        {
          best = offset - 1;
          best_rate = MIN(before, rate);
        }
      before = rate;
    }
  return best;
}

void
pk_needles_compile(PkNeedles *self)
{
  g_assert(self->needles->len * STRIDE <= G_MAXINT16);
  self->grams = g_new(Gram, self->needles->len * STRIDE);
  for (guint i = 0; i < self->needles->len; i++)
    {
      const Needle *needle = &g_array_index(self->needles, Needle, i);
      gsize offset = _choose_offset(needle->text, self->fold != 0);

      for (gsize k = 0; k < STRIDE; k++)
        _add_gram(self, needle, offset + k);
    }
}

/* Most needles have no more than twice four bytes: no call for those. */
static inline gboolean
_equals(const gchar *text, PkSlice needle)
{
  if (memcmp(text, needle.data, 4) != 0 || memcmp(text + needle.len - 4, pk_slice_end(needle) - 4, 4) != 0)
    return FALSE;
  return needle.len <= 8 || memcmp(text + 4, needle.data + 4, needle.len - 8) == 0;
}

static gboolean
_occurs_at(const PkNeedles *self, PkSlice text, gsize at, PkSlice needle)
{
  if (text.len - at < needle.len)
    return FALSE;
  text = pk_slice(text.data + at, needle.len);
  return self->fold ? pk_slice_equals_nocase(text, needle) : _equals(text.data, needle);
}

static void
_compare_at(const PkNeedles *self, PkSlice text, gsize at, PkRowSet *rows)
{
  guint32 hash = _hash_gram(text.data + at, self->fold);
  gint16 index = self->buckets[hash >> (32 - BUCKET_BITS)];

  while (index >= 0)
    {
      const Gram *gram = &self->grams[index];

      if (gram->hash == hash && at >= gram->offset && _occurs_at(self, text, at - gram->offset, gram->needle.text))
        pk_row_set_join(rows, &gram->needle.rows);
      index = gram->next;
    }
}

static void
_search_short(const PkNeedles *self, PkSlice text, PkRowSet *rows)
{
  for (gsize at = 0; at + GRAM_BYTES <= text.len; at += STRIDE)
    if (_is_likely(self->likely, text.data + at, self->fold))
      _compare_at(self, text, at, rows);
}

/* Of BLOCK places from data on, those where a needle's gram may be; the lowest
 * bit is the last place.  Written out: a compiler would rather save the space. */
static inline guint64
_find_likely(const guint64 *likely, const gchar *data, guint32 fold)
{
  guint64 places = _is_likely(likely, data, fold);

  places = 2 * places + _is_likely(likely, data + STRIDE, fold);
  places = 2 * places + _is_likely(likely, data + 2 * STRIDE, fold);
  places = 2 * places + _is_likely(likely, data + 3 * STRIDE, fold);
  places = 2 * places + _is_likely(likely, data + 4 * STRIDE, fold);
  places = 2 * places + _is_likely(likely, data + 5 * STRIDE, fold);
  places = 2 * places + _is_likely(likely, data + 6 * STRIDE, fold);
  return 2 * places + _is_likely(likely, data + 7 * STRIDE, fold);
}

/* The lowest bit of places is the place before end. */
static inline void
_compare_likely(const PkNeedles *self, PkSlice text, gsize end, guint64 places, PkRowSet *rows)
{
  for (; places; places &= places - 1)
    _compare_at(self, text, end - (1 + (guint) __builtin_ctzll(places)) * STRIDE, rows);
}

/* fold is a constant where this is inlined.  Several blocks are asked before
 * what they found is looked at: that is a branch that nothing predicts. */
static inline void
_search(const PkNeedles *self, PkSlice text, guint32 fold, PkRowSet *rows)
{
  gsize at = 0, last, stop;

  if (text.len < BLOCK_BYTES)
    {
      _search_short(self, text, rows);
      return;
    }
  last = text.len - BLOCK_BYTES;
  while (at < last)
    {
      guint64 places = 0;

      for (stop = MIN(at + BLOCKS * BLOCK * STRIDE, last); at < stop; at += BLOCK * STRIDE)
        places = places << BLOCK | _find_likely(self->likely, text.data + at, fold);
      _compare_likely(self, text, at, places, rows);
    }
  /* This one ends with the text, and overlaps the one before. */
  _compare_likely(self, text, last + BLOCK * STRIDE, _find_likely(self->likely, text.data + last, fold), rows);
}

void
pk_needles_search(const PkNeedles *self, PkSlice text, PkRowSet *rows)
{
  if (self->fold)
    _search(self, text, FOLD, rows);
  else
    _search(self, text, 0, rows);
}
