/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_PAGES_H_INCLUDED
#define PK_PAGES_H_INCLUDED

#include <glib.h>

/* What processors exchange: where one writes, the others wait when they read beside it. */
#define PK_CACHE_LINE_BYTES 64

/* Memory of tables: all zero, and taken from the system only where it is
 * touched.  malloc() clears what lies below its mmap() threshold, so tables in
 * sixteen shards would be resident before they hold anything. */

/* NULL when there is not that much: count * bytes, or room for it. */
gpointer pk_pages_new(gsize count, gsize bytes);
/* With the same arguments. NULL does nothing. */
void pk_pages_free(gpointer pages, gsize count, gsize bytes);

#endif
