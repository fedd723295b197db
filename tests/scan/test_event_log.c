/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "dialects/dialects.h"
#include "dialects/tools.h"
#include "scan/address.h"
#include "scan/guard-page.h"
#include "scan/scan.h"
#include "scan/slice.h"

/* A source with an event of processes and one of packets, to show that both are
 * data. */

static const PkLogField PROCESS_FIELDS[] = {
  { .name = "UtcTime", .target = PK_LOG_UTC_TIME },
  { .name = "Image", .text = PK_TEXT_IMAGE },
  { .name = "CommandLine", .text = PK_TEXT_COMMAND_LINE },
  { .name = "User", .text = PK_TEXT_USER },
  { .name = NULL },
};

static const PkLogField PACKET_FIELDS[] = {
  { .name = "SourceAddress", .target = PK_LOG_SOURCE },
  { .name = "SourcePort", .target = PK_LOG_SOURCE_PORT },
  { .name = "DestAddress", .target = PK_LOG_DEST },
  { .name = "DestPort", .target = PK_LOG_DEST_PORT },
  { .name = "Protocol", .target = PK_LOG_PROTOCOL },
  { .name = "Application", .text = PK_TEXT_IMAGE },
  { .name = NULL },
};

static const PkLogField RULE_FIELDS[] = {
  { .name = "Action", .target = PK_LOG_REQUIRE, .values = "3|Allow" },
  { .name = "Protocol", .target = PK_LOG_PROTOCOL },
  { .name = "LocalPorts", .label = "Local Ports", .target = PK_LOG_OPEN_PORTS },
  { .name = "RemoteAddresses", .label = "Remote Addresses", .target = PK_LOG_PEER },
  { .name = NULL },
};

static const PkLogField SWAPPED_FIELDS[] = {
  { .name = "SourceAddress", .label = "Source Address", .target = PK_LOG_SOURCE },
  { .name = "source.ip", .target = PK_LOG_SOURCE },
  { .name = "SourcePort", .label = "Source Port", .target = PK_LOG_SOURCE_PORT },
  { .name = "DestAddress", .label = "Destination Address", .target = PK_LOG_DEST },
  { .name = "Direction", .target = PK_LOG_SWAP, .values = "in" },
  { .name = "Application", .label = "Application Name", .text = PK_TEXT_IMAGE },
  { .name = "Rest", .target = PK_LOG_NOTHING },
  { .name = NULL },
};

static const PkLogEvent EVENTS[] = {
  { .id = 1, .fields = PROCESS_FIELDS, .process = &pk_knock_tools },
  { .id = 5152,
    .fields = PACKET_FIELDS,
    .finding = { PK_EVENT_FIREWALL_DENY, PK_BRANCH_FIREWALL_PORT_DENIED, "packet" } },
  { .id = 5157,
    .sentence = "has blocked a connection",
    .fields = SWAPPED_FIELDS,
    .finding = { PK_EVENT_FIREWALL_DENY, PK_BRANCH_FIREWALL_PORT_DENIED, NULL } },
  { .id = 2004,
    .sentence = "A rule has been added",
    .fields = RULE_FIELDS,
    .finding = { PK_EVENT_HOST_FIREWALL_OPENED, PK_BRANCH_HOST_FIREWALL_OPENED, "rule" } },
  { .fields = NULL },
};

static const PkEventLogSpec SPEC = { .providers = { "Provider-A", "Provider-B" }, .events = EVENTS };

static const PkDialect DIALECT = { .name = "test", .title = "Test", .scan = pk_scan_event_log, .event_log = &SPEC };

#define SYSTEM(id)                                                                                                     \
  "<System><Provider Name='Provider-A'/><EventID>" id "</EventID>"                                                     \
  "<TimeCreated SystemTime='2026-11-22T21:09:59.5000000Z'/></System>"
#define KNOCK "<Data Name='Image'>/bin/knock</Data><Data Name='CommandLine'>knock 192.0.2.1 7000</Data>"
#define EVENT(id, data) "<Event>" SYSTEM(id) "<EventData>" data "</EventData></Event>"

