/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/recognise.h"
#include "scan/slice.h"

#define ROWS_MAX 128

/* A row that nothing leads to, which comes first: log prefixes are no longer what
 * all rows begin with, and every line goes the long way. */
static PkScanResult
_claim_nothing(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  return PK_SCAN_NO_MATCH;
}

static const PkDialect nobody = { .name = "nobody", .scan = _claim_nothing, .programs = { "nobody" } };

static PkOptions *options;
static PkRecogniser *short_way, *long_way;

static void
_begin(void)
{
  static const PkDialect *rows[ROWS_MAX];
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);

  rows[0] = &nobody;
  for (gsize i = 0; i < n; i++)
    rows[i + 1] = dialects[i];
  options = g_new0(PkOptions, 1);
  pk_options_init(options);
  short_way = pk_recogniser_new(options, NULL);
  long_way = pk_recogniser_new_of(rows, n + 1, options);
}

static void
_end(void)
{
  pk_recogniser_free(short_way);
  pk_recogniser_free(long_way);
  pk_options_clear(options);
  g_free(options);
}

TestSuite(recognise, .init = _begin, .fini = _end);

static PkLine
_line(const gchar *program, const gchar *text)
{
  return (PkLine){ .program = pk_slice_from_string(program), .text = pk_slice_from_string(text), .time_usec = 1 };
}

static void
_expect_both_ways_agree(const gchar *program, const gchar *text)
{
  PkLine line = _line(program, text);
  PkEvent by_short, by_long;
  PkScanResult short_result = pk_recognise(short_way, &line, &by_short);
  PkScanResult long_result = pk_recognise(long_way, &line, &by_long);

  cr_assert_eq(short_result, long_result, "%s: %s: %d, %d", program, text, short_result, long_result);
  if (short_result != PK_SCAN_MATCH)
    return;
  cr_expect_str_eq(by_short.dialect->name, by_long.dialect->name, "%s", text);
  cr_expect_eq(by_short.kind, by_long.kind, "%s", text);
  cr_expect_eq(by_short.has, by_long.has, "%s", text);
  cr_expect_eq(by_short.dest_port, by_long.dest_port, "%s", text);
  cr_expect_eq(by_short.uptime_usec, by_long.uptime_usec, "%s", text);
  cr_expect(pk_slice_equals(pk_event_get_text(&by_short, PK_TEXT_ACTION_WORD),
                            pk_event_get_text(&by_long, PK_TEXT_ACTION_WORD)),
            "%s", text);
}

/* clang-format off */
static const gchar *const PROGRAMS[] = { "kernel", "ulogd", "sshd", "" };
static const gchar *const UPTIMES[] = { "", "[ 1131.517207] ", "[ 1131.517207] [  T123] ", "[1] " };
static const gchar *const PREFIXES[] =
{
  "", "[UFW BLOCK] ", "[UFW ALLOW] ", "[UFW AUDIT] ", "[UFW LIMIT BLOCK] ", "filter_IN_public_REJECT: ", "IN_x_DROP: ",
  "FINAL_REJECT: ", "Shorewall:net2fw:DROP:", "REJECT wan in: ", "drop wan ", "[WAN_LOCAL-default-D]", "[WAN-A]",
  "[X-10-R] DESCR=\"Block All\" ", "[NAT-1-M] ", "100 6 tap100i0-IN 20/Jun/2022:16:20:14 +0200 policy DROP: ",
  "SFW2-INext-DROP-DEFLT ", "Firewall: *TCP_IN Blocked* ", "DROP ", "weather: ", "ACCEPT IN=x ", "knockd: ", "OUT= ",
};
static const gchar *const BODIES[] =
{
  "IN=eth0 OUT= MAC=52:54 SRC=192.0.2.1 DST=203.0.113.2 LEN=60 TTL=51 ID=1 DF PROTO=TCP SPT=1 DPT=7000 WINDOW=1 SYN",
  "IN=eth0 OUT= SRC=192.0.2.1 DST=203.0.113.2 LEN=60 PROTO=UDP SPT=1 DPT=7000 LEN=40 ",
  "IN=eth0 OUT= SRC=192.0.2.1 DST=203.0.113.2 LEN=60 PROTO=UDP SPT=1",
  "OUT=tap SRC=2001:db8::1 DST=2001:db8::2 LEN=60 PROTO=ICMPv6 TYPE=128 CODE=0 ",
  "IN=eth0 OUT= ARP HTYPE=1 PTYPE=0x0800 OPCODE=1",
  "IN=eth0 ", "IN= OUT= SRC=x DST=y PROTO=TCP",
  "Opening port for 192.0.2.1", "",
};
static const gchar *const ENDS[] = { "", " MARK=0x1", " action=deny", " %ASA-4-106023: Deny" };
/* clang-format on */

