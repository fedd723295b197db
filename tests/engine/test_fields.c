/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <json.h>

#include "engine/knocks.h"
#include "engine/signs.h"

static PkAlert
_make_alert(void)
{
  static const guint16 ports[] = { 7000, 8000, 7000, 9000 };
  PkAlert alert = { .id = { 0x0f, 0x49, 0, 0xff },
                    .branch = PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED,
                    .confidence = PK_CONFIDENCE_MEDIUM,
                    .source = knocks_v4(192, 0, 2, 1),
                    .has_source = TRUE,
                    .dest = knocks_v4(198, 51, 100, 2),
                    .has_dest = TRUE,
                    .n_attempts = 4,
                    .distinct_ports = 3,
                    .total_packets = 6,
                    .retransmits = 2,
                    .window_start_usec = KNOCKS_START,
                    .window_end_usec = KNOCKS_START + 1234567,
                    .hosts = { "gw" },
                    .n_hosts = 1 };

  for (guint i = 0; i < 4; i++)
    alert.attempts[i] = (PkPort){ .protocol = i == 1 ? PK_PROTO_UDP : PK_PROTO_TCP, .port = ports[i] };
  return alert;
}

static void
_expect_text(void (*append)(const PkAlert *alert, const PkEvent *event, GString *out), const PkAlert *alert,
             const gchar *expected)
{
  GString *text = g_string_new(NULL);

  append(alert, NULL, text);
  cr_expect_str_eq(text->str, expected);
  g_string_free(text, TRUE);
}

/* What a JSON reader makes of an alert's member; NULL: it is not there. */
static gchar *
_read_member(const PkAlert *alert, const gchar *name)
{
  GString *text = g_string_new(NULL);
  json_object *object, *member;
  gchar *value = NULL;

  pk_alert_append_json(alert, NULL, text);
  cr_assert(g_utf8_validate(text->str, (gssize) text->len, NULL));
  object = json_tokener_parse(text->str);
  cr_assert_not_null(object, "%s", text->str);
  if (json_object_object_get_ex(object, name, &member))
    value = g_strdup(json_object_get_string(member));
  json_object_put(object);
  g_string_free(text, TRUE);
  return value;
}

static void
_expect_member(const PkAlert *alert, const gchar *name, const gchar *expected)
{
  gchar *value = _read_member(alert, name);

  cr_expect(g_strcmp0(value, expected) == 0, "%s is %s, not %s", name, value ? value : "missing",
            expected ? expected : "missing");
  g_free(value);
}

/* ---- alerts ---------------------------------------------------------------- */

Test(fields, an_alert_as_json)
{
  PkAlert alert = _make_alert();

  _expect_text(pk_alert_append_json, &alert,
               "{\"alert_id\":\"0f4900ff00000000\",\"detection_branch\":\"rapid_sequential_port_denied\","
               "\"severity\":\"high\",\"confidence\":\"medium\",\"src_ip\":\"192.0.2.1\",\"dest_ip\":\"198.51.100.2\","
               "\"port_sequence\":\"7000,8000,9000\",\"sequence\":\"7000/tcp,8000/udp,7000/tcp,9000/tcp\","
               "\"distinct_ports\":3,\"total_packets\":6,\"retransmits\":2,"
               "\"window_start\":\"2026-11-22T00:00:00.000Z\",\"window_end\":\"2026-11-22T00:00:01.234Z\","
               "\"knock_duration_sec\":1.235,\"repeats\":0,\"technique_id\":\"T1205.001\","
               "\"technique\":\"Port Knocking\",\"tactics\":\"Defense Evasion,Persistence,Command and Control\","
               "\"reference\":\"https://attack.mitre.org/techniques/T1205/001/\",\"hosts\":\"gw\"}");
}

Test(fields, an_alert_as_logfmt)
{
  PkAlert alert = _make_alert();

  _expect_text(pk_alert_append_logfmt, &alert,
               "rapid_sequential_port_denied alert_id=0f4900ff00000000 severity=high confidence=medium "
               "src_ip=192.0.2.1 dest_ip=198.51.100.2 port_sequence=7000,8000,9000 "
               "sequence=7000/tcp,8000/udp,7000/tcp,9000/tcp distinct_ports=3 total_packets=6 retransmits=2 "
               "window_start=2026-11-22T00:00:00.000Z window_end=2026-11-22T00:00:01.234Z "
               "knock_duration_sec=1.235 repeats=0 technique_id=T1205.001 hosts=gw");
}

Test(fields, signs_are_named_in_evidence)
{
  PkAlert alert = _make_alert();

  _expect_member(&alert, "evidence", NULL);
  alert.signs = 1u << PK_SIGN_SCANNER | 1u << PK_SIGN_UNSETTLED;
  alert.confidence = PK_CONFIDENCE_LOW;
  _expect_member(&alert, "evidence", "scanner,unsettled");
  _expect_member(&alert, "severity", "low");
}

Test(fields, a_missing_destination_and_no_host_leave_no_field)
{
  PkAlert alert = _make_alert();

  alert.has_dest = FALSE;
  alert.n_hosts = 0;
  _expect_member(&alert, "dest_ip", NULL);
  _expect_member(&alert, "hosts", NULL);
  _expect_member(&alert, "scope", NULL);
  _expect_member(&alert, "other_dest_ips", NULL);
}

