/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/collect.h"

static const PkCsvSpec COMMAS = { .separator = ',' };
static const PkCsvSpec BLANKS = { .separator = ' ' };
static const PkCsvSpec ANCHORED = { .separator = ',', .anchors = { ",TRAFFIC,", ",THREAT," }, .anchor_column = 4 };
static const PkCsvSpec HEAD = { .head = "{host!} {action!}: ", .separator = '|' };

static gboolean
_read(PkSlice text, gconstpointer spec, GString *out)
{
  pk_pairs_csv(text, spec, collect_pair, out);
  return TRUE;
}

static void
_expect(const PkCsvSpec *spec, const gchar *text, const gchar *expected)
{
  gchar *found = collect(_read, spec, text, strlen(text));

  cr_expect_str_eq(found, expected, "%s: is %s, not %s", text, found, expected);
  g_free(found);
}

Test(csv, columns_are_numbered_from_one_and_may_be_empty)
{
  _expect(&COMMAS, "a,,c", "<1>=<a><2>=<><3>=<c>");
  _expect(&COMMAS, ",", "<1>=<><2>=<>");
  _expect(&COMMAS, "1,2,3,4,5,6,7,8,9,10,11",
          "<1>=<1><2>=<2><3>=<3><4>=<4><5>=<5><6>=<6><7>=<7><8>=<8><9>=<9>"
          "<10>=<10><11>=<11>");
}

Test(csv, a_quoted_column_holds_separators_and_doubled_quotes)
{
  _expect(&COMMAS, "\"a,b\",\"c \"\"d\"\", e\",f", "<1>=<a,b><2>=<c \"\"d\"\", e><3>=<f>");
  _expect(&COMMAS, "\"OUTBOUND\",\"\",\"x\"", "<1>=<OUTBOUND><2>=<><3>=<x>");
}

Test(csv, a_quote_that_never_ends_takes_the_rest)
{
  _expect(&COMMAS, "a,\"b,c", "<1>=<a><2>=<b,c>");
  _expect(&COMMAS, "\"", "<1>=<>");
}

Test(csv, a_blank_as_separator_stands_for_several)
{
  _expect(&BLANKS, "2  123   eni-1 REJECT", "<1>=<2><2>=<123><3>=<eni-1><4>=<REJECT>");
}

Test(csv, columns_count_from_the_anchor)
{
  _expect(&ANCHORED, "Nov 22 fw 1,date,serial,TRAFFIC,drop,9", "<4>=<TRAFFIC><5>=<drop><6>=<9>");
  _expect(&ANCHORED, ",THREAT,url", "<4>=<THREAT><5>=<url>");
  _expect(&ANCHORED, "1,date,serial,SYSTEM,x", "");
}

Test(csv, a_head_is_read_first_and_must_be_there)
{
  _expect(&HEAD, "fw1 Block: FWD|TCP", "<host>=<fw1><action>=<Block><1>=<FWD><2>=<TCP>");
  _expect(&HEAD, "a|TCP|b", "");
}

Test(csv, columns_end_somewhere)
{
  GString *text = g_string_new(NULL);
  GString *out = g_string_new(NULL);

  for (guint i = 0; i < 65536; i++)
    g_string_append_c(text, ',');
  pk_pairs_csv(pk_slice(text->str, text->len), &COMMAS, collect_pair, out);
  cr_expect(out->len < 4096, "%zu", out->len);
  g_string_free(out, TRUE);
  g_string_free(text, TRUE);
}

Test(csv, a_text_may_end_anywhere_and_hold_any_byte)
{
  collect_cut_anywhere(_read, &COMMAS, "a,\"b,\"\"c\"\"\",,\"\",d");
  collect_cut_anywhere(_read, &ANCHORED, "1,2,3,TRAFFIC,\"x\",5");
  g_free(collect(_read, &COMMAS, "a\0,\xff,\"\0", 7));
}
