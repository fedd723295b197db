/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_PRINTABLE_H_INCLUDED
#define PK_PRINTABLE_H_INCLUDED

#include <glib.h>

/* Appends text; bytes that are no UTF-8 become \xNN. */
void pk_append_utf8(GString *out, const gchar *text, gsize len);

#endif
