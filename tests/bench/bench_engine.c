/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

/* bench_engine [OPTION=VALUE...] COMMAND ARGUMENT...: what recogniser and engine cost
 * by themselves, one JSON object for each figure.  OPTION is one of the engine's.
 *
 *   parts LOG ROUNDS     processor time of each part, and of the straw man, in turns
 *   count PART LOG       a part once, in bench_measured(), for callgrind to count;
 *                        PART is recognise, observe or engine
 *   dialects LOG ROUNDS  recognition with no, half and all rows, in turns
 *   flood LOG            one pass; what is in memory when the table is full, and at the end
 *   memory KIND SOURCES  what is in memory with so many sources of one port each
 *                        (single) or of two (window), IPv6
 *   tick SOURCES         how long ticks take with so many sources, when max-windows()
 *                        candidates are due at once, and when none is
 *   threads LOG ROUNDS N...  N workers on one engine, each with its part of the sources
 *
 * Times are processor time of one thread, unless the name says wall. */

#include <string.h>

#include "commands.h"

typedef struct _Command
{
  const gchar *name;
  guint n_arguments; /* at least */
  gboolean (*run)(const PkOptions *options, gchar **arguments);
} Command;

static const Command COMMANDS[] = {
  { "parts", 2, bench_parts },     { "count", 2, bench_count },   { "dialects", 2, bench_dialects },
  { "flood", 1, bench_flood },     { "memory", 2, bench_memory }, { "tick", 1, bench_tick },
  { "threads", 3, bench_threads },
};

static gboolean
_run(const PkOptions *options, gchar **arguments)
{
  for (gsize i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
    if (g_strcmp0(COMMANDS[i].name, arguments[0]) == 0 && g_strv_length(arguments) > COMMANDS[i].n_arguments)
      return COMMANDS[i].run(options, arguments + 1);
  return FALSE;
}

/* OPTION=VALUE in front of the command; the first argument that is none. */
static gchar **
_take_options(PkOptions *options, gchar **arguments)
{
  for (; *arguments; arguments++)
    {
      gchar **pair = g_strsplit(*arguments, "=", 2);
      gboolean is_pair = pair[0] && pair[1];
      GError *error = NULL;

      if (is_pair && !pk_options_set(options, pair[0], pair[1], &error))
        g_error("%s", error->message);
      g_strfreev(pair);
      if (!is_pair)
        break;
    }
  return arguments;
}

gint
main(gint argc, gchar **argv)
{
  PkOptions options;
  GError *error = NULL;
  gchar **arguments;
  gboolean ok;

  pk_options_init(&options);
  arguments = _take_options(&options, argv + 1);
  if (!pk_options_check(&options, &error))
    g_error("%s", error->message);
  ok = _run(&options, arguments);
  pk_options_clear(&options);
  if (!ok)
    g_printerr("bench_engine: wrong arguments, or a file cannot be read\n");
  return ok ? 0 : 2;
}
