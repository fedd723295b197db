/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_PREFIX_MEMO_H_INCLUDED
#define PK_PREFIX_MEMO_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* What log prefixes came to, so that it is not found out anew for each line of a
 * firewall's few rules.  It depends on nothing but the bytes between the kernel's
 * time and a little behind the prefix, on whether there is such a time, and on the
 * recogniser's options; all of these are compared.
 *
 * Each thread has a few of its own: no lock, no sharing, nothing to free.  What
 * does not fit, or has to give way, is found out anew. */

#define PK_PREFIX_MEMO_BYTES_MIN 8
#define PK_PREFIX_MEMO_BYTES_MAX 64
#define PK_PREFIX_MEMO_WORD_BYTES_MAX 24
/* As much of the kernel's own part as a needle reaches into: "-D]IN=". */
#define PK_PREFIX_OVERLAP_BYTES 8

typedef struct _PkPrefixKey
{
  guint64 recogniser; /* its number, not 0 */
  gboolean has_uptime;
  PkSlice text; /* borrowed from the line; empty: it cannot be remembered */
} PkPrefixKey;

typedef struct _PkPrefixMemo
{
  guint64 recogniser; /* 0: nothing is remembered here */
  guint8 has_uptime;
  guint8 len, word_len;
  guint8 verdict; /* PkVerdict: deny or accept */
  const PkDialect *dialect;
  gchar text[PK_PREFIX_MEMO_BYTES_MAX], word[PK_PREFIX_MEMO_WORD_BYTES_MAX];
} PkPrefixMemo;

/* Reads the kernel's time into event as well.  body: where the kernel's own part begins. */
void pk_prefix_key_init(PkPrefixKey *self, guint64 recogniser, const PkLine *line, gsize body, PkEvent *event);

/* NULL: it is not remembered. */
const PkPrefixMemo *pk_prefix_memo_find(const PkPrefixKey *key);

/* event is what a prefix row made of the line. */
void pk_prefix_memo_put(const PkPrefixKey *key, const PkLine *line, gsize body, const PkEvent *event);

#endif
