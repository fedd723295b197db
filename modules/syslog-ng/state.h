/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_STATE_H_INCLUDED
#define PK_SYSLOG_NG_STATE_H_INCLUDED

#include "compat.h"
#include "port-knock/pk-engine.h"
#include "saver.h"

/* The engine of one reference of the parser, and how it outlives a reload and a
 * restart.
 *
 * A reload runs: deinit of the old configuration, init of the new one, and when
 * that fails deinit of the new and init of the old one again.  Of what deinit
 * put into syslog-ng's PersistConfig only what lies there when the failure is
 * noticed comes back to the old configuration.  So init takes the engine and
 * leaves a reference to it where it was; syslog-ng drops that when the reload is
 * over.
 *
 * A stop writes it to a file, which a start reads; so does the tick in between.
 * No alert is made at a stop: what is due by then is in the file, and the first
 * tick after the start finds it.
 *
 * All functions run on the main thread with every worker stopped. */

typedef struct _PkState PkState;

/* Claims key in this configuration and takes the engine that the last one left
 * under it, with its state moved to options if they differ; without one, reads
 * the file; without that, makes a new engine.  owner is for messages, borrowed
 * until pk_state_release().
 * NULL with *error set: the key is taken, or the memory could not be had. */
PkState *pk_state_acquire(LogPipe *owner, const gchar *key, const PkOptions *options, GError **error);

/* Leaves the engine for the next configuration, or in its file when there will be none, and gives the key free. */
void pk_state_release(PkState *self, LogPipe *owner);

/* Borrowed. */
PkEngine *pk_state_engine(PkState *self);
/* To be called every second: saves when it is time.  *ret_stats: what happened since the last time. */
void pk_state_tick(PkState *self, PkSaverStats *ret_stats);
/* What the engine, or the one that it was moved from, had counted when the last configuration left it; all zero if it
 * is new, or from the file. */
const PkStats *pk_state_before(PkState *self);
/* "new", "read" from the file, "kept" or "moved". */
const gchar *pk_state_origin(PkState *self);

#endif
