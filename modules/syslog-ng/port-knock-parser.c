/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock-parser.h"

#include "cfg-parser.h"
#include "port-knock-grammar.h"

extern int port_knock_debug;

int port_knock_parse(CfgLexer *lexer, LogParser **instance, gpointer arg);

/* Only what takes more than plain values has a keyword: every other option is a
 * row of a table (see the grammar).  The lexer reads '-' as '_'. */
static CfgLexerKeyword port_knock_keywords[] = {
  { "port_knock", KW_PORT_KNOCK },
  { "scope", KW_SCOPE },
  { "persist_name", KW_PERSIST_NAME },
  { NULL },
};

static void
_cleanup(gpointer parser)
{
  log_pipe_unref(parser);
}

CfgParser port_knock_parser = {
#if SYSLOG_NG_ENABLE_DEBUG
  .debug_flag = &port_knock_debug,
#endif
  .name = "port-knock",
  .keywords = port_knock_keywords,
  .parse = (gint(*)(CfgLexer *, gpointer *, gpointer)) port_knock_parse,
  .cleanup = _cleanup,
};

CFG_PARSER_IMPLEMENT_LEXER_BINDING(port_knock_, PORT_KNOCK_, LogParser **)
