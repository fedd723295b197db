/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "dialects/dialects.h"
#include "scan/address.h"
#include "scan/guard-page.h"
#include "scan/scan.h"

#define HEAD "IN=eth0 OUT= MAC=02:00:5e:10:00:01:02:00:5e:10:00:02:08:00 "
#define TUPLE HEAD "SRC=198.51.100.7 DST=203.0.113.5 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=44372 DF "
#define SYN "PROTO=TCP SPT=33130 DPT=7000 WINDOW=64240 RES=0x00 SYN URGP=0 "

static PkEvent event;

static PkScanResult
_scan_line(const PkDialect *dialect, const PkScanContext *context, const gchar *program, const gchar *text)
{
  GuardPage page = guard_page_new(text, strlen(text));
  PkLine line = { .program = pk_slice_from_string(program), .text = page.text };
  PkScanResult result;

  pk_event_init(&event);
  result = dialect->scan(dialect, context, &line, &event);
  guard_page_free(&page);
  return result;
}

static PkScanResult
_scan(const gchar *text)
{
  static const PkScanContext none = { 0 };

  return _scan_line(&pk_dialect_netfilter, &none, "kernel", text);
}

static void
_has_word(const gchar *word)
{
  PkSlice found = pk_event_get_text(&event, PK_TEXT_ACTION_WORD);

  cr_expect(pk_slice_equals(found, pk_slice_from_string(word)), "\"%.*s\", not \"%s\"", (int) found.len, found.data,
            word);
}

static void
_has_address(const PkAddr *addr, const gchar *text)
{
  gchar found[PK_ADDR_TEXT_BYTES];

  pk_addr_format(addr, found);
  cr_expect_str_eq(found, text);
}

Test(netfilter, every_member_that_the_line_carries_is_filled)
{
  cr_assert_eq(_scan("[ 1131.517207] nft-drop: " TUPLE SYN), PK_SCAN_MATCH);
  cr_expect_eq(event.has,
               (guint32) (PK_HAS_SOURCE | PK_HAS_DEST | PK_HAS_SOURCE_PORT | PK_HAS_DEST_PORT | PK_HAS_TCP_FLAGS |
                          PK_HAS_LENGTH | PK_HAS_IP_ID | PK_HAS_TCP_WINDOW | PK_HAS_UPTIME | PK_HAS_PROTOCOL));
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_DENY);
  cr_expect_eq(event.branch, PK_BRANCH_FIREWALL_PORT_DENIED);
  cr_expect_eq(event.count, 1);
  _has_address(&event.source, "198.51.100.7");
  _has_address(&event.dest, "203.0.113.5");
  cr_expect_eq(event.protocol, PK_PROTO_TCP);
  cr_expect_eq(event.source_port, 33130);
  cr_expect_eq(event.dest_port, 7000);
  cr_expect_eq(event.tcp_flags, PK_TCP_SYN);
  cr_expect_eq(event.tcp_window, 64240);
  cr_expect_eq(event.length, 60);
  cr_expect_eq(event.ip_id, 44372);
  cr_expect_eq(event.uptime_usec, G_GINT64_CONSTANT(1131517207));
  _has_word("drop");
}

Test(netfilter, the_inner_header_does_not_overwrite_the_packet)
{
  cr_assert_eq(_scan("DROP " TUPLE "PROTO=ICMP TYPE=8 CODE=0 ID=51318 SEQ=1 LEN=9 "), PK_SCAN_MATCH);
  cr_expect_eq(event.ip_id, 44372);
  cr_expect_eq(event.length, 60);
  cr_expect(event.has & PK_HAS_ICMP);
  cr_expect_eq(event.icmp_type, 8);
  cr_expect_not(event.has & PK_HAS_TCP_FLAGS);
}

Test(netfilter, the_packet_inside_an_icmp_error_is_not_read)
{
  cr_assert_eq(_scan("DROP " TUPLE "PROTO=ICMP TYPE=3 CODE=13 [SRC=203.0.113.5 DST=192.0.2.77 LEN=40 ID=7 "
                     "PROTO=TCP SPT=50000 DPT=443 WINDOW=1 SYN ] MTU=1500"),
               PK_SCAN_MATCH);
  _has_address(&event.source, "198.51.100.7");
  cr_expect_eq(event.protocol, PK_PROTO_ICMP);
  cr_expect_eq(event.icmp_type, 3);
  cr_expect_eq(event.icmp_code, 13);
  cr_expect_not(event.has & (PK_HAS_DEST_PORT | PK_HAS_TCP_WINDOW));
}

