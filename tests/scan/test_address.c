/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/address.h"
#include "scan/guard-page.h"
#include "scan/slice.h"

static gboolean
_parse(const gchar *text, PkAddr *addr)
{
  GuardPage page = guard_page_new(text, strlen(text));
  gboolean parsed = pk_addr_parse(page.text, addr);

  guard_page_free(&page);
  return parsed;
}

static void
_is(const gchar *text, const gchar *canonical)
{
  gchar found[PK_ADDR_TEXT_BYTES];
  PkAddr addr;

  cr_assert(_parse(text, &addr), "%s", text);
  cr_expect(pk_addr_format(&addr, found) == strlen(canonical));
  cr_expect_str_eq(found, canonical, "%s is %s, not %s", text, found, canonical);
}

Test(address, ipv4_is_dotted_decimal)
{
  _is("0.0.0.0", "0.0.0.0");
  _is("198.51.100.7", "198.51.100.7");
  _is("255.255.255.255", "255.255.255.255");
}

Test(address, ipv6_has_one_canonical_form)
{
  _is("2001:0db8:0000:0000:0000:0000:0000:0077", "2001:db8::77");
  _is("2001:DB8::77", "2001:db8::77");
  _is("::", "::");
  _is("::1", "::1");
  _is("fe80::", "fe80::");
  _is("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8");
  _is("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0");
  _is("2001:db8:0:1:0:0:0:5", "2001:db8:0:1::5");
  _is("2001:0:0:1:0:0:1:5", "2001::1:0:0:1:5");
  _is("0:0:0:0:0:0:0:0", "::");
}

Test(address, an_ipv4_mapped_address_is_the_ipv4_address)
{
  PkAddr mapped, plain;

  cr_assert(_parse("::ffff:198.51.100.7", &mapped) && _parse("198.51.100.7", &plain));
  cr_expect(pk_addr_equals(&mapped, &plain));
  _is("::FFFF:c633:6407", "198.51.100.7");
  _is("64:ff9b::192.0.2.33", "64:ff9b::c000:221");
}

Test(address, what_is_no_address_is_refused_and_touches_nothing)
{
  static const gchar *const texts[] = {
    "",
    "1",
    "1.2.3",
    "1.2.3.",
    "1.2.3.4.",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.4 ",
    " 1.2.3.4",
    "01.2.3.4",
    "1.2.3.00",
    "1.2.3.1234",
    "1..3.4",
    "a.b.c.d",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "::g",
    ":1::",
    "1:",
    "::1:",
    "fe80::1%1",
    "1:2:3:4:5:6:7::8",
    "::1.2.3",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "1.2.3.4::",
    "::ffff:1.2.3.04",
    "0000:0000:0000:0000:0000:0000:0000:00000",
  };
  PkAddr untouched, addr;

  memset(&untouched, 0xa5, sizeof(untouched));
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    {
      addr = untouched;
      cr_expect_not(_parse(texts[i], &addr), "\"%s\"", texts[i]);
      cr_expect(pk_addr_equals(&addr, &untouched), "\"%s\"", texts[i]);
    }
}

Test(address, a_byte_after_the_address_is_left_to_the_caller)
{
  PkAddr addr;

  cr_expect(pk_addr_scan_v4(PK_SLICE("198.51.100.7 DST"), &addr) == 12);
  cr_expect(pk_addr_scan_v4(PK_SLICE("198.51.100"), &addr) == 0);
}

Test(address, kinds_of_addresses_are_told_apart)
{
  static const struct
  {
    const gchar *text;
    gboolean unspecified, multicast, local;
  } rows[] = {
    { "0.0.0.0", TRUE, FALSE, FALSE },
    { "::", TRUE, FALSE, FALSE },
    { "::ffff:0.0.0.0", TRUE, FALSE, FALSE },
    { "224.0.0.1", FALSE, TRUE, FALSE },
    { "239.1.2.3", FALSE, TRUE, FALSE },
    { "240.0.0.1", FALSE, FALSE, FALSE },
    { "255.255.255.255", FALSE, TRUE, FALSE },
    { "ff02::1", FALSE, TRUE, FALSE },
    { "127.0.0.2", FALSE, FALSE, TRUE },
    { "169.254.1.1", FALSE, FALSE, TRUE },
    { "::1", FALSE, FALSE, TRUE },
    { "fe80::1", FALSE, FALSE, TRUE },
    { "febf::1", FALSE, FALSE, TRUE },
    { "fec0::1", FALSE, FALSE, FALSE },
    { "198.51.100.7", FALSE, FALSE, FALSE },
    { "::2", FALSE, FALSE, FALSE },
  };
  PkAddr addr;

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    {
      cr_assert(_parse(rows[i].text, &addr), "%s", rows[i].text);
      cr_expect_eq(pk_addr_is_unspecified(&addr), rows[i].unspecified, "%s", rows[i].text);
      cr_expect_eq(pk_addr_is_multicast(&addr), rows[i].multicast, "%s", rows[i].text);
      cr_expect_eq(pk_addr_is_local(&addr), rows[i].local, "%s", rows[i].text);
    }
}

Test(address, numbers_are_decimal_digits_and_have_a_limit)
{
  guint64 number = 7;
  guint16 port = 7;

  cr_expect(pk_number_parse(PK_SLICE("18446744073709551615"), G_MAXUINT64, &number) && number == G_MAXUINT64);
  cr_expect(pk_number_parse(PK_SLICE("007"), 7, &number) && number == 7);
  cr_expect_not(pk_number_parse(PK_SLICE("18446744073709551616"), G_MAXUINT64, &number));
  cr_expect_not(pk_number_parse(PK_SLICE("8"), 7, &number));
  cr_expect_not(pk_number_parse(PK_SLICE(""), 7, &number));
  cr_expect_not(pk_number_parse(PK_SLICE("+1"), 7, &number));
  cr_expect_not(pk_number_parse(PK_SLICE("1 "), 7, &number));
  cr_expect_eq(number, 7);
  cr_expect(pk_port_parse(PK_SLICE("65535"), &port) && port == 65535);
  cr_expect_not(pk_port_parse(PK_SLICE("65536"), &port));
  cr_expect_eq(port, 65535);
}

Test(address, protocols_have_names_and_numbers)
{
  guint8 protocol = 0;

  cr_expect(pk_protocol_parse(PK_SLICE("TCP"), &protocol) && protocol == PK_PROTO_TCP);
  cr_expect(pk_protocol_parse(PK_SLICE("udp"), &protocol) && protocol == PK_PROTO_UDP);
  cr_expect(pk_protocol_parse(PK_SLICE("ICMPv6"), &protocol) && protocol == PK_PROTO_ICMPV6);
  cr_expect(pk_protocol_parse(PK_SLICE("47"), &protocol) && protocol == 47);
  cr_expect_not(pk_protocol_parse(PK_SLICE("256"), &protocol));
  cr_expect_not(pk_protocol_parse(PK_SLICE("tcpx"), &protocol));
  cr_expect_not(pk_protocol_parse(PK_SLICE(""), &protocol));
  cr_expect_eq(protocol, 47);
  cr_expect_str_eq(pk_protocol_name(PK_PROTO_ICMPV6), "icmpv6");
  cr_expect_null(pk_protocol_name(253));
}
