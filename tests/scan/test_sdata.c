/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "port-knock/pk-dialect.h"
#include "scan/collect.h"
#include "scan/scan.h"

static const PkScanContext CONTEXT = { NULL };

static gboolean
_read(PkSlice text, gconstpointer spec, GString *out)
{
  (void) spec;
  return pk_pairs_sdata(text, collect_pair, out);
}

static void
_expect(const gchar *text, const gchar *expected)
{
  gchar *found = collect(_read, NULL, text, strlen(text));

  cr_expect_str_eq(found ? found : "none", expected, "%s: is %s, not %s", text, found, expected);
  g_free(found);
}

Test(sdata, parameters_of_all_elements)
{
  _expect("[junos@2636.1 a=\"1\" b=\"two words\"][x c=\"3\"] text",
          "<_id>=<junos@2636.1><a>=<1><b>=<two words><_id>=<x><c>=<3>");
}

Test(sdata, an_escaped_quote_or_bracket_does_not_end_a_value)
{
  _expect("[x a=\"q\\\" b=\\\"2\" c=\"\\]\"]", "<_id>=<x><a>=<q\\\" b=\\\"2><c>=<\\]>");
}

Test(sdata, the_id_may_be_left_out)
{
  _expect("[a=\"1\" b=\"2\"]", "<_id>=<><a>=<1><b>=<2>");
}

Test(sdata, what_was_cut_has_what_is_there)
{
  _expect("[x a=\"1\" b=\"2", "<_id>=<x><a>=<1><b>=<2>");
  _expect("[x a=\"1\" b", "<_id>=<x><a>=<1>");
}

Test(sdata, other_brackets_are_none)
{
  _expect("", "none");
  _expect("[UFW BLOCK] IN=eth0", "none");
  _expect("[action:\"Drop\"; src:\"192.0.2.1\"]", "none");
  _expect("text [x a=\"1\"]", "none");
}

Test(sdata, a_text_may_end_anywhere_and_hold_any_byte)
{
  collect_cut_anywhere(_read, NULL, "[x a=\"1\" b=\"\\\"\\]\"][y c=\"\"]");
  g_free(collect(_read, NULL, "[x a=\"\0\xff\"]", 11));
}

/* ---- the line ------------------------------------------------------------------- */

static const PkTupleKey KEYS[] = {
  { "source-address", PK_TUPLE_SOURCE, NULL },
  { "destination-address", PK_TUPLE_DEST, NULL },
  { "_msgid", PK_TUPLE_ACTION, NULL },
  { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleWord WORDS[] = {
  { "RT_DENY", PK_VERDICT_DENY },
  { NULL, PK_VERDICT_NONE },
};

static const PkDialect ROW = {
  .name = "row",
  .scan = pk_scan_sdata,
  .tuple = &(const PkTupleSpec){ .keys = KEYS, .words = WORDS },
};

#define ELEMENT "[junos@2636.1 source-address=\"192.0.2.1\" destination-address=\"192.0.2.9\"]"

Test(sdata, the_event_is_named_by_the_header_or_by_the_word_before_it)
{
  const PkLine lines[] = {
    { .msgid = PK_SLICE("RT_DENY"), .sdata = PK_SLICE(ELEMENT) },
    { .text = PK_SLICE("srx RT_FLOW - RT_DENY " ELEMENT) },
    { .sdata = PK_SLICE("[timeQuality tzKnown=\"1\"]"), .text = PK_SLICE("RT_DENY " ELEMENT) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
    {
      PkEvent event;

      pk_event_init(&event);
      cr_assert_eq(ROW.scan(&ROW, &CONTEXT, &lines[i], &event), PK_SCAN_MATCH, "%zu", i);
      cr_expect_eq(event.source.bytes[15], 1);
      cr_expect_eq(event.dest.bytes[15], 9);
    }
}

Test(sdata, a_line_without_any_is_no_match)
{
  PkLine line = { .msgid = PK_SLICE("RT_DENY"), .text = PK_SLICE("[UFW BLOCK] text") };
  PkEvent event;

  pk_event_init(&event);
  cr_expect_eq(ROW.scan(&ROW, &CONTEXT, &line, &event), PK_SCAN_NO_MATCH);
}
