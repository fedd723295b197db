/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_FIREWALL_COMMAND_H_INCLUDED
#define PK_FIREWALL_COMMAND_H_INCLUDED

#include "port-knock/pk-types.h"

/* What a command line does to the host's firewall: iptables, nft, ufw,
 * firewall-cmd, ipset, pfctl, netsh, and knockd's own helper.  Which words mean
 * what is a table in the source. */

#define PK_FIREWALL_COMMAND_PORTS_BYTES 128

typedef enum
{
  PK_FIREWALL_UNCHANGED = 0, /* not such a command, or one that only looks */
  PK_FIREWALL_OPENED,        /* something is permitted that was not, or no longer refused */
  PK_FIREWALL_CLOSED
} PkFirewallChange;

typedef struct _PkFirewallCommand
{
  PkFirewallChange change;
  gboolean lets_in; /* it says in so many words that packets to this host are accepted: no jump to a chain, no set */
  gboolean has_source;
  PkAddr source;                                /* the single address that the rule is about */
  gchar ports[PK_FIREWALL_COMMAND_PORTS_BYTES]; /* "tcp/22,tcp/80", "22" without protocol */
  gsize ports_len;                              /* 0: none; ports that do not fit are left out */
} PkFirewallCommand;

/* Reads the first firewall command in command_line, also behind sudo or in
 * `sh -c`.  *ret_command is always set. */
void pk_firewall_command_read(PkSlice command_line, PkFirewallCommand *ret_command);

/* Whether that is the base name of a firewall command, perhaps with .exe. */
gboolean pk_firewall_command_is_tool(PkSlice name);
/* Reads what follows the name, up to the end of arguments. */
void pk_firewall_command_read_arguments(PkSlice name, PkSlice arguments, PkFirewallCommand *ret_command);

#endif
