/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef GUARD_PAGE_H_INCLUDED
#define GUARD_PAGE_H_INCLUDED

#include <sys/mman.h>
#include <unistd.h>

#include "scan/slice.h"

/* A text that ends where reading on is a crash. */
typedef struct _GuardPage
{
  PkSlice text; /* ends at a page without any access */
  gchar *pages;
  gsize size;
} GuardPage;

static inline GuardPage
guard_page_new(const gchar *data, gsize len)
{
  gsize page = (gsize) sysconf(_SC_PAGESIZE), readable = (len / page + 1) * page;
  gchar *pages = mmap(NULL, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  g_assert_true(pages != MAP_FAILED);
  g_assert_true(mprotect(pages + readable, page, PROT_NONE) == 0);
  memcpy(pages + readable - len, data, len);
  return (GuardPage){ pk_slice(pages + readable - len, len), pages, readable + page };
}

static inline void
guard_page_free(GuardPage *self)
{
  munmap(self->pages, self->size);
}

#endif
