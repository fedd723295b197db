/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "dialects/tools.h"
#include "scan/address.h"
#include "scan/guard-page.h"
#include "scan/process.h"
#include "scan/slice.h"

/* The image is as the first word of the command line has it. */
static gboolean
_classify(const gchar *command_line, PkEvent *event)
{
  PkSlice text = pk_slice_from_string(command_line);
  gssize blank = pk_slice_find_char(text, ' ');

  pk_event_init(event);
  return pk_process_classify(&pk_knock_tools, pk_slice(text.data, blank < 0 ? text.len : (gsize) blank), text, event) ==
         PK_SCAN_MATCH;
}

static void
_expect(const gchar *command_line, const gchar *subtype, const gchar *ports)
{
  PkEvent event;
  PkSlice found;

  cr_assert(_classify(command_line, &event), "%s is no finding", command_line);
  cr_expect_str_eq(event.subtype, subtype, "%s is %s", command_line, event.subtype);
  found = pk_event_get_text(&event, PK_TEXT_PORTS);
  cr_expect(pk_slice_equals(found, pk_slice_from_string(ports)), "%s has ports %.*s", command_line, (int) found.len,
            found.data);
}

static void
_expect_nothing(const gchar *command_line)
{
  PkEvent event;

  cr_expect_not(_classify(command_line, &event), "%s is taken for %s", command_line, event.subtype);
}

static void
_expect_dest(const gchar *command_line, const gchar *dest)
{
  gchar text[PK_ADDR_TEXT_BYTES];
  PkEvent event;

  cr_assert(_classify(command_line, &event), "%s is no finding", command_line);
  cr_assert_eq((event.has & PK_HAS_DEST) != 0, dest != NULL, "%s", command_line);
  if (!dest)
    return;
  pk_addr_format(&event.dest, text);
  cr_expect_str_eq(text, dest);
}

Test(process, knock_needs_a_host_and_a_port)
{
  _expect("knock 192.0.2.1 7000 8000 9000", "knock", "7000,8000,9000");
  _expect("/usr/bin/knock -v -d 500 gate.example.net 123:udp 456 789:tcp", "knock", "123,456,789");
  _expect("knock gate 7000 -u 8000", "knock", "7000,8000");
  _expect("knock -d500 --del=5 --udp gate 7000", "knock", "7000");
  _expect("knock -- gate 7000", "knock", "7000");
  _expect("C:\\x\\KNOCK.EXE gate 7000", "knock", "7000");
  _expect_nothing("knock");
  _expect_nothing("knock gate");
  _expect_nothing("knock gate 0 70000 -1 port");
  _expect_nothing("knock -d 7000 gate");
  _expect_nothing("C:\\Games\\knock.exe /fullscreen");
  _expect_nothing("knock -V gate 7000");
  _expect_nothing("knock --help");
}

Test(process, names_are_whole_names)
{
  _expect_nothing("knocker gate 7000");
  _expect_nothing("antiknock gate 7000");
  _expect_nothing("knock.sh gate 7000");
  _expect_nothing("/opt/knock/bin/run gate 7000");
  _expect_nothing("nc -z gate 7000 8000 9000");
  _expect_nothing("hping4 -S -p 7000 gate");
}

