/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/guard-page.h"
#include "scan/timestamp.h"

#define UNTOUCHED G_GINT64_CONSTANT(-77)
#define NOW (G_GINT64_CONSTANT(1795392000) * G_USEC_PER_SEC) /* 2026-11-23T00:00:00Z */

typedef struct _Case
{
  const gchar *text;
  gint64 usec;
  gsize len; /* 0: all of it */
} Case;

static void
_expect_iso(const Case *expected)
{
  GuardPage page = guard_page_new(expected->text, strlen(expected->text));
  gint64 usec = UNTOUCHED;
  gboolean has_zone;
  gsize len = pk_timestamp_parse_iso(page.text, &usec, &has_zone);

  cr_expect_eq(len, expected->len ? expected->len : strlen(expected->text), "%s: %" G_GSIZE_FORMAT, expected->text,
               len);
  cr_expect_eq(usec, expected->usec, "%s: %" G_GINT64_FORMAT, expected->text, usec);
  guard_page_free(&page);
}

static void
_expect_none(gsize (*parse)(PkSlice text, gint64 *ret_usec), const gchar *text)
{
  GuardPage page = guard_page_new(text, strlen(text));
  gint64 usec = UNTOUCHED;

  cr_expect_eq(parse(page.text, &usec), 0, "%s", text);
  cr_expect_eq(usec, UNTOUCHED, "%s: the output was touched", text);
  guard_page_free(&page);
}

static gsize
_parse_iso(PkSlice text, gint64 *ret_usec)
{
  gboolean has_zone = 99;
  gsize len = pk_timestamp_parse_iso(text, ret_usec, &has_zone);

  cr_expect((len == 0) == (has_zone == 99));
  return len;
}

static gsize
_parse_bsd(PkSlice text, gint64 *ret_usec)
{
  return pk_timestamp_parse_bsd(text, NOW, 0, ret_usec);
}

/* ---- ISO 8601 ---------------------------------------------------------------- */