#define STAMP_USEC G_GINT64_CONSTANT(1795381799000000) /* 2026-11-22 21:09:59 */

static PkScanResult
_scan(PkSlice text, PkEvent *event)
{
  PkLine line = { .text = text, .time_usec = 1 };
  PkScanContext context = { 0 };

  pk_event_init(event);
  event->time_usec = line.time_usec;
  return pk_scan_event_log(&DIALECT, &context, &line, event);
}

static void
_expect_result(const gchar *text, PkScanResult expected)
{
  PkEvent event;
  PkScanResult result = _scan(pk_slice_from_string(text), &event);

  cr_expect_eq(result, expected, "%s gives %d, not %d", text, result, expected);
}

static void
_expect_text(const PkEvent *event, PkTextId id, const gchar *expected)
{
  PkSlice found = pk_event_get_text(event, id);

  cr_expect(pk_slice_equals(found, pk_slice_from_string(expected)), "text %d is \"%.*s\", not \"%s\"", id,
            (int) found.len, found.data, expected);
}

Test(event_log, a_process_that_knocks_is_a_match_with_its_fields)
{
  PkEvent event;

  cr_assert_eq(_scan(PK_SLICE(EVENT("1", "<Data Name='UtcTime'>2026-11-22 21:09:59.411</Data>" KNOCK
                                         "<Data Name='User'>A&amp;B\\&#x63;</Data>")),
                     &event),
               PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_KNOCK_CLIENT);
  cr_expect_eq(event.branch, PK_BRANCH_KNOCK_CLIENT_TOOL_EXECUTION);
  cr_expect_eq(event.time_usec, STAMP_USEC + 411000);
  _expect_text(&event, PK_TEXT_PROCESS, "knock");
  _expect_text(&event, PK_TEXT_IMAGE, "/bin/knock");
  _expect_text(&event, PK_TEXT_COMMAND_LINE, "knock 192.0.2.1 7000");
  _expect_text(&event, PK_TEXT_USER, "A&B\\c");
  _expect_text(&event, PK_TEXT_PORTS, "7000");
}

Test(event_log, other_processes_are_ignored_and_other_events_do_not_match)
{
  _expect_result(EVENT("1", "<Data Name='Image'>/bin/ls</Data><Data Name='CommandLine'>ls knock</Data>"),
                 PK_SCAN_IGNORED);
  _expect_result(EVENT("1", ""), PK_SCAN_IGNORED);
  _expect_result(EVENT("3", KNOCK), PK_SCAN_NO_MATCH);
  _expect_result("<Event>" SYSTEM("1") "</Event>", PK_SCAN_NO_MATCH);
}

Test(event_log, an_event_with_addresses_is_a_row_and_no_code)
{
  PkEvent event;

  cr_assert_eq(_scan(PK_SLICE(EVENT("5152", "<Data Name='SourceAddress'>203.0.113.9</Data>"
                                            "<Data Name='SourcePort'>546</Data>"
                                            "<Data Name='DestAddress'>2001:db8::1</Data>"
                                            "<Data Name='DestPort'>7000</Data><Data Name='Protocol'>6</Data>"
                                            "<Data Name='Application'>-</Data>")),
                     &event),
               PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_DENY);
  cr_expect_eq(event.has, PK_HAS_SOURCE | PK_HAS_SOURCE_PORT | PK_HAS_DEST | PK_HAS_DEST_PORT | PK_HAS_PROTOCOL);
  cr_expect_eq(event.source_port, 546);
  cr_expect_eq(event.dest_port, 7000);
  cr_expect_eq(event.protocol, PK_PROTO_TCP);
  cr_expect_eq(event.time_usec, STAMP_USEC + 500000);
  _expect_text(&event, PK_TEXT_IMAGE, "");
}

Test(event_log, impossible_addresses_and_ports_are_malformed)
{
  _expect_result(EVENT("5152", "<Data Name='SourceAddress'>203.0.113.999</Data>"), PK_SCAN_MALFORMED);
  _expect_result(EVENT("5152", "<Data Name='DestPort'>65536</Data>"), PK_SCAN_MALFORMED);
  _expect_result(EVENT("5152", "<Data Name='Protocol'>none of them</Data>"), PK_SCAN_MALFORMED);
}

