/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_SAVER_H_INCLUDED
#define PK_SYSLOG_NG_SAVER_H_INCLUDED

#include "compat.h"
#include "port-knock/pk-engine.h"

/* The state file of one reference of the parser: port-knock-KEY.state, in the
 * folder of state-file(), or in that of syslog-ng.persist.
 *
 * Between start and stop it is written by a thread of its own, one at a time,
 * which calls nothing of syslog-ng: what came of it is told by the next tick.
 * Whatever goes wrong is a warning with path, reason and what to do, told once
 * until the reason changes; it never ends a start, and never stops a message.
 *
 * All functions are for the main thread. */

typedef struct _PkSaver PkSaver;

/* What happened since it was asked the last time. */
typedef struct _PkSaverStats
{
  guint saves, failed;
  guint64 bytes; /* of the file now; 0: not known yet */
} PkSaverStats;

/* Warns when the folder is not fit for it.  saved_usec: monotonic time of the
 * last save, before a reload; 0: there was none.  owner is borrowed.  NULL: there
 * is no place to save to, as in syslog-ng's own unit tests. */
PkSaver *pk_saver_new(LogPipe *owner, const gchar *key, const PkOptions *options, gint64 saved_usec);
/* Waits for a save that is under way. */
void pk_saver_free(PkSaver *self);

/* The engine that was saved; NULL: there is none, or none that can be used, which
 * was told and is kept aside. */
PkEngine *pk_saver_load(PkSaver *self, const PkOptions *options);

/* Tells what came of the last save, and begins the next one if save-interval() has passed. */
void pk_saver_tick(PkSaver *self, PkEngine *engine);
/* Waits for a save that is under way: before anything that nobody may watch. */
void pk_saver_wait(PkSaver *self);
/* Saves at once. */
void pk_saver_save(PkSaver *self, PkEngine *engine);

/* Monotonic time of the last save. */
gint64 pk_saver_saved_usec(const PkSaver *self);
void pk_saver_take_stats(PkSaver *self, PkSaverStats *ret_stats);

#endif
