/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "port-knock/pk-engine.h"
#include "scan/guard-page.h"
#include "scan/slice.h"

#define SECONDS(seconds) (G_GINT64_CONSTANT(seconds) * G_USEC_PER_SEC)
#define NOON 1795348799 /* 2026-11-22T11:59:59Z */

typedef struct _Expected
{
  const gchar *input;
  gint64 seconds; /* 0: no stamp */
  const gchar *host, *program, *msgid, *sdata, *text;
} Expected;

static PkClock clock_now = { .now_usec = SECONDS(1795392000) }; /* 2026-11-23T00:00:00Z */

static void
_expect_slice(const gchar *input, const gchar *what, PkSlice found, const gchar *expected)
{
  cr_expect(pk_slice_equals(found, pk_slice_from_string(expected)), "%s: %s is \"%.*s\", not \"%s\"", input, what,
            (int) found.len, found.data ? found.data : "", expected ? expected : "");
}

static void
_expect(const Expected *expected)
{
  GuardPage page = guard_page_new(expected->input, strlen(expected->input));
  PkLine line;

  pk_line_parse(page.text.data, page.text.len, &clock_now, &line);
  cr_expect_eq(line.time_usec, SECONDS(1) * expected->seconds, "%s: time %" G_GINT64_FORMAT, expected->input,
               line.time_usec);
  _expect_slice(expected->input, "host", line.host, expected->host);
  _expect_slice(expected->input, "program", line.program, expected->program);
  _expect_slice(expected->input, "msgid", line.msgid, expected->msgid);
  _expect_slice(expected->input, "sdata", line.sdata, expected->sdata);
  _expect_slice(expected->input, "text", line.text, expected->text);
  guard_page_free(&page);
}

#define EXPECT_ALL(rows)                                                                                               \
  for (gsize row = 0; row < G_N_ELEMENTS(rows); row++)                                                                 \
  _expect(&(rows)[row])

/* ---- RFC 3164 --------------------------------------------------------------- */

Test(line, rfc3164_with_host_and_tag)
{
  static const Expected rows[] = {
    { "<4>Nov 22 11:59:59 gw kernel: IN=eth0", NOON, "gw", "kernel", NULL, NULL, "IN=eth0" },
    { "Nov 22 11:59:59 gw kernel: IN=eth0", NOON, "gw", "kernel", NULL, NULL, "IN=eth0" },
    { "<30>Nov 22 11:59:59 gw knockd[812]: started", NOON, "gw", "knockd", NULL, NULL, "started" },
    { "<30>Nov 22 11:59:59 gw /usr/sbin/knockd[812]: started", NOON, "gw", "knockd", NULL, NULL, "started" },
    { "Nov 22 11:59:59 192.0.2.1 knockd: x", NOON, "192.0.2.1", "knockd", NULL, NULL, "x" },
    { "Nov 22 11:59:59 2001:db8::1 knockd: x", NOON, "2001:db8::1", "knockd", NULL, NULL, "x" },
    { "Nov 22 11:59:59 gw knockd:", NOON, "gw", "knockd", NULL, NULL, "" },
  };

  EXPECT_ALL(rows);
}

Test(line, rfc3164_without_host_or_without_tag)
{
  static const Expected rows[] = {
    { "Nov 22 11:59:59 knockd: started", NOON, NULL, "knockd", NULL, NULL, "started" },
    { "Nov 22 11:59:59 knockd[1]: started", NOON, NULL, "knockd", NULL, NULL, "started" },
    { "Nov 22 11:59:59 gw [UFW BLOCK] IN=eth0", NOON, "gw", NULL, NULL, NULL, "[UFW BLOCK] IN=eth0" },
    { "Nov 22 11:59:59 gw date=2026-11-22 type=traffic", NOON, "gw", NULL, NULL, NULL, "date=2026-11-22 type=traffic" },
    { "Nov 22 11:59:59 gw %ASA-4-106023: Deny tcp", NOON, "gw", NULL, NULL, NULL, "%ASA-4-106023: Deny tcp" },
  };

  EXPECT_ALL(rows);
}