Test(event_log, other_providers_and_texts_without_an_event_do_not_match)
{
  _expect_result("<Event><System><Provider Name='Provider-C'/><EventID>1</EventID></System><EventData>" KNOCK
                 "</EventData></Event>",
                 PK_SCAN_NO_MATCH);
  _expect_result("<Event><System><EventID>1</EventID></System><EventData>" KNOCK "</EventData></Event>",
                 PK_SCAN_NO_MATCH);
  _expect_result("<Event></Event>", PK_SCAN_NO_MATCH);
  _expect_result("<Event/>", PK_SCAN_NO_MATCH);
  _expect_result("<Events><EventLog>knock</EventLog></Events>", PK_SCAN_NO_MATCH);
  _expect_result("knock 192.0.2.1 7000", PK_SCAN_NO_MATCH);
  _expect_result("", PK_SCAN_NO_MATCH);
}

Test(event_log, what_stands_before_and_after_the_event_does_not_matter)
{
  _expect_result("\xef\xbb\xbf<?xml version='1.0'?>\r\n" EVENT("1", KNOCK) "\r\n", PK_SCAN_MATCH);
  _expect_result("<Events>" EVENT("1", KNOCK) EVENT("1", ""), PK_SCAN_MATCH);
  _expect_result("junk & <junk " EVENT("1", KNOCK) " & <more", PK_SCAN_MATCH);
}

Test(event_log, attributes_quotes_and_blanks_are_free)
{
  _expect_result("<Event xmlns=\"urn:x\" a='>'>\n  <System>\n<Provider Guid=\"{0}\" Name = \"Provider-B\" ></Provider>"
                 "<EventID Qualifiers='0'> 1 </EventID><!-- x --><?pi x?></System>\t<EventData Name=''>"
                 "<Data  Name = \"CommandLine\" >knock gate 7000</Data ></EventData></Event >",
                 PK_SCAN_MATCH);
}

Test(event_log, the_first_of_two_equal_fields_counts)
{
  PkEvent event;

  cr_assert_eq(_scan(PK_SLICE(EVENT("1", KNOCK "<Data Name='CommandLine'>ls</Data>")), &event), PK_SCAN_MATCH);
  _expect_text(&event, PK_TEXT_COMMAND_LINE, "knock 192.0.2.1 7000");
  _expect_result("<Event><System><Provider Name='Provider-A'/><EventID>3</EventID><EventID>1</EventID></System>"
                 "<EventData>" KNOCK "</EventData></Event>",
                 PK_SCAN_NO_MATCH);
}

Test(event_log, only_data_at_its_place_is_read)
{
  _expect_result(EVENT("1", "<X>" KNOCK "</X>"), PK_SCAN_IGNORED);
  _expect_result("<Event>" SYSTEM("1") "<RenderingInfo>" KNOCK "</RenderingInfo></Event>", PK_SCAN_NO_MATCH);
  _expect_result(EVENT("1", "<Data>knock 192.0.2.1 7000</Data><Data Name=''>knock 192.0.2.1 7000</Data>"),
                 PK_SCAN_IGNORED);
  _expect_result(EVENT("1", "<Data Name='CommandLine'><b>knock 192.0.2.1 7000</b></Data>"), PK_SCAN_IGNORED);
}