Test(process, hping_is_a_finding_only_with_a_syn_flag_in_tcp_mode)
{
  _expect("hping3 -S -p 7000 -c 1 192.0.2.1", "hping_syn", "7000");
  _expect("hping2 --syn --destport 7000 gate", "hping_syn", "7000");
  _expect("hping gate -VSc 1 -p +80", "hping_syn", "80");
  _expect("hping3 -SA -p ++80 gate", "hping_syn", "80");
  _expect("hping3 --sy -p 80 gate", "hping_syn", "80");
  _expect("hping3 -S -- gate", "hping_syn", "");
  _expect("hping3 -8 1-1000 -S gate", "hping_scan", "");
  _expect("hping3 --scan known -S gate", "hping_scan", "");
  _expect_nothing("hping3 -p 7000 gate");
  _expect_nothing("hping3 -A -p 443 gate");
  _expect_nothing("hping3 -F -P -U gate");
  _expect_nothing("hping3 --s gate");
  _expect_nothing("hping3 --SYN gate");
  _expect_nothing("hping3 gate -- -S");
  _expect_nothing("hping3 -S -2 -p 53 gate");
  _expect_nothing("hping3 --udp --syn gate");
  _expect_nothing("hping3 --icmp-ts -S gate");
  _expect_nothing("hping3 -0S gate");
  _expect_nothing("hping3 -9 word -S -I eth0");
  _expect_nothing("hping3 -S -h");
}

Test(process, values_of_hping_options_are_no_options)
{
  static const gchar *const TAKING[] = { "-s", "-e", "-E", "-I",         "-a",     "-d",     "-i",       "-N", "-w",
                                         "-M", "-L", "-t", "-c",         "-g",     "-m",     "-o",       "-O", "-C",
                                         "-K", "-H", "-p", "--baseport", "--sign", "--lsrr", "--tcp-mss" };

  for (gsize i = 0; i < G_N_ELEMENTS(TAKING); i++)
    {
      gchar *line = g_strdup_printf("hping3 %s -S gate", TAKING[i]);

      _expect_nothing(line);
      g_free(line);
    }
  _expect("hping3 -n -S gate", "hping_syn", "");
}

Test(process, what_hping_refuses_says_nothing_and_undoes_nothing)
{
  _expect("hping3 -c1 -S -p 7000 gate", "hping_syn", "7000");
  _expect("hping3 -S -p7000 gate", "hping_syn", "");
  _expect("hping3 -S --destport=7000 gate", "hping_syn", "");
  _expect("hping3 -S -p 80x gate", "hping_syn", "");
  _expect("hping3 -S -p", "hping_syn", "");
  _expect_nothing("hping3 -cS 1 gate");
}

Test(process, fwknop_counts_unless_it_sends_nothing)
{
  _expect("fwknop -A tcp/22 -a 198.51.100.9 -D gate", "fwknop", "22");
  _expect("fwknop -Atcp/22,udp/1194 --dest=gate", "fwknop", "22,1194");
  _expect("fwknop --access tcp/22 -R -D gate", "fwknop", "22");
  _expect("fwknop -n gate", "fwknop", "");
  _expect("fwknop --rc-file /etc/fwknop/rc --no-save-args -n good -D 192.0.2.1", "fwknop", "");
  _expect("fwknop -n -V", "fwknop", "");
  _expect_nothing("fwknop");
  _expect_nothing("fwknop --key-gen");
  _expect_nothing("fwknop -k --use-hmac");
  _expect_nothing("fwknop -V");
  _expect_nothing("fwknop -h");
  _expect_nothing("fwknop -T -A tcp/22 -D gate");
  _expect_nothing("fwknop --stanza-list");
}

Test(process, a_literal_target_is_the_destination)
{
  _expect_dest("knock 192.0.2.1 7000", "192.0.2.1");
  _expect_dest("knock -6 2001:0db8::0:5 7000", "2001:db8::5");
  _expect_dest("hping3 192.0.2.1 -S -p 1", "192.0.2.1");
  _expect_dest("fwknop -A tcp/22 -a 198.51.100.9 -D 192.0.2.1", "192.0.2.1");
  _expect_dest("fwknop -A tcp/22 -D 192.0.2.1:62202", "192.0.2.1");
  _expect_dest("fwknop -A tcp/22 -D [2001:db8::5]:62202", "2001:db8::5");
  _expect_dest("knock gate.example.net 7000", NULL);
  _expect_dest("knock 192.0.2.256 7000", NULL);
  _expect_dest("hping3 -a 192.0.2.1 -S gate", NULL);
}

