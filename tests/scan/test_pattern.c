/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/address.h"
#include "scan/guard-page.h"
#include "scan/pattern.h"
#include "scan/scan.h"

/* ---- patterns ----------------------------------------------------------------- */

/* What the holes hold, as "key=value|key=value|rest"; NULL: no match. */
static gchar *
_show(const PkPatternMatch *match, PkSlice rest)
{
  GString *shown = g_string_new(NULL);

  for (guint i = 0; i < match->n; i++)
    g_string_append_printf(shown, "%.*s=%.*s|", (int) match->keys[i].len, match->keys[i].data,
                           (int) match->values[i].len, match->values[i].data);
  g_string_append_len(shown, rest.data, (gssize) rest.len);
  return g_string_free(shown, FALSE);
}

static void
_is(gboolean (*func)(const gchar *pattern, PkSlice *text, PkPatternMatch *match), const gchar *pattern,
    const gchar *text, const gchar *expected)
{
  GuardPage page = guard_page_new(text, strlen(text));
  PkSlice rest = page.text;
  PkPatternMatch match;
  gchar *shown = func(pattern, &rest, &match) ? _show(&match, rest) : NULL;

  if (expected)
    cr_expect(shown && g_str_equal(shown, expected), "%s on %s: %s", pattern, text, shown);
  else
    cr_expect_null(shown, "%s on %s: %s", pattern, text, shown);
  g_free(shown);
  guard_page_free(&page);
}

static void
_matches(const gchar *pattern, const gchar *text, const gchar *expected)
{
  _is(pk_pattern_match, pattern, text, expected);
}

Test(pattern, a_hole_ends_before_the_first_literal_that_follows)
{
  _matches("from {a} to {b}, ", "from x to y to z, and on", "a=x|b=y to z|and on");
  _matches("from {a} to {b}, ", "from x to y", NULL);
  _matches("from {a} to {b}, ", "from x", NULL);
  _matches("from {a} to {b}, ", "", NULL);
}

Test(pattern, a_hole_holds_something)
{
  _matches("({a})", "()", NULL);
  _matches("({a})", "(x)", "a=x|");
  _matches("to {a}", "to ", NULL);
}

Test(pattern, a_hole_at_the_end_takes_the_rest_and_a_word_stops_at_a_blank)
{
  _matches("to {a}", "to x y", "a=x y|");
  _matches("to {a!}", "to x y", "a=x| y");
  _matches("{a!} to ", "x y to z", NULL);
}

Test(pattern, digits_addresses_and_protocols_are_nothing_else)
{
  _matches("{a#}:", "123:", "a=123|");
  _matches("{a#}:", "12x:", NULL);
  _matches("{a@} ", "2001:db8::1 x", "a=2001:db8::1|x");
  _matches("{a@} ", "host x", NULL);
  _matches("{a%} ", "tcp x", "a=tcp|x");
  _matches("{a%} ", "Count x", NULL);
}

Test(pattern, an_elastic_hole_goes_on_if_the_rest_fits_only_then)
{
  _matches("{a*} {b!}{end}", "x y z", "a=x y|b=z|");
  _matches("{a*} {b#} ", "x y 7 z", "a=x y|b=7|z");
  _matches("{a*} {b#} ", "x y z ", NULL);
}

Test(pattern, the_end_is_the_end)
{
  _matches("x{end}", "x", "");
  _matches("x{end}", "xy", NULL);
}

Test(pattern, what_a_sentence_says_in_other_words_is_given_as_well)
{
  _matches("ping from {a}{proto=icmp}{type=8}", "ping from x", "a=x|proto=icmp|type=8|");
}

Test(pattern, a_pattern_is_found_at_the_first_place_that_fits)
{
  _is(pk_pattern_find, "({a#})", "(x) (7) (8)", "a=7| (8)");
  _is(pk_pattern_find, "({a#})", "(x) (y)", NULL);
  _is(pk_pattern_find, "{a#})", "x 7)", NULL);
}

Test(pattern, what_stands_before_the_place_is_told)
{
  PkSlice text = PK_SLICE("one two: three");
  PkPatternMatch match;

  cr_assert(pk_pattern_find(": {a}", &text, &match));
  cr_expect(pk_slice_equals(match.before, PK_SLICE("one two")));
  cr_expect(pk_slice_equals(pk_pattern_get(&match, "a"), PK_SLICE("three")));
  cr_expect_eq(pk_pattern_get(&match, "b").len, 0);
}