Test(line, a_host_may_have_a_colon_and_a_tag_a_plus)
{
  static const Expected rows[] = {
    { "Nov 22 11:59:59 fe80::1: x", NOON, "fe80::1:", NULL, NULL, NULL, "x" },
    { "Nov 22 11:59:59 a:b kernel: x", NOON, "a:b", "kernel", NULL, NULL, "x" },
    { "Nov 22 11:59:59 :: kernel: x", NOON, "::", "kernel", NULL, NULL, "x" },
    { "Nov 22 11:59:59 a+b kernel: x", NOON, NULL, NULL, NULL, NULL, "a+b kernel: x" },
    { "Nov 22 11:59:59 a+b: kernel: x", NOON, NULL, "a+b", NULL, NULL, "kernel: x" },
    { "Nov 22 11:59:59 gw a+b: x", NOON, "gw", "a+b", NULL, NULL, "x" },
    { "Nov 22 11:59:59 gw a:b: x", NOON, "gw", NULL, NULL, NULL, "a:b: x" },
    { "Nov 22 11:59:59 user@gw/1_2.3-4 kernel: x", NOON, "user@gw/1_2.3-4", "kernel", NULL, NULL, "x" },
    { "Nov 22 11:59:59 fw[1 kernel: x", NOON, NULL, NULL, NULL, NULL, "fw[1 kernel: x" },
    { "Nov 22 11:59:59 gw", NOON, NULL, NULL, NULL, NULL, "gw" },
    { "Nov 22 11:59:59  gw kernel: x", NOON, NULL, NULL, NULL, NULL, " gw kernel: x" },
  };

  EXPECT_ALL(rows);
}

Test(line, a_host_has_at_most_255_bytes)
{
  for (guint len = 254; len <= 256; len++)
    for (guint colons = 0; colons < 2; colons++)
      {
        gchar *host = g_strnfill(len, 'h');
        gchar *text;
        PkLine line;

        host[len / 2] = colons ? ':' : 'h';
        text = g_strdup_printf("Nov 22 11:59:59 %s kernel: x", host);
        pk_line_parse(text, strlen(text), &clock_now, &line);
        cr_expect_eq(line.host.len, len <= 255 ? len : 0);
        cr_expect_eq(line.program.len, len <= 255 ? 6 : 0);
        g_free(text);
        g_free(host);
      }
}

Test(line, the_day_may_have_one_digit_and_the_stamp_a_year_or_a_fraction)
{
  static const Expected rows[] = {
    { "Nov  2 11:59:59 gw p: x", 1793620799, "gw", "p", NULL, NULL, "x" },
    { "Nov 2 11:59:59 gw p: x", 1793620799, "gw", "p", NULL, NULL, "x" },
    { "Nov 02 11:59:59 gw p: x", 1793620799, "gw", "p", NULL, NULL, "x" },
    { "Nov 22 2026 11:59:59 gw p: x", NOON, "gw", "p", NULL, NULL, "x" },
    { "Nov 22 11:59:59 2026 gw p: x", NOON, "gw", "p", NULL, NULL, "x" },
    { "Nov 22 2021 11:59:59 gw p: x", 1637582399, "gw", "p", NULL, NULL, "x" },
  };

  EXPECT_ALL(rows);
}

Test(line, an_iso_stamp_in_front_of_a_legacy_header)
{
  static const Expected rows[] = {
    { "2026-11-22T11:59:59Z gw kernel: x", NOON, "gw", "kernel", NULL, NULL, "x" },
    { "<4>2026-11-22T12:59:59+01:00 gw kernel: x", NOON, "gw", "kernel", NULL, NULL, "x" },
    { "2026-11-22T11:59:59.000000+00:00 gw kernel[1]: x", NOON, "gw", "kernel", NULL, NULL, "x" },
    { "2026-11-22 11:59:59 gw kernel: x", NOON, "gw", "kernel", NULL, NULL, "x" },
  };

  EXPECT_ALL(rows);
}

Test(line, a_stamp_without_zone_is_in_the_callers)
{
  PkClock there = { .now_usec = SECONDS(1795392000), .utc_offset_seconds = 3600 };
  PkLine line;

  pk_line_parse("Nov 22 12:59:59 gw p: x", 23, &there, &line);
  cr_expect_eq(line.time_usec, SECONDS(NOON));
  pk_line_parse("2026-11-22T12:59:59 gw p: x", 27, &there, &line);
  cr_expect_eq(line.time_usec, SECONDS(NOON));
  pk_line_parse("2026-11-22T11:59:59Z gw p: x", 28, &there, &line);
  cr_expect_eq(line.time_usec, SECONDS(NOON), "a zone that is given wins");
}

