/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/needles.h"
#include "port-knock/pk-dialect.h"
#include "scan/guard-page.h"
#include "scan/slice.h"

static PkNeedles *
_compile(const gchar *const *needles, guint n)
{
  PkNeedles *self = pk_needles_new(FALSE);

  for (guint i = 0; i < n; i++)
    pk_needles_add(self, needles[i], i);
  pk_needles_compile(self);
  return self;
}

/* Bit n: needle n was found. */
static guint64
_search(const PkNeedles *needles, const gchar *text, gsize len)
{
  GuardPage page = guard_page_new(text, len);
  PkRowSet rows = { { 0 } };

  pk_needles_search(needles, page.text, &rows);
  guard_page_free(&page);
  cr_expect_eq(rows.bits[1], 0);
  return rows.bits[0];
}

Test(needles, a_needle_is_found_at_every_place_of_a_text)
{
  static const gchar *const needles[] = { "abcde", "abcdef", "uvwxyz0", "longer needle" };
  PkNeedles *self = _compile(needles, G_N_ELEMENTS(needles));

  for (gsize before = 0; before < 70; before++)
    for (gsize after = 0; after < 9; after++)
      for (guint i = 1; i < G_N_ELEMENTS(needles); i++)
        {
          gchar *left = g_strnfill(before, '.'), *right = g_strnfill(after, '.');
          gchar *text = g_strconcat(left, needles[i], right, NULL);

          cr_expect_eq(_search(self, text, strlen(text)), 1u << i | (i == 1), "%s", text);
          g_free(text);
          g_free(left);
          g_free(right);
        }
  pk_needles_free(self);
}

Test(needles, almost_is_not_found)
{
  static const gchar *const needles[] = { "abcde" };
  static const gchar *const texts[] = { "",      "a",      "abcd",  "bcde",      "abcdE",
                                        "ABCDE", "abcd e", "abcxe", "xbcdeabcd", "aabcd" };
  PkNeedles *self = _compile(needles, 1);

  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    cr_expect_eq(_search(self, texts[i], strlen(texts[i])), 0, "\"%s\"", texts[i]);
  pk_needles_free(self);
}

Test(needles, overlapping_needles_are_all_found)
{
  static const gchar *const needles[] = { "abcde", "cdefg", "abcdefg", "bcdef", "aaaaa" };
  PkNeedles *self = _compile(needles, G_N_ELEMENTS(needles));

  cr_expect_eq(_search(self, "abcdefg", 7), 0xf);
  cr_expect_eq(_search(self, "aaaaaaa", 7), 0x10);
  pk_needles_free(self);
}

Test(needles, a_nul_is_a_byte_of_the_text)
{
  static const gchar *const needles[] = { "abcde" };
  PkNeedles *self = _compile(needles, 1);

  cr_expect_eq(_search(self, "\0\0\0abcde\0", 9), 1);
  cr_expect_eq(_search(self, "abc\0de", 6), 0);
  pk_needles_free(self);
}

Test(needles, several_needles_of_one_row_and_one_needle_of_several_rows)
{
  PkNeedles *self = pk_needles_new(FALSE);
  PkRowSet rows = { { 0 } };

  pk_needles_add(self, "first", 3);
  pk_needles_add(self, "second", 3);
  pk_needles_add(self, "first", PK_NEEDLES_ROWS_MAX - 1);
  pk_needles_compile(self);
  pk_needles_search(self, PK_SLICE("-second-"), &rows);
  cr_expect(pk_row_set_has(&rows, 3));
  cr_expect(!pk_row_set_has(&rows, PK_NEEDLES_ROWS_MAX - 1));
  pk_needles_search(self, PK_SLICE("-first-"), &rows);
  cr_expect(pk_row_set_has(&rows, PK_NEEDLES_ROWS_MAX - 1));
  pk_needles_free(self);
}

Test(needles, rows_are_added_to_those_that_are_there)
{
  static const gchar *const needles[] = { "abcde" };
  PkNeedles *self = _compile(needles, 1);
  PkRowSet rows = { { 0 } };

  cr_expect(pk_row_set_is_empty(&rows));
  pk_row_set_add(&rows, 100);
  cr_expect(!pk_row_set_is_empty(&rows));
  pk_needles_search(self, PK_SLICE("abcde"), &rows);
  cr_expect(pk_row_set_has(&rows, 0));
  cr_expect(pk_row_set_has(&rows, 100));
  cr_expect(!pk_row_set_has(&rows, 1));
  pk_needles_free(self);
}

Test(needles, with_folding_case_does_not_matter)
{
  PkNeedles *self = pk_needles_new(TRUE);

  pk_needles_add(self, "DroPped", 0);
  pk_needles_add(self, "[x]@`{", 1);
  pk_needles_compile(self);
  cr_expect_eq(_search(self, "..dropped", 9), 1);
  cr_expect_eq(_search(self, "DROPPED.", 8), 1);
  cr_expect_eq(_search(self, "[X]@`{", 6), 2);
  cr_expect_eq(_search(self, "{x}`@[", 6), 0, "only letters have a case");
  cr_expect_eq(_search(self, "dr\xc3\x96pped", 8), 0);
  pk_needles_free(self);
}

Test(needles, without_needles_nothing_is_found)
{
  PkNeedles *self = _compile(NULL, 0);

  cr_expect_eq(_search(self, "anything at all", 15), 0);
  pk_needles_free(self);
}

/* n bytes of few letters, so that much almost fits. */
static gchar *
_random_text(GRand *rand, gsize n)
{
  gchar *text = g_malloc(n + 1);

  for (gsize i = 0; i < n; i++)
    text[i] = (gchar) ('a' + g_rand_int_range(rand, 0, 2));
  text[n] = '\0';
  return text;
}

Test(needles, it_finds_what_a_plain_search_finds)
{
  GRand *rand = g_rand_new_with_seed(7);

  for (guint round = 0; round < 300; round++)
    {
      guint n = (guint) g_rand_int_range(rand, 1, 40);
      gint shortest = g_rand_int_range(rand, PK_NEEDLE_BYTES_MIN, 10);
      gchar *needles[40];
      PkNeedles *self;

      for (guint i = 0; i < n; i++)
        needles[i] = _random_text(rand, (gsize) g_rand_int_range(rand, shortest, 16));
      self = _compile((const gchar *const *) needles, n);
      for (guint i = 0; i < 60; i++)
        {
          gsize len = (gsize) g_rand_int_range(rand, 0, 80);
          gchar *text = _random_text(rand, len);
          guint64 expected = 0;

          for (guint j = 0; j < n; j++)
            if (pk_slice_find(pk_slice(text, len), pk_slice_from_string(needles[j])) >= 0)
              expected |= G_GUINT64_CONSTANT(1) << j;
          cr_assert_eq(_search(self, text, len), expected, "round %u: %s", round, text);
          g_free(text);
        }
      pk_needles_free(self);
      for (guint i = 0; i < n; i++)
        g_free(needles[i]);
    }
  g_rand_free(rand);
}
