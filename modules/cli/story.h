/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_STORY_H_INCLUDED
#define PK_CLI_STORY_H_INCLUDED

#include "cli/commands.h"

/* What was seen of one source, and why it was reported or not: explain --source. */
PkExit pk_story(const PkArguments *arguments, PkOutput *output);

#endif
