/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TABLE_H_INCLUDED
#define PK_TABLE_H_INCLUDED

#include "engine/ledger.h"
#include "engine/sequences.h"
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

/* Reads known-sequences() again; on FALSE what was read earlier stays.  No other thread may use self meanwhile. */
gboolean pk_table_read_files(PkTable *self, const PkOptions *options, GError **error);
/* NULL: there are none. */
const PkSequences *pk_table_sequences(const PkTable *self);

/* Whom an event is about, and who reported it.  Borrowed. */
typedef struct _PkSender
{
  PkAddr address;
  PkSlice scope, host;
} PkSender;

/* Each of these writes the alerts that fell due, at most PK_OBSERVE_ALERTS_MAX, and returns their number.
 * hit->host is ignored.  packet: which known packet the hit is; NULL: none.  ahead: pk_table_look_ahead() of sender;
 * NULL: there was none. */
gsize pk_table_observe(PkTable *self, const PkSender *sender, const PkHit *hit, const PkKnownPacket *packet,
                       const PkAhead *ahead, PkAlert *ret_alerts);
/* Of a hit of sender; see pk_engine_look_ahead() and pk_engine_fetch(). */
void pk_table_look_ahead(PkTable *self, const PkSender *sender, PkAhead *ret_ahead);
void pk_table_fetch(PkTable *self, PkAhead *ahead);
/* Its members source, address, scope, host and is_service are set here. */
gsize pk_table_take_evidence(PkTable *self, const PkSender *sender, PkEvidence *evidence, PkAlert *ret_alerts);
/* A program began to listen on a port of host, at address if that is known. */
void pk_table_add_listener(PkTable *self, PkSlice host, const PkAddr *address, const PkPort *port, gint64 arrival_usec);
/* A finding that is rated already. */
gsize pk_table_report(PkTable *self, const PkSender *sender, PkAlert *finding, guint64 text_key, gboolean allowed,
                      PkAlert *ret_alerts);
gsize pk_table_expire(PkTable *self, gint64 arrival_usec, gsize max_items, PkAlert *ret_alerts, gboolean *ret_more);
void pk_table_get_stats(PkTable *self, PkStats *ret_stats);
/* Grows with everything that changes what pk_table_write() writes, and with some things that do not. */
guint64 pk_table_count_changes(PkTable *self);

/* ---- the state file ---------------------------------------------------------- */

/* Takes bytes that were written; FALSE with *error set: no more of them. */
typedef gboolean (*PkStateSink)(const guint8 *data, gsize len, gpointer user_data, GError **error);

/* Gives all that is kept at now_usec of arrival time to sink, in parts of a few
 * hundred kilobytes.  A lock is held while a part is gathered, some 0.2 ms, never
 * while sink is called, so that other threads may go on: what they change
 * meanwhile is in the file as it was when its part was gathered.  One at a time
 * for a table.  FALSE: sink did not want it. */
gboolean pk_table_write(PkTable *self, gint64 now_usec, PkStateSink sink, gpointer user_data, GError **error);
/* A table with what was written; the newest stays where it does not fit, and
 * what lies after now_usec, as state-clock.h says.  NULL with *error set: as of
 * pk_table_new(); or the data are damaged, which is PK_STATE_ERROR_REFUSED. */
PkTable *pk_table_new_from_state(const PkOptions *options, const guint8 *data, gsize len, gint64 now_usec,
                                 GError **error);

#endif
