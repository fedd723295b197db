/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_ARGUMENTS_H_INCLUDED
#define PK_CLI_ARGUMENTS_H_INCLUDED

#include "port-knock/pk-engine.h"
#include "port-knock/pk-options.h"

/* What the command line says.  The engine's options come from its own table;
 * the command adds a few that only a file needs. */

typedef enum
{
  PK_FORMAT_TEXT = 0,
  PK_FORMAT_JSON
} PkFormat;

/* Bits: which commands an option is for. */
enum
{
  PK_FOR_REPLAY = 1 << 0,
  PK_FOR_EXPLAIN = 1 << 1,
  PK_FOR_SCORE = 1 << 2,
  PK_FOR_DIALECTS = 1 << 3
};

typedef struct _PkArguments
{
  PkOptions engine;   /* checked */
  GPtrArray *inputs;  /* of const gchar *, borrowed from argv; "-" is standard input */
  const gchar *truth; /* score: path, borrowed from argv; set on TRUE */
  PkAddr source;      /* explain: whose story is told; unspecified: nobody's */
  PkFormat format;
  gint year; /* of stamps without one; 0: by the clock */
  gint utc_offset_seconds;
  gboolean has_utc_offset; /* else the local zone's */
  gboolean scope_is_host;
  gboolean stats;
  gboolean help; /* asked for: nothing else counts */
} PkArguments;

/* Reads argv, which is NULL terminated and begins after the command's name;
 * command is one PK_FOR_* bit.  *ret_arguments is initialised only on TRUE and
 * borrows from argv. */
gboolean pk_arguments_parse(guint command, gchar *const *argv, PkArguments *ret_arguments, GError **error);
void pk_arguments_clear(PkArguments *self);

/* How stamps without year or zone are to be read; now_usec is the time of day. */
PkClock pk_arguments_clock(const PkArguments *self, gint64 now_usec);

/* The options of command, one or two lines each. */
void pk_arguments_append_help(guint command, GString *out);

#endif