static void
_expect_agreement_on_ends(const gchar *program, const gchar *begin, const gchar *body)
{
  for (gsize end = 0; end < G_N_ELEMENTS(ENDS); end++)
    {
      gchar *text = g_strconcat(begin, body, ENDS[end], NULL);

      _expect_both_ways_agree(program, text);
      g_free(text);
    }
}

static void
_expect_agreement_on_bodies(const gchar *program, const gchar *uptime, const gchar *prefix)
{
  gchar *begin = g_strconcat(uptime, prefix, NULL);

  for (gsize body = 0; body < G_N_ELEMENTS(BODIES); body++)
    _expect_agreement_on_ends(program, begin, BODIES[body]);
  g_free(begin);
}

/* Twice, as what a log prefix came to is known the second time. */
Test(recognise, the_short_way_for_the_kernels_lines_comes_to_what_the_long_one_does)
{
  for (gsize again = 0; again < 2; again++)
    for (gsize program = 0; program < G_N_ELEMENTS(PROGRAMS); program++)
      for (gsize uptime = 0; uptime < G_N_ELEMENTS(UPTIMES); uptime++)
        for (gsize prefix = 0; prefix < G_N_ELEMENTS(PREFIXES); prefix++)
          _expect_agreement_on_bodies(PROGRAMS[program], UPTIMES[uptime], PREFIXES[prefix]);
}

/* There the long way would take the line for one of EdgeOS, whose prefixes say
 * with their last letter what they mean, and this one's says nothing. */
Test(recognise, a_needle_behind_the_kernels_own_part_leads_to_no_log_prefix)
{
  PkLine line =
      _line("kernel", "[1] [UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.1 DST=203.0.113.2 PROTO=TCP SPT=1 DPT=2 -D] IN=");
  PkEvent event;

  cr_assert_eq(pk_recognise(short_way, &line, &event), PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_DENY);
}

static PkVerdict
_verdict_with(const gchar *name, const gchar *value)
{
  PkLine line = _line("kernel", "weather IN=eth0 OUT= SRC=192.0.2.1 DST=203.0.113.2 PROTO=TCP SPT=1 DPT=2");
  PkOptions own;
  PkRecogniser *recogniser;
  PkEvent event;
  PkScanResult result;

  pk_options_init(&own);
  cr_assert(pk_options_set(&own, name, value, NULL));
  recogniser = pk_recogniser_new(&own, NULL);
  result = pk_recognise(recogniser, &line, &event);
  pk_recogniser_free(recogniser);
  pk_options_clear(&own);
  return result != PK_SCAN_MATCH                ? PK_VERDICT_NONE
         : event.kind == PK_EVENT_FIREWALL_DENY ? PK_VERDICT_DENY
                                                : PK_VERDICT_ACCEPT;
}

Test(recognise, a_prefix_means_what_the_options_say_also_after_a_reload_with_others)
{
  cr_expect_eq(_verdict_with("deny-prefix", "weather"), PK_VERDICT_DENY);
  cr_expect_eq(_verdict_with("accept-prefix", "weather"), PK_VERDICT_ACCEPT);
  cr_expect_eq(_verdict_with("deny-prefix", "other"), PK_VERDICT_NONE);
  cr_expect_eq(_verdict_with("deny-prefix", "weather"), PK_VERDICT_DENY);
}

static guint completions;

static void
_count_completion(PkLine *line, gpointer user_data)
{
  completions++;
}

static guint
_completions_of(const gchar *text)
{
  PkLine line = _line("kernel", text);
  PkEvent event;

  completions = 0;
  pk_recognise_begun(short_way, &line, _count_completion, NULL, &event);
  return completions;
}

Test(recognise, a_line_is_completed_once_and_only_when_a_row_may_claim_it)
{
  cr_expect_eq(_completions_of("usb 1-1: new high-speed USB device number 2 using xhci_hcd"), 0);
  cr_expect_eq(_completions_of("[UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.1 DST=203.0.113.2 PROTO=TCP SPT=1 DPT=2"), 1);
  /* The short way ends without a decision, and the long one begins. */
  cr_expect_eq(_completions_of("weather: IN=eth0 OUT= SRC=192.0.2.1 DST=203.0.113.2 PROTO=TCP SPT=1 DPT=2"), 1);
}