Test(netfilter, the_first_of_two_equal_keys_wins)
{
  cr_assert_eq(_scan("DROP " HEAD "SRC=198.51.100.7 SRC=192.0.2.1 DST=203.0.113.5 LEN=60 LEN=61 PROTO=UDP SPT=1 DPT=2 "
                     "DPT=3"),
               PK_SCAN_MATCH);
  _has_address(&event.source, "198.51.100.7");
  cr_expect_eq(event.length, 60);
  cr_expect_eq(event.dest_port, 2);
}

Test(netfilter, flags_are_words_and_no_flag_is_known_from_window_alone)
{
  cr_assert_eq(_scan("DROP " TUPLE "PROTO=TCP SPT=1 DPT=2 SEQ=7 ACK=0 WINDOW=1024 RES=0x00 URGP=0"), PK_SCAN_MATCH);
  cr_expect(event.has & PK_HAS_TCP_FLAGS);
  cr_expect_eq(event.tcp_flags, 0);
  cr_assert_eq(_scan("DROP " TUPLE "PROTO=TCP SPT=1 DPT=2 WINDOW=1 RES=0x00 CWR ECE URG ACK PSH RST SYN FIN URGP=0"),
               PK_SCAN_MATCH);
  cr_expect_eq(event.tcp_flags, 0xff);
  cr_assert_eq(_scan("DROP " TUPLE "PROTO=TCP SPT=1 DPT=2"), PK_SCAN_MATCH);
  cr_expect_not(event.has & PK_HAS_TCP_FLAGS);
}

Test(netfilter, port_0_stands_in_the_event)
{
  cr_assert_eq(_scan("DROP " TUPLE "PROTO=UDP SPT=0 DPT=0 LEN=9"), PK_SCAN_MATCH);
  cr_expect(event.has & PK_HAS_DEST_PORT);
  cr_expect_eq(event.dest_port, 0);
}

Test(netfilter, a_number_beside_the_tuple_that_cannot_be_is_left_out)
{
  cr_assert_eq(_scan("DROP " HEAD "SRC=198.51.100.7 DST=203.0.113.5 LEN=65536 ID=x PROTO=TCP SPT=1 DPT=2 "
                     "WINDOW=-1 SYN"),
               PK_SCAN_MATCH);
  cr_expect_not(event.has & (PK_HAS_LENGTH | PK_HAS_IP_ID | PK_HAS_TCP_WINDOW));
}

Test(netfilter, a_tuple_that_cannot_be_is_malformed)
{
  static const gchar *const texts[] = {
    "DROP " HEAD "SRC=198.51.100 DST=203.0.113.5 PROTO=TCP SPT=1 DPT=2 SYN",
    "DROP " HEAD "SRC=198.51.100.7x DST=203.0.113.5 PROTO=TCP SPT=1 DPT=2 SYN",
    "DROP " HEAD "SRC=198.51.100.7 DST=client.example.net PROTO=TCP SPT=1 DPT=2 SYN",
    "DROP " HEAD "SRC= DST=203.0.113.5 PROTO=TCP SPT=1 DPT=2 SYN",
    "DROP " HEAD "SRC=198.51.100.7 DST=203.0.113.5 PROTO=TCP SPT=65536 DPT=2 SYN",
    "DROP " HEAD "SRC=198.51.100.7 DST=203.0.113.5 PROTO=TCP SPT=1 DPT=2a SYN",
    "DROP " HEAD "SRC=198.51.100.7 DST=203.0.113.5 PROTO=TCP SPT=1 DPT= SYN",
    "DROP " HEAD "SRC=198.51.100.7 DST=203.0.113.5 PROTO=TCP SPT=1 DPT=999999999 SYN",
    "DROP " HEAD "SRC=198.51.100.7 DST=203.0.113.5 PROTO=TCP SYN",
    "DROP " HEAD "SRC=198.51.100.7 DST=203.0.113.5 PROTO=nothing SPT=1 DPT=2",
    "DROP " HEAD "SRC=198.51.100.7 DST=203.0.113.5 PROTO=ICMP TYPE=256 CODE=0",
    "DROP " HEAD "SRC=198.51.100.7 DST=203.0.113.5",
    "DROP " HEAD "SRC=198.51.100.7",
    ("DROP " HEAD),
  };

  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    cr_expect_eq(_scan(texts[i]), PK_SCAN_MALFORMED, "%s", texts[i]);
}

Test(netfilter, a_packet_without_ports_may_have_none)
{
  cr_expect_eq(_scan("DROP " TUPLE "FRAG:185 PROTO=UDP "), PK_SCAN_MATCH);
  cr_expect_eq(_scan("DROP " TUPLE "PROTO=TCP INCOMPLETE [8 bytes] "), PK_SCAN_MATCH);
  cr_expect_eq(_scan("DROP " TUPLE "PROTO=47 "), PK_SCAN_MATCH);
  cr_expect_eq(event.protocol, 47);
}

