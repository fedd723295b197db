/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/address.h"
#include "scan/guard-page.h"
#include "scan/script.h"

static const PkScript SCRIPTS[] = {
  { .language = PK_SCRIPT_POWERSHELL,
    .connectors = { "TcpClient", "Test-NetConnection" },
    .finding = { PK_EVENT_KNOCK_CLIENT, PK_BRANCH_KNOCK_CLIENT_TOOL_EXECUTION, "powershell" } },
  { .language = PK_SCRIPT_SHELL,
    .connectors = { "/dev/tcp/", "nc " },
    .finding = { PK_EVENT_KNOCK_CLIENT, PK_BRANCH_KNOCK_CLIENT_TOOL_EXECUTION, "shell" } },
  { .language = PK_SCRIPT_NONE },
};

static gboolean
_classify(PkScriptLanguage language, const gchar *text, PkEvent *event)
{
  pk_event_init(event);
  return pk_script_classify(SCRIPTS, language, pk_slice_from_string(text), event);
}

static void
_expect(PkScriptLanguage language, const gchar *text, PkEventKind kind, const gchar *ports)
{
  PkEvent event;
  PkSlice found;

  cr_assert(_classify(language, text, &event), "%s is nothing", text);
  cr_expect_eq(event.kind, kind, "%s is of kind %d", text, event.kind);
  found = pk_event_get_text(&event, PK_TEXT_PORTS);
  cr_expect(pk_slice_equals(found, pk_slice_from_string(ports)), "%s has ports %.*s", text, (int) found.len,
            found.data);
}

static void
_expect_knock(PkScriptLanguage language, const gchar *text)
{
  _expect(language, text, PK_EVENT_KNOCK_CLIENT, "7000,8000,9000");
}

static void
_expect_nothing(PkScriptLanguage language, const gchar *text)
{
  PkEvent event;

  cr_expect_not(_classify(language, text, &event), "%s is taken for %d", text, event.kind);
}

Test(script, powershell_lists_ports_in_many_ways)
{
  _expect_knock(PK_SCRIPT_POWERSHELL, "7000,8000,9000 | % { (New-Object Net.Sockets.TcpClient).Connect('gate',$_) }");
  _expect_knock(PK_SCRIPT_POWERSHELL, "foreach ($p in @(7000, 8000 , 9000)) { Test-NetConnection gate -Port $p }");
  _expect_knock(PK_SCRIPT_POWERSHELL, "$a='7000','8000',\"9000\"; $a|%{test-netconnection gate -port $_}");
  _expect_knock(PK_SCRIPT_POWERSHELL, "TcpClient('gate',7000); TcpClient(\"gate\", 8000); TcpClient($ip, 9000)");
  _expect_knock(PK_SCRIPT_POWERSHELL, "Test-NetConnection -Port 7000 a;Test-NetConnection -Port:8000 a;"
                                      "Test-NetConnection -RemotePort 9000 a");
  _expect_knock(PK_SCRIPT_POWERSHELL,
                "$c=[Net.Sockets.TcpClient]; 7000,8000,9000,7000|%{$c.ConnectAsync('h',$_).Wait(100)}");
}

Test(script, a_shell_lists_ports_in_many_ways)
{
  _expect_knock(PK_SCRIPT_SHELL, "for p in 7000 8000 9000; do nc -z gate $p; done");
  _expect_knock(PK_SCRIPT_SHELL, "for p in {7000,8000,9000}; do nc -z gate $p; done");
  _expect_knock(PK_SCRIPT_SHELL, "for p in 7000 8000 9000\ndo (echo >/dev/tcp/192.0.2.1/$p) 2>/dev/null & done");
  _expect_knock(PK_SCRIPT_SHELL, ">/dev/tcp/a/7000; >/dev/tcp/a/8000; >/dev/udp/a/9000");
}

Test(script, one_port_is_an_attempt)
{
  PkEvent event;

  _expect(PK_SCRIPT_POWERSHELL, "Test-NetConnection 192.0.2.1 -Port 7000", PK_EVENT_CONNECTION_ATTEMPT, "7000");
  cr_assert(_classify(PK_SCRIPT_SHELL, "echo >/dev/tcp/192.0.2.1/7000", &event));
  cr_expect_eq(event.branch, PK_BRANCH_NONE);
  cr_expect_eq(event.has, PK_HAS_DEST | PK_HAS_DEST_PORT | PK_HAS_PROTOCOL);
  cr_expect_eq(event.dest_port, 7000);
  cr_expect_eq(event.protocol, PK_PROTO_TCP);
}