Test(fields, lists_are_joined_by_commas)
{
  PkAlert alert = _make_alert();

  g_strlcpy(alert.hosts[alert.n_hosts++], "gw2", PK_NAME_BYTES);
  alert.other_dests[alert.n_other_dests++] = knocks_v6(1);
  alert.other_dests[alert.n_other_dests++] = knocks_v4(198, 51, 100, 9);
  _expect_member(&alert, "hosts", "gw,gw2");
  _expect_member(&alert, "other_dest_ips", "2001:db8::1,198.51.100.9");
}

Test(fields, an_icmp_port_is_type_code_and_length)
{
  PkAlert alert = _make_alert();

  alert.n_attempts = 2;
  alert.attempts[0] = (PkPort){ .protocol = PK_PROTO_ICMP, .icmp_type = 8, .port = 84 };
  alert.attempts[1] = (PkPort){ .protocol = PK_PROTO_ICMPV6, .icmp_type = 128, .icmp_code = 1, .port = 65535 };
  _expect_member(&alert, "port_sequence", "8.0.84,128.1.65535");
  _expect_member(&alert, "sequence", "8.0.84/icmp,128.1.65535/icmpv6");
}

Test(fields, a_duration_has_three_decimals_and_is_rounded)
{
  static const struct
  {
    gint64 usec;
    const gchar *text;
  } durations[] = { { 0, "0.000" },      { 499, "0.000" },       { 500, "0.001" },           { 999499, "0.999" },
                    { 999500, "1.000" }, { 30000000, "30.000" }, { 3600000000, "3600.000" }, { 1234567, "1.235" } };
  PkAlert alert = _make_alert();

  for (gsize i = 0; i < G_N_ELEMENTS(durations); i++)
    {
      alert.window_end_usec = alert.window_start_usec + durations[i].usec;
      _expect_member(&alert, "knock_duration_sec", durations[i].text);
    }
}

Test(fields, a_duration_that_would_be_negative_is_none)
{
  PkAlert alert = _make_alert();

  alert.window_end_usec = alert.window_start_usec - 1500000;
  _expect_member(&alert, "knock_duration_sec", "0.000");
}

/* ---- hostile text ----------------------------------------------------------- */

