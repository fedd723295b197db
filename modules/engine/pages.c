/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/pages.h"

#include <sys/mman.h>

gpointer
pk_pages_new(gsize count, gsize bytes)
{
  gpointer pages;

  if (count == 0 || bytes == 0 || count > G_MAXSSIZE / bytes)
    return NULL;
  pages = mmap(NULL, count * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? NULL : pages;
}

void
pk_pages_free(gpointer pages, gsize count, gsize bytes)
{
  if (pages)
    munmap(pages, count * bytes);
}
