/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_GLOB_H_INCLUDED
#define PK_GLOB_H_INCLUDED

#include "port-knock/pk-types.h"

/* Lists of values as rows write them: "python*|*.conf|cmd".  See pk-records.h. */

/* FALSE also for a list that is NULL. */
gboolean pk_glob_list_fits(const gchar *list, PkSlice text);

#endif