Test(event_log, broken_xml_is_malformed)
{
  _expect_result("<Event", PK_SCAN_MALFORMED);
  _expect_result("<Event>" SYSTEM("1") "<EventData>" KNOCK "</EventData>", PK_SCAN_MALFORMED);
  _expect_result("<Event>" SYSTEM("1") "<EventData>" KNOCK "</Data></EventData></Event>", PK_SCAN_MALFORMED);
  _expect_result(EVENT("1", KNOCK "<Data Name='User'>&who;</Data>"), PK_SCAN_MALFORMED);
  _expect_result(EVENT("1", KNOCK "<Data Name='User'>a & b</Data>"), PK_SCAN_MALFORMED);
  _expect_result(EVENT("1", KNOCK "<Data Name='User'>&#0;</Data>"), PK_SCAN_MALFORMED);
  _expect_result(EVENT("1", KNOCK "<Data Name=User>x</Data>"), PK_SCAN_MALFORMED);
  _expect_result(EVENT("", KNOCK), PK_SCAN_MALFORMED);
  _expect_result(EVENT("one", KNOCK), PK_SCAN_MALFORMED);
  _expect_result(EVENT("-1", KNOCK), PK_SCAN_MALFORMED);
  _expect_result(EVENT("99999999999999999999", KNOCK), PK_SCAN_MALFORMED);
  _expect_result("<Event><EventData>" KNOCK "</EventData>" SYSTEM("1") "</Event>", PK_SCAN_NO_MATCH);
}

Test(event_log, a_byte_that_is_no_utf8_does_not_hide_the_command)
{
  static const gchar TEXT[] = EVENT("1", KNOCK "<Data Name='User'>J\xf6rg\0x</Data>");
  PkEvent event;

  cr_assert_eq(_scan(pk_slice(TEXT, sizeof(TEXT) - 1), &event), PK_SCAN_MATCH);
  _expect_text(&event, PK_TEXT_USER, "J\xef\xbf\xbdrg\xef\xbf\xbdx");
}

Test(event_log, a_stamp_that_is_none_leaves_the_next_best)
{
  PkEvent event;

  cr_assert_eq(_scan(PK_SLICE(EVENT("1", KNOCK "<Data Name='UtcTime'>2026-13-22 21:09:59</Data>")), &event),
               PK_SCAN_MATCH);
  cr_expect_eq(event.time_usec, STAMP_USEC + 500000);
  cr_assert_eq(_scan(PK_SLICE("<Event><System><Provider Name='Provider-A'/><EventID>1</EventID><TimeCreated/></System>"
                              "<EventData>" KNOCK "</EventData></Event>"),
                     &event),
               PK_SCAN_MATCH);
  cr_expect_eq(event.time_usec, 1);
}

Test(event_log, depth_is_bounded)
{
  GString *text = g_string_new("<Event>" SYSTEM("1") "<EventData>");

  for (guint i = 0; i < 5000; i++)
    g_string_append(text, "<a>");
  for (guint i = 0; i < 5000; i++)
    g_string_append(text, "</a>");
  g_string_append(text, KNOCK "</EventData></Event>");
  _expect_result(text->str, PK_SCAN_MALFORMED);
  g_string_free(text, TRUE);
}

Test(event_log, many_fields_and_a_long_command_line_fit)
{
  GString *text = g_string_new("<Event>" SYSTEM("1") "<EventData><Data Name='CommandLine'>knock 192.0.2.1 7000");
  PkEvent event;

  for (guint i = 0; i < 7000; i++)
    g_string_append(text, " &amp;");
  g_string_append(text, "</Data>");
  for (guint i = 0; i < 500; i++)
    g_string_append_printf(text, "<Data Name='F%u'>x</Data>", i);
  g_string_append(text, "</EventData></Event>");
  cr_assert_leq(text->len, PK_LINE_BYTES_MAX);
  cr_assert_eq(_scan(pk_slice(text->str, text->len), &event), PK_SCAN_MATCH);
  cr_expect_eq(pk_event_get_text(&event, PK_TEXT_COMMAND_LINE).len, PK_COMMAND_LINE_BYTES_MAX);
  g_string_free(text, TRUE);
}

Test(event_log, no_byte_past_the_end_is_read)
{
  static const gchar TEXT[] = "<14>x: \xff<?xml version='1.0'?>" EVENT(
      "1", "<Data Name='UtcTime'>2026-11-22 21:09:59.411</Data>" KNOCK "<![CDATA[x]]><!-- -->&amp;&#65;");
  PkEvent event;

  for (gsize len = 0; len < sizeof(TEXT); len++)
    {
      GuardPage page = guard_page_new(TEXT, len);

      cr_expect_neq(_scan(page.text, &event), PK_SCAN_UNKNOWN_PREFIX);
      guard_page_free(&page);
    }
}

