/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_PREFETCH_H_INCLUDED
#define PK_PREFETCH_H_INCLUDED

#include "engine/pages.h"

/* Asks for so many bytes, at least 1, to be in the caches soon.  Reads nothing, and so may be asked for memory that
 * another thread writes. */
static inline void
pk_prefetch(gconstpointer data, gsize bytes)
{
  const guint8 *first = data;

  for (gsize i = 0; i < bytes; i += PK_CACHE_LINE_BYTES)
    __builtin_prefetch(first + i);
  __builtin_prefetch(first + bytes - 1);
}

#endif