Test(process, wrappers_are_looked_through)
{
  _expect("sudo knock 192.0.2.1 7000", "knock", "7000");
  _expect("sudo -nu root A=b /usr/bin/knock 192.0.2.1 7000", "knock", "7000");
  _expect("sudo --user root -- knock 192.0.2.1 7000", "knock", "7000");
  _expect("ip netns exec blue knock 192.0.2.1 7000 8000", "knock", "7000,8000");
  _expect("sudo ip netns exec blue timeout -k 1 5 nice -n 5 knock 192.0.2.1 7000", "knock", "7000");
  _expect("wsl.exe knock 192.0.2.1 7000", "knock", "7000");
  _expect("wsl.exe -d Debian -u root -e knock 192.0.2.1 7000", "knock", "7000");
  _expect("bash -c \"sleep 1; knock 192.0.2.1 7000; ssh 192.0.2.1\"", "knock", "7000");
  _expect("bash -lc knock 192.0.2.1 7000 && ssh 192.0.2.1", "knock", "7000");
  _expect("sh -c 'if true; then hping3 -S -p 80 192.0.2.1; fi'", "hping_syn", "80");
  _expect("cmd.exe /C knock.exe 192.0.2.1 7000", "knock", "7000");
  _expect("su alice -c 'knock 192.0.2.1 7000'", "knock", "7000");
  _expect_nothing("sudo -u knock ls 192.0.2.1 7000");
  _expect_nothing("sudo -l");
  _expect_nothing("sudo");
  _expect_nothing("ip netns exec knock ping 192.0.2.1 7000");
  _expect_nothing("ip netns exec");
  _expect_nothing("ip route get knock 7000");
  _expect_nothing("bash -c");
  _expect_nothing("bash -c \"echo knock 192.0.2.1 7000\"");
  _expect_nothing("bash knock 192.0.2.1 7000");
  _expect_nothing("timeout 5");
}

Test(process, wrappers_end_somewhere)
{
  GString *line = g_string_new(NULL);

  for (guint i = 0; i < 50; i++)
    g_string_append(line, "sudo ");
  g_string_append(line, "knock 192.0.2.1 7000");
  _expect_nothing(line->str);
  g_string_free(line, TRUE);
}

Test(process, a_daemon_that_only_tells_something_does_not_run)
{
  _expect("/usr/sbin/knockd -d -c /etc/door.conf", "daemon_execution", "");
  _expect("fwknopd -f", "daemon_execution", "");
  _expect("sudo knockd -i lo", "daemon_execution", "");
  _expect_nothing("knockd -V");
  _expect_nothing("knockd --help");
  _expect_nothing("fwknopd -S");
  _expect_nothing("fwknopd --fw-list");
  _expect("fwknopd -c -S", "daemon_execution", "");
}

Test(process, packages_and_services_of_the_daemons_are_general_activity)
{
  _expect("apt-get install -y knockd", "package_install", "");
  _expect("sudo apt install knockd=0.8-2", "package_install", "");
  _expect("dpkg -i ./knockd_0.8-2_amd64.deb", "package_install", "");
  _expect("rpm -Uvh fwknop-2.6.10-4.el9.x86_64.rpm", "package_install", "");
  _expect("systemctl restart fwknop-server.service", "service_control", "");
  _expect("service knockd start", "service_control", "");
  _expect_nothing("apt-get install -y knock-notes");
  _expect_nothing("apt-get remove knockd");
  _expect_nothing("apt-cache search knockd");
  _expect_nothing("dpkg -I knockd");
  _expect_nothing("dpkg -L knockd");
  _expect_nothing("systemctl status knockd");
  _expect_nothing("systemctl start antiknockd");
}

