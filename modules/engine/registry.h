/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_REGISTRY_H_INCLUDED
#define PK_REGISTRY_H_INCLUDED

#include "engine/needles.h"
#include "port-knock/pk-dialect.h"

/* Rows, compiled into one look at a line. */

typedef struct _PkRegistry PkRegistry;

/* n rows, PK_NEEDLES_ROWS_MAX at most, in the order in which they are tried; they must outlive self. */
PkRegistry *pk_registry_new(const PkDialect *const *dialects, gsize n);
void pk_registry_free(PkRegistry *self);

/* The rows that may claim line, by its program and its text.  Thread safe. */
void pk_registry_select(const PkRegistry *self, const PkLine *line, PkRowSet *ret_rows);
/* The same, and those whose words are missing. */
void pk_registry_find_leads(const PkRegistry *self, const PkLine *line, PkRowSet *ret_rows);

/* Of a line that the kernel wrote, and whose own part begins at body: the rows of
 * its log prefixes, if they come before all other rows.  Then the first that matches
 * is the one that the whole search would come to, and only the prefix need be looked
 * at: these are most of a firewall's lines, and what the kernel writes is long. */
void pk_registry_select_prefixes(const PkRegistry *self, const PkLine *line, gsize body, PkRowSet *ret_rows);

#endif
