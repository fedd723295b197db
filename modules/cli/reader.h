/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_READER_H_INCLUDED
#define PK_CLI_READER_H_INCLUDED

#include "port-knock/pk-types.h"

/* Lines of files.  A line ends at a newline, or where its file ends; its
 * newline, and a carriage return before it, are not part of it.  Of a line
 * longer than PK_LINE_BYTES_MAX only that much is handed on. */

/* line borrows and is valid during the call; it may hold any byte.
 * FALSE: read no more. */
typedef gboolean (*PkLineFunc)(PkSlice line, gpointer user_data);
/* Called when everything that has arrived was handed on, before waiting for
 * more.  FALSE: read no more. */
typedef gboolean (*PkIdleFunc)(gpointer user_data);

typedef struct _PkReader
{
  PkLineFunc line_func;
  PkIdleFunc idle_func;
  gpointer user_data;
  gchar *buffer;    /* owned */
  guint64 lines;    /* handed on */
  guint64 cut;      /* lines of which only the beginning was */
  guint inputs;     /* that were read to their end, or gave a line */
  guint failed;     /* that could not be opened or read to their end */
  gboolean stopped; /* a callback said so */
} PkReader;

void pk_reader_init(PkReader *self, PkLineFunc line_func, PkIdleFunc idle_func, gpointer user_data);
void pk_reader_clear(PkReader *self);

/* Reads path, or standard input where it is "-", to its end.  FALSE with
 * *error set when that failed; lines before the failure were handed on. */
gboolean pk_reader_read(PkReader *self, const gchar *path, GError **error);

#endif
