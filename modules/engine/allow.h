/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_ALLOW_H_INCLUDED
#define PK_ALLOW_H_INCLUDED

#include "port-knock/pk-engine.h"

/* What the options and the tests need of allow lists beside pk-engine.h. */

/* A file with more is refused. */
#define PK_ALLOW_ENTRIES_MAX 1000000
#define PK_ALLOW_FILE_BYTES_MAX (128 << 20)

/* Whether lines, of gchar *, make a list: each by itself, and no two for the
 * same networks. */
gboolean pk_allow_check_lines(const GPtrArray *lines, GError **error);

/* The list that the file called name with this text makes: empty lines, and
 * lines that begin with '#', say nothing; a line may end with CR LF; a byte
 * order mark is skipped.  name stands in *error only. */
PkAllow *pk_allow_new_from_text(const gchar *name, PkSlice text, GError **error);

#endif