Test(netfilter, what_only_looks_like_it_is_no_match)
{
  static const gchar *const texts[] = {
    "",
    "IN=",
    "IN=eth0",
    "DROP IN=eth0 and out",
    "DROP SRC=198.51.100.7 DST=203.0.113.5 PROTO=TCP SPT=1 DPT=2",
    "MAIN=eth0 SRC=198.51.100.7 DST=203.0.113.5 PROTO=TCP SPT=1 DPT=2",
    "IN=an-interface-with-a-name-that-no-kernel-permits OUTER= SRC=198.51.100.7 PROTO=TCP",
  };

  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    cr_expect_eq(_scan(texts[i]), PK_SCAN_NO_MATCH, "%s", texts[i]);
}

Test(netfilter, a_prefix_may_hold_a_key_itself)
{
  cr_assert_eq(_scan("LOGIN=x deny IN=y " TUPLE SYN), PK_SCAN_MATCH);
  _has_word("deny");
}

Test(netfilter, kernel_time_is_no_part_of_the_prefix)
{
  cr_assert_eq(_scan("[    0.000001] DROP " TUPLE SYN), PK_SCAN_MATCH);
  cr_expect_eq(event.uptime_usec, 1);
  cr_assert_eq(_scan("kernel: [123456789.517207] [  T812] DROP " TUPLE SYN), PK_SCAN_MATCH);
  cr_expect_eq(event.uptime_usec, G_GINT64_CONSTANT(123456789517207));
  cr_assert_eq(_scan("[DROP 1.5] " TUPLE SYN), PK_SCAN_MATCH);
  cr_expect_not(event.has & PK_HAS_UPTIME);
}

/* ---- the user's own prefixes ---------------------------------------------- */

static const PkPrefix prefixes[] = {
  { "knock-ok: ", 10, PK_VERDICT_ACCEPT },
  { "DROP-not: ", 10, PK_VERDICT_ACCEPT },
  { "icmp-echo:", 10, PK_VERDICT_DENY },
  { "knock", 5, PK_VERDICT_DENY },
};
static const PkScanContext context = { prefixes, G_N_ELEMENTS(prefixes) };

static PkScanResult
_scan_with_prefixes(const gchar *program, const gchar *text)
{
  return _scan_line(&pk_dialect_netfilter, &context, program, text);
}

Test(netfilter, the_users_prefixes_come_first_and_the_longest_wins)
{
  cr_assert_eq(_scan_with_prefixes("kernel", "[ 1131.517207] knock-7: " TUPLE SYN), PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_DENY);
  _has_word("knock");
  cr_assert_eq(_scan_with_prefixes("kernel", "knock-ok: " TUPLE SYN), PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_ACCEPT);
  cr_assert_eq(_scan_with_prefixes("kernel", "DROP-not: " TUPLE SYN), PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_ACCEPT);
  cr_expect_eq(event.branch, PK_BRANCH_NONE);
}

Test(netfilter, the_users_prefixes_are_literal)
{
  cr_expect_eq(_scan_with_prefixes("kernel", "Knock: " TUPLE SYN), PK_SCAN_UNKNOWN_PREFIX);
  cr_expect_eq(_scan_with_prefixes("kernel", "a knock: " TUPLE SYN), PK_SCAN_UNKNOWN_PREFIX);
}

Test(netfilter, a_prefix_that_a_header_parser_took_for_the_program_counts)
{
  cr_expect_eq(_scan_with_prefixes("icmp-echo", TUPLE "PROTO=ICMP TYPE=8 CODE=0 "), PK_SCAN_MATCH);
  cr_expect_eq(_scan_with_prefixes("IPT-DROP", TUPLE SYN), PK_SCAN_MATCH);
  _has_word("DROP");
  cr_expect_eq(_scan_with_prefixes("ulogd", TUPLE SYN), PK_SCAN_UNKNOWN_PREFIX);
}

/* ---- families ------------------------------------------------------------- */

Test(netfilter, a_family_leaves_prefixes_of_others_to_the_next_row)
{
  static const PkScanContext none = { 0 };

  cr_expect_eq(_scan_line(&pk_dialect_ufw, &none, "kernel", "nft-drop [UFW BLOCK] " TUPLE SYN), PK_SCAN_NO_MATCH);
  cr_expect_eq(_scan_line(&pk_dialect_shorewall, &none, "kernel", "DROP " TUPLE SYN), PK_SCAN_NO_MATCH);
  cr_expect_eq(_scan_line(&pk_dialect_proxmox, &none, "kernel", "DROP: " TUPLE SYN), PK_SCAN_NO_MATCH);
}

