/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_COMMANDS_H_INCLUDED
#define PK_CLI_COMMANDS_H_INCLUDED

#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/reader.h"

/* Exit codes of the program. */
typedef enum
{
  PK_EXIT_DONE = 0,         /* alerts or not */
  PK_EXIT_INPUT_FAILED = 1, /* some input could not be read, or the output not be written */
  PK_EXIT_NOTHING_DONE = 2  /* no input could be read, or bad usage */
} PkExit;

/* arguments and output are borrowed. */
PkExit pk_replay(const PkArguments *arguments, PkOutput *output);
PkExit pk_explain(const PkArguments *arguments, PkOutput *output);
PkExit pk_score(const PkArguments *arguments, PkOutput *output);

PkExit pk_list_dialects(const PkArguments *arguments, PkOutput *output);

/* What those that read lines share: reads all inputs in order and names those that fail on
 * standard error, the others are done all the same. */
void pk_read_inputs(PkReader *reader, const GPtrArray *inputs);
PkExit pk_exit_code(const PkReader *reader, const PkOutput *output);

#endif
