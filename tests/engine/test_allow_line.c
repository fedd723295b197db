/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/allow-line.h"
#include "port-knock/pk-options.h"
#include "scan/guard-page.h"

/* 2026-12-31T00:00:00Z */
#define LAST_OF_2026 (G_GINT64_CONSTANT(1798675200) * G_USEC_PER_SEC)
#define DAY_USEC (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

static gchar *
_describe(const PkAllowLine *line)
{
  GString *text = g_string_new(NULL);

  pk_network_append(&line->source, text);
  if (line->has_dest)
    {
      g_string_append(text, " to ");
      pk_network_append(&line->dest, text);
    }
  if (line->until_usec != G_MAXINT64)
    g_string_append_printf(text, " until %" G_GINT64_FORMAT, (line->until_usec - LAST_OF_2026) / DAY_USEC);
  g_string_append_printf(text, " (%.*s)", (gint) line->reason.len, line->reason.data);
  return g_string_free(text, FALSE);
}

static void
_expect(const gchar *text, const gchar *expected)
{
  GuardPage page = guard_page_new(text, strlen(text));
  GError *error = NULL;
  PkAllowLine line;

  if (pk_allow_line_parse(page.text, &line, &error))
    {
      gchar *found = _describe(&line);

      cr_expect_str_eq(found, expected);
      g_free(found);
    }
  else
    {
      cr_expect(g_error_matches(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE));
      cr_expect_str_eq(error->message, expected, "%s, instead of %s", error->message, expected);
      g_error_free(error);
    }
  guard_page_free(&page);
}

Test(allow_line, a_network_and_why)
{
  _expect("192.0.2.0/24 administrators", "192.0.2.0/24 (administrators)");
  _expect("192.0.2.7 a scanner of ours", "192.0.2.7 (a scanner of ours)");
  _expect("192.0.2.7/32 x", "192.0.2.7 (x)");
  _expect("\t 2001:db8::/32 \t developers  \t", "2001:db8::/32 (developers)");
  _expect("2001:DB8:0:0::1 x", "2001:db8::1 (x)");
  _expect("10.0.0.0/8 d\xc3\xa9"
          "cor # 7",
          "10.0.0.0/8 (d\xc3\xa9"
          "cor # 7)");
  _expect("::ffff:192.0.2.0/120 x", "192.0.2.0/24 (x)");
  _expect("128.0.0.0/1 x", "128.0.0.0/1 (x)");
  _expect("8000::/1 x", "8000::/1 (x)");
}

Test(allow_line, destination_and_last_day_in_either_order)
{
  _expect("192.0.2.0/24 dest=198.51.100.0/24 x", "192.0.2.0/24 to 198.51.100.0/24 (x)");
  _expect("192.0.2.0/24 until=2026-12-31 x", "192.0.2.0/24 until 1 (x)");
  _expect("192.0.2.0/24 dest=2001:db8::1 until=2027-01-01 x y", "192.0.2.0/24 to 2001:db8::1 until 2 (x y)");
  _expect("192.0.2.0/24\tuntil=2027-01-01\tdest=2001:db8::1\tx", "192.0.2.0/24 to 2001:db8::1 until 2 (x)");
  _expect("192.0.2.0/24 until=2024-02-29 x", "192.0.2.0/24 until -1035 (x)");
  _expect("192.0.2.0/24 x dest=1", "192.0.2.0/24 (x dest=1)");
  _expect("192.0.2.0/24 destination", "192.0.2.0/24 (destination)");
}

Test(allow_line, what_is_no_network)
{
  static const gchar *const bad[] = { "x",           "192.0.2",        "192.0.2.300",  "192.0.2.01",
                                      "192.0.2.0-9", "fe80::1%eth0",   "192.0.2.*",    "/24",
                                      "2001:db8",    "2001:db8:::/32", "host.example", "dest=192.0.2.1",
                                      "1/8",         "0xc0.0.2.1",     "[2001:db8::1]" };

  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    {
      gchar *line = g_strdup_printf("%s x", bad[i]);
      gchar *expected = g_strdup_printf("\"%s\" is no network: an IPv4 or IPv6 address is permitted, alone or with a "
                                        "prefix length",
                                        bad[i]);

      _expect(line, expected);
      g_free(line);
      g_free(expected);
    }
  _expect("", "\"\" is no network: an IPv4 or IPv6 address is permitted, alone or with a prefix length");
  _expect("192.0.2.1 dest=all x",
          "\"all\" is no network: an IPv4 or IPv6 address is permitted, alone or with a prefix length");
}

Test(allow_line, what_is_no_prefix_length)
{
  _expect("10.0.0.0/33 x", "\"10.0.0.0/33\" is no network: a prefix length of 0 to 32 is permitted");
  _expect("10.0.0.0/ x", "\"10.0.0.0/\" is no network: a prefix length of 0 to 32 is permitted");
  _expect("10.0.0.0/-8 x", "\"10.0.0.0/-8\" is no network: a prefix length of 0 to 32 is permitted");
  _expect("10.0.0.0/255.0.0.0 x", "\"10.0.0.0/255.0.0.0\" is no network: a prefix length of 0 to 32 is permitted");
  _expect("10.0.0.0/18446744073709551624 x",
          "\"10.0.0.0/18446744073709551624\" is no network: a prefix length of 0 to 32 is permitted");
  _expect("2001:db8::/129 x", "\"2001:db8::/129\" is no network: a prefix length of 0 to 128 is permitted");
}

