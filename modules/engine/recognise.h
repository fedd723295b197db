/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_RECOGNISE_H_INCLUDED
#define PK_RECOGNISE_H_INCLUDED

#include "engine/needles.h"
#include "port-knock/pk-engine.h"

/* What the row of pk_dialects() says of line, which is not longer than is read;
 * *event says why.  Thread safe. */
PkScanResult pk_recogniser_try_row(const PkRecogniser *self, guint row, const PkLine *line, PkEvent *event);

/* The rows to which line's program or text leads, those too whose words are
 * missing. */
void pk_recogniser_find_leads(const PkRecogniser *self, const PkLine *line, PkRowSet *ret_rows);

#endif
