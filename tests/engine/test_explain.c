/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "port-knock/pk-engine.h"
#include "scan/slice.h"

#define TUPLE "IN=eth0 OUT= SRC=198.51.100.7 DST=203.0.113.5 LEN=60 PROTO=TCP SPT=40000 DPT=7000 SYN"

static PkRecogniser *recogniser;
static PkEvent event;
static PkExplanation why;

static void
_begin(void)
{
  PkOptions options;

  pk_options_init(&options);
  cr_assert(pk_options_check(&options, NULL));
  recogniser = pk_recogniser_new(&options, NULL);
  pk_options_clear(&options);
}

static void
_end(void)
{
  pk_recogniser_free(recogniser);
}

TestSuite(explain, .init = _begin, .fini = _end);

/* The result, which is the same as without an explanation. */
static PkScanResult
_explain(const gchar *program, const gchar *text)
{
  PkLine line = { .program = pk_slice_from_string(program), .text = pk_slice_from_string(text) };
  PkEvent other;
  PkScanResult result = pk_recognise_explain(recogniser, &line, &event, &why);

  cr_expect_eq(pk_recognise(recogniser, &line, &other), result, "%s", text);
  return result;
}

static void
_expect_nearest(const gchar *dialect, const gchar *failed)
{
  cr_assert(why.dialect);
  cr_expect_str_eq(why.dialect->name, dialect);
  cr_expect_str_eq(why.failed, failed);
}

Test(explain, a_recognised_line_tells_the_text_that_led_to_its_row)
{
  cr_expect_eq(_explain("kernel", "[UFW BLOCK] " TUPLE), PK_SCAN_MATCH);
  cr_expect_str_eq(why.dialect->name, "ufw");
  cr_expect_str_eq(why.needle, "[UFW ");
  cr_expect_not(why.by_program);
  cr_expect_null(why.failed);
}

Test(explain, a_recognised_line_tells_the_program_where_no_text_led_to_its_row)
{
  cr_expect_eq(_explain("knockd", "starting up, listening on eth0"), PK_SCAN_MATCH);
  cr_expect(why.by_program);
  cr_expect_null(why.needle);
}

Test(explain, the_sentence_that_fitted_is_told)
{
  cr_expect_eq(_explain("knockd", "192.0.2.1: door: Stage 2"), PK_SCAN_MATCH);
  cr_expect_str_eq(why.sentence, "{source}: {door}: Stage {stage}");
}

Test(explain, a_line_to_which_nothing_leads_has_no_nearest_row)
{
  cr_expect_eq(_explain("sshd", "Server listening on 0.0.0.0 port 22."), PK_SCAN_NO_MATCH);
  cr_expect_null(why.dialect);
  cr_expect_null(why.failed);
}

Test(explain, an_own_alert_has_no_nearest_row)
{
  cr_expect_eq(_explain("port-knock", "rapid_sequential_port_denied alert_id=0 src_ip=192.0.2.1"), PK_SCAN_OWN);
  cr_expect_eq(_explain("port-knock", "port_knock_heartbeat parser=p_knock reference=1 seconds=0"), PK_SCAN_OWN);
  cr_expect_null(why.dialect);
}

Test(explain, an_unknown_prefix_is_given)
{
  PkSlice prefix;

  cr_expect_eq(_explain("kernel", "weather: " TUPLE), PK_SCAN_UNKNOWN_PREFIX);
  _expect_nearest("netfilter", "its log prefix says neither deny nor accept");
  prefix = pk_event_get_text(&event, PK_TEXT_ACTION_WORD);
  cr_expect(pk_slice_equals(prefix, PK_SLICE("weather:")), "%.*s", (gint) prefix.len, prefix.data);
}

Test(explain, an_unknown_prefix_of_a_sentence_is_given)
{
  PkSlice prefix;

  cr_expect_eq(_explain("firewall,info", "lan-7 input: in:ether1 out:(unknown 0), proto TCP (SYN), "
                                         "198.51.100.7:40000->203.0.113.5:7000, len 60"),
               PK_SCAN_UNKNOWN_PREFIX);
  cr_expect_str_eq(why.dialect->name, "mikrotik");
  prefix = pk_event_get_text(&event, PK_TEXT_ACTION_WORD);
  cr_expect(pk_slice_equals(prefix, PK_SLICE("lan-7")), "%.*s", (gint) prefix.len, prefix.data);
}

Test(explain, the_part_of_a_tuple_that_is_missing_is_named)
{
  _explain("", "app: action=deny dst_ip=203.0.113.5 proto=tcp dst_port=22 src_ip=");
  _expect_nearest("generic_kv", "no source address");
  _explain("", "app: action=deny src_ip=198.51.100.7 proto=tcp dst_port=22");
  _expect_nearest("generic_kv", "no destination address");
  _explain("", "app: action=deny src_ip=198.51.100.7 dst_ip=203.0.113.5 dst_port=22");
  _expect_nearest("generic_kv", "no protocol");
  _explain("", "app: action=deny src_ip=198.51.100.7 dst_ip=203.0.113.5 proto=tcp");
  _expect_nearest("generic_kv", "no destination port");
  _explain("", "app: src_ip=198.51.100.7 dst_ip=203.0.113.5 proto=tcp dst_port=22");
  _expect_nearest("generic_kv", "no verdict");
}

Test(explain, a_value_that_cannot_be_is_told)
{
  cr_expect_eq(_explain("", "app: action=deny src_ip=198.51.100.7 dst_ip=203.0.113.5 proto=tcp dst_port=99999"),
               PK_SCAN_MALFORMED);
  _expect_nearest("generic_kv", "a port cannot be");
}

Test(explain, the_key_that_makes_a_line_uninteresting_is_named)
{
  cr_expect_eq(_explain("", "app: action=deny src_ip=198.51.100.7 dst_ip=203.0.113.5 proto=tcp dst_port=22 virus=x"),
               PK_SCAN_IGNORED);
  _expect_nearest("generic_kv", "a value says that the line is of no interest");
  cr_expect_str_eq(why.failed_key, "virus");
}

Test(explain, a_row_whose_words_are_missing_is_near_too)
{
  cr_expect_eq(_explain("", "{\"src_ip\":\"198.51.100.7\",\"n\":1}"), PK_SCAN_NO_MATCH);
  _expect_nearest("generic_json", "none of the words that it asks for is there");
}

Test(explain, a_line_that_is_too_long_is_explained_as_it_is_read)
{
  GString *text = g_string_new("[UFW BLOCK] " TUPLE);

  while (text->len < 2 * PK_LINE_BYTES_MAX)
    g_string_append(text, " x");
  cr_expect_eq(_explain("kernel", text->str), PK_SCAN_MATCH);
  g_string_free(text, TRUE);
}

Test(explain, every_row_has_a_shape_and_something_that_it_can_come_to)
{
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);

  for (gsize i = 0; i < n; i++)
    {
      cr_expect_neq(pk_dialect_kinds(dialects[i]), 0, "%s", dialects[i]->name);
      cr_expect_str_neq(pk_dialect_shape(dialects[i]), "", "%s", dialects[i]->name);
    }
}
