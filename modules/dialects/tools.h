/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TOOLS_H_INCLUDED
#define PK_TOOLS_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* The commands that are a sign of port knocking, for every row that reads
 * process records.  Static storage. */
extern const PkProcessSpec pk_knock_tools;

#endif