Test(process, two_texts_count_anywhere_in_a_command_line)
{
  _expect("vim /etc/knockd.conf", "knockd_conf", "");
  _expect("notepad.exe C:\\KnockD.CONF.bak", "knockd_conf", "");
  _expect("foo.exe --knock-port 7000 --host gate", "knock_port_option", "7000");
  _expect("foo.exe --host gate --knock-port=7000,8000", "knock_port_option", "7000");
  _expect("foo.exe --knock-port", "knock_port_option", "");
  _expect_nothing("vim /etc/knockd-test.conf");
  _expect_nothing("foo.exe --knock 7000");
  _expect_nothing("grep -r knock /srv/jokes");
}

Test(process, arguments_that_are_kept_apart_need_no_splitting)
{
  PkSlice argv[] = { PK_SLICE("hping3"), PK_SLICE("-e"), PK_SLICE("a -S b"), PK_SLICE("-S"), PK_SLICE("192.0.2.1") };
  PkEvent event;

  pk_event_init(&event);
  cr_expect_eq(pk_process_classify_argv(&pk_knock_tools, PK_SLICE("/usr/sbin/hping3"), argv, 3, &event),
               PK_SCAN_IGNORED);
  cr_expect_eq(pk_process_classify_argv(&pk_knock_tools, PK_SLICE("/usr/sbin/hping3"), argv, 5, &event), PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_KNOCK_CLIENT);
  cr_expect_eq(pk_process_classify_argv(&pk_knock_tools, pk_slice(NULL, 0), NULL, 0, &event), PK_SCAN_IGNORED);
}

Test(process, the_name_of_the_process_is_the_last_part_of_the_image)
{
  PkEvent event;

  cr_assert(_classify("C:\\x\\KNOCK.EXE gate 7000", &event));
  cr_expect(pk_slice_equals(pk_event_get_text(&event, PK_TEXT_PROCESS), PK_SLICE("KNOCK.EXE")));
  pk_event_init(&event);
  cr_assert_eq(pk_process_classify(&pk_knock_tools, PK_SLICE("/opt/x"), PK_SLICE("/bin/knock gate 7000"), &event),
               PK_SCAN_MATCH);
  cr_expect(pk_slice_equals(pk_event_get_text(&event, PK_TEXT_PROCESS), PK_SLICE("x")));
  pk_event_init(&event);
  cr_assert_eq(pk_process_classify(&pk_knock_tools, pk_slice(NULL, 0), PK_SLICE("/bin/knock gate 7000"), &event),
               PK_SCAN_MATCH);
  cr_expect(pk_slice_equals(pk_event_get_text(&event, PK_TEXT_PROCESS), PK_SLICE("knock")));
}

Test(process, more_ports_than_fit_are_cut_at_a_whole_port)
{
  GString *line = g_string_new("knock gate");
  PkEvent event;
  PkSlice ports;

  for (guint i = 0; i < 60; i++)
    g_string_append(line, " 65535");
  cr_assert(_classify(line->str, &event));
  ports = pk_event_get_text(&event, PK_TEXT_PORTS);
  cr_expect(pk_slice_ends_with(ports, PK_SLICE(",65535")));
  cr_expect_gt(ports.len, PK_SHORT_TEXT_BYTES_MAX - 7);
  g_string_free(line, TRUE);
}

Test(process, no_byte_past_the_end_is_read)
{
  static const gchar *const LINES[] = { "sudo -u root bash -c \"hping3 -VSc 1 --destport ++80 192.0.2.1; knock a 1:u\"",
                                        "fwknop -A tcp/22,udp/1 --dest=[2001:db8::1]:5 -n -- x", "x --knock-port=7000",
                                        "apt-get install knockd=0.8" };
  PkEvent event;

  for (gsize i = 0; i < G_N_ELEMENTS(LINES); i++)
    for (gsize len = 0; len <= strlen(LINES[i]); len++)
      {
        GuardPage page = guard_page_new(LINES[i], len);

        pk_event_init(&event);
        pk_process_classify(&pk_knock_tools, pk_slice(NULL, 0), page.text, &event);
        guard_page_free(&page);
      }
}

