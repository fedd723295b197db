/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_BENCH_STRAW_MAN_H_INCLUDED
#define PK_BENCH_STRAW_MAN_H_INCLUDED

#include <glib.h>

/* What one could write in an afternoon for one firewall's lines and nothing
 * else: two literals are looked for, and a table of 64 bytes for each source
 * keeps the ports of its last 30 s, without limit, key, order, signs or
 * IPv6.  Nobody should run it; it shows what there is to gain. */

typedef struct _StrawManResult
{
  guint64 lines;
  guint64 found; /* sources that look like a knock */
  gsize table_bytes;
} StrawManResult;

void straw_man_run(const gchar *text, gsize bytes, StrawManResult *ret_result);

/* The looking and the digits only: nothing that is built upon memmem() is faster. */
guint64 straw_man_scan(const gchar *text, gsize bytes);

#endif
