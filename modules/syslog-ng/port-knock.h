/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PORT_KNOCK_PARSER_EXPR_H_INCLUDED
#define PORT_KNOCK_PARSER_EXPR_H_INCLUDED

#include "compat.h"
#include "settings.h"

/* The parser port-knock().
 *
 * It tags what it recognises and forwards every message, always.  Alerts follow
 * the message that completed them, on that message's thread, or come from a
 * timer on the main thread. */

LogParser *port_knock_parser_new(GlobalConfig *cfg);

/* Borrowed; for the grammar, before init. */
PkSettings *port_knock_parser_settings(LogParser *s);
/* Takes over template. */
void port_knock_parser_set_scope(LogParser *s, LogTemplate *template);

#endif