/* ---- attempts ----------------------------------------------------------------------- */

static PkScanResult
_classify_fully(const gchar *command_line, PkEvent *event)
{
  PkSlice text = pk_slice_from_string(command_line);

  pk_event_init(event);
  return pk_process_classify(&pk_knock_tools, pk_slice(NULL, 0), text, event);
}

static void
_expect_attempt(const gchar *command_line, guint8 protocol, guint16 port)
{
  PkEvent event;

  cr_assert_eq(_classify_fully(command_line, &event), PK_SCAN_CONTEXT, "%s", command_line);
  cr_expect_eq(event.kind, PK_EVENT_CONNECTION_ATTEMPT, "%s", command_line);
  cr_expect_eq(event.branch, PK_BRANCH_NONE, "%s", command_line);
  cr_expect_eq(event.protocol, protocol, "%s: protocol %u", command_line, event.protocol);
  cr_expect_eq(event.dest_port, port, "%s: port %u", command_line, event.dest_port);
  cr_expect(event.has & PK_HAS_DEST_PORT, "%s", command_line);
}

static void
_expect_ignored(const gchar *command_line)
{
  PkEvent event;
  PkScanResult result = _classify_fully(command_line, &event);

  cr_expect_eq(result, PK_SCAN_IGNORED, "%s gives %d", command_line, result);
}

Test(process, a_general_tool_with_one_port_is_an_attempt)
{
  _expect_attempt("nc -z -w1 192.0.2.1 7000", PK_PROTO_TCP, 7000);
  _expect_attempt("nc -zu -p 53 192.0.2.1 7000", PK_PROTO_UDP, 7000);
  _expect_attempt("ncat.exe --wait 1 gate 7000", PK_PROTO_TCP, 7000);
  _expect_attempt("sudo ip netns exec x nc.openbsd gate 7000", PK_PROTO_TCP, 7000);
  _expect_attempt("nmap -Pn --host-timeout 201 --max-retries 0 -p 7000 gate", PK_PROTO_TCP, 7000);
  _expect_attempt("nmap -sU -p7000 gate", PK_PROTO_UDP, 7000);
  _expect_attempt("nping --udp --dest-port 7000 -c 1 gate", PK_PROTO_UDP, 7000);
  _expect_attempt("nping --tcp -p 7000 gate", PK_PROTO_TCP, 7000);
  _expect_attempt("hping3 -2 -p 7000 -c 1 gate", PK_PROTO_UDP, 7000);
  _expect_attempt("hping3 -A -p ++7000 gate", PK_PROTO_TCP, 7000);
  _expect_attempt("bash -c 'echo >/dev/tcp/192.0.2.1/7000'", PK_PROTO_TCP, 7000);
  _expect_attempt("powershell.exe Test-NetConnection gate -Port 7000", PK_PROTO_TCP, 7000);
}

Test(process, several_ports_a_listener_and_a_ping_are_no_attempt)
{
  _expect_ignored("nc -z gate 7000 8000");
  _expect_ignored("nc -z gate 20-30");
  _expect_ignored("nc -l -p 7000");
  _expect_ignored("nc -l 7000");
  _expect_ignored("nmap -p 7000,8000 gate");
  _expect_ignored("nmap -p 1-1000 gate");
  _expect_ignored("nmap --top-ports 100 gate");
  _expect_ignored("nmap -sn -p 7000 gate");
  _expect_ignored("nmap -F gate");
  _expect_ignored("nping --tcp -p 7000,8000 gate");
  _expect_ignored("nping --icmp -p 7000 gate");
  _expect_ignored("hping3 -1 -p 7000 gate");
  _expect_ignored("hping3 --scan 1-10 gate");
}

