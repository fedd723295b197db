/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_SAVER_H_INCLUDED
#define PK_SYSLOG_NG_SAVER_H_INCLUDED

#include "compat.h"
#include "port-knock/pk-engine.h"

/* The state file of one reference of the parser: port-knock-KEY.state, in the
 * folder of state-file(), or in that of syslog-ng.persist.
 *
 * It is owned by a lock, over reloads too.  Where another syslog-ng has that, the
 * file is neither read nor written until a reload finds it free.
 *
 * Between start and stop it is written by a thread of its own, one at a time,
 * which calls nothing of syslog-ng: what came of it is told by the next tick.
 * What did not change since the last save is not written again.
 *
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

/* For owner, which is borrowed until pk_saver_detach(), a new reference: to last,
 * the saver of the last configuration, if the file is the same; NULL: there was
 * none.  Warns when the folder is not fit for it, or somebody else owns the file.
 * NULL: there is no place to save to, as in syslog-ng's own unit tests. */
PkSaver *pk_saver_attach(PkSaver *last, LogPipe *owner, const gchar *key, const PkOptions *options);
/* Waits for a save that is under way.  NULL is permitted, as for the next two. */
void pk_saver_detach(PkSaver *self);
PkSaver *pk_saver_ref(PkSaver *self);
void pk_saver_unref(PkSaver *self);
/* TRUE: there are other references to it. */
gboolean pk_saver_is_shared(const PkSaver *self);

/* The engine that was saved; NULL: there is none, or none that can be used, which
 * was told.  A file that is refused is kept aside; one that the system does not
 * let be read stays as it is, and is kept aside when there is something to save. */
PkEngine *pk_saver_load(PkSaver *self, const PkOptions *options);

/* Tells what came of the last save, and begins the next one if save-interval() has passed and there is something
 * that was not saved. */
void pk_saver_tick(PkSaver *self, PkEngine *engine);
/* Waits for a save that is under way: before anything that nobody may watch. */
void pk_saver_wait(PkSaver *self);
/* Saves at once what was not saved. */
void pk_saver_save(PkSaver *self, PkEngine *engine);

void pk_saver_take_stats(PkSaver *self, PkSaverStats *ret_stats);

#endif