Test(netfilter, a_record_with_date_and_zone_has_its_own_time)
{
  static const PkScanContext none = { 0 };

  cr_assert_eq(
      _scan_line(&pk_dialect_proxmox, &none, "", "101 1 tap101i0-IN 22/Nov/2026:23:09:59 +0100 DROP: " TUPLE SYN),
      PK_SCAN_MATCH);
  cr_expect_eq(event.time_usec, G_GINT64_CONSTANT(1795385399000000));
  cr_assert_eq(
      _scan_line(&pk_dialect_proxmox, &none, "", "101 1 tap101i0-IN 99/Nov/2026:23:09:59 +0100 DROP: " TUPLE SYN),
      PK_SCAN_MATCH);
  cr_expect_eq(event.time_usec, 0);
}

/* Where a second blank stands, words do not come in their usual order. */
static void
_expect_alike(gchar **words)
{
  gchar *usual = g_strjoinv(" ", words), *apart = g_strjoinv("  ", words);
  gchar *text = g_strconcat("DROP IN=eth0 ", usual, NULL), *other = g_strconcat("DROP IN=eth0 ", apart, NULL);
  PkScanResult result = _scan(other);
  PkEvent expected = event;

  cr_expect_eq(_scan(text), result, "%s", text);
  cr_expect_eq(memcmp(&event, &expected, G_STRUCT_OFFSET(PkEvent, text)), 0, "%s", text);
  g_free(other);
  g_free(text);
  g_free(apart);
  g_free(usual);
}

static void
_expect_alike_with(const gchar *line, const gchar *other)
{
  gchar **words = g_strsplit(line, " ", -1);

  for (guint i = 1; words[i]; i++)
    {
      gchar *word = words[i], *both = g_strconcat(other, " ", word, NULL);

      words[i] = (gchar *) other;
      _expect_alike(words);
      words[i] = both;
      _expect_alike(words);
      words[i] = word;
      g_free(both);
    }
  g_strfreev(words);
}

Test(netfilter, words_mean_the_same_in_the_usual_order_and_in_any_other)
{
  static const gchar *const lines[] = {
    "OUT= MAC=02:00:5e SRC=198.51.100.7 DST=203.0.113.5 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=4 DF " SYN,
    "OUT= MAC= SRC=198.51.100.7 DST=203.0.113.5 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=4 PROTO=UDP SPT=1 DPT=2 LEN=9",
    "OUT= MAC= SRC=198.51.100.7 DST=203.0.113.5 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=4 PROTO=ICMP TYPE=3 CODE=1 "
    "[SRC=203.0.113.5 DST=198.51.100.7 LEN=40 ID=5 PROTO=TCP SPT=3 DPT=4 ] MARK=0x1",
    "OUT= MAC= SRC=2001:db8::1 DST=2001:db8::2 LEN=60 TC=0 HOPLIMIT=1 FLOWLBL=2 PROTO=TCP SPT=1 DPT=2 RES=0x00 SYN",
  };
  static const gchar *const others[] = {
    "",       "IN=",     "OUT=x",    "MAC=y",  "SRC=",       "SRC=192.0.2.1", "DST=192.0.2.256", "LEN=",
    "LEN=7",  "LEN=99x", "TOS=",     "PREC=",  "TTL=",       "ID=",           "ID=65536",        "DF",
    "DFX",    "DF=1",    "PROTO=",   "SPT=5",  "PROTO=UDP",  "PROTO=TCP",     "PROTO=nothing",   "DPT=6",
    "DPT=x",  "WINDOW=", "WINDOW=8", "RES=",   "SYN",        "SYNACK",        "SYN=1",           "ACK",
    "URGP",   "URGP=1",  "ARP",      "FRAG:1", "INCOMPLETE", "[SRC=1",        "TYPE=8",          "CODE=300",
    "SRC==1", "=",
  };

  for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
    for (gsize k = 0; k < G_N_ELEMENTS(others); k++)
      _expect_alike_with(lines[i], others[k]);
}

Test(netfilter, a_line_may_end_anywhere)
{
  const gchar *line = "DROP " TUPLE SYN;

  for (gsize len = 0; len <= strlen(line); len++)
    {
      gchar *text = g_strndup(line, len);
      gsize ports = len < strlen("DROP " TUPLE "PROTO=TCP SPT=33130 DPT=7") ? 0 : 1;

      cr_expect_eq(_scan(text) == PK_SCAN_MATCH, ports == 1, "%s", text);
      g_free(text);
    }
}

Test(netfilter, time_does_not_grow_faster_than_the_line)
{
  GString *text = g_string_new(NULL);

  while (text->len < PK_LINE_BYTES_MAX)
    g_string_append(text, "IN=OUT=");
  cr_expect_eq(_scan(text->str), PK_SCAN_NO_MATCH);
  g_string_free(text, TRUE);
}
