/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_OUTPUT_H_INCLUDED
#define PK_CLI_OUTPUT_H_INCLUDED

#include <glib.h>

/* Standard output with the errors kept: a reader who went away or a full disk
 * is an error of the command, not a signal. */

typedef struct _PkOutput
{
  gint fd;
  GString *pending; /* owned; append to it, then flush */
  gint error;       /* errno of the first failed write; 0: none */
} PkOutput;

void pk_output_init(PkOutput *self, gint fd);
void pk_output_clear(PkOutput *self);

/* Writes everything that is pending.  FALSE when this or an earlier write
 * failed; what was pending is then dropped. */
gboolean pk_output_flush(PkOutput *self);
/* Flushes only what is worth a system call. */
gboolean pk_output_flush_full(PkOutput *self);

/* Says on standard error why writing failed, unless it did not, or the reader
 * merely went away.  Returns TRUE when nothing failed. */
gboolean pk_output_report(const PkOutput *self);

#endif
