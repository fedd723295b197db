/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_PATTERN_H_INCLUDED
#define PK_PATTERN_H_INCLUDED

#include "scan/pairs.h"

/* Literal text with holes; for the language see PkPattern in pk-dialect.h. */

#define PK_PATTERN_HOLES_MAX 32

/* What the holes hold, in their order; borrowed from pattern and text. */
typedef struct _PkPatternMatch
{
  guint n;
  PkSlice before; /* of pk_pattern_find(): the text before the place */
  PkSlice keys[PK_PATTERN_HOLES_MAX], values[PK_PATTERN_HOLES_MAX];
} PkPatternMatch;

/* Matches pattern with the beginning of *text, which becomes what follows. */
gboolean pk_pattern_match(const gchar *pattern, PkSlice *text, PkPatternMatch *ret_match);

/* The same at the first place that fits; only at the beginning if the pattern
 * begins with a hole.  Gives up after a number of places that lines do not have. */
gboolean pk_pattern_find(const gchar *pattern, PkSlice *text, PkPatternMatch *ret_match);

/* The bytes that a hole may hold; NULL: any, it is free text. */
typedef gboolean (*PkPatternAcceptsFunc)(gchar c);
typedef PkPatternAcceptsFunc (*PkPatternHoleFunc)(PkSlice key);

/* For sentences in which strangers may have written: the whole of text, whose
 * free holes are bounded from both ends.  See PkTextPattern; hole says which
 * are free, and the signs of kind are not used. */
gboolean pk_pattern_match_whole(const gchar *pattern, PkPatternHoleFunc hole, PkSlice text, PkPatternMatch *ret_match);

/* What the first hole of that key holds, empty if there is none. */
PkSlice pk_pattern_get(const PkPatternMatch *match, const gchar *key);

/* pk_pattern_find() and pk_pattern_put() in one. */
gboolean pk_pattern_take(const gchar *pattern, PkSlice *text, PkPairFunc func, gpointer user_data);

/* Hands out what the holes hold. */
void pk_pattern_put(const PkPatternMatch *match, PkPairFunc func, gpointer user_data);

#endif