Test(fields, a_host_of_any_bytes_gives_valid_json)
{
  static const struct
  {
    const gchar *host, *shown;
  } hosts[] = { { "a\"b\\c", "a\"b\\c" },
                { "a\nb\x01", "a\nb\x01" },
                { "a\xff\xfe", "a\\xff\\xfe" },
                { "\xc3\xa9", "\xc3\xa9" },
                { "\xc3", "\\xc3" },
                { "\xed\xa0\x80", "\\xed\\xa0\\x80" },
                { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" } };
  PkAlert alert = _make_alert();

  for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++)
    {
      g_strlcpy(alert.hosts[0], hosts[i].host, PK_NAME_BYTES);
      _expect_member(&alert, "hosts", hosts[i].shown);
    }
}

static void
_expect_logfmt_host(const gchar *host, const gchar *expected)
{
  PkAlert alert = _make_alert();
  GString *text = g_string_new(NULL);
  gchar *end = g_strconcat(" hosts=", expected, NULL);

  g_strlcpy(alert.hosts[0], host, PK_NAME_BYTES);
  pk_alert_append_logfmt(&alert, NULL, text);
  cr_expect(g_str_has_suffix(text->str, end), "%s does not end with %s", text->str, end);
  cr_expect_null(strpbrk(text->str, "\n\r\x01\x7f"));
  g_free(end);
  g_string_free(text, TRUE);
}

Test(fields, logfmt_quotes_and_escapes)
{
  _expect_logfmt_host("gw.example", "gw.example");
  _expect_logfmt_host("a b", "\"a b\"");
  _expect_logfmt_host("a=b", "\"a=b\"");
  _expect_logfmt_host("a\"b", "\"a\\\"b\"");
  _expect_logfmt_host("a\\b", "\"a\\\\b\"");
  _expect_logfmt_host("x\nhosts=y", "\"x\\x0ahosts=y\"");
  _expect_logfmt_host("\x01\x7f\r", "\"\\x01\\x7f\\x0d\"");
}

/* ---- events ------------------------------------------------------------------ */

static const PkDialect DIALECT = { .name = "ufw" };

static PkEvent
_make_event(void)
{
  PkEvent event;

  knocks_init_event(&event, knocks_v4(192, 0, 2, 1), knocks_v6(2), 7000, 0);
  event.dialect = &DIALECT;
  pk_event_set_text(&event, PK_TEXT_ACTION_WORD, "BLOCK", 5);
  return event;
}

static void
_expect_event(const PkEvent *event, const gchar *expected)
{
  GString *text = g_string_new(NULL);

  pk_event_append_json(event, text);
  cr_expect_str_eq(text->str, expected);
  g_string_free(text, TRUE);
}

Test(fields, an_event_as_json)
{
  PkEvent event = _make_event();

  _expect_event(&event, "{\"recognised\":true,\"kind\":\"firewall_deny\",\"detection_branch\":\"firewall_port_denied\","
                        "\"dialect\":\"ufw\",\"action\":\"deny\",\"action_word\":\"BLOCK\",\"src_ip\":\"192.0.2.1\","
                        "\"dest_ip\":\"2001:db8::2\",\"dest_port\":7000,\"proto\":\"tcp\",\"count\":1}");
}

Test(fields, no_event_as_json)
{
  _expect_event(NULL, "{\"recognised\":false}");
}

Test(fields, only_what_an_event_has_becomes_a_field)
{
  PkEvent event = _make_event();

  event.has = PK_HAS_SOURCE | PK_HAS_SOURCE_PORT | PK_HAS_PROTOCOL;
  event.source_port = 65535;
  event.protocol = 200;
  event.count = 1000000;
  _expect_event(&event, "{\"recognised\":true,\"kind\":\"firewall_deny\",\"detection_branch\":\"firewall_port_denied\","
                        "\"dialect\":\"ufw\",\"action\":\"deny\",\"action_word\":\"BLOCK\",\"src_ip\":\"192.0.2.1\","
                        "\"src_port\":65535,\"proto\":\"200\",\"count\":1000000}");
}

static void
_keep_count(PkFieldId id, const gchar *value, gsize len, gpointer user_data)
{
  if (id == PK_FIELD_COUNT)
    g_string_append_len(user_data, value, (gssize) len);
}

static void
_expect_count(guint32 count)
{
  PkEvent event = _make_event();
  GString *text = g_string_new(NULL);
  gchar expected[16];

  event.count = count;
  pk_event_each_field(&event, (PkSlice){ NULL, 0 }, FALSE, _keep_count, text);
  g_snprintf(expected, sizeof(expected), "%u", count);
  cr_expect_str_eq(text->str, expected);
  g_string_free(text, TRUE);
}

Test(fields, numbers_have_all_their_digits_and_no_more)
{
  for (guint32 count = 0; count < 11000; count++)
    _expect_count(count);
  for (guint64 power = 10; power < G_MAXUINT32; power *= 10)
    for (gint i = -1; i <= 1; i++)
      _expect_count((guint32) (power + (guint64) i));
  _expect_count(G_MAXUINT32);
}

Test(fields, texts_of_an_event_of_any_bytes_give_valid_json)
{
  PkEvent event = _make_event();

  pk_event_init(&event);
  event.kind = PK_EVENT_KNOCK_CLIENT;
  event.branch = PK_BRANCH_KNOCK_CLIENT_TOOL_EXECUTION;
  event.dialect = &DIALECT;
  pk_event_set_text(&event, PK_TEXT_COMMAND_LINE, "a\0b\n\"\xff</script>", 15);
  _expect_event(&event, "{\"recognised\":true,\"kind\":\"knock_client\","
                        "\"detection_branch\":\"knock_client_tool_execution\",\"dialect\":\"ufw\","
                        "\"command_line\":\"a\\\\x00b\\n\\\"\\\\xff</script>\",\"severity\":\"high\","
                        "\"confidence\":\"medium\",\"technique_id\":\"T1205.001\"}");
}

typedef struct _Collector
{
  GString *text;
  gint last;
} Collector;

static void
_collect(PkFieldId id, const gchar *value, gsize len, gpointer user_data)
{
  Collector *self = user_data;

  cr_expect_gt((gint) id, self->last, "%s is out of order", pk_field_name(id));
  self->last = (gint) id;
  g_string_append_printf(self->text, "%s=%.*s ", pk_field_name(id), (int) len, value);
}

Test(fields, all_adds_what_a_tier_that_merges_needs)
{
  PkEvent event = _make_event();
  Collector collector = { g_string_new(NULL), -1 };

  event.has |= PK_HAS_TCP_FLAGS | PK_HAS_LENGTH | PK_HAS_IP_ID | PK_HAS_TCP_WINDOW | PK_HAS_ICMP;
  event.tcp_flags = PK_TCP_SYN | PK_TCP_ECE | PK_TCP_CWR;
  event.length = 60;
  event.ip_id = 54321;
  event.tcp_window = 1024;
  event.icmp_type = 8;
  pk_event_each_field(&event, PK_SLICE("tenant"), TRUE, _collect, &collector);
  cr_expect(g_str_has_suffix(collector.text->str,
                             "event_time=2026-11-22T00:00:00.000Z tcp_flags=SYN,ECE,CWR icmp_type=8 icmp_code=0 "
                             "length=60 ip_id=54321 tcp_window=1024 scope=tenant "),
            "%s", collector.text->str);
  g_string_free(collector.text, TRUE);
}

Test(fields, every_field_has_a_name_of_its_own)
{
  for (guint id = 0; id < PK_N_FIELDS; id++)
    {
      cr_assert_not_null(pk_field_name((PkFieldId) id), "field %u has no name", id);
      for (guint other = 0; other < id; other++)
        cr_expect_str_neq(pk_field_name((PkFieldId) id), pk_field_name((PkFieldId) other));
    }
}
