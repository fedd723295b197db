/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/address.h"
#include "scan/firewall-command.h"
#include "scan/guard-page.h"

typedef struct _Row
{
  const gchar *command_line;
  PkFirewallChange change;
  const gchar *source, *ports; /* "": none */
} Row;

static const Row rows[] = {
  { "/usr/sbin/iptables -A INPUT -s 198.51.100.7 -p tcp --dport 22 -j ACCEPT", PK_FIREWALL_OPENED, "198.51.100.7",
    "tcp/22" },
  { "iptables -D INPUT -s 198.51.100.7/32 -p tcp --dport 22 -j ACCEPT", PK_FIREWALL_CLOSED, "198.51.100.7", "tcp/22" },
  { "ip6tables-nft --insert INPUT --source 2001:db8::77 --protocol udp --dport=1194 --jump ACCEPT", PK_FIREWALL_OPENED,
    "2001:db8::77", "udp/1194" },
  { "iptables -I INPUT -s 198.51.100.7 -p tcp -m multiport --dports 22,80 -j ACCEPT", PK_FIREWALL_OPENED,
    "198.51.100.7", "tcp/22,tcp/80" },
  { "iptables -D INPUT -s 198.51.100.7 -j DROP", PK_FIREWALL_OPENED, "198.51.100.7", "" },
  { "iptables -A INPUT -s 198.51.100.7 -j REJECT", PK_FIREWALL_CLOSED, "198.51.100.7", "" },
  { "iptables -A INPUT -s 192.0.2.0/24 -j ACCEPT", PK_FIREWALL_OPENED, "", "" },
  { "iptables -L INPUT -n", PK_FIREWALL_UNCHANGED, "", "" },
  { "/usr/local/sbin/knock_add -i -c INPUT -p tcp -d 443 -f 198.51.100.7", PK_FIREWALL_OPENED, "198.51.100.7",
    "tcp/443" },
  { "knock_helper_ipt.sh -x -p tcp -d 443 -f 198.51.100.7", PK_FIREWALL_CLOSED, "198.51.100.7", "tcp/443" },
  { "nft add rule inet filter input ip saddr 198.51.100.7 tcp dport 22 accept", PK_FIREWALL_OPENED, "198.51.100.7",
    "tcp/22" },
  { "nft insert rule inet filter input position 3 ip6 saddr 2001:db8::77 udp dport 1194 accept", PK_FIREWALL_OPENED,
    "2001:db8::77", "udp/1194" },
  { "nft add element inet filter knockers { 198.51.100.7 timeout 30s }", PK_FIREWALL_OPENED, "198.51.100.7", "" },
  { "nft delete element inet filter knockers {198.51.100.7}", PK_FIREWALL_CLOSED, "198.51.100.7", "" },
  { "nft list ruleset", PK_FIREWALL_UNCHANGED, "", "" },
  { "ufw allow from 198.51.100.7 to any port 22 proto tcp", PK_FIREWALL_OPENED, "198.51.100.7", "tcp/22" },
  { "sudo ufw insert 1 allow 22/tcp", PK_FIREWALL_OPENED, "", "tcp/22" },
  { "ufw allow 22", PK_FIREWALL_OPENED, "", "22" },
  { "ufw delete allow from 198.51.100.7 to any port 22", PK_FIREWALL_CLOSED, "198.51.100.7", "22" },
  { "ufw deny from 198.51.100.7", PK_FIREWALL_CLOSED, "198.51.100.7", "" },
  { "ufw status", PK_FIREWALL_UNCHANGED, "", "" },
  { "firewall-cmd --zone=public --add-port=22/tcp --timeout=30", PK_FIREWALL_OPENED, "", "tcp/22" },
  { "firewall-cmd --add-rich-rule='rule family=\"ipv4\" source address=\"198.51.100.7\" port port=\"22\" "
    "protocol=\"tcp\" accept' --timeout=3600",
    PK_FIREWALL_OPENED, "198.51.100.7", "tcp/22" },
  { "firewall-cmd --remove-source=198.51.100.7", PK_FIREWALL_CLOSED, "198.51.100.7", "" },
  { "ipset add knockers 198.51.100.7 timeout 30", PK_FIREWALL_OPENED, "198.51.100.7", "" },
  { "pfctl -t knockers -T delete 198.51.100.7", PK_FIREWALL_CLOSED, "198.51.100.7", "" },
  { "netsh advfirewall firewall add rule name=\"knock\" dir=in protocol=TCP localport=3389 remoteip=198.51.100.7 "
    "action=allow",
    PK_FIREWALL_OPENED, "198.51.100.7", "tcp/3389" },
  { "/bin/sh -c 'iptables -I INPUT -s 198.51.100.7 -j ACCEPT; sleep 10; iptables -D INPUT -s 198.51.100.7 -j ACCEPT'",
    PK_FIREWALL_OPENED, "198.51.100.7", "" },
  { "iptables -C INPUT -s 198.51.100.7 -j ACCEPT || iptables -A INPUT -s 198.51.100.7 -j ACCEPT", PK_FIREWALL_OPENED,
    "198.51.100.7", "" },
  { "logger knocked; iptables -A INPUT -s 198.51.100.7 -j ACCEPT", PK_FIREWALL_OPENED, "198.51.100.7", "" },
  { "/bin/echo iptables -A INPUT -s 198.51.100.7 -j ACCEPT", PK_FIREWALL_UNCHANGED, "", "" },
  { "", PK_FIREWALL_UNCHANGED, "", "" },
  { ";;&|", PK_FIREWALL_UNCHANGED, "", "" },
  { "iptables -s", PK_FIREWALL_UNCHANGED, "", "" },
};

static void
_check(const Row *row, const PkFirewallCommand *command)
{
  gchar source[PK_ADDR_TEXT_BYTES] = "";

  if (command->has_source)
    pk_addr_format(&command->source, source);
  cr_expect_eq(command->change, row->change, "%s: %d", row->command_line, command->change);
  cr_expect(command->ports_len == strlen(row->ports) && memcmp(command->ports, row->ports, command->ports_len) == 0,
            "%s: ports \"%.*s\"", row->command_line, (int) command->ports_len, command->ports);
  if (row->change != PK_FIREWALL_UNCHANGED)
    cr_expect_str_eq(source, row->source, "%s", row->command_line);
}

Test(firewall_command, each_tool_says_what_it_opens_and_for_whom)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    {
      GuardPage page = guard_page_new(rows[i].command_line, strlen(rows[i].command_line));
      PkFirewallCommand command;

      pk_firewall_command_read(page.text, &command);
      _check(&rows[i], &command);
      guard_page_free(&page);
    }
}

Test(firewall_command, nothing_reads_past_the_end_of_a_command_that_is_cut_anywhere)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    for (gsize len = 0; len < strlen(rows[i].command_line); len++)
      {
        GuardPage page = guard_page_new(rows[i].command_line, len);
        PkFirewallCommand command;

        pk_firewall_command_read(page.text, &command);
        guard_page_free(&page);
      }
}

Test(firewall_command, ports_that_do_not_fit_are_left_out)
{
  GString *text = g_string_new("iptables -A INPUT -p tcp --dports 1");
  PkFirewallCommand command;

  for (guint i = 0; i < 200; i++)
    g_string_append(text, ",65535");
  pk_firewall_command_read(pk_slice(text->str, text->len), &command);
  cr_expect_gt(command.ports_len, 100);
  cr_expect_leq(command.ports_len, sizeof(command.ports));
  g_string_free(text, TRUE);
}