Test(process, a_client_with_one_port_says_where_it_goes)
{
  PkEvent event;

  cr_assert_eq(_classify_fully("hping3 -S -p 7000 -c 1 192.0.2.1", &event), PK_SCAN_MATCH);
  cr_expect_eq(event.has, PK_HAS_DEST | PK_HAS_DEST_PORT | PK_HAS_PROTOCOL);
  cr_expect_eq(event.dest_port, 7000);
  cr_assert_eq(_classify_fully("knock 192.0.2.1 7000:udp", &event), PK_SCAN_MATCH);
  cr_expect_eq(event.protocol, PK_PROTO_UDP);
  cr_assert_eq(_classify_fully("knock 192.0.2.1 7000 8000", &event), PK_SCAN_MATCH);
  cr_expect_eq(event.has, PK_HAS_DEST);
  cr_assert_eq(_classify_fully("fwknop -A tcp/22 -D 192.0.2.1", &event), PK_SCAN_MATCH);
  cr_expect_eq(event.has, PK_HAS_DEST);
}

/* ---- scripts -------------------------------------------------------------------------- */

/* 7000,8000,9000|%{(New-Object Net.Sockets.TcpClient).ConnectAsync("127.0.0.1",$_)} */
#define ENCODED                                                                                                        \
  "NwAwADAAMAAsADgAMAAwADAALAA5ADAAMAAwAHwAJQB7ACgATgBlAHcALQBPAGIAagBlAGMAdAAgAE4AZQB0AC4AUwBvAGMAawBlAHQAcwAuAFQA"   \
  "YwBwAEMAbABpAGUAbgB0ACkALgBDAG8AbgBuAGUAYwB0AEEAcwB5AG4AYwAoACIAMQAyADcALgAwAC4AMAAuADEAIgAsACQAXwApAH0A"

