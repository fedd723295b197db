/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_WORDS_H_INCLUDED
#define PK_WORDS_H_INCLUDED

#include "scan/octets.h"
#include "scan/slice.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The words of a text: its longest runs of bytes that are no blank.
 *
 * Where they end is looked up for 64 bytes at once.  Looking for the end of each
 * from its beginning costs more than it seems: no word can be begun before the
 * end of the last one is known, so that a processor waits where it could read the
 * values of several words at a time. */

#define PK_WORDS_BLOCK_BYTES 64

typedef struct _PkWords
{
  const gchar *begin, *at, *end; /* what lies at and after at is not handed out yet */
  const gchar *block;            /* not after at, and before end */
  guint64 blanks;                /* bit n: block[n] is a blank, and was not passed yet */
} PkWords;

/* Bit n: at[n] is a blank, for n < 16. */
static inline guint64
pk_words_find_blanks16(const gchar *at)
{
#ifdef __SSE2__
  __m128i bytes = _mm_loadu_si128((const __m128i *) (gconstpointer) at);

  return (guint64) _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')));
#else
  guint64 blanks = 0;

  for (guint i = 0; i < 16; i++)
    blanks |= (guint64) (at[i] == ' ') << i;
  return blanks;
#endif
}

/* The same for n < 64. */
static inline guint64
pk_words_find_blanks64(const gchar *at)
{
  return pk_words_find_blanks16(at) | pk_words_find_blanks16(at + 16) << 16 | pk_words_find_blanks16(at + 32) << 32 |
         pk_words_find_blanks16(at + 48) << 48;
}

/* The same, where bytes at and after end are no blanks; those from begin on may
 * be read. */
static inline guint64
pk_words_find_blanks(const gchar *begin, const gchar *at, const gchar *end)
{
  gchar copy[PK_WORDS_BLOCK_BYTES];

  if (end - at >= PK_WORDS_BLOCK_BYTES)
    return pk_words_find_blanks64(at);
  if (end - begin >= PK_WORDS_BLOCK_BYTES)
    return pk_words_find_blanks64(end - PK_WORDS_BLOCK_BYTES) >> (PK_WORDS_BLOCK_BYTES - (end - at));
  memset(copy, 0, sizeof(copy));
  memcpy(copy, at, (gsize) (end - at));
  return pk_words_find_blanks64(copy);
}

/* text is borrowed, and not empty. */
static inline void
pk_words_init(PkWords *self, PkSlice text)
{
  self->begin = self->at = self->block = text.data;
  self->end = pk_slice_end(text);
  self->blanks = pk_words_find_blanks(self->begin, self->block, self->end);
}

/* Where the word that begins at at ends. */
static inline const gchar *
pk_words_find_end(PkWords *self)
{
  const gchar *stop;

  while (self->blanks == 0)
    {
      if (self->end - self->block <= PK_WORDS_BLOCK_BYTES)
        return self->end;
      self->block += PK_WORDS_BLOCK_BYTES;
      self->blanks = pk_words_find_blanks(self->begin, self->block, self->end);
    }
  stop = self->block + __builtin_ctzll(self->blanks);
  self->blanks &= self->blanks - 1;
  return stop;
}

/* FALSE: there are no more. */
static inline gboolean
pk_words_next(PkWords *self, PkSlice *ret_word)
{
  while (self->at < self->end)
    {
      const gchar *start = self->at, *stop = pk_words_find_end(self);

      self->at = stop + 1;
      if (stop > start)
        {
          *ret_word = pk_slice(start, (gsize) (stop - start));
          return TRUE;
        }
    }
  return FALSE;
}

#endif
