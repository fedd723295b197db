/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_RECOGNISE_H_INCLUDED
#define PK_RECOGNISE_H_INCLUDED

#include "port-knock/pk-engine.h"

/* The steps of pk_recognise(), for who wants to show them. */

/* As much of line as is read. */
PkLine pk_line_cut(const PkLine *line);

/* What dialect says of a line that was cut; *event says why. */
PkScanResult pk_recogniser_try_row(const PkRecogniser *self, const PkDialect *dialect, const PkLine *line,
                                   PkEvent *event);

#endif