static void
_cut_everywhere(const gchar *line)
{
  PkScanContext context = { 0 };
  PkEvent event;

  for (gsize len = 0; len <= strlen(line); len++)
    {
      GuardPage page = guard_page_new(line, len);
      PkLine cut = { .text = page.text };

      pk_event_init(&event);
      pk_dialect_sysmon.scan(&pk_dialect_sysmon, &context, &cut, &event);
      guard_page_free(&page);
    }
}

Test(event_log, every_sample_can_be_cut_anywhere)
{
  const gchar *source = g_getenv("PK_SOURCE_DIR");
  gchar *path = g_build_filename(source ? source : ".", "tests", "samples", "sysmon.case", NULL);
  gchar *contents, **lines;

  cr_assert(g_file_get_contents(path, &contents, NULL, NULL), "%s cannot be read", path);
  lines = g_strsplit(contents, "\n", -1);
  for (gsize i = 0; lines[i]; i++)
    if (pk_slice_find(pk_slice_from_string(lines[i]), PK_SLICE("<Event")) >= 0)
      _cut_everywhere(lines[i]);
  g_strfreev(lines);
  g_free(contents);
  g_free(path);
}

/* ---- JSON ------------------------------------------------------------------------- */

static void
_expect_source(const gchar *text, const gchar *source)
{
  gchar found[PK_ADDR_TEXT_BYTES] = "";
  PkEvent event;

  cr_assert_eq(_scan(pk_slice_from_string(text), &event), PK_SCAN_MATCH, "%s", text);
  if (event.has & PK_HAS_SOURCE)
    pk_addr_format(&event.source, found);
  cr_expect_str_eq(found, source, "%s: source %s", text, found);
}

#define JSON_KNOCK "\"Image\":\"/bin/knock\",\"CommandLine\":\"knock 192.0.2.1 7000\""

Test(event_log, json_of_any_shipper_is_read)
{
  _expect_result("{\"EventID\":1,\"SourceName\":\"Provider-A\"," JSON_KNOCK "}", PK_SCAN_MATCH);
  _expect_result("{" JSON_KNOCK ",\"EventID\":\"1\",\"ProviderName\":\"Provider-B\"}", PK_SCAN_MATCH);
  _expect_result("x: {\"winlog\":{\"event_id\":1,\"provider_name\":\"Provider-A\",\"event_data\":{" JSON_KNOCK "}}}",
                 PK_SCAN_MATCH);
  _expect_result("{\"_w\":{\"Event\":{\"System\":{\"EventID\":\"1\",\"Provider\":{\"_Name\":\"Provider-A\"}},"
                 "\"EventData\":{\"Data\":{" JSON_KNOCK "}}}}}",
                 PK_SCAN_MATCH);
  _expect_result("{\"win\":{\"system\":{\"providerName\":\"Provider-A\",\"eventID\":\"1\"},\"eventdata\":"
                 "{\"commandLine\":\"knock 192.0.2.1 7000\"}}}",
                 PK_SCAN_MATCH);
  _expect_result("{\"winlog.event_id\":1,\"winlog.provider_name\":\"Provider-A\",\"winlog.event_data.CommandLine\":"
                 "\"knock 192.0.2.1 7000\"}",
                 PK_SCAN_MATCH);
}

Test(event_log, where_json_has_no_fields_its_text_for_people_is_read)
{
  _expect_source("{\"EventID\":5157,\"ProviderName\":\"Provider-A\",\"StringInserts\":[\"a\"],"
                 "\"Message\":\"X has blocked a connection.\\r\\n\\tSource Address:\\t\\t192.0.2.7\\r\\n\"}",
                 "192.0.2.7");
  _expect_result("{\"EventID\":5157,\"ProviderName\":\"Provider-A\",\"Message\":\"x\"}", PK_SCAN_NO_MATCH);
  _expect_result("{\"EventID\":5157,\"ProviderName\":\"Provider-A\"}", PK_SCAN_NO_MATCH);
}

