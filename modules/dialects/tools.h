/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TOOLS_H_INCLUDED
#define PK_TOOLS_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* What rows of process and host records have in common.  Static storage. */

/* The commands that are a sign of port knocking, and those that open a host's
 * firewall, for records of process starts. */
extern const PkProcessSpec pk_knock_tools;
/* The same for logs of commands that people type all day: to look at the
 * daemon's configuration is nothing there. */
extern const PkProcessSpec pk_knock_commands;

/* Lists of values. */
extern const gchar pk_knock_config_files[]; /* whose creation is a sign that a knock daemon or client is set up */
extern const gchar pk_network_images[];     /* programs whose connections may be knocks */

/* Process starts are most of what some relays carry: these words keep all but a
 * few from a costly shape.  Every command of tools.c, every firewall command and
 * every script's connector needs one.  Short names are found by what stands
 * around them: "nc", ~/bin/nc~, >nc.exe<. */
#define PK_TOOL_WORDS                                                                                                  \
  "knock", "fwknop", "hping", "powershell", "pwsh.", "/pwsh", "\"pwsh", "tcpclient", "netconnection", "firewall",      \
      "netsh", "iptables", "ip6tables", "/sbin/nft", "nft add", "nft insert", "\"nft\"", "/sbin/ufw", "ufw allow",     \
      "ufw limit", "ufw insert", "\"ufw\"", "/dev/tcp", "/dev/udp", "nping", "/nmap", "\\nmap", "nmap -", "\"nmap\"",  \
      "ncat ", "netcat", "/bin/nc", "\\nc.exe", "\\nc64.", "nc -z", "nc -w", "nc -n", "nc -v", "nc -u"

#endif