static gint64
_guess(const gchar *stamp, gint64 now_seconds)
{
  gchar *text = g_strdup_printf("%s gw p: x", stamp);
  PkClock now = { .now_usec = now_seconds * G_USEC_PER_SEC };
  PkLine line;

  pk_line_parse(text, strlen(text), &now, &line);
  g_free(text);
  return line.time_usec / G_USEC_PER_SEC;
}

Test(line, the_year_is_the_latest_that_is_not_more_than_a_day_ahead)
{
  gint64 new_year = 1798761600; /* 2027-01-01T00:00:00Z */

  cr_expect_eq(_guess("Dec 31 23:59:59", new_year), new_year - 1);
  cr_expect_eq(_guess("Dec 31 23:59:59", new_year - 3600), new_year - 1, "half an hour ahead");
  cr_expect_eq(_guess("Jan  1 00:00:00", new_year - 3600), new_year, "the sender's clock is ahead");
  cr_expect_eq(_guess("Jan  1 00:00:00", new_year + 5), new_year);
  cr_expect_eq(_guess("Jan  2 00:00:01", new_year), 1767312001, "more than a day ahead: last year's");
  cr_expect_eq(_guess("Jan  2 00:00:00", new_year), new_year + 86400, "a day ahead and no more");
}

Test(line, a_leap_day_is_looked_for_in_a_leap_year)
{
  cr_expect_eq(_guess("Feb 29 12:00:00", 1795392000), 1709208000, "2024");
  cr_expect_eq(_guess("Feb 29 12:00:00", 1835438400), 1835438400, "2028, today");
  cr_expect_eq(_guess("Feb 30 12:00:00", 1795392000), 0, "no stamp at all");
}

/* ---- RFC 5424 --------------------------------------------------------------- */

Test(line, rfc5424_in_full)
{
  static const Expected rows[] = {
    { "<13>1 2026-11-22T11:59:59Z gw knockd 812 ID47 - text", NOON, "gw", "knockd", "ID47", NULL, "text" },
    { "<13>1 2026-11-22T11:59:59Z gw knockd 812 ID47 [a@1 k=\"v\"] text", NOON, "gw", "knockd", "ID47", "[a@1 k=\"v\"]",
      "text" },
    { "<13>1 2026-11-22T11:59:59Z gw knockd 812 ID47 [a@1 k=\"v\" l=\"w\"][b] text", NOON, "gw", "knockd", "ID47",
      "[a@1 k=\"v\" l=\"w\"][b]", "text" },
    { "<13>1 2026-11-22T11:59:59Z gw /usr/sbin/knockd - - - text", NOON, "gw", "knockd", NULL, NULL, "text" },
    { "1 2026-11-22T11:59:59Z gw p - - - text", NOON, "gw", "p", NULL, NULL, "text" },
    { "<13>1 2026-11-22T12:59:59.000+01:00 gw p - - - \xef\xbb\xbftext", NOON, "gw", "p", NULL, NULL, "text" },
  };

  EXPECT_ALL(rows);
}

Test(line, rfc5424_of_nothing_but_nil)
{
  static const Expected rows[] = {
    { "<13>1 - - - - - -", 0, NULL, NULL, NULL, NULL, "" },
    { "<13>1 - - - - - - text", 0, NULL, NULL, NULL, NULL, "text" },
    { "<13>1 2026-11-22T11:59:59Z - - - - - text", NOON, NULL, NULL, NULL, NULL, "text" },
  };

  EXPECT_ALL(rows);
}