Test(event_log, json_without_provider_or_id_does_not_match)
{
  _expect_result("{\"EventID\":1," JSON_KNOCK "}", PK_SCAN_NO_MATCH);
  _expect_result("{\"SourceName\":\"Provider-A\"," JSON_KNOCK "}", PK_SCAN_NO_MATCH);
  _expect_result("{\"EventID\":1,\"SourceName\":\"Provider-C\"," JSON_KNOCK "}", PK_SCAN_NO_MATCH);
  _expect_result("{\"EventID\":99999,\"SourceName\":\"Provider-A\"," JSON_KNOCK "}", PK_SCAN_NO_MATCH);
  _expect_result("{\"EventID\":1,\"SourceName\":\"Provider-A\",\"XCommandLine\":\"knock 192.0.2.1 7000\"}",
                 PK_SCAN_NO_MATCH);
}

Test(event_log, broken_json_is_malformed)
{
  _expect_result("{\"EventID\":1,\"SourceName\":\"Provider-A\"," JSON_KNOCK, PK_SCAN_MALFORMED);
  _expect_result("{\"EventID\":1,,}", PK_SCAN_MALFORMED);
  _expect_result("{ \"", PK_SCAN_MALFORMED);
}

Test(event_log, deep_and_wide_json_is_bounded)
{
  GString *text = g_string_new("{\"EventID\":1,\"SourceName\":\"Provider-A\"," JSON_KNOCK);

  for (guint i = 0; i < 4000; i++)
    g_string_append_printf(text, ",\"k%u\":1", i);
  g_string_append_c(text, '}');
  cr_assert_leq(text->len, PK_LINE_BYTES_MAX);
  _expect_result(text->str, PK_SCAN_MATCH);
  g_string_assign(text, "{\"a\":");
  for (guint i = 0; i < 10000; i++)
    g_string_append(text, "{\"a\":");
  _expect_result(text->str, PK_SCAN_MALFORMED);
  g_string_free(text, TRUE);
}

Test(event_log, a_stamp_in_json_counts_only_with_a_zone)
{
  PkEvent event;

  cr_assert_eq(_scan(PK_SLICE("{\"EventID\":1,\"SourceName\":\"Provider-A\"," JSON_KNOCK
                              ",\"EventTime\":\"2026-11-22 22:09:59\",\"@timestamp\":\"2026-11-22T21:09:59Z\"}"),
                     &event),
               PK_SCAN_MATCH);
  cr_expect_eq(event.time_usec, STAMP_USEC);
  cr_assert_eq(_scan(PK_SLICE("{\"EventID\":1,\"SourceName\":\"Provider-A\"," JSON_KNOCK
                              ",\"EventTime\":\"2026-11-22 22:09:59\"}"),
                     &event),
               PK_SCAN_MATCH);
  cr_expect_eq(event.time_usec, 1);
}

Test(event_log, names_of_another_schema_are_fields_too)
{
  _expect_source("{\"event\":{\"code\":\"5157\",\"provider\":\"Provider-A\"},\"source\":{\"ip\":\"192.0.2.7\"}}",
                 "192.0.2.7");
  _expect_source("{\"event\":{\"code\":\"5157\",\"provider\":\"Provider-A\"},\"nat\":{\"ip\":\"192.0.2.7\"},"
                 "\"SourcePort\":53}",
                 "");
}

/* ---- text for people ----------------------------------------------------------------- */

Test(event_log, text_for_people_is_read_by_its_labels)
{
  PkEvent event;

  cr_assert_eq(_scan(PK_SLICE("5157: X has blocked a connection. Application Name: a b Rest: x Direction: out "
                              "Source Address: 192.0.2.7 Source Port: 53 Destination Address: 192.0.2.8 y"),
                     &event),
               PK_SCAN_MATCH);
  cr_expect_eq(event.source_port, 53);
  cr_expect(event.has & PK_HAS_DEST);
  _expect_text(&event, PK_TEXT_IMAGE, "a b");
  _expect_text(&event, PK_TEXT_ACTION_WORD, "5157");
  _expect_source("has blocked a connection.\tSource Address:\t\t192.0.2.7\r\n\tSource Port:\t53", "192.0.2.7");
  _expect_source("has blocked a connection.  Source Address:  192.0.2.7  Source Port: 53", "192.0.2.7");
  _expect_source("has blocked a connection. xSource Address: 192.0.2.7", "");
  _expect_source("has blocked a connection", "");
  _expect_result("Source Address: 192.0.2.7", PK_SCAN_NO_MATCH);
  _expect_result("has blocked a connection. Source Address: gate", PK_SCAN_MALFORMED);
}

