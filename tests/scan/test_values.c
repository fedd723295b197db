/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/address.h"
#include "scan/guard-page.h"
#include "scan/values.h"

static PkSlice
_text(const gchar *text)
{
  return pk_slice_from_string(text);
}

Test(values, addresses_that_cannot_be_are_told_from_names)
{
  cr_expect(pk_value_is_broken_address(_text("999.1.2.3")));
  cr_expect(pk_value_is_broken_address(_text("2001:db8:::1")));
  cr_expect_not(pk_value_is_broken_address(_text("gate.example.com")));
  cr_expect_not(pk_value_is_broken_address(_text("cafe")));
  cr_expect_not(pk_value_is_broken_address(_text("")));
}

Test(values, an_address_is_stripped_of_what_stands_around_it)
{
  static const gchar *const pairs[][2] = {
    { "[2001:db8::1]", "2001:db8::1" },   { "fe80::1%eth0", "fe80::1" },      { "192.0.2.1/32", "192.0.2.1" },
    { "2001:db8::1/128", "2001:db8::1" }, { "192.0.2.0/24", "192.0.2.0/24" }, { "[]", "[]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++)
    cr_expect(pk_slice_equals(pk_value_strip_address(_text(pairs[i][0])), _text(pairs[i][1])), "%s", pairs[i][0]);
}

Test(values, the_address_of_an_address_with_port_is_measured)
{
  static const struct
  {
    const gchar *text;
    gsize len;
  } cases[] = {
    { "192.0.2.1:80", 9 },    { "192.0.2.1/80", 9 },      { "192.0.2.1(80)", 9 },
    { "192.0.2.1", 9 },       { "[2001:db8::1]:80", 13 }, { "2001:db8::1", 11 },
    { "2001:db8::1/80", 11 }, { "2001:db8::1(80)", 11 },  { ":80:X1", 0 },
    { "gate:80", 4 },         { "192.0.2.1:80:X1:x", 9 }, { "", 0 },
    { "[2001:db8::1", 12 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    cr_expect_eq(pk_value_measure_address(_text(cases[i].text)), cases[i].len, "%s: %zu", cases[i].text,
                 pk_value_measure_address(_text(cases[i].text)));
}

Test(values, protocols_by_name_by_number_and_with_something_after_them)
{
  static const struct
  {
    const gchar *text;
    guint8 protocol;
  } cases[] = {
    { "tcp", 6 }, { "UDP", 17 }, { "6", 6 }, { "17(0)", 17 },  { "tcp/https", 6 },  { "udp:53", 17 },
    { "T", 6 },   { "U", 17 },   { "I", 1 }, { "ICMPv6", 58 }, { "IPv6-ICMP", 58 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    {
      guint8 protocol = 0;

      cr_expect(pk_value_parse_protocol(_text(cases[i].text), &protocol), "%s", cases[i].text);
      cr_expect_eq(protocol, cases[i].protocol, "%s", cases[i].text);
    }
}

Test(values, other_words_are_no_protocol)
{
  guint8 protocol = 99;

  cr_expect_not(pk_value_parse_protocol(_text("http"), &protocol));
  cr_expect_not(pk_value_parse_protocol(_text("256"), &protocol));
  cr_expect_not(pk_value_parse_protocol(_text(""), &protocol));
  cr_expect_not(pk_value_parse_protocol(_text("X"), &protocol));
  cr_expect_eq(protocol, 99);
}

Test(values, tcp_flags_as_words_letters_and_numbers)
{
  static const struct
  {
    const gchar *text;
    guint8 flags;
  } cases[] = {
    { "SYN", PK_TCP_SYN },
    { "SYN ACK", PK_TCP_SYN | PK_TCP_ACK },
    { "FIN-ACK", PK_TCP_FIN | PK_TCP_ACK },
    { "S", PK_TCP_SYN },
    { "SA", PK_TCP_SYN | PK_TCP_ACK },
    { "FPU", PK_TCP_FIN | PK_TCP_PSH | PK_TCP_URG },
    { "SEW", PK_TCP_SYN | PK_TCP_ECE | PK_TCP_CWR },
    { "2", PK_TCP_SYN },
    { "0x12", PK_TCP_SYN | PK_TCP_ACK },
    { "unknown", 0 },
    { "", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    cr_expect_eq(pk_value_parse_tcp_flags(_text(cases[i].text)), cases[i].flags, "%s", cases[i].text);
}

#define SECONDS G_GINT64_CONSTANT(1795381799)

Test(values, the_unit_of_a_unix_time_is_told_by_its_digits)
{
  static const gchar *const same[] = { "1795381799", "1795381799000", "1795381799000000", "1795381799000000999" };
  gint64 usec;

  for (gsize i = 0; i < G_N_ELEMENTS(same); i++)
    {
      cr_expect(pk_value_parse_time(_text(same[i]), &usec), "%s", same[i]);
      cr_expect_eq(usec, SECONDS * G_USEC_PER_SEC, "%s", same[i]);
    }
  cr_expect(pk_value_parse_time(_text("1795381799.412770300"), &usec));
  cr_expect_eq(usec, SECONDS * G_USEC_PER_SEC + 412770);
  cr_expect(pk_value_parse_time(_text("1795381799.5"), &usec));
  cr_expect_eq(usec, SECONDS * G_USEC_PER_SEC + 500000);
}

Test(values, iso_times_need_a_zone)
{
  gint64 usec = 7;

  cr_expect(pk_value_parse_time(_text("2026-11-22T22:09:59+01:00"), &usec));
  cr_expect_eq(usec, SECONDS * G_USEC_PER_SEC);
  usec = 7;
  cr_expect_not(pk_value_parse_time(_text("2026-11-22 22:09:59"), &usec));
  cr_expect_not(pk_value_parse_time(_text("Nov 22 2026 22:09:59"), &usec));
  cr_expect_not(pk_value_parse_time(_text("99999999999999999999"), &usec));
  cr_expect_not(pk_value_parse_time(_text("42"), &usec));
  cr_expect_eq(usec, 7);
}

Test(values, nothing_is_read_beyond_the_end)
{
  static const gchar *const texts[] = { "192.0.2.1:80", "[2001:db8::1]:80", "17(0)", "0x12", "1795381799.412" };

  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    for (gsize len = 0; len <= strlen(texts[i]); len++)
      {
        GuardPage page = guard_page_new(texts[i], len);
        guint8 protocol;
        gint64 usec;

        pk_value_measure_address(page.text);
        pk_value_strip_address(page.text);
        pk_value_parse_protocol(page.text, &protocol);
        pk_value_parse_tcp_flags(page.text);
        pk_value_parse_time(page.text, &usec);
        guard_page_free(&page);
      }
}
