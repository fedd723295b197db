/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef CASE_FILE_H_INCLUDED
#define CASE_FILE_H_INCLUDED

#include <glib.h>

/* tests/samples/DIALECT.case: blocks parted by empty lines.  A block is any
 * number of lines that begin with "# ", which give the reason for the case,
 * then the raw log line, then what it must come to: the JSON object of its
 * event, or one of no-match, ignored, malformed, unknown-prefix. */

typedef struct _Case
{
  guint line_number; /* of the raw line */
  gchar *raw;        /* NUL terminated, without line end */
  gchar *expected;
} Case;

/* Returns a new array of Case, which case_file_free() frees, or NULL with *error set. */
GArray *case_file_read(const gchar *path, GError **error);
void case_file_free(GArray *cases);

/* TRUE when the case expects an event. */
gboolean case_is_match(const Case *self);

#endif
