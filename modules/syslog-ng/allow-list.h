/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_ALLOW_LIST_H_INCLUDED
#define PK_SYSLOG_NG_ALLOW_LIST_H_INCLUDED

#include "compat.h"
#include "port-knock/pk-engine.h"

/* The allow list of a parser, which is read at each start and reload.
 *
 * At a start a bad file is an error.  At a reload it must not cost a running
 * relay the list that it has: so each list is left for the next configuration,
 * by the name of its file, as state.h tells of the engine.
 *
 * All functions run on the main thread with every worker stopped. */

/* The list that options describe, which are checked.  When the file is bad, but
 * was read earlier, says so in syslog-ng's log, with owner's place, and goes on
 * with what the file said then.  NULL with *error set: it was not. */
PkAllow *pk_allow_list_acquire(LogPipe *owner, const PkOptions *options, GError **error);

/* Leaves self for the next configuration; takes over the reference. */
void pk_allow_list_release(PkAllow *self, LogPipe *owner, const PkOptions *options);

#endif
