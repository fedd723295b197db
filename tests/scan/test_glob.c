/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/glob.h"
#include "scan/guard-page.h"

static gboolean
_fits(const gchar *list, const gchar *text)
{
  return pk_glob_list_fits(list, pk_slice_from_string(text));
}

Test(glob, a_list_fits_whole_texts_in_any_case)
{
  cr_expect(_fits("nc|nmap", "nmap"));
  cr_expect(_fits("nc|nmap", "NC"));
  cr_expect_not(_fits("nc|nmap", "ncat"));
  cr_expect_not(_fits("nc|nmap", ""));
  cr_expect_not(_fits("", "nc"));
  cr_expect_not(_fits(NULL, "nc"));
}

Test(glob, a_star_stands_for_any_bytes)
{
  cr_expect(_fits("python*", "python3.11"));
  cr_expect(_fits("python*", "python"));
  cr_expect(_fits("*knockd*.conf", "/tmp/knockd-test.conf"));
  cr_expect(_fits("a*b*c", "a-b-b-c"));
  cr_expect(_fits("*", ""));
  cr_expect_not(_fits("*knockd*.conf", "/tmp/knockd.conf.txt"));
  cr_expect_not(_fits("a*b*c", "a-b-b"));
}

Test(glob, both_slashes_are_the_same)
{
  cr_expect(_fits("*/cmd.exe", "C:\\Windows\\System32\\CMD.EXE"));
  cr_expect(_fits("*/bin/sh", "/usr/bin/sh"));
  cr_expect_not(_fits("*/cmd.exe", "notcmd.exe"));
}

Test(glob, many_stars_take_no_time_to_speak_of)
{
  gchar text[20000];

  memset(text, 'a', sizeof(text));
  cr_expect_not(pk_glob_list_fits("*a*a*a*a*a*a*a*a*a*a*b", pk_slice(text, sizeof(text))));
}

Test(glob, no_byte_past_the_end_is_read)
{
  for (gsize len = 0; len <= 8; len++)
    {
      GuardPage page = guard_page_new("ab-ab-ab", len);

      pk_glob_list_fits("x|*ab*ab|ab*c|ab-ab-abc", page.text);
      guard_page_free(&page);
    }
}
