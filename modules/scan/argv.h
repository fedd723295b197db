/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_ARGV_H_INCLUDED
#define PK_ARGV_H_INCLUDED

#include "port-knock/pk-types.h"

/* A command line, as a process record shows it, to arguments. */

/* Arguments and bytes past these are not seen. */
#define PK_ARGV_MAX 64
#define PK_ARGV_BYTES 4096

typedef enum
{
  /* One string that the program itself takes apart: blanks, quotes, and
   * backslashes before quotes, by the rules of CommandLineToArgvW(). */
  PK_ARGV_WINDOWS = 0,
  /* Arguments that the recorder joined with blanks.  Quotes are mostly parts
   * of an argument ("it's"), so only a pair that encloses a whole argument is
   * taken away; a backslash is itself. */
  PK_ARGV_JOINED
} PkArgvStyle;

typedef struct _PkArgv
{
  gsize n;
  PkSlice args[PK_ARGV_MAX]; /* into bytes: a copy by value is not valid */
  gsize used;
  gchar bytes[PK_ARGV_BYTES];
} PkArgv;

void pk_argv_split(PkSlice command_line, PkArgvStyle style, PkArgv *ret_argv);

#endif
