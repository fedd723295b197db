/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_DIALECTS_H_INCLUDED
#define PK_DIALECTS_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* pk_dialect_NAME for each row of dialects.def; static storage. */
#define PK_DIALECT(name) extern const PkDialect pk_dialect_##name;
#include "dialects/dialects.def"
#undef PK_DIALECT

#endif