Test(pattern, holes_are_bounded)
{
  gchar *text = g_strnfill(PK_PATTERN_HOLE_BYTES_MAX, 'x');
  gchar *fits = g_strconcat(text, ",", NULL), *too_long = g_strconcat("x", fits, NULL);
  PkSlice slice = pk_slice_from_string(fits);
  PkPatternMatch match;

  cr_expect(pk_pattern_match("{a},", &slice, &match));
  slice = pk_slice_from_string(too_long);
  cr_expect_not(pk_pattern_match("{a},", &slice, &match));
  g_free(too_long);
  g_free(fits);
  g_free(text);
}

/* Every blank begins a place, every bracket a hole: each of 65,536 bytes could
 * be looked at by every part of the pattern. */
Test(pattern, a_hostile_text_takes_no_time, .timeout = 10)
{
  gchar *text = g_strnfill(PK_LINE_BYTES_MAX, '(');

  for (guint i = 0; i < 1000; i++)
    {
      PkSlice slice = pk_slice_from_string(text);
      PkPatternMatch match;

      cr_assert_not(pk_pattern_find("({a*}({b}({c}({d}({e#}", &slice, &match));
    }
  g_free(text);
}

/* ---- the shape ------------------------------------------------------------------ */

static const PkPattern patterns[] = {
  { "100", "Deny {proto!} {source!} to {dest!}", PK_VERDICT_DENY, "Deny" },
  { "101", "Say {action!} {proto!} {source!} to {dest!}", PK_VERDICT_NONE, NULL },
  { "102", "Built {source!} to {dest!}{proto=udp}", PK_VERDICT_ACCEPT, "Built" },
  { "103", "Nothing", PK_VERDICT_NEITHER, NULL },
  { NULL, NULL, PK_VERDICT_NONE, NULL },
};
static const PkPatternSpec spec = {
  .leads = { "%FW-{id}: " },
  .patterns = patterns,
  .finds = { "({count#} times)", "flags {flags}." },
  .bare = TRUE,
  .otherwise = PK_SCAN_IGNORED,
};
static const PkPattern prefix_patterns[] = {
  { NULL, "{source!}->{dest!}", PK_VERDICT_NONE, NULL },
  { NULL, NULL, PK_VERDICT_NONE, NULL },
};
static const PkPatternSpec prefix_spec = {
  .leads = { ": pkt {proto!}, " },
  .heads = { "{chain!}{end}", "{prefix*} {chain!}{end}" },
  .prefix = TRUE,
  .patterns = prefix_patterns,
  .otherwise = PK_SCAN_NO_MATCH,
};
static const PkTupleKey keys[] = {
  { "source", PK_TUPLE_SOURCE_WITH_PORT, NULL },
  { "dest", PK_TUPLE_DEST_WITH_PORT, NULL },
  { "proto", PK_TUPLE_PROTOCOL, NULL },
  { "action", PK_TUPLE_ACTION, NULL },
  { "count", PK_TUPLE_COUNT, NULL },
  { "flags", PK_TUPLE_TCP_FLAGS, NULL },
  { "", PK_N_TUPLE_TARGETS, NULL },
};
static const PkTupleWord words[] = {
  { "no", PK_VERDICT_DENY },
  { "yes", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};
static const PkTupleSpec tuple = { .keys = keys, .words = words };
static const PkDialect by_id = { .name = "id", .scan = pk_scan_pattern, .pattern = &spec, .tuple = &tuple };
static const PkDialect by_prefix = {
  .name = "prefix", .scan = pk_scan_pattern, .pattern = &prefix_spec, .tuple = &tuple
};

#define PACKET "tcp 198.51.100.7:33130 to 203.0.113.5:7000"

static PkEvent event;

static PkScanResult
_scan(const PkDialect *dialect, const gchar *program, const gchar *text)
{
  static const PkPrefix users[] = { { "mine", 4, PK_VERDICT_DENY } };
  static const PkScanContext context = { users, G_N_ELEMENTS(users) };
  GuardPage page = guard_page_new(text, strlen(text));
  PkLine line = { .program = pk_slice_from_string(program), .text = page.text };
  PkScanResult result;

  pk_event_init(&event);
  event.dialect = dialect;
  event.time_usec = 7;
  result = dialect->scan(dialect, &context, &line, &event);
  guard_page_free(&page);
  return result;
}

static void
_denies(const PkDialect *dialect, const gchar *program, const gchar *text, const gchar *word)
{
  cr_expect_eq(_scan(dialect, program, text), PK_SCAN_MATCH, "%s", text);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_DENY, "%s", text);
  cr_expect_eq(event.dest_port, 7000, "%s", text);
  cr_expect_eq(event.time_usec, 7);
  cr_expect(pk_slice_equals(pk_event_get_text(&event, PK_TEXT_ACTION_WORD), pk_slice_from_string(word)), "%s", text);
}

