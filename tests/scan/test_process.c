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