/* ---- what fields mean ------------------------------------------------------------------ */

Test(event_log, ends_are_exchanged_where_a_field_says_so)
{
  _expect_source(EVENT("5157", "<Data Name='SourceAddress'>192.0.2.7</Data><Data Name='DestAddress'>192.0.2.8</Data>"
                               "<Data Name='Direction'>in</Data>"),
                 "192.0.2.8");
  _expect_source(EVENT("5157", "<Data Name='Direction'>in</Data><Data Name='SourceAddress'>192.0.2.7</Data>"), "");
  _expect_source(EVENT("5157", "<Data Name='SourceAddress'>192.0.2.7</Data><Data Name='Direction'>out</Data>"),
                 "192.0.2.7");
}

#define RULE(remote) EVENT("2004", "<Data Name='Action'>3</Data><Data Name='RemoteAddresses'>" remote "</Data>")

Test(event_log, a_rule_opens_for_a_single_address_only)
{
  _expect_source(RULE("192.0.2.7"), "192.0.2.7");
  _expect_source(RULE("192.0.2.7/255.255.255.255"), "192.0.2.7");
  _expect_source(RULE("192.0.2.7/32"), "192.0.2.7");
  _expect_source(RULE("2001:db8::7/128"), "2001:db8::7");
  _expect_source(RULE("192.0.2.7-192.0.2.7"), "192.0.2.7");
  _expect_source(RULE("192.0.2.7-192.0.2.9"), "");
  _expect_source(RULE("192.0.2.0/24"), "");
  _expect_source(RULE("*"), "");
  _expect_source(RULE("LocalSubnet"), "");
  _expect_source(RULE("192.0.2.7,192.0.2.8"), "");
}

Test(event_log, a_rule_names_the_ports_that_it_opens)
{
  PkEvent event;

  cr_assert_eq(_scan(PK_SLICE(EVENT("2004", "<Data Name='Action'>3</Data><Data Name='Protocol'>6</Data>"
                                            "<Data Name='LocalPorts'>22, 80,x,90000,1000-2000</Data>")),
                     &event),
               PK_SCAN_MATCH);
  _expect_text(&event, PK_TEXT_OPEN_PORT, "tcp/22,tcp/80");
  cr_assert_eq(_scan(PK_SLICE(EVENT("2004", "<Data Name='Action'>3</Data><Data Name='Protocol'>256</Data>"
                                            "<Data Name='LocalPorts'>*</Data>")),
                     &event),
               PK_SCAN_MATCH);
  _expect_text(&event, PK_TEXT_OPEN_PORT, "");
}

Test(event_log, what_an_event_needs_it_must_have)
{
  _expect_result(EVENT("2004", "<Data Name='Action'>2</Data>"), PK_SCAN_IGNORED);
  _expect_result(EVENT("2004", ""), PK_SCAN_IGNORED);
}

Test(event_log, no_byte_past_the_end_of_json_or_text_is_read)
{
  static const gchar *const TEXTS[] = {
    "x {\"EventID\":1,\"SourceName\":\"Provider-A\"," JSON_KNOCK "}",
    "has blocked a connection. Application Name: a  B Source Address: 192.0.2.7 Source Port: 53",
  };

  for (gsize i = 0; i < G_N_ELEMENTS(TEXTS); i++)
    for (gsize len = 0; len <= strlen(TEXTS[i]); len++)
      {
        GuardPage page = guard_page_new(TEXTS[i], len);
        PkEvent event;

        _scan(page.text, &event);
        guard_page_free(&page);
      }
}
