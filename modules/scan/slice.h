/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SLICE_H_INCLUDED
#define PK_SLICE_H_INCLUDED

#include <string.h>

#include "port-knock/pk-types.h"

/* Low-level helpers for borrowed, length-carrying text.  They may only use
 * each other: nothing here knows lines, events or dialects. */

#define PK_SLICE(literal) ((PkSlice){ (literal), sizeof(literal) - 1 })

static inline PkSlice
pk_slice(const gchar *data, gsize len)
{
  return (PkSlice){ data, len };
}

static inline PkSlice
pk_slice_from_string(const gchar *string)
{
  return (PkSlice){ string, string ? strlen(string) : 0 };
}

/* Where it ends.  An empty slice may have no address, to which nothing may be added. */
static inline const gchar *
pk_slice_end(PkSlice self)
{
  return self.len ? self.data + self.len : self.data;
}

/* What lies at and after offset, which must not exceed len. */
static inline PkSlice
pk_slice_from(PkSlice self, gsize offset)
{
  return (PkSlice){ offset ? self.data + offset : self.data, self.len - offset };
}

static inline gboolean
pk_slice_equals(PkSlice self, PkSlice other)
{
  return self.len == other.len && (self.len == 0 || memcmp(self.data, other.data, self.len) == 0);
}

static inline gboolean
pk_slice_starts_with(PkSlice self, PkSlice prefix)
{
  return self.len >= prefix.len && (prefix.len == 0 || memcmp(self.data, prefix.data, prefix.len) == 0);
}

static inline gboolean
pk_slice_ends_with(PkSlice self, PkSlice suffix)
{
  return self.len >= suffix.len &&
         (suffix.len == 0 || memcmp(pk_slice_end(self) - suffix.len, suffix.data, suffix.len) == 0);
}

/* Offset of the first byte of needle in self, or -1. */
static inline gssize
pk_slice_find(PkSlice self, PkSlice needle)
{
  const gchar *found;

  if (needle.len > self.len || self.len == 0)
    return -1;
  found = memmem(self.data, self.len, needle.data, needle.len);
  return found ? found - self.data : -1;
}

/* Offset of the first c in self, or -1. */
static inline gssize
pk_slice_find_char(PkSlice self, gchar c)
{
  const gchar *found = self.len ? memchr(self.data, c, self.len) : NULL;

  return found ? found - self.data : -1;
}

/* ASCII only; other bytes must be equal. */
static inline gboolean
pk_slice_equals_nocase(PkSlice self, PkSlice other)
{
  return self.len == other.len && (self.len == 0 || g_ascii_strncasecmp(self.data, other.data, self.len) == 0);
}

/* Offset of the first needle in self without regard to ASCII case, or -1; needle is not empty. */
static inline gssize
pk_slice_find_nocase(PkSlice self, PkSlice needle)
{
  const gchar first = g_ascii_tolower(needle.data[0]);

  for (gsize at = 0; at + needle.len <= self.len; at++)
    if (g_ascii_tolower(self.data[at]) == first &&
        pk_slice_equals_nocase((PkSlice){ self.data + at, needle.len }, needle))
      return (gssize) at;
  return -1;
}

/* Without leading and trailing blanks and tabs. */
static inline PkSlice
pk_slice_trim(PkSlice self)
{
  while (self.len && (self.data[0] == ' ' || self.data[0] == '\t'))
    self = pk_slice_from(self, 1);
  while (self.len && (self.data[self.len - 1] == ' ' || self.data[self.len - 1] == '\t'))
    self.len--;
  return self;
}

/* Cut to what fits, with a terminating NUL. */
static inline void
pk_slice_copy(PkSlice self, gchar *ret_text, gsize size)
{
  self.len = MIN(self.len, size - 1);
  if (self.len)
    memcpy(ret_text, self.data, self.len);
  ret_text[self.len] = '\0';
}

#endif