Test(timestamp, iso_stamps_are_read)
{
  static const Case cases[] = {
    { "1970-01-01T00:00:00Z", 0, 0 },
    { "1970-01-01T00:00:00.000001Z", 1, 0 },
    { "2000-02-29T23:59:59Z", 951868799000000, 0 },
    { "2026-11-22T22:09:59.123456+01:00", 1795381799123456, 0 },
    { "2026-11-22T22:09:59.123456+0100", 1795381799123456, 0 },
    { "2026-11-22T21:09:59.1Z", 1795381799100000, 0 },
    { "2026-11-22T21:09:59,1Z", 1795381799100000, 0 },
    { "2026-11-22T21:09:59.123456789Z", 1795381799123456, 0 },
    { "2026-11-22 21:09:59", 1795381799000000, 0 },
    { "2026-11-22T15:39:59-05:30", 1795381799000000, 0 },
    { "9999-12-31T23:59:59.999999Z", 253402300799999999, 0 },
    { "2016-12-31T23:59:60Z", 1483228799999999, 0 },
    { "2016-12-31T23:59:60.25Z", 1483228799999999, 0 },
    { "2017-01-01T05:44:60.25+05:45", 1483228799999999, 0 },
    { "2026-11-23T11:09:59+14:00", 1795381799000000, 0 },
    { "2026-11-22T09:09:59-12:00", 1795381799000000, 0 },
    { "2026-11-22T21:09:59Z gw", 1795381799000000, 20 },
    { "2026-11-22T21:09:59.", 1795381799000000, 19 },
    { "2026-11-22T21:09:59.x", 1795381799000000, 19 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    _expect_iso(&cases[i]);
}

Test(timestamp, leap_years_are_those_of_the_gregorian_calendar)
{
  static const Case cases[] = {
    { "2024-02-29T00:00:00Z", 1709164800000000, 0 },
    { "2024-03-01T00:00:00Z", 1709251200000000, 0 },
    { "2100-03-01T00:00:00Z", 4107542400000000, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    _expect_iso(&cases[i]);
  _expect_none(_parse_iso, "2023-02-29T00:00:00Z");
  _expect_none(_parse_iso, "2100-02-29T00:00:00Z");
}

Test(timestamp, garbage_is_no_iso_stamp)
{
  static const gchar *const garbage[] = {
    "",
    "2026",
    "2026-11-22",
    "2026-11-22T21:09",
    "2026-13-22T21:09:59Z",
    "2026-00-22T21:09:59Z",
    "2026-11-31T21:09:59Z",
    "2026-11-00T21:09:59Z",
    "2026-11-22T24:00:00Z",
    "2026-11-22T21:60:59Z",
    "2026-11-22T21:09:61Z",
    "2026-11-22X21:09:59Z",
    "2026-11-22T21:09:59+1",
    "2026-11-22T21:09:59+24:00",
    "2026-11-22T21:09:59+01:60",
    "2026-11-22T21:09:59-",
    "1969-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "-026-11-22T21:09:59Z",
    "+026-11-22T21:09:59Z",
    "2026-1 -22T21:09:59Z",
    " 2026-11-22T21:09:59Z",
  };

  for (gsize i = 0; i < G_N_ELEMENTS(garbage); i++)
    _expect_none(_parse_iso, garbage[i]);
}

Test(timestamp, a_zone_does_not_lead_out_of_the_years_1970_to_9999)
{
  _expect_none(_parse_iso, "1970-01-01T00:00:00+00:01");
  _expect_none(_parse_iso, "9999-12-31T23:59:59-00:01");
  _expect_iso(&(Case){ "1970-01-01T00:00:00-00:01", 60000000, 0 });
  _expect_iso(&(Case){ "9999-12-31T23:59:59+00:01", 253402300739000000, 0 });
}

Test(timestamp, it_says_whether_there_is_a_zone)
{
  gint64 usec;
  gboolean has_zone;

  pk_timestamp_parse_iso(PK_SLICE("2026-11-22T21:09:59Z"), &usec, &has_zone);
  cr_expect(has_zone);
  pk_timestamp_parse_iso(PK_SLICE("2026-11-22T21:09:59+00:00"), &usec, &has_zone);
  cr_expect(has_zone);
  pk_timestamp_parse_iso(PK_SLICE("2026-11-22T21:09:59"), &usec, &has_zone);
  cr_expect(!has_zone);
}

/* ---- BSD ---------------------------------------------------------------------- */

Test(timestamp, bsd_stamps_are_read)
{
  static const Case cases[] = {
    { "Nov 22 22:09:59", 1795385399000000, 0 },           { "Nov 22 22:09:59 gw", 1795385399000000, 15 },
    { "Nov  2 22:09:59", 1793657399000000, 0 },           { "Nov 2 22:09:59", 1793657399000000, 0 },
    { "Nov 22 2025 22:09:59", 1763849399000000, 0 },      { "Nov 22 22:09:59 2025 gw", 1763849399000000, 20 },
    { "Nov 22 22:09:59.25", 1795385399250000, 0 },        { "Nov 22 22:09:59 2025gw", 1795385399000000, 15 },
    { "Nov 22 22:09:59 10.0.0.1", 1795385399000000, 15 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    {
      GuardPage page = guard_page_new(cases[i].text, strlen(cases[i].text));
      gint64 usec = UNTOUCHED;
      gsize len = _parse_bsd(page.text, &usec);

      cr_expect_eq(len, cases[i].len ? cases[i].len : strlen(cases[i].text), "%s: %" G_GSIZE_FORMAT, cases[i].text,
                   len);
      cr_expect_eq(usec, cases[i].usec, "%s: %" G_GINT64_FORMAT, cases[i].text, usec);
      guard_page_free(&page);
    }
}

Test(timestamp, garbage_is_no_bsd_stamp)
{
  static const gchar *const garbage[] = { "",
                                          "N",
                                          "Nov",
                                          "Nov 22",
                                          "Nov 22 22:09:5",
                                          "nov 22 22:09:59",
                                          "November 22 22:09:59",
                                          "Nov22 22:09:59",
                                          "Nov  22 22:09:59",
                                          "Nov 0 22:09:59",
                                          "Nov 31 22:09:59",
                                          "Feb 30 22:09:59",
                                          "Nov 22 24:09:59",
                                          "Nov 22 2:09:59",
                                          "Nov 22 1969 22:09:59",
                                          "Feb 29 2026 22:09:59" };

  for (gsize i = 0; i < G_N_ELEMENTS(garbage); i++)
    _expect_none(_parse_bsd, garbage[i]);
}

Test(timestamp, the_offset_is_that_of_the_stamp_when_the_year_is_guessed)
{
  gint64 new_year = G_GINT64_CONSTANT(1798761600) * G_USEC_PER_SEC, usec; /* 2027-01-01T00:00:00Z */

  cr_expect_gt(pk_timestamp_parse_bsd(PK_SLICE("Jan  1 05:00:00"), new_year - G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC,
                                      6 * 3600, &usec),
               0);
  cr_expect_eq(usec, new_year - G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC);
  cr_expect_gt(pk_timestamp_parse_bsd(PK_SLICE("Dec 31 18:00:00"), new_year, -6 * 3600, &usec), 0);
  cr_expect_eq(usec, new_year);
}

Test(timestamp, a_clock_at_the_beginning_of_time_is_no_trap)
{
  gint64 usec = UNTOUCHED;

  cr_expect_gt(pk_timestamp_parse_bsd(PK_SLICE("Jan  1 00:00:01"), 0, 0, &usec), 0);
  cr_expect_eq(usec, G_USEC_PER_SEC);
  usec = UNTOUCHED;
  cr_expect_eq(pk_timestamp_parse_bsd(PK_SLICE("Jan  3 00:00:00"), 0, 0, &usec), 0, "the year would be 1969");
  cr_expect_eq(pk_timestamp_parse_bsd(PK_SLICE("Jan  1 00:00:00"), 0, 3600, &usec), 0, "the time would be negative");
  cr_expect_eq(usec, UNTOUCHED);
}

/* ---- what is remembered ---------------------------------------------------------- */

typedef struct _Stamp
{
  gchar text[32];
  gint64 now_usec, usec;
  gint offset;
  gsize len;
} Stamp;

static gsize
_parse(const Stamp *stamp, gint64 *ret_usec)
{
  *ret_usec = UNTOUCHED;
  return pk_timestamp_parse_bsd(pk_slice_from_string(stamp->text), stamp->now_usec, stamp->offset, ret_usec);
}

/* What it comes to when another one was remembered. */
static void
_expect_of(Stamp *stamp)
{
  gint64 usec;

  cr_assert_eq(pk_timestamp_parse_bsd(PK_SLICE("Feb  3 04:05:06 gw"), NOW / 2, 7200, &usec), 15);
  stamp->len = _parse(stamp, &stamp->usec);
}

static GArray *
_make_stamps(void)
{
  static const gchar *const times[] = { "Nov 22 23:59:59", "Nov 23 00:00:00", "Nov 24 00:00:01", "Dec 31 23:59:59",
                                        "Jan  1 00:00:00", "Jan 1 00:00:00",  "Feb 29 12:00:00", "Nov 22 22:09:60",
                                        "Nov 31 22:09:59", "Nov 22 23:59:5" };
  static const gchar *const followers[] = {
    "", " ", " gw", " 2025 gw", " 2025", " 2025x gw", " gw01 x", ".5 gw", "9 gw"
  };
  static const gint64 nows[] = { 0, NOW, NOW + 1, G_GINT64_CONSTANT(1798761600) * G_USEC_PER_SEC };
  static const gint offsets[] = { 0, 3600, -8 * 3600 };
  GArray *stamps = g_array_new(FALSE, FALSE, sizeof(Stamp));
  Stamp stamp = { .len = 0 };

  for (gsize i = 0; i < G_N_ELEMENTS(times); i++)
    for (gsize j = 0; j < G_N_ELEMENTS(followers); j++)
      for (gsize k = 0; k < G_N_ELEMENTS(nows) * G_N_ELEMENTS(offsets); k++)
        {
          g_snprintf(stamp.text, sizeof(stamp.text), "%s%s", times[i], followers[j]);
          stamp.now_usec = nows[k % G_N_ELEMENTS(nows)];
          stamp.offset = offsets[k / G_N_ELEMENTS(nows)];
          _expect_of(&stamp);
          g_array_append_val(stamps, stamp);
        }
  return stamps;
}

Test(timestamp, no_stamp_is_taken_for_the_one_before)
{
  GArray *stamps = _make_stamps();

  for (guint i = 0; i < stamps->len; i++)
    for (guint j = 0; j < stamps->len; j++)
      {
        const Stamp *before = &g_array_index(stamps, Stamp, i), *stamp = &g_array_index(stamps, Stamp, j);
        gint64 usec;

        _parse(before, &usec);
        if (_parse(stamp, &usec) != stamp->len || usec != stamp->usec)
          cr_assert_fail("\"%s\" after \"%s\": %" G_GINT64_FORMAT, stamp->text, before->text, usec);
      }
  g_array_unref(stamps);
}

static gpointer
_parse_first(gpointer text)
{
  gint64 usec = UNTOUCHED;

  cr_expect_eq(pk_timestamp_parse_bsd(pk_slice(text, 16), 0, 0, &usec), strncmp(text, "Jan", 3) ? 0 : 15);
  cr_expect_eq(usec, strncmp(text, "Jan", 3) ? UNTOUCHED : 0);
  return NULL;
}

Test(timestamp, what_a_thread_begins_with_is_true)
{
  g_thread_join(g_thread_new("zeros", _parse_first, (gpointer) "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
  g_thread_join(g_thread_new("epoch", _parse_first, (gpointer) "Jan  1 00:00:00 "));
}

/* ---- text ---------------------------------------------------------------------- */

Test(timestamp, a_time_is_written_in_utc_with_milliseconds)
{
  gchar text[PK_TIMESTAMP_TEXT_BYTES];

  cr_expect_eq(pk_timestamp_format(0, text), 24);
  cr_expect_str_eq(text, "1970-01-01T00:00:00.000Z");
  pk_timestamp_format(1795381799123999, text);
  cr_expect_str_eq(text, "2026-11-22T21:09:59.123Z");
  pk_timestamp_format(253402300799999999, text);
  cr_expect_str_eq(text, "9999-12-31T23:59:59.999Z");
}

Test(timestamp, a_time_that_has_no_text_gives_an_empty_one_or_a_valid_one)
{
  static const gint64 odd[] = { G_MININT64, G_MAXINT64, -1, -1500000, G_GINT64_CONSTANT(253402300800000000) };

  for (gsize i = 0; i < G_N_ELEMENTS(odd); i++)
    {
      gchar text[PK_TIMESTAMP_TEXT_BYTES];
      gsize len = pk_timestamp_format(odd[i], text);

      cr_expect_eq(len, strlen(text));
      cr_expect(len == 0 || (len == 24 && strspn(text, "0123456789-:.TZ") == 24 && text[20] != '-'), "%s", text);
    }
}

Test(timestamp, what_is_written_is_read_again)
{
  GRand *rand = g_rand_new_with_seed(1);

  for (guint i = 0; i < 100000; i++)
    {
      gint64 usec =
          (gint64) (g_rand_double(rand) * 253402300799.0) * G_USEC_PER_SEC + 1000 * g_rand_int_range(rand, 0, 1000);
      gchar text[PK_TIMESTAMP_TEXT_BYTES];
      gint64 again = UNTOUCHED;
      gboolean has_zone;
      gsize len = pk_timestamp_format(usec, text);

      cr_assert_eq(pk_timestamp_parse_iso(pk_slice(text, len), &again, &has_zone), len, "%s", text);
      cr_assert_eq(again, usec, "%s", text);
    }
  g_rand_free(rand);
}

Test(timestamp, nothing_is_read_past_the_end_however_a_stamp_is_cut)
{
  static const gchar *const stamps[] = { "2026-11-22T22:09:59.123456+01:00", "Nov 22 22:09:59.123 2026 ",
                                         "Nov 22 2026 22:09:59.123" };

  for (gsize i = 0; i < G_N_ELEMENTS(stamps); i++)
    for (gsize len = 0; len <= strlen(stamps[i]); len++)
      {
        GuardPage page = guard_page_new(stamps[i], len);
        gint64 usec;

        cr_expect_leq(_parse_iso(page.text, &usec), len);
        cr_expect_leq(_parse_bsd(page.text, &usec), len);
        guard_page_free(&page);
      }
}
