/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_WORDS_H_INCLUDED
#define PK_WORDS_H_INCLUDED

#include "scan/slice.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The words of a text, its longest runs of bytes that are no blank, and where the
 * key of each ends.
 *
 * Blanks and "=" are looked up for 64 bytes at once.  Looking for the end of each
 * word from its beginning costs more than it seems: no word can be begun before the
 * end of the last one is known, so that a processor waits where it could read the
 * values of several words at a time. */

#define PK_WORDS_VIEW_BYTES 64

typedef struct _PkWords
{
  const gchar *begin, *at, *end; /* what lies at and after at is not handed out yet */
  guint64 blanks, equals;        /* bit n: at[n] is one, as far as was looked; the text's end counts as a blank */
} PkWords;

/* Bit n: at[n] is byte, for n < 16. */
static inline guint64
pk_words_find16(const gchar *at, gchar byte)
{
#ifdef __SSE2__
  __m128i bytes = _mm_loadu_si128((const __m128i *) (gconstpointer) at);

  return (guint64) _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte)));
#else
  guint64 found = 0;

  for (guint i = 0; i < 16; i++)
    found |= (guint64) (at[i] == byte) << i;
  return found;
#endif
}

/* The same for n < 64. */
static inline guint64
pk_words_find64(const gchar *at, gchar byte)
{
  return pk_words_find16(at, byte) | pk_words_find16(at + 16, byte) << 16 | pk_words_find16(at + 32, byte) << 32 |
         pk_words_find16(at + 48, byte) << 48;
}

/* The same for the n bytes at at, n < 64, which are the last: those from begin on may be read, none at or after end. */
static inline guint64
pk_words_find_short(const PkWords *self, guint n, gchar byte)
{
  gchar copy[PK_WORDS_VIEW_BYTES];

  if (self->end - self->begin >= PK_WORDS_VIEW_BYTES)
    return pk_words_find64(self->end - PK_WORDS_VIEW_BYTES, byte) >> (PK_WORDS_VIEW_BYTES - n);
  memset(copy, 0, sizeof(copy));
  memcpy(copy, self->at, n);
  return pk_words_find64(copy, byte);
}

/* From at on, which lies before the end. */
static inline guint64
pk_words_find(const PkWords *self, gchar byte)
{
  gssize n = self->end - self->at;

  return G_LIKELY(n >= PK_WORDS_VIEW_BYTES) ? pk_words_find64(self->at, byte)
                                            : pk_words_find_short(self, (guint) n, byte);
}

static inline guint64
pk_words_find_blanks(const PkWords *self)
{
  gssize n = self->end - self->at;
  guint64 blanks = pk_words_find(self, ' ');

  return n < PK_WORDS_VIEW_BYTES ? blanks | G_GUINT64_CONSTANT(1) << n : blanks;
}

static inline void
pk_words_look(PkWords *self)
{
  self->blanks = pk_words_find_blanks(self);
  self->equals = pk_words_find(self, '=');
}

/* text is borrowed. */
static inline void
pk_words_init(PkWords *self, PkSlice text)
{
  self->begin = self->at = text.data;
  self->end = pk_slice_end(text);
  self->blanks = self->equals = 0;
}

/* What lies at and after skip bytes of text up to the first byte; text.len: there is none. */
static inline gsize
pk_words_measure(PkSlice text, gsize skip, gchar byte)
{
  const gchar *found = memchr(text.data + skip, byte, text.len - skip);

  return found ? (gsize) (found - text.data) : text.len;
}

/* The lowest bit of mask, which is not 0. */
static inline gsize
pk_words_first(guint64 mask)
{
  return (guint) __builtin_ctzll(mask);
}

/* A word that no view shows whole. */
static inline void
pk_words_take_long(PkWords *self, PkSlice *ret_word, gsize *ret_key_len)
{
  PkSlice rest = pk_slice(self->at, (gsize) (self->end - self->at));

  *ret_word = pk_slice(rest.data, pk_words_measure(rest, PK_WORDS_VIEW_BYTES, ' '));
  *ret_key_len = self->equals ? pk_words_first(self->equals) : pk_words_measure(*ret_word, PK_WORDS_VIEW_BYTES, '=');
  self->at += ret_word->len + 1;
}

/* The word at at, empty at a blank. */
static inline void
pk_words_take(PkWords *self, PkSlice *ret_word, gsize *ret_key_len)
{
  gsize len;

  if (G_UNLIKELY(self->blanks == 0))
    {
      pk_words_look(self);
      if (G_UNLIKELY(self->blanks == 0))
        {
          pk_words_take_long(self, ret_word, ret_key_len);
          return;
        }
    }
  len = pk_words_first(self->blanks);
  *ret_word = pk_slice(self->at, len);
  *ret_key_len = pk_words_first(self->blanks | self->equals);
  /* In two steps: a blank may be the last of what was looked at. */
  self->blanks = self->blanks >> len >> 1;
  self->equals = self->equals >> len >> 1;
  self->at += len + 1;
}

/* *ret_key_len: of what stands before the word's first "="; its length without one.
 * FALSE: there are no more. */
static inline gboolean
pk_words_next(PkWords *self, PkSlice *ret_word, gsize *ret_key_len)
{
  while (self->at < self->end)
    {
      pk_words_take(self, ret_word, ret_key_len);
      if (ret_word->len > 0)
        return TRUE;
    }
  return FALSE;
}

/* ---- words that are known already ------------------------------------------- */

/* The next word for one who sees that it begins at at, and knows where its key ends.  FALSE: it is too long for a
 * view, and is not taken.  pk_words_forget_keys() comes between this and pk_words_next(). */
static inline gboolean
pk_words_next_known(PkWords *self, PkSlice *ret_word)
{
  gsize len;

  if (self->blanks == 0)
    self->blanks = pk_words_find_blanks(self);
  if (G_UNLIKELY(self->blanks == 0))
    return FALSE;
  len = pk_words_first(self->blanks);
  *ret_word = pk_slice(self->at, len);
  self->blanks = self->blanks >> len >> 1;
  self->at += len + 1;
  return TRUE;
}

static inline void
pk_words_forget_keys(PkWords *self)
{
  self->blanks = 0;
}

#endif
