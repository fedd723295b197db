/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_BENCH_COMMANDS_H_INCLUDED
#define PK_BENCH_COMMANDS_H_INCLUDED

#include "port-knock/pk-options.h"

/* The commands of bench_engine; its head tells what each does.  options are
 * checked and borrowed.  FALSE: wrong arguments, or a file cannot be read. */

gboolean bench_parts(const PkOptions *options, gchar **arguments);
gboolean bench_count(const PkOptions *options, gchar **arguments);
gboolean bench_dialects(const PkOptions *options, gchar **arguments);
gboolean bench_flood(const PkOptions *options, gchar **arguments);
gboolean bench_memory(const PkOptions *options, gchar **arguments);
gboolean bench_tick(const PkOptions *options, gchar **arguments);
gboolean bench_threads(const PkOptions *options, gchar **arguments);

#endif
