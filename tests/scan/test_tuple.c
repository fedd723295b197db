/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/address.h"
#include "scan/guard-page.h"
#include "scan/tuple.h"

static const PkTupleKey KEYS[] = {
  { "vendor", PK_TUPLE_REQUIRE, "acme" },
  { "type", PK_TUPLE_ONLY, "traffic|flow" },
  { "kind", PK_TUPLE_EXCEPT, "event*" },
  { "layer", PK_TUPLE_NO_DENY, "!3|4" },
  { "src", PK_TUPLE_SOURCE, NULL },
  { "source_of_a_long_name", PK_TUPLE_SOURCE, NULL },
  { "spt", PK_TUPLE_SOURCE_PORT, NULL },
  { "dst", PK_TUPLE_DEST, NULL },
  { "dpt", PK_TUPLE_DEST_PORT, NULL },
  { "from", PK_TUPLE_SOURCE_WITH_PORT, NULL },
  { "to", PK_TUPLE_DEST_WITH_PORT, NULL },
  { "proto", PK_TUPLE_PROTOCOL, NULL },
  { "service", PK_TUPLE_PROTOCOL, "tcp*|udp*" },
  { "service", PK_TUPLE_ICMP, "icmp*" },
  { "act", PK_TUPLE_ACTION, NULL },
  { "msg", PK_TUPLE_ACTION_ELSE, NULL },
  { "n", PK_TUPLE_COUNT, NULL },
  { "icmp_type", PK_TUPLE_ICMP_TYPE, NULL },
  { "icmp_code", PK_TUPLE_ICMP_CODE, NULL },
  { "flags", PK_TUPLE_TCP_FLAGS, NULL },
  { "len", PK_TUPLE_LENGTH, NULL },
  { "at", PK_TUPLE_TIME, NULL },
  { "_program", PK_TUPLE_EXCEPT, "shop" },
  { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleWord WORDS[] = {
  { "deny|*dropped*", PK_VERDICT_DENY },
  { "allow", PK_VERDICT_ACCEPT },
  { "alert", PK_VERDICT_NEITHER },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec SPEC = { .keys = KEYS, .words = WORDS };
static const PkTupleSpec STRICT = { .keys = KEYS, .words = WORDS, .strict = TRUE };
static const PkTupleSpec ICMP_IN_PORTS = { .keys = KEYS, .words = WORDS, .icmp_in_ports = TRUE };
static const PkTupleSpec NO_DEST = { .keys = KEYS, .words = WORDS, .optional = PK_HAS_DEST };

#define WHOLE "vendor=acme src=192.0.2.1 spt=33130 dst=192.0.2.9 dpt=7000 proto=tcp "

static PkEvent event;

/* pairs: "key=value key=value"; "_" in a value stands for a blank. */
static PkScanResult
_read(const PkTupleSpec *spec, const gchar *pairs)
{
  gchar **words = g_strsplit(pairs, " ", -1);
  PkScanResult result;
  PkTuple tuple;

  pk_event_init(&event);
  pk_tuple_init(&tuple, spec, NULL, &event);
  for (guint i = 0; words[i]; i++)
    {
      gchar *equals = strchr(words[i], '=');

      if (equals)
        pk_tuple_put(&tuple, pk_slice(words[i], (gsize) (equals - words[i])),
                     pk_slice_from_string(g_strdelimit(equals + 1, "_", ' ')));
    }
  result = pk_tuple_finish(&tuple);
  g_strfreev(words);
  return result;
}

static void
_expect(const PkTupleSpec *spec, const gchar *pairs, PkScanResult expected)
{
  PkScanResult result = _read(spec, pairs);

  cr_expect_eq(result, expected, "%s: %d, not %d", pairs, result, expected);
}

static void
_expect_address(const PkAddr *addr, const gchar *expected)
{
  gchar text[PK_ADDR_TEXT_BYTES];

  pk_addr_format(addr, text);
  cr_expect_str_eq(text, expected);
}

Test(tuple, a_deny_has_its_tuple_its_word_and_its_branch)
{
  _expect(&SPEC, WHOLE "act=deny", PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_DENY);
  cr_expect_eq(event.branch, PK_BRANCH_FIREWALL_PORT_DENIED);
  cr_expect(pk_slice_equals(pk_event_get_text(&event, PK_TEXT_ACTION_WORD), PK_SLICE("deny")));
  _expect_address(&event.source, "192.0.2.1");
  _expect_address(&event.dest, "192.0.2.9");
  cr_expect_eq(event.source_port, 33130);
  cr_expect_eq(event.dest_port, 7000);
  cr_expect_eq(event.protocol, PK_PROTO_TCP);
  cr_expect_eq(event.count, 1);
}

Test(tuple, an_accept_has_no_branch)
{
  _expect(&SPEC, WHOLE "act=allow", PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_ACCEPT);
  cr_expect_eq(event.branch, PK_BRANCH_NONE);
}

Test(tuple, verdicts_that_say_nothing_of_a_packet_are_ignored)
{
  _expect(&SPEC, WHOLE "act=alert", PK_SCAN_IGNORED);
  _expect(&SPEC, WHOLE "act=unheard-of", PK_SCAN_IGNORED);
  _expect(&SPEC, WHOLE, PK_SCAN_IGNORED);
}

Test(tuple, the_second_best_verdict_counts_where_the_best_says_nothing)
{
  _expect(&SPEC, WHOLE "msg=packet_dropped act=allow", PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_ACCEPT);
  _expect(&SPEC, WHOLE "msg=packet_dropped act=NA", PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_DENY);
}

Test(tuple, the_first_value_of_a_member_counts)
{
  _expect(&SPEC, WHOLE "src=192.0.2.77 dpt=1 proto=udp act=deny act=allow", PK_SCAN_MATCH);
  _expect_address(&event.source, "192.0.2.1");
  cr_expect_eq(event.dest_port, 7000);
  cr_expect_eq(event.protocol, PK_PROTO_TCP);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_DENY);
}

Test(tuple, an_empty_value_and_a_dash_say_nothing)
{
  _expect(&SPEC, "src= src=- spt=- dpt= " WHOLE "act=- act=deny", PK_SCAN_MATCH);
  _expect_address(&event.source, "192.0.2.1");
  cr_expect_eq(event.source_port, 33130);
}

Test(tuple, keys_are_compared_as_a_whole)
{
  _expect(&SPEC,
          "vendor=acme sr=192.0.2.5 srcx=192.0.2.6 source_of_a_long_nam=192.0.2.7 source_of_a_long_name2=192.0.2.8 "
          "source_of_a_long_name=192.0.2.1 dst=192.0.2.9 act=deny",
          PK_SCAN_MATCH);
  _expect_address(&event.source, "192.0.2.1");
}

Test(tuple, a_host_name_is_no_address_and_not_malformed)
{
  _expect(&SPEC, "vendor=acme src=knock.example.com dst=192.0.2.9 act=deny", PK_SCAN_MATCH);
  cr_expect_not(event.has & PK_HAS_SOURCE);
  _expect(&SPEC, "vendor=acme src=knock.example.com src=192.0.2.1 dst=192.0.2.9 act=deny", PK_SCAN_MATCH);
  _expect_address(&event.source, "192.0.2.1");
}

Test(tuple, a_service_name_is_no_port_and_not_malformed)
{
  _expect(&SPEC, "vendor=acme src=192.0.2.1 dst=192.0.2.9 dpt=https proto=tcp act=deny", PK_SCAN_MATCH);
  cr_expect_not(event.has & PK_HAS_DEST_PORT);
}

Test(tuple, what_cannot_be_is_malformed)
{
  _expect(&SPEC, "vendor=acme src=192.0.2.1 dst=192.0.2.999 act=deny", PK_SCAN_MALFORMED);
  _expect(&SPEC, "vendor=acme src=2001:db8:::1 dst=192.0.2.9 act=deny", PK_SCAN_MALFORMED);
  _expect(&SPEC, "vendor=acme src=192.0.2.1 dst=192.0.2.9 dpt=65536 act=deny", PK_SCAN_MALFORMED);
  _expect(&SPEC, "vendor=acme src=192.0.2.1 dst=192.0.2.9 proto=256 act=deny", PK_SCAN_MALFORMED);
  _expect(&SPEC, "vendor=acme src=192.0.2.1,192.0.2.2 dst=192.0.2.9 act=deny", PK_SCAN_MALFORMED);
}

Test(tuple, a_line_that_was_cut_is_malformed)
{
  _expect(&SPEC, "vendor=acme act=deny src=192.0.2.1", PK_SCAN_MALFORMED);
  _expect(&NO_DEST, "vendor=acme act=deny src=192.0.2.1", PK_SCAN_MATCH);
}

Test(tuple, a_verdict_without_any_address_is_about_something_else)
{
  _expect(&SPEC, "vendor=acme act=deny user=alice", PK_SCAN_IGNORED);
}

Test(tuple, what_a_row_requires_must_be_there)
{
  _expect(&SPEC, "src=192.0.2.1 dst=192.0.2.9 act=deny", PK_SCAN_NO_MATCH);
  _expect(&SPEC, "vendor=other src=192.0.2.1 dst=192.0.2.9 act=deny", PK_SCAN_NO_MATCH);
  _expect(&SPEC, "vendor=other vendor=acme src=192.0.2.1 dst=192.0.2.9 act=deny", PK_SCAN_MATCH);
}

Test(tuple, conditions_ignore_a_line)
{
  _expect(&SPEC, WHOLE "type=flow kind=x act=deny", PK_SCAN_MATCH);
  _expect(&SPEC, WHOLE "type=event act=deny", PK_SCAN_IGNORED);
  _expect(&SPEC, WHOLE "kind=event:system act=deny", PK_SCAN_IGNORED);
}

Test(tuple, a_deny_of_another_layer_is_no_deny_but_an_accept_is_one)
{
  _expect(&SPEC, WHOLE "layer=4 act=deny", PK_SCAN_MATCH);
  _expect(&SPEC, WHOLE "layer=7 act=deny", PK_SCAN_IGNORED);
  _expect(&SPEC, WHOLE "layer=7 act=allow", PK_SCAN_MATCH);
}

Test(tuple, addresses_with_ports)
{
  static const struct
  {
    const gchar *from, *address;
    guint port;
  } cases[] = {
    { "192.0.2.1:80", "192.0.2.1", 80 },       { "192.0.2.1/80", "192.0.2.1", 80 },
    { "192.0.2.1(80)", "192.0.2.1", 80 },      { "192.0.2.1:80:X1:a.example.com", "192.0.2.1", 80 },
    { "[2001:db8::1]:80", "2001:db8::1", 80 }, { "2001:db8::1/80", "2001:db8::1", 80 },
    { "2001:db8::1(80)", "2001:db8::1", 80 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    {
      gchar *pairs = g_strdup_printf("vendor=acme from=%s to=192.0.2.9:443 act=deny", cases[i].from);

      _expect(&SPEC, pairs, PK_SCAN_MATCH);
      _expect_address(&event.source, cases[i].address);
      cr_expect_eq(event.source_port, cases[i].port, "%s", cases[i].from);
      cr_expect_eq(event.dest_port, 443);
      g_free(pairs);
    }
}

Test(tuple, an_address_alone_has_no_port)
{
  _expect(&SPEC, "vendor=acme from=2001:db8::1 to=192.0.2.9 act=deny", PK_SCAN_MATCH);
  cr_expect_not(event.has & (PK_HAS_SOURCE_PORT | PK_HAS_DEST_PORT));
}

Test(tuple, a_port_may_stand_without_its_address)
{
  _expect(&SPEC, "vendor=acme src=192.0.2.1 from=:443:X1 dst=192.0.2.9 act=deny", PK_SCAN_MATCH);
  cr_expect_eq(event.source_port, 443);
}

Test(tuple, protocols_without_ports_have_none)
{
  _expect(&SPEC, "vendor=acme src=192.0.2.1 spt=0 dst=192.0.2.9 dpt=0 proto=47 act=deny", PK_SCAN_MATCH);
  cr_expect_not(event.has & (PK_HAS_SOURCE_PORT | PK_HAS_DEST_PORT));
}

Test(tuple, icmp_type_and_code)
{
  static const gchar *const lines[] = {
    "vendor=acme src=192.0.2.1 dst=192.0.2.9 proto=icmp icmp_type=3 icmp_code=10 act=deny",
    "vendor=acme src=192.0.2.1 dst=192.0.2.9 proto=1 service=icmp/3/10 act=deny",
    "vendor=acme src=192.0.2.1 dst=192.0.2.9 proto=1 service=icmp6_type_3,_code_10 act=deny",
  };

  for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
    {
      _expect(&SPEC, lines[i], PK_SCAN_MATCH);
      cr_expect(event.has & PK_HAS_ICMP, "%s", lines[i]);
      cr_expect_eq(event.icmp_type, 3, "%s", lines[i]);
      cr_expect_eq(event.icmp_code, 10, "%s", lines[i]);
    }
}

Test(tuple, ports_of_icmp_are_type_and_code_where_the_row_says_so)
{
  _expect(&ICMP_IN_PORTS, "vendor=acme src=192.0.2.1 spt=8 dst=192.0.2.9 dpt=0 proto=icmp act=deny", PK_SCAN_MATCH);
  cr_expect(event.has & PK_HAS_ICMP);
  cr_expect_eq(event.icmp_type, 8);
  cr_expect_not(event.has & PK_HAS_DEST_PORT);
  _expect(&SPEC, "vendor=acme src=192.0.2.1 spt=8 dst=192.0.2.9 dpt=0 proto=icmp act=deny", PK_SCAN_MATCH);
  cr_expect_not(event.has & PK_HAS_ICMP);
}

Test(tuple, flags_are_of_tcp_only)
{
  _expect(&SPEC, WHOLE "flags=SYN act=deny", PK_SCAN_MATCH);
  cr_expect_eq(event.tcp_flags, PK_TCP_SYN);
  cr_expect(event.has & PK_HAS_TCP_FLAGS);
  _expect(&SPEC, "vendor=acme src=192.0.2.1 dst=192.0.2.9 proto=udp flags=SYN act=deny", PK_SCAN_MATCH);
  cr_expect_not(event.has & PK_HAS_TCP_FLAGS);
}

Test(tuple, counts_are_at_least_one_and_capped)
{
  _expect(&SPEC, WHOLE "n=12 act=deny", PK_SCAN_MATCH);
  cr_expect_eq(event.count, 12);
  _expect(&SPEC, WHOLE "n=0 act=deny", PK_SCAN_MATCH);
  cr_expect_eq(event.count, 1);
  _expect(&SPEC, WHOLE "n=18446744073709551615 act=deny", PK_SCAN_MATCH);
  cr_expect_eq(event.count, 1000000);
  _expect(&SPEC, WHOLE "n=many act=deny", PK_SCAN_MATCH);
  cr_expect_eq(event.count, 1);
}

Test(tuple, the_records_own_time_and_length)
{
  _expect(&SPEC, WHOLE "at=1795381799.5 len=60 act=deny", PK_SCAN_MATCH);
  cr_expect_eq(event.time_usec, G_GINT64_CONSTANT(1795381799500000));
  cr_expect_eq(event.length, 60);
}

Test(tuple, a_strict_row_takes_a_whole_tuple_only)
{
  _expect(&STRICT, WHOLE "act=deny", PK_SCAN_MATCH);
  _expect(&STRICT, "vendor=acme src=192.0.2.1 dst=192.0.2.9 proto=icmp act=deny", PK_SCAN_MATCH);
  _expect(&STRICT, WHOLE "act=alert", PK_SCAN_IGNORED);
  _expect(&STRICT, WHOLE, PK_SCAN_NO_MATCH);
  _expect(&STRICT, "vendor=acme src=192.0.2.1 dst=192.0.2.9 dpt=7000 act=deny", PK_SCAN_NO_MATCH);
  _expect(&STRICT, "vendor=acme src=192.0.2.1 dst=192.0.2.9 proto=tcp act=deny", PK_SCAN_NO_MATCH);
  _expect(&STRICT, "vendor=acme src=a.example.com dst=192.0.2.9 dpt=7000 proto=tcp act=deny", PK_SCAN_NO_MATCH);
}

Test(tuple, a_value_that_a_key_does_not_list_says_nothing)
{
  _expect(&SPEC, "vendor=acme src=192.0.2.1 dst=192.0.2.9 service=udp/53 act=deny", PK_SCAN_MATCH);
  cr_expect_eq(event.protocol, PK_PROTO_UDP);
  _expect(&SPEC, "vendor=acme src=192.0.2.1 dst=192.0.2.9 service=6 act=deny", PK_SCAN_MATCH);
  cr_expect_not(event.has & PK_HAS_PROTOCOL);
}

/* ---- keys of other makers --------------------------------------------------------- */

static const PkTupleKey LOOSE_KEYS[] = {
  { "srcip", PK_TUPLE_SOURCE, NULL },     { "dstip", PK_TUPLE_DEST, NULL }, { "action", PK_TUPLE_ACTION, NULL },
  { "_vendor", PK_TUPLE_EXCEPT, "shop" }, { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleSpec LOOSE = { .keys = LOOSE_KEYS, .words = WORDS, .loose = TRUE, .foreign = "nat|log" };

Test(tuple, keys_of_other_makers_are_folded)
{
  static const gchar *const keys[] = {
    "srcip", "SrcIP", "src-ip", "Src.IP", "event.src.ip", "a.b.srcIp", "SrcIP(1003)"
  };

  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
    {
      gchar *pairs = g_strdup_printf("%s=192.0.2.1 dstip=192.0.2.9 action=deny", keys[i]);

      _expect(&LOOSE, pairs, PK_SCAN_MATCH);
      g_free(pairs);
    }
}

Test(tuple, paths_of_something_foreign_are_left_out)
{
  _expect(&LOOSE, "nat.srcip=192.0.2.1 dstip=192.0.2.9 action=deny", PK_SCAN_MALFORMED);
  _expect(&LOOSE, "x.log.srcip=192.0.2.1 dstip=192.0.2.9 action=deny", PK_SCAN_MALFORMED);
  _expect(&LOOSE, "a.b.c.d.e.f.g.h.i.srcip=192.0.2.1 dstip=192.0.2.9 action=deny", PK_SCAN_MALFORMED);
}

Test(tuple, a_header_that_a_syslog_parser_ate_is_there)
{
  PkLine line = { .program = PK_SLICE("shop"), .host = PK_SLICE("h"), .msgid = PK_SLICE("m") };
  PkTuple tuple;

  pk_event_init(&event);
  pk_tuple_init(&tuple, &SPEC, NULL, &event);
  pk_tuple_put_header(&tuple, &line);
  cr_expect_eq(pk_tuple_finish(&tuple), PK_SCAN_IGNORED);
}

Test(tuple, nothing_is_read_beyond_the_end)
{
  static const gchar *const values[] = { "192.0.2.1:80:X1", "[2001:db8::1]:80", "icmp/8/0", "1795381799.5", "SYN ACK" };

  for (const PkTupleKey *key = KEYS; key->key[0]; key++)
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
      for (gsize len = 0; len <= strlen(values[i]); len++)
        {
          GuardPage name = guard_page_new(key->key, strlen(key->key));
          GuardPage value = guard_page_new(values[i], len);
          PkTuple tuple;

          pk_event_init(&event);
          pk_tuple_init(&tuple, &SPEC, NULL, &event);
          pk_tuple_put(&tuple, name.text, value.text);
          pk_tuple_finish(&tuple);
          guard_page_free(&value);
          guard_page_free(&name);
        }
}
