/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_NEEDLES_H_INCLUDED
#define PK_NEEDLES_H_INCLUDED

#include "port-knock/pk-types.h"

/* Searches one text for many literals in one pass, so that a line that nobody
 * claims costs the same however many dialects there are.
 *
 * Method: of every needle, two neighbouring 4-byte grams, the least frequent
 * ones, are put into a set of 64 Ki bits.  A text that holds the needle shows
 * one of them at an even offset; only there the set is asked, and only on a hit
 * are needles compared.  Unlike Aho-Corasick this has no chain of dependent
 * loads, and needs no SIMD. */

#define PK_NEEDLES_ROWS_MAX 128

typedef struct _PkRowSet
{
  guint64 bits[PK_NEEDLES_ROWS_MAX / 64];
} PkRowSet;

static inline void
pk_row_set_add(PkRowSet *self, guint row)
{
  self->bits[row / 64] |= G_GUINT64_CONSTANT(1) << (row % 64);
}

static inline void
pk_row_set_join(PkRowSet *self, const PkRowSet *other)
{
  self->bits[0] |= other->bits[0];
  self->bits[1] |= other->bits[1];
}

static inline gboolean
pk_row_set_has(const PkRowSet *self, guint row)
{
  return (self->bits[row / 64] >> (row % 64)) & 1;
}

static inline gboolean
pk_row_set_is_empty(const PkRowSet *self)
{
  return (self->bits[0] | self->bits[1]) == 0;
}

static inline gboolean
pk_row_set_meets(const PkRowSet *self, const PkRowSet *other)
{
  return ((self->bits[0] & other->bits[0]) | (self->bits[1] & other->bits[1])) != 0;
}

typedef struct _PkNeedles PkNeedles;

/* fold: letters are compared without regard to ASCII case. */
PkNeedles *pk_needles_new(gboolean fold);
void pk_needles_free(PkNeedles *self);

/* needle is borrowed and must outlive self; at least PK_NEEDLE_BYTES_MIN long. */
void pk_needles_add(PkNeedles *self, const gchar *needle, guint row);
/* Call once, after the last needle and before the first search. */
void pk_needles_compile(PkNeedles *self);

/* Adds the rows whose needles occur in text.  Thread safe. */
void pk_needles_search(const PkNeedles *self, PkSlice text, PkRowSet *rows);

#endif
