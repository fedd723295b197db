/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_PROCESS_TOOL_H_INCLUDED
#define PK_PROCESS_TOOL_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* The arguments of a command that knocks or connects, read as the command
 * itself reads them; see PkTool.  An argument that it would refuse says nothing
 * and does not undo the others: the attempt was made.
 *
 * argv[0] is the command's name.  On TRUE the event has kind, branch, subtype,
 * the text ports, the destination where the target is an address, and port and
 * protocol where it is a single one; on FALSE it is untouched. */
gboolean pk_process_tool_classify(const PkTool *tool, const PkSlice *argv, gsize n, PkEvent *event);

/* The same ports text for others: "7000,8000", appended to unless it would not
 * fit or text is no port from 1 up.  TRUE: it was appended. */
gboolean pk_process_append_port(gchar ports[PK_SHORT_TEXT_BYTES_MAX], gsize *len, PkSlice text);

#endif
