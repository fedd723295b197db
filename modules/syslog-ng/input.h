/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_INPUT_H_INCLUDED
#define PK_SYSLOG_NG_INPUT_H_INCLUDED

#include "compat.h"
#include "port-knock/pk-engine.h"

/* A message as the line that recognition reads.
 *
 * What syslog-ng's parsers leave of a line differs by source and flag; the
 * result here does not, so that a message says the same as its raw line does in
 * `port-knock explain`. */

/* input is what the parser was given: MESSAGE, or what template() gave.  *ret_line
 * borrows from msg, from input, and from scratch buffers of this thread, which
 * the caller reclaims.  Where the line has no host, stamp, MSGID or structured
 * data of its own, the message's stand in. */
void pk_input_borrow(const LogMessage *msg, PkSlice input, gboolean is_template, PkLine *ret_line);

/* The two halves of it, as most messages need the first only: program, text and
 * stamp, with what else a raw line holds; then host, MSGID and structured data,
 * which have to be looked up and formatted. */
void pk_input_begin(const LogMessage *msg, PkSlice input, gboolean is_template, PkLine *ret_line);
void pk_input_complete(const LogMessage *msg, PkLine *line);

/* Microseconds since the epoch. */
gint64 pk_input_time_usec(const LogMessage *msg, LogMessageTimeStamp which);

#endif
