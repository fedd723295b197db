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
  return pk_pairs_json(text, collect_pair, out);
}

static void
_expect(const gchar *text, const gchar *expected)
{
  gchar *found = collect(_read, NULL, text, strlen(text));

  cr_expect_str_eq(found ? found : "none", expected, "%s: is %s, not %s", text, found, expected);
  g_free(found);
}

Test(json, keys_are_paths)
{
  _expect("{\"a\":{\"b\":{\"c\":\"x\"}},\"d.e\":\"y\"}", "<a.b.c>=<x><d.e>=<y>");
}

Test(json, the_elements_of_an_array_have_its_path)
{
  _expect("{\"a\":[\"x\",{\"b\":1},[2]]}", "<a>=<x><a.b>=<1><a>=<2>");
}

Test(json, numbers_and_booleans_are_given_as_written_and_null_is_not)
{
  _expect("{\"a\":6,\"b\":-1,\"c\":true,\"d\":null,\"e\":1.5}", "<a>=<6><b>=<-1><c>=<true><e>=<1.5>");
  _expect("{\"a\":6.0,\"b\":33130.0}", "<a>=<6><b>=<33130>");
}

Test(json, escapes_are_read)
{
  _expect("{\"a\":\"x\\u0026\\/\\n\"}", "<a>=<x&/\n>");
}

Test(json, a_header_may_stand_before_the_object_and_anything_after_it)
{
  _expect("host app: {\"a\":\"x\"} trailer", "<a>=<x>");
}

Test(json, what_is_not_whole_is_nothing)
{
  _expect("", "none");
  _expect("no object", "none");
  _expect("{\"a\":\"x\"", "none");
  _expect("{\"a\":", "none");
}

Test(json, a_path_that_is_too_long_for_any_row_is_left_out)
{
  GString *text = g_string_new("{\"");

  for (guint i = 0; i < 1000; i++)
    g_string_append_c(text, 'k');
  g_string_append(text, "\":1,\"a\":2}");
  _expect(text->str, "<a>=<2>");
  g_string_free(text, TRUE);
}

static gchar *
_nested(guint depth)
{
  GString *text = g_string_new(NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append(text, "{\"a\":");
  g_string_append_c(text, '1');
  for (guint i = 0; i < depth; i++)
    g_string_append_c(text, '}');
  return g_string_free(text, FALSE);
}

Test(json, depth_is_limited)
{
  gchar *shallow = _nested(10), *deep = _nested(10000);

  _expect(shallow, "<a.a.a.a.a.a.a.a.a.a>=<1>");
  _expect(deep, "none");
  g_free(shallow);
  g_free(deep);
}

static gboolean
_count(gpointer user_data, PkSlice key, PkSlice value)
{
  (void) key;
  (void) value;
  ++*(guint *) user_data;
  return TRUE;
}

Test(json, the_number_of_values_is_limited)
{
  GString *text = g_string_new("{\"a\":[0");
  guint n = 0;

  while (text->len < PK_LINE_BYTES_MAX - 8)
    g_string_append(text, ",0");
  g_string_append(text, "]}");
  cr_expect(pk_pairs_json(pk_slice(text->str, text->len), _count, &n));
  cr_expect(n > 1000 && n < 5000, "%u", n);
  g_string_free(text, TRUE);
}

Test(json, a_text_may_end_anywhere_and_hold_any_byte)
{
  collect_cut_anywhere(_read, NULL, "x {\"a\":[\"b\\\"\",1.5e3,{\"c\":null}],\"d\":\"\\ud83d\\ude00\"}");
  g_free(collect(_read, NULL, "{\"a\0\":\"\0\xff\"}", 12));
}

/* ---- columns in JSON ------------------------------------------------------------ */

static const PkTupleKey KEYS[] = {
  { "1", PK_TUPLE_SOURCE, NULL },
  { "2", PK_TUPLE_DEST, NULL },
  { "3", PK_TUPLE_ACTION, NULL },
  { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleWord WORDS[] = {
  { "D", PK_VERDICT_DENY },
  { "A", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

static const PkDialect ROW = {
  .name = "row",
  .scan = pk_scan_json_columns,
  .tuple = &(const PkTupleSpec){ .keys = KEYS, .words = WORDS },
  .csv = &(const PkCsvSpec){ .separator = ',' },
  .json = &(const PkJsonSpec){ .columns = "tuples" },
};

static PkScanResult
_scan(const gchar *text, PkEvent *event)
{
  PkLine line = { .text = pk_slice_from_string(text) };

  pk_event_init(event);
  return ROW.scan(&ROW, &CONTEXT, &line, event);
}

Test(json, of_several_records_the_first_deny_counts)
{
  PkEvent event;

  cr_assert_eq(_scan("{\"x\":{\"tuples\":[\"192.0.2.1,192.0.2.9,A\",\"192.0.2.2,192.0.2.9,D\","
                     "\"192.0.2.3,192.0.2.9,D\"]}}",
                     &event),
               PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_DENY);
  cr_expect_eq(event.source.bytes[15], 2);
}

Test(json, without_a_deny_it_is_the_first_accept)
{
  PkEvent event;

  cr_assert_eq(_scan("{\"tuples\":[\"x\",\"192.0.2.4,192.0.2.9,A\",\"192.0.2.5,192.0.2.9,A\"]}", &event),
               PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_FIREWALL_ACCEPT);
  cr_expect_eq(event.source.bytes[15], 4);
}

Test(json, records_of_another_key_are_nothing)
{
  PkEvent event;

  cr_expect_eq(_scan("{\"lines\":[\"192.0.2.1,192.0.2.9,D\"]}", &event), PK_SCAN_IGNORED);
  cr_expect_eq(_scan("{\"tuples\":", &event), PK_SCAN_MALFORMED);
}
