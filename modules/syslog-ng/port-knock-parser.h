/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PORT_KNOCK_PARSER_H_INCLUDED
#define PORT_KNOCK_PARSER_H_INCLUDED

#include "cfg-parser.h"
#include "parser/parser-expr.h"

extern CfgParser port_knock_parser;

CFG_PARSER_DECLARE_LEXER_BINDING(port_knock_, PORT_KNOCK_, LogParser **)

#endif
