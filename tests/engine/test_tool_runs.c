/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "port-knock/pk-engine.h"
#include "scan/slice.h"

/* Tools that are run once for each port, and connections that hosts report
 * themselves: each means little, several in a row are a knock. */

#define SECOND ((gint64) G_USEC_PER_SEC)
#define START (G_GINT64_CONSTANT(1795386214) * SECOND)

static PkRecogniser *recogniser;
static PkEngine *engine;
static PkAlert alerts[PK_OBSERVE_ALERTS_MAX];

static void
_begin(void)
{
  PkOptions options;

  pk_options_init(&options);
  cr_assert(pk_options_set(&options, "known-sequences", "", NULL));
  cr_assert(pk_options_check(&options, NULL));
  recogniser = pk_recogniser_new(&options, NULL);
  engine = pk_engine_new(&options, NULL);
  pk_options_clear(&options);
}

static void
_end(void)
{
  pk_recogniser_free(recogniser);
  pk_engine_unref(engine);
}

TestSuite(tool_runs, .init = _begin, .fini = _end);

static void
_feed(const gchar *text, const gchar *host, gint64 arrival_usec)
{
  PkClock clock = { .now_usec = START };
  PkScanResult result;
  PkEvent event;
  PkLine line;

  pk_line_parse(text, strlen(text), &clock, &line);
  line.time_usec = arrival_usec;
  result = pk_recognise(recogniser, &line, &event);
  if (result == PK_SCAN_MATCH || result == PK_SCAN_CONTEXT)
    cr_expect_eq(pk_engine_observe(engine, &event, pk_slice_from_string(host), pk_slice(NULL, 0), arrival_usec, alerts),
                 0);
}

static gsize
_settle(void)
{
  gboolean more;

  return pk_engine_expire(engine, START + 3600 * SECOND, PK_OBSERVE_ALERTS_MAX, alerts, &more);
}

/* PORT in the command stands for the port. */
static void
_run(const gchar *host, guint second, const gchar *command, guint port)
{
  GString *text = g_string_new(NULL);
  gchar **words = g_strsplit(command, " ", -1);

  g_string_printf(text, "type=EXECVE msg=audit(%u.000:%u): argc=%u", 1795386214 + second, second, g_strv_length(words));
  for (guint i = 0; words[i]; i++)
    if (g_str_equal(words[i], "PORT"))
      g_string_append_printf(text, " a%u=\"%u\"", i, port);
    else
      g_string_append_printf(text, " a%u=\"%s\"", i, words[i]);
  _feed(text->str, host, START + second * SECOND);
  g_strfreev(words);
  g_string_free(text, TRUE);
}

static void
_run_four(const gchar *host, const gchar *command)
{
  static const guint PORTS[] = { 200, 80, 22, 53 };

  for (guint i = 0; i < G_N_ELEMENTS(PORTS); i++)
    _run(host, i, command, PORTS[i]);
}

static void
_expect_knock(guint distinct_ports)
{
  cr_assert_eq(_settle(), 1);
  cr_expect_eq(alerts[0].distinct_ports, distinct_ports);
  cr_expect_eq(alerts[0].branch, PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED);
}

Test(tool_runs, four_runs_of_hping3_are_one_knock)
{
  _run_four("web1", "hping3 -S -c 1 -p PORT 127.0.0.1");
  _expect_knock(4);
  cr_expect_str_eq(alerts[0].hosts[0], "web1");
  cr_expect_eq(alerts[0].attempts[0].port, 200);
  cr_expect_eq(alerts[0].attempts[3].port, 53);
}

Test(tool_runs, a_general_tool_knocks_too)
{
  _run_four("web1", "nc -z -w 1 192.0.2.1 PORT");
  _expect_knock(4);
}

Test(tool_runs, tools_may_be_mixed)
{
  _run("web1", 0, "nmap -Pn -p PORT 192.0.2.1", 7000);
  _run("web1", 1, "nping --tcp -p PORT 192.0.2.1", 8000);
  _run("web1", 2, "nc -z 192.0.2.1 PORT", 9000);
  _expect_knock(3);
}

Test(tool_runs, runs_on_several_hosts_or_to_several_targets_are_no_knock)
{
  _run("web1", 0, "nc -z 192.0.2.1 PORT", 7000);
  _run("web2", 1, "nc -z 192.0.2.1 PORT", 8000);
  _run("web3", 2, "nc -z 192.0.2.1 PORT", 9000);
  _run("web4", 0, "nc -z 192.0.2.1 PORT", 7000);
  _run("web4", 1, "nc -z 192.0.2.2 PORT", 8000);
  _run("web4", 2, "nc -z 192.0.2.3 PORT", 9000);
  cr_expect_eq(_settle(), 0);
}

Test(tool_runs, a_monitor_that_tries_one_port_again_and_again_is_no_knock)
{
  for (guint i = 0; i < 10; i++)
    _run("web1", i, "nc -z 192.0.2.1 PORT", 7000);
  cr_expect_eq(_settle(), 0);
}

Test(tool_runs, a_scan_and_a_ping_are_no_knock)
{
  _run_four("web1", "hping3 -1 -p PORT 127.0.0.1");
  _run_four("web1", "nmap -p 1-65535 192.0.2.1");
  cr_expect_eq(_settle(), 0);
}

static void
_connect(const gchar *image, guint i, guint port)
{
  gchar *text = g_strdup_printf(
      "<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>3</EventID></System><EventData>"
      "<Data Name='Image'>C:\\Windows\\System32\\%s</Data><Data Name='Protocol'>tcp</Data>"
      "<Data Name='Initiated'>true</Data><Data Name='SourceIp'>192.0.2.10</Data><Data Name='SourcePort'>%u</Data>"
      "<Data Name='DestinationIp'>192.0.2.1</Data><Data Name='DestinationPort'>%u</Data></EventData></Event>",
      image, 50000 + i, port);

  _feed(text, "ws7", START + i * SECOND / 10);
  g_free(text);
}

Test(tool_runs, powershell_that_connects_to_three_ports_is_a_knock)
{
  _connect("powershell.exe", 0, 7000);
  _connect("powershell.exe", 1, 8000);
  _connect("powershell.exe", 2, 9000);
  _expect_knock(3);
}

Test(tool_runs, a_client_of_a_windows_domain_is_not)
{
  static const guint PORTS[] = { 53, 88, 135, 389, 445, 49667 };

  for (guint i = 0; i < G_N_ELEMENTS(PORTS); i++)
    {
      _connect("lsass.exe", i, PORTS[i]);
      _connect("svchost.exe", i, PORTS[i]);
    }
  cr_expect_eq(_settle(), 0);
}

Test(tool_runs, connections_that_failed_are_a_knock)
{
  for (guint i = 0; i < 3; i++)
    {
      gchar *text = g_strdup_printf(
          "{\"category\":\"AdvancedHunting-DeviceNetworkEvents\",\"properties\":{\"ActionType\":\"ConnectionFailed\","
          "\"LocalIP\":\"127.0.0.1\",\"RemoteIP\":\"127.0.0.1\",\"RemotePort\":%u,\"Protocol\":\"Tcp\"}}",
          7000 + i * 1000);

      _feed(text, "ws7", START + i * SECOND);
      g_free(text);
    }
  _expect_knock(3);
}
