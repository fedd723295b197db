/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SCRIPT_H_INCLUDED
#define PK_SCRIPT_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* Scripts of a few lines that knock without a tool of their own:
 *
 *   7000,8000,9000 | % { (New-Object Net.Sockets.TcpClient).ConnectAsync("192.0.2.1", $_) }
 *   foreach ($p in 7000,8000,9000) { Test-NetConnection 192.0.2.1 -Port $p }
 *   for p in 7000 8000 9000; do nmap -Pn -p $p 192.0.2.1; done
 *   echo >/dev/tcp/192.0.2.1/7000
 *
 * Not a script's meaning is read but three things: a way to connect, ports, and
 * the first address.  Three to twelve different ports are a finding, unless
 * most of them are services that administrators try; one port is a connection
 * attempt.  A range ("1..1024") is a scan and neither. */

/* On TRUE the event has kind, branch, subtype, ports and, where there is one,
 * the destination; on FALSE it is untouched. */
gboolean pk_script_classify(const PkScript *scripts, PkScriptLanguage language, PkSlice text, PkEvent *event);

#endif
