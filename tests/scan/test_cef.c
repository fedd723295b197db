/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/collect.h"

#define HEADER "<_format>=<CEF><_vendor>=<V><_product>=<P><_version>=<1><_class>=<7><_name>=<N><_severity>=<5>"
#define LEEF_HEADER "<_format>=<LEEF><_vendor>=<V><_product>=<P><_version>=<1><_class>=<7>"

static gboolean
_read(PkSlice text, gconstpointer spec, GString *out)
{
  (void) spec;
  return pk_pairs_cef(text, collect_pair, out);
}

static void
_expect(const gchar *text, const gchar *expected)
{
  gchar *found = collect(_read, NULL, text, strlen(text));

  cr_expect_str_eq(found ? found : "none", expected, "%s: is %s, not %s", text, found, expected);
  g_free(found);
}

Test(cef, header_and_extension)
{
  _expect("CEF:0|V|P|1|7|N|5|src=192.0.2.1 act=deny", HEADER "<src>=<192.0.2.1><act>=<deny>");
  _expect("host CEF:0|V|P|1|7|N|5|", HEADER);
}

Test(cef, a_value_holds_blanks_up_to_the_next_key)
{
  _expect("CEF:0|V|P|1|7|N|5|msg=two words here act=Block all dst=",
          HEADER "<msg>=<two words here><act>=<Block all><dst>=<>");
}

Test(cef, an_equals_sign_that_follows_no_key_belongs_to_the_value)
{
  _expect("CEF:0|V|P|1|7|N|5|origin=CN\\=gw,O\\=x act=deny", HEADER "<origin>=<CN\\=gw,O\\=x><act>=<deny>");
  _expect("CEF:0|V|P|1|7|N|5|request=http://x/?a=b&act=deny dst=192.0.2.9",
          HEADER "<request>=<http://x/?a=b&act=deny><dst>=<192.0.2.9>");
}

Test(cef, fields_of_the_header_escape_their_separator)
{
  _expect("CEF:0|V|P|1|7|a \\| b\\\\|5|x=1", "<_format>=<CEF><_vendor>=<V><_product>=<P><_version>=<1><_class>=<7>"
                                             "<_name>=<a \\| b\\\\><_severity>=<5><x>=<1>");
}

Test(cef, quotes_around_a_value_are_not_part_of_it)
{
  _expect("CEF:0|V|P|1|7|N|5|fw_action=\"drop\" note=\"a b\"", HEADER "<fw_action>=<drop><note>=<a b>");
}

Test(cef, its_beginning_may_have_a_blank_or_be_cut_off)
{
  _expect("CEF: 0|V|P|1|7|N|5|x=1", HEADER "<x>=<1>");
  _expect("0|V|P|1|7|N|5|x=1", HEADER "<x>=<1>");
}

Test(cef, leef_is_parted_by_tabs)
{
  _expect("LEEF:1.0|V|P|1|7|src=192.0.2.1\tmsg=a=b c\tdst=192.0.2.9",
          LEEF_HEADER "<src>=<192.0.2.1><msg>=<a=b c><dst>=<192.0.2.9>");
}

Test(cef, leef_is_read_as_relays_rewrite_it)
{
  _expect("LEEF:1.0|V|P|1|7|src=192.0.2.1#011dst=192.0.2.9", LEEF_HEADER "<src>=<192.0.2.1><dst>=<192.0.2.9>");
  _expect("LEEF:1.0|V|P|1|7|policy=Two Words disp=Deny", LEEF_HEADER "<policy>=<Two Words><disp>=<Deny>");
}

Test(cef, leef_2_names_its_delimiter_or_leaves_it_out)
{
  _expect("LEEF:2.0|V|P|1|7|^|src=192.0.2.1^act=deny", LEEF_HEADER "<src>=<192.0.2.1><act>=<deny>");
  _expect("LEEF:2.0|V|P|1|7|x5E|src=192.0.2.1^act=deny", LEEF_HEADER "<src>=<192.0.2.1><act>=<deny>");
  _expect("LEEF:2.0|V|P|1|7|0x09|src=192.0.2.1\tact=deny", LEEF_HEADER "<src>=<192.0.2.1><act>=<deny>");
  _expect("LEEF:2.0|V|P|1|7||src=192.0.2.1\tact=deny", LEEF_HEADER "<src>=<192.0.2.1><act>=<deny>");
  _expect("LEEF:2.0|V|P|1|7|src=192.0.2.1\tact=deny", LEEF_HEADER "<src>=<192.0.2.1><act>=<deny>");
}

Test(cef, a_header_that_was_cut_has_the_fields_that_are_there)
{
  _expect("CEF:0|V|P|", "<_format>=<CEF><_vendor>=<V><_product>=<P>");
}

Test(cef, other_texts_are_neither)
{
  _expect("", "none");
  _expect("XCEF:0|V|P|1|7|N|5|x=1", "none");
  _expect("CEF:zero|V|P|1|7|N|5|x=1", "none");
  _expect("the CEF: format", "none");
}

Test(cef, a_text_may_end_anywhere_and_hold_any_byte)
{
  collect_cut_anywhere(_read, NULL, "host CEF: 0|V\\||P|1|7|N|5|a=\\= b c=\"d\" e=f=g");
  collect_cut_anywhere(_read, NULL, "LEEF:2.0|V|P|1|7|x5E|a=1^b=2");
  g_free(collect(_read, NULL, "CEF:0|V\0|P|1|7|N|5|a=\xff\0=", 24));
}