Test(scan_pattern, the_id_tells_which_sentence_it_is)
{
  _denies(&by_id, "", "header %FW-4-100: Deny " PACKET, "Deny");
  _denies(&by_id, "", "%FW-class-4-100: Deny " PACKET, "Deny");
  _denies(&by_id, "", "%FW-100: Deny " PACKET, "Deny");
  cr_expect_eq(_scan(&by_id, "", "%FW-4-101: Deny " PACKET), PK_SCAN_MALFORMED);
  cr_expect_eq(_scan(&by_id, "", "%FW-4-5100: Deny " PACKET), PK_SCAN_IGNORED);
}

Test(scan_pattern, words_tell_the_verdict_where_the_sentence_does_not)
{
  _denies(&by_id, "", "%FW-4-101: Say no " PACKET, "no");
  cr_expect_eq(_scan(&by_id, "", "%FW-4-101: Say yes " PACKET), PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_ACCEPT);
  cr_expect_eq(_scan(&by_id, "", "%FW-4-101: Say perhaps " PACKET), PK_SCAN_IGNORED);
  cr_expect_eq(_scan(&by_id, "", "%FW-4-103: Nothing"), PK_SCAN_IGNORED);
}

Test(scan_pattern, the_lead_may_be_the_program_or_gone)
{
  _denies(&by_id, "FW-4-100", "Deny " PACKET, "Deny");
  _denies(&by_id, "other", "Deny " PACKET, "Deny");
  cr_expect_eq(_scan(&by_id, "other", "then Deny " PACKET), PK_SCAN_NO_MATCH);
}

Test(scan_pattern, what_stands_somewhere_is_found)
{
  _denies(&by_id, "", "%FW-4-100: Deny " PACKET " (5 times) flags SYN ACK.", "Deny");
  cr_expect_eq(event.count, 5);
  cr_expect_eq(event.tcp_flags, PK_TCP_SYN | PK_TCP_ACK);
  _denies(&by_id, "", "%FW-4-100: Deny " PACKET " (many times)", "Deny");
  cr_expect_eq(event.count, 1);
  cr_expect_not(event.has & PK_HAS_TCP_FLAGS);
}

Test(scan_pattern, a_sentence_may_say_the_protocol_by_being_what_it_is)
{
  cr_expect_eq(_scan(&by_id, "", "%FW-6-102: Built 198.51.100.7:33130 to 203.0.113.5:53"), PK_SCAN_MATCH);
  cr_expect_eq(event.protocol, PK_PROTO_UDP);
}

Test(scan_pattern, what_cannot_be_is_malformed)
{
  cr_expect_eq(_scan(&by_id, "", "%FW-4-100: Deny tcp 198.51.100.777:33130 to 203.0.113.5:7000"), PK_SCAN_MALFORMED);
  cr_expect_eq(_scan(&by_id, "", "%FW-4-100: Deny tcp 198.51.100.7:33130 to 203.0.113.5:70000"), PK_SCAN_MALFORMED);
  cr_expect_eq(_scan(&by_id, "", "%FW-4-100: Deny tcp 198.51.100.7:331"), PK_SCAN_MALFORMED);
}

Test(scan_pattern, what_the_administrator_wrote_before_it_is_judged)
{
  _denies(&by_prefix, "", "drop it in: pkt tcp, 198.51.100.7:33130->203.0.113.5:7000", "drop");
  _denies(&by_prefix, "", "mine in: pkt tcp, 198.51.100.7:33130->203.0.113.5:7000", "mine");
  _denies(&by_prefix, "DROP", "in: pkt tcp, 198.51.100.7:33130->203.0.113.5:7000", "DROP");
  cr_expect_eq(_scan(&by_prefix, "", "accept in: pkt tcp, 198.51.100.7:33130->203.0.113.5:7000"), PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_ACCEPT);
}

Test(scan_pattern, without_a_verdict_the_prefix_is_unknown)
{
  cr_expect_eq(_scan(&by_prefix, "", "log it in: pkt tcp, 198.51.100.7:33130->203.0.113.5:7000"),
               PK_SCAN_UNKNOWN_PREFIX);
  cr_expect_eq(_scan(&by_prefix, "", "drop-chain: pkt tcp, 198.51.100.7:33130->203.0.113.5:7000"),
               PK_SCAN_UNKNOWN_PREFIX);
  cr_expect_eq(_scan(&by_prefix, "", "drop it in: packet tcp, 198.51.100.7:33130->203.0.113.5:7000"), PK_SCAN_NO_MATCH);
}
