/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TABLE_H_INCLUDED
#define PK_TABLE_H_INCLUDED

#include "engine/window.h"
#include "port-knock/pk-engine.h"

/* All sources, in shards that are locked one at a time.  The locks are known to
 * table.c only; every function returns with none held.  Thread safe. */

typedef struct _PkTable PkTable;

/* NULL with *error set when there is no random secret, or not that much memory, to be had. */
PkTable *pk_table_new(const PkOptions *options, GError **error);
/* With the contents of old, which no other thread may use meanwhile. */
PkTable *pk_table_new_from(PkTable *old, const PkOptions *options, GError **error);
void pk_table_free(PkTable *self);

/* hit->host is ignored: host is the log host's name. */
gsize pk_table_observe(PkTable *self, const PkAddr *source, PkSlice scope, PkSlice host, const PkHit *hit,
                       PkAlert *ret_alerts);
gsize pk_table_expire(PkTable *self, gint64 arrival_usec, gsize max_items, PkAlert *ret_alerts, gboolean *ret_more);
void pk_table_get_stats(PkTable *self, PkStats *ret_stats);

#endif