Test(line, structured_data_may_hold_escapes_and_brackets)
{
  static const Expected rows[] = {
    { "<13>1 2026-11-22T11:59:59Z gw p - - [a k=\"x\\\"y\\]z\\\\\"] text", NOON, "gw", "p", NULL,
      "[a k=\"x\\\"y\\]z\\\\\"]", "text" },
    { "<13>1 2026-11-22T11:59:59Z gw p - - [a k=\"one ] two\"] text", NOON, "gw", "p", NULL, "[a k=\"one ] two\"]",
      "text" },
    { "<13>1 2026-11-22T11:59:59Z gw p - - [a k=\"\"]", NOON, "gw", "p", NULL, "[a k=\"\"]", "" },
  };

  EXPECT_ALL(rows);
}

Test(line, what_only_looks_like_structured_data_is_text)
{
  static const Expected rows[] = {
    { "<4>1 2026-11-22T11:59:59Z gw kernel - - [UFW BLOCK] IN=eth0", NOON, "gw", "kernel", NULL, NULL,
      "[UFW BLOCK] IN=eth0" },
    { "<4>1 2026-11-22T11:59:59Z gw kernel - - [ 123.456] IN=eth0 A=\"b\"", NOON, "gw", "kernel", NULL, NULL,
      "[ 123.456] IN=eth0 A=\"b\"" },
    { "<4>1 2026-11-22T11:59:59Z gw p - - - [UFW BLOCK] IN=eth0", NOON, "gw", "p", NULL, NULL, "[UFW BLOCK] IN=eth0" },
    { "<4>1 2026-11-22T11:59:59Z gw p - - [a k=\"never closed", NOON, "gw", "p", NULL, NULL, "[a k=\"never closed" },
    { "<4>1 2026-11-22T11:59:59Z gw p - - [a k=\"ends with \\", NOON, "gw", "p", NULL, NULL, "[a k=\"ends with \\" },
  };

  EXPECT_ALL(rows);
}

Test(line, a_version_without_a_stamp_is_no_rfc5424)
{
  static const Expected rows[] = {
    { "<134>1 1674604848.429996943 MX84 flows deny src=192.0.2.1", 0, NULL, NULL, NULL, NULL,
      "1 1674604848.429996943 MX84 flows deny src=192.0.2.1" },
    { "<13>2 2026-11-22T11:59:59Z gw p - - - text", 0, NULL, NULL, NULL, NULL,
      "2 2026-11-22T11:59:59Z gw p - - - text" },
    { "<13>1 2026-11-22T11:59:59Zgarbage gw p - - - text", 0, NULL, NULL, NULL, NULL,
      "1 2026-11-22T11:59:59Zgarbage gw p - - - text" },
  };

  EXPECT_ALL(rows);
}

/* ---- no header -------------------------------------------------------------- */

Test(line, without_a_header_there_is_text_and_perhaps_a_program)
{
  static const Expected rows[] = {
    { "", 0, NULL, NULL, NULL, NULL, "" },
    { "x", 0, NULL, NULL, NULL, NULL, "x" },
    { "kernel: IN=eth0", 0, NULL, "kernel", NULL, NULL, "IN=eth0" },
    { "IN=eth0 OUT= SRC=192.0.2.1", 0, NULL, NULL, NULL, NULL, "IN=eth0 OUT= SRC=192.0.2.1" },
    { "DROP:IN=eth0", 0, NULL, NULL, NULL, NULL, "DROP:IN=eth0" },
    { "{\"a\":1}", 0, NULL, NULL, NULL, NULL, "{\"a\":1}" },
    { "Nov 22", 0, NULL, NULL, NULL, NULL, "Nov 22" },
    { "Nov 22 25:00:00 gw p: x", 0, NULL, NULL, NULL, NULL, "Nov 22 25:00:00 gw p: x" },
    { "Foo 22 11:59:59 gw p: x", 0, NULL, NULL, NULL, NULL, "Foo 22 11:59:59 gw p: x" },
    { " kernel: x", 0, NULL, NULL, NULL, NULL, " kernel: x" },
    { " gw kernel: x", 0, NULL, NULL, NULL, NULL, " gw kernel: x" },
    { "a b: x", 0, NULL, NULL, NULL, NULL, "a b: x" },
    { "p[never closed: x", 0, NULL, NULL, NULL, NULL, "p[never closed: x" },
  };

  EXPECT_ALL(rows);
}

