/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_RECOGNISE_H_INCLUDED
#define PK_RECOGNISE_H_INCLUDED

#include "engine/needles.h"
#include "port-knock/pk-engine.h"

/* Of n rows only, for what must be told of one row or of their number.  dialects is borrowed for the life of the new
 * object. */
PkRecogniser *pk_recogniser_new_of(const PkDialect *const *dialects, gsize n, const PkOptions *options);

/* What the row of that number says of line, which is not longer than is read;
 * *event says why.  Thread safe. */
PkScanResult pk_recogniser_try_row(const PkRecogniser *self, guint row, const PkLine *line, PkEvent *event);

/* The rows to which line's program or text leads, those too whose words are
 * missing. */
void pk_recogniser_find_leads(const PkRecogniser *self, const PkLine *line, PkRowSet *ret_rows);

#endif