Test(script, the_first_address_is_the_destination)
{
  gchar text[PK_ADDR_TEXT_BYTES];
  PkEvent event;

  cr_assert(_classify(PK_SCRIPT_POWERSHELL, "7000,8000,9000|%{TcpClient('192.0.2.1',$_)} # 198.51.100.1", &event));
  pk_addr_format(&event.dest, text);
  cr_expect_str_eq(text, "192.0.2.1");
  cr_assert(_classify(PK_SCRIPT_POWERSHELL, "7000,8000,9000|%{TcpClient('gate',$_)}", &event));
  cr_expect_not(event.has & PK_HAS_DEST);
}

Test(script, ranges_long_lists_and_services_are_no_knock)
{
  _expect_nothing(PK_SCRIPT_POWERSHELL, "1..1024 | % { TcpClient('gate',$_) }");
  _expect_nothing(PK_SCRIPT_POWERSHELL, "7000..7002 | % { TcpClient('gate',$_) }; 7000,8000,9000");
  _expect_nothing(PK_SCRIPT_POWERSHELL,
                  "7001,7002,7003,7004,7005,7006,7007,7008,7009,7010,7011,7012,7013|%{TcpClient('h',$_)}");
  _expect_nothing(PK_SCRIPT_POWERSHELL, "80,443,3389|%{Test-NetConnection srv -Port $_}");
  _expect_nothing(PK_SCRIPT_POWERSHELL, "7000,8000|%{Test-NetConnection srv -Port $_}");
  _expect_nothing(PK_SCRIPT_SHELL, "for p in $(seq 7000 7010); do nc -z gate $p; done");
  _expect_nothing(PK_SCRIPT_SHELL, "for p in {7000..7010}; do nc -z gate $p; done");
}

Test(script, other_numbers_are_no_ports)
{
  _expect_nothing(PK_SCRIPT_POWERSHELL,
                  "TcpClient; Start-Sleep 300; $x.Wait(100); 'v1.2,3.4,5.6'; 2026-11-22; 7ms,8ms");
  _expect_nothing(PK_SCRIPT_POWERSHELL, "TcpClient $c.Send($bytes, 1, 2)");
  _expect_nothing(PK_SCRIPT_POWERSHELL, "TcpClient 0,70000,99999999999999999999");
  _expect_nothing(PK_SCRIPT_SHELL, "nc -z gate; sleep 1 2 3; echo 7000,8000,9000");
  _expect_nothing(PK_SCRIPT_SHELL, "for p in a b c; do nc -z gate $p; done");
}

Test(script, without_a_way_to_connect_there_is_nothing)
{
  _expect_nothing(PK_SCRIPT_POWERSHELL, "7000,8000,9000 | % { Write-Host $_ }");
  _expect_nothing(PK_SCRIPT_SHELL, "for p in 7000 8000 9000; do echo $p; done");
  _expect_nothing(PK_SCRIPT_SHELL, "7000,8000,9000 | % { TcpClient('gate',$_) }");
  _expect_nothing(PK_SCRIPT_NONE, "for p in 7000 8000 9000; do nc -z gate $p; done");
  _expect_nothing(PK_SCRIPT_SHELL, "");
}

Test(script, a_script_that_is_long_does_more_than_knock)
{
  GString *text = g_string_new("7000,8000,9000|%{TcpClient('gate',$_)}");
  PkEvent event;

  while (text->len <= 8192)
    g_string_append(text, "# and so on\n");
  pk_event_init(&event);
  cr_expect_not(pk_script_classify(SCRIPTS, PK_SCRIPT_POWERSHELL, pk_slice(text->str, text->len), &event));
  g_string_free(text, TRUE);
}

Test(script, no_byte_past_the_end_is_read)
{
  static const gchar *const TEXTS[] = {
    "TcpClient '7000' , \"8000\", 9000 -Port 7000 $ip, 7000 1..$x 192.0.2.1 'gate',7000",
    "nc -z; for p in {7000,8000}; for p in 7000 8000; >/dev/tcp/192.0.2.1/7000 $(seq 1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS(TEXTS); i++)
    for (gsize len = 0; len <= strlen(TEXTS[i]); len++)
      {
        GuardPage page = guard_page_new(TEXTS[i], len);
        PkEvent event;

        pk_event_init(&event);
        pk_script_classify(SCRIPTS, PK_SCRIPT_POWERSHELL, page.text, &event);
        pk_script_classify(SCRIPTS, PK_SCRIPT_SHELL, page.text, &event);
        guard_page_free(&page);
      }
}