Test(line, only_a_pri_is_taken_for_one)
{
  static const Expected rows[] = {
    { "<0>x", 0, NULL, NULL, NULL, NULL, "x" },       { "<191>x", 0, NULL, NULL, NULL, NULL, "x" },
    { "<>x", 0, NULL, NULL, NULL, NULL, "<>x" },      { "<1234>x", 0, NULL, NULL, NULL, NULL, "<1234>x" },
    { "<1x>x", 0, NULL, NULL, NULL, NULL, "<1x>x" },  { "<-1>x", 0, NULL, NULL, NULL, NULL, "<-1>x" },
    { "<1", 0, NULL, NULL, NULL, NULL, "<1" },        { "<", 0, NULL, NULL, NULL, NULL, "<" },
    { "<1>", 0, NULL, NULL, NULL, NULL, "" },         { "<Event>x", 0, NULL, NULL, NULL, NULL, "<Event>x" },
    { "<4><4>x", 0, NULL, NULL, NULL, NULL, "<4>x" },
  };

  EXPECT_ALL(rows);
}

Test(line, a_line_end_is_dropped)
{
  static const Expected rows[] = {
    { "x\n", 0, NULL, NULL, NULL, NULL, "x" }, { "x\r\n", 0, NULL, NULL, NULL, NULL, "x" },
    { "\n", 0, NULL, NULL, NULL, NULL, "" },   { "x\ny\n", 0, NULL, NULL, NULL, NULL, "x\ny" },
    { "x ", 0, NULL, NULL, NULL, NULL, "x " },
  };

  EXPECT_ALL(rows);
}

Test(line, only_64_kib_are_read)
{
  gchar *text = g_strnfill(PK_LINE_BYTES_MAX + 100, 'x');
  PkLine line;

  pk_line_parse(text, PK_LINE_BYTES_MAX + 100, &clock_now, &line);
  cr_expect_eq(line.text.len, PK_LINE_BYTES_MAX);
  g_free(text);
}

Test(line, nul_and_any_other_byte_are_bytes)
{
  static const gchar text[] = "Nov 22 11:59:59 gw p: a\0b\xff\xfe";
  PkLine line;

  pk_line_parse(text, sizeof(text) - 1, &clock_now, &line);
  cr_expect_eq(line.text.len, 5);
  cr_expect_arr_eq(line.text.data, "a\0b\xff\xfe", 5);
}

Test(line, nothing_is_read_past_the_end_however_a_line_is_cut)
{
  static const gchar *const lines[] = {
    "<13>1 2026-11-22T11:59:59.123+01:00 gw knockd 8 ID4 [a@1 k=\"v\\\"\" l=\"w\"][b c=\"]\"] \xef\xbb\xbftext\r\n",
    "<30>Nov 22 2026 11:59:59.123 2001:db8::1 /usr/sbin/knockd[812]: 192.0.2.1: door: Stage 1\n",
    "<4>2026-11-22 11:59:59,5 gw kernel: [UFW BLOCK] IN=eth0",
    "<4>Nov 22 11:59:59 2026 gw kernel: [UFW BLOCK] IN=eth0",
  };

  for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
    for (gsize len = 0; len <= strlen(lines[i]); len++)
      {
        GuardPage page = guard_page_new(lines[i], len);
        PkLine line;

        pk_line_parse(page.text.data, len, &clock_now, &line);
        cr_expect_leq(line.text.len, len);
        guard_page_free(&page);
      }
}

Test(line, a_plain_header_names_a_program_and_nothing_else)
{
  static const gchar *const plain[] = { "knockd: ", "kernel: ", "fwknopd[812]: ", "knockd:", "/usr/sbin/knockd[1]: " };
  static const gchar *const other[] = { "",
                                        " ",
                                        "knockd",
                                        "knockd: x",
                                        "date=2020-04-23 ",
                                        "id=firewall ",
                                        "%ASA-4-106023: ",
                                        "firewall,info ",
                                        "[UFW BLOCK] ",
                                        "knockd:  " };

  for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
    cr_expect(pk_line_header_is_plain(plain[i], strlen(plain[i])), "\"%s\"", plain[i]);
  for (gsize i = 0; i < G_N_ELEMENTS(other); i++)
    cr_expect(!pk_line_header_is_plain(other[i], strlen(other[i])), "\"%s\"", other[i]);
}
