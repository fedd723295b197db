/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_PROCESS_H_INCLUDED
#define PK_PROCESS_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* Says whether the start of a process is a sign of port knocking.  What the
 * signs are is in the tables of spec; how a command's arguments are read is
 * here.  An argument that the command would refuse says nothing and does not
 * undo the others: the attempt was made. */

/* The part after the last slash or backslash. */
PkSlice pk_process_base_name(PkSlice image);

/* image is the program's path, perhaps empty; command_line is as recorded.  On
 * TRUE the event has kind, branch, subtype, the texts process and ports, and
 * the destination where the target is an address; on FALSE it is untouched. */
gboolean pk_process_classify(const PkProcessSpec *spec, PkSlice image, PkSlice command_line, PkEvent *event);

/* The same for a record that keeps its arguments apart. */
gboolean pk_process_classify_argv(const PkProcessSpec *spec, PkSlice image, const PkSlice *argv, gsize n,
                                  PkEvent *event);

#endif