Test(process, powershell_is_given_commands_in_many_ways)
{
  static const gchar *const COMMANDS[] = {
    "powershell.exe -nop -c \"7000,8000,9000|%{(New-Object Net.Sockets.TcpClient).Connect('gate',$_)}\"",
    "powershell -ExecutionPolicy Bypass -Command 7000,8000,9000|%{Test-NetConnection gate -Port $_}",
    "powershell.exe \"& { $a = 7000,8000,9000; $a|%{tnc gate -Port $_} }\"",
    "cmd.exe /c powershell -c \"7000,8000,9000|%{tnc gate -Port $_}\"",
    "powershell.exe -enc " ENCODED,
    "powershell -w hidden -e " ENCODED,
    "pwsh -EncodedCommand " ENCODED,
    "powershell.exe /ec " ENCODED,
  };

  for (gsize i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
    _expect(COMMANDS[i], "powershell_connect", "7000,8000,9000");
}

Test(process, what_is_encoded_may_be_anything)
{
  _expect_ignored("powershell.exe -enc");
  _expect_ignored("powershell.exe -enc ====");
  _expect_ignored("powershell.exe -enc !\"$%&/()");
  _expect_ignored("powershell.exe -enc RwBlAHQALQBDAGgAaQBsAGQASQB0AGUAbQA=");
  _expect_ignored("powershell.exe -enc /////////////////////////w==");
  _expect_ignored("powershell.exe -File C:\\x\\tnc.ps1 7000,8000,9000");
}

/* ---- the host's firewall ------------------------------------------------------------------ */

static void
_expect_opened(const gchar *command_line, const gchar *source, const gchar *ports)
{
  gchar found[PK_ADDR_TEXT_BYTES] = "";
  PkEvent event;
  PkSlice open_port;

  cr_assert_eq(_classify_fully(command_line, &event), PK_SCAN_MATCH, "%s", command_line);
  cr_expect_eq(event.branch, PK_BRANCH_HOST_FIREWALL_OPENED, "%s", command_line);
  if (event.has & PK_HAS_SOURCE)
    pk_addr_format(&event.source, found);
  cr_expect_str_eq(found, source, "%s: source %s", command_line, found);
  open_port = pk_event_get_text(&event, PK_TEXT_OPEN_PORT);
  cr_expect(pk_slice_equals(open_port, pk_slice_from_string(ports)), "%s: opens %.*s", command_line,
            (int) open_port.len, open_port.data);
}

Test(process, commands_that_let_somebody_in_are_findings)
{
  _expect_opened("iptables -I INPUT -s 192.0.2.7 -p tcp --dport 22 -j ACCEPT", "192.0.2.7", "tcp/22");
  _expect_opened("sudo ip6tables -A INPUT -s 2001:db8::7 -j ACCEPT", "2001:db8::7", "");
  _expect_opened("iptables -A INPUT -p tcp --dport 4444 -j ACCEPT", "", "tcp/4444");
  _expect_opened("nft add rule inet filter input ip saddr 192.0.2.7 tcp dport 22 accept", "192.0.2.7", "tcp/22");
  _expect_opened("/usr/bin/python3 /usr/sbin/ufw allow from 192.0.2.7 to any port 22 proto tcp", "192.0.2.7", "tcp/22");
  _expect_opened("ufw limit 22/tcp", "", "tcp/22");
  _expect_opened("ufw allow OpenSSH", "", "");
  _expect_opened("python3 -Es /usr/bin/firewall-cmd --add-port=4444/tcp", "", "tcp/4444");
  _expect_opened("firewall-cmd --zone=trusted --add-source=192.0.2.7", "192.0.2.7", "");
  _expect_opened("netsh advfirewall firewall add rule name=x dir=in action=allow protocol=TCP localport=4444 "
                 "remoteip=192.0.2.7",
                 "192.0.2.7", "tcp/4444");
  _expect_opened("bash -c 'sleep 1; iptables -I INPUT -s 192.0.2.7 -j ACCEPT'", "192.0.2.7", "");
  _expect_opened("powershell -c \"New-NetFirewallRule -Name x -LocalPort 4444 -Protocol TCP -RemoteAddress 192.0.2.7\"",
                 "192.0.2.7", "tcp/4444");
}

Test(process, other_firewall_commands_are_nothing)
{
  _expect_ignored("iptables -L INPUT");
  _expect_ignored("iptables -A INPUT -s 192.0.2.7 -j DROP");
  _expect_ignored("iptables -A INPUT -s 192.0.2.7 -j f2b-sshd");
  _expect_ignored("iptables -D INPUT -s 192.0.2.7 -j ACCEPT");
  _expect_ignored("iptables -A INPUT -i lo -j ACCEPT");
  _expect_ignored("iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
  _expect_ignored("iptables -A OUTPUT -d 192.0.2.7 -p tcp --dport 22 -j ACCEPT");
  _expect_ignored("iptables -A DOCKER ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT");
  _expect_ignored("ipset add blocked 192.0.2.7");
  _expect_ignored("nft add element inet filter blocked { 192.0.2.7 }");
  _expect_ignored("nft add rule inet filter input ip saddr 192.0.2.7 drop");
  _expect_ignored("ufw deny from 192.0.2.7");
  _expect_ignored("ufw delete allow 22/tcp");
  _expect_ignored("ufw allow out 53");
  _expect_ignored("ufw status");
  _expect_ignored("firewall-cmd --remove-port=4444/tcp");
  _expect_ignored("firewall-cmd --add-rich-rule='rule source address=192.0.2.7 drop'");
  _expect_ignored("netsh advfirewall firewall add rule name=x dir=out action=allow remoteport=443");
  _expect_ignored("netsh advfirewall firewall add rule name=x dir=in action=block localport=22");
  _expect_ignored("powershell -c \"New-NetFirewallRule -Name x -Direction Outbound -LocalPort 4444\"");
  _expect_ignored("echo iptables -I INPUT -s 192.0.2.7 -j ACCEPT");
}
