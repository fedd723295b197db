/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/collect.h"

static const PkKvSpec BLANKS = { .equals = '=', .ends = " " };
static const PkKvSpec COMMAS = { .equals = '=', .ends = " ,;" };
static const PkKvSpec COLONS = { .equals = ':', .ends = ";" };
static const PkKvSpec HEAD = { .head = "-430{id#}: ", .equals = ':', .ends = "," };

static gboolean
_read(PkSlice text, gconstpointer spec, GString *out)
{
  pk_pairs_kv(text, spec, collect_pair, out);
  return TRUE;
}

static void
_expect(const PkKvSpec *spec, const gchar *text, const gchar *expected)
{
  gchar *found = collect(_read, spec, text, strlen(text));

  cr_expect_str_eq(found, expected, "%s: is %s, not %s", text, found, expected);
  g_free(found);
}

Test(kv, values_end_at_blanks_or_are_quoted)
{
  _expect(&BLANKS, "a=1 b=\"two words\" c=", "<a>=<1><b>=<two words><c>=<>");
  _expect(&BLANKS, "  a=1   b=2  ", "<a>=<1><b>=<2>");
  _expect(&BLANKS, "long_key_name=198.51.100.7 x=y", "<long_key_name>=<198.51.100.7><x>=<y>");
}

Test(kv, an_escaped_quote_does_not_end_a_value)
{
  _expect(&BLANKS, "a=\"x \\\" b=2\" c=3", "<a>=<x \\\" b=2><c>=<3>");
  _expect(&BLANKS, "a=\"x\\\\\" c=3", "<a>=<x\\\\><c>=<3>");
}

Test(kv, what_is_quoted_holds_no_pairs)
{
  _expect(&BLANKS, "msg=\"action=deny src=192.0.2.1\" action=accept",
          "<msg>=<action=deny src=192.0.2.1><action>=<accept>");
}

Test(kv, a_quote_that_never_ends_takes_the_rest)
{
  _expect(&BLANKS, "a=1 b=\"two c=3", "<a>=<1><b>=<two c=3>");
  _expect(&BLANKS, "a=\"", "<a>=<>");
  _expect(&BLANKS, "a=\"\\", "<a>=<\\>");
}

Test(kv, what_follows_a_closing_quote_up_to_the_end_is_dropped)
{
  _expect(&BLANKS, "a=\"1\"junk b=2", "<a>=<1><b>=<2>");
}

Test(kv, words_stand_alone)
{
  _expect(&BLANKS, "flows deny src=192.0.2.1", "<_word>=<flows><_word>=<deny><src>=<192.0.2.1>");
}

Test(kv, several_bytes_may_end_a_value)
{
  _expect(&COMMAS, "a=1,b=\"x, y\";c=3", "<a>=<1><b>=<x, y><c>=<3>");
}

Test(kv, without_a_blank_among_the_ends_keys_and_values_hold_some)
{
  _expect(&COLONS, "ICMP Type: 8; product: VPN-1 & FireWall-1; rule:\"a; b\"",
          "<ICMP Type>=<8><product>=<VPN-1 & FireWall-1><rule>=<a; b>");
}

Test(kv, brackets_before_a_key_are_not_part_of_it)
{
  _expect(&COLONS, "[action:\"Drop\"; src:\"192.0.2.1\"]", "<action>=<Drop><src>=<192.0.2.1>");
}

Test(kv, a_word_with_a_colon_is_glued_to_the_first_key)
{
  _expect(&COMMAS, "%%01POLICY/6/POLICYDENY(l)[0]:vsys=public, protocol=6",
          "<_word>=<%%01POLICY/6/POLICYDENY(l)[0]><vsys>=<public><protocol>=<6>");
}

Test(kv, a_head_is_read_first_and_must_be_there)
{
  _expect(&HEAD, "%FTD-1-430003: Action: Block, SrcIP: 192.0.2.1", "<id>=<003><Action>=<Block><SrcIP>=<192.0.2.1>");
  _expect(&HEAD, "%FTD-1-111008: Action: Block", "");
}

Test(kv, a_text_may_end_anywhere_and_hold_any_byte)
{
  collect_cut_anywhere(_read, &BLANKS, "a=1 b=\"two \\\" words\" c flag d=\"\" e");
  collect_cut_anywhere(_read, &COLONS, "a: 1; b:\"two\"; c");
  g_free(collect(_read, &BLANKS, "a\0b=\0\xff c=\xfe", 11));
}

static gboolean
_stop(gpointer user_data, PkSlice key, PkSlice value)
{
  (void) key;
  (void) value;
  ++*(guint *) user_data;
  return FALSE;
}

Test(kv, a_reader_that_has_enough_gets_no_more)
{
  guint n = 0;

  pk_pairs_kv(PK_SLICE("a=1 b=2 c=3"), &BLANKS, _stop, &n);
  cr_expect_eq(n, 1);
}