Test(allow_line, bits_after_the_prefix_are_a_slip)
{
  _expect("10.1.2.3/8 x", "\"10.1.2.3/8\" is no network, it has bits set after its prefix; permitted would be "
                          "10.0.0.0/8");
  _expect("192.0.2.1/31 x", "\"192.0.2.1/31\" is no network, it has bits set after its prefix; permitted would be "
                            "192.0.2.0/31");
  _expect("2001:db8::1/64 x", "\"2001:db8::1/64\" is no network, it has bits set after its prefix; permitted would be "
                              "2001:db8::/64");
  _expect("2001:db8:0:1::/63 x", "\"2001:db8:0:1::/63\" is no network, it has bits set after its prefix; permitted "
                                 "would be 2001:db8::/63");
  _expect("::ffff:10.0.0.0/8 x", "\"::ffff:10.0.0.0/8\" is no network, it has bits set after its prefix; permitted "
                                 "would be ::/8");
  _expect("192.0.2.0/24 dest=10.0.0.1/8 x", "\"10.0.0.1/8\" is no network, it has bits set after its prefix; "
                                            "permitted would be 10.0.0.0/8");
}

Test(allow_line, every_source_only_towards_some)
{
  static const gchar *const bad[] = { "0.0.0.0/0 x", "0.0.0.0/0 dest=0.0.0.0/0 x", "0.0.0.0/0 dest=::/0 x",
                                      "0.0.0.0/0 until=2026-12-31 x" };

  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    _expect(bad[i], "\"0.0.0.0/0\" is every source, which is permitted only with dest= and a smaller network");
  _expect("::/0 x", "\"::/0\" is every source, which is permitted only with dest= and a smaller network");
  _expect("::ffff:0:0/96 x", "\"::ffff:0:0/96\" is every source, which is permitted only with dest= and a smaller "
                             "network");
  _expect("0.0.0.0/0 dest=198.51.100.1 x", "0.0.0.0/0 to 198.51.100.1 (x)");
  _expect("::/0 dest=2001:db8::/64 x", "::/0 to 2001:db8::/64 (x)");
  _expect("192.0.2.1 dest=0.0.0.0/0 x", "192.0.2.1 to 0.0.0.0/0 (x)");
}

Test(allow_line, what_is_no_date)
{
  static const gchar *const bad[] = {
    "",         "2026-02-30", "2026-13-01", "2026-00-10",           "2025-02-29", "2026-1-1",  "20261231",
    "26-12-31", "2026/12/31", "1969-12-31", "2026-12-31T00:00:00Z", "31-12-2026", "+026-12-31"
  };

  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    {
      gchar *line = g_strdup_printf("192.0.2.1 until=%s x", bad[i]);
      gchar *expected = g_strdup_printf("\"%s\" is no date: YYYY-MM-DD is permitted, the last day on which the entry "
                                        "counts",
                                        bad[i]);

      _expect(line, expected);
      g_free(line);
      g_free(expected);
    }
}

Test(allow_line, each_word_once)
{
  _expect("192.0.2.1 dest=192.0.2.2 dest=192.0.2.3 x", "dest= is permitted once");
  _expect("192.0.2.1 until=2026-12-31 dest=192.0.2.3 until=2026-12-31 x", "until= is permitted once");
}

Test(allow_line, a_reason_is_text_of_1_to_255_bytes)
{
  gchar *longest = g_strnfill(255, 'r');
  gchar *line = g_strconcat("192.0.2.1 ", longest, NULL), *longer = g_strconcat(line, "r", NULL);
  gchar *expected = g_strdup_printf("192.0.2.1 (%s)", longest);

  _expect(line, expected);
  _expect(longer, "\"192.0.2.1\" has too long a reason: one of 1 to 255 bytes is permitted");
  _expect("192.0.2.0/24", "\"192.0.2.0/24\" has no reason: one of 1 to 255 bytes is required");
  _expect("192.0.2.1 until=2026-12-31  ", "\"192.0.2.1\" has no reason: one of 1 to 255 bytes is required");
  _expect("192.0.2.1 a\tb",
          "\"192.0.2.1\" has a tab in its reason: UTF-8 text without control characters is permitted");
  g_free(longest);
  g_free(line);
  g_free(longer);
  g_free(expected);
}

Test(allow_line, bytes_that_are_no_text)
{
  static const gchar *const bad[] = { "192.0.2.1 \xff",     "192.0.2.1 \xc3", "192.0.2.1 a\x1b[31m", "192.0.2.1 \x7f",
                                      "192.0.2.1 \xc2\x85", "192.0.2.1 a\rb", "192.0.2.1 a\nb",      "\xe9 x" };

  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    _expect(bad[i], "the line is no text: UTF-8 without control characters is permitted");
}

Test(allow_line, a_line_has_at_most_1024_bytes)
{
  gchar *blanks = g_strnfill(1014, ' ');
  gchar *line = g_strconcat("192.0.2.1", blanks, "x", NULL), *longer = g_strconcat(line, "x", NULL);

  cr_assert_eq(strlen(line), 1024);
  _expect(line, "192.0.2.1 (x)");
  _expect(longer, "the line is too long: at most 1024 bytes are permitted");
  g_free(blanks);
  g_free(line);
  g_free(longer);
}

Test(allow_line, cut_off_anywhere_it_is_refused_or_shorter)
{
  static const gchar text[] = "2001:db8::/32 dest=198.51.100.0/24 until=2026-12-31 some reason";

  for (gsize len = 0; len < sizeof(text); len++)
    {
      GuardPage page = guard_page_new(text, len);
      GError *error = NULL;
      PkAllowLine line;

      if (pk_allow_line_parse(page.text, &line, &error))
        cr_expect_gt(line.reason.len, 0);
      else
        cr_expect_not_null(error);
      g_clear_error(&error);
      guard_page_free(&page);
    }
}
