/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/guard-page.h"
#include "scan/words.h"

/* What a key is, said plainly. */
static void
_expect_key_len(PkSlice word, gsize key_len)
{
  gsize expected = 0;

  while (expected < word.len && word.data[expected] != '=')
    expected++;
  cr_expect_eq(key_len, expected, "\"%.*s\": %zu", (gint) word.len, word.data, key_len);
}

/* The words of text with a '|' after each. */
static void
_expect_words(const gchar *text, gsize len, const gchar *expected)
{
  GuardPage page = guard_page_new(text, len);
  GString *found = g_string_new(NULL);
  PkWords words;
  PkSlice word;
  gsize key_len;

  pk_words_init(&words, page.text);
  while (pk_words_next(&words, &word, &key_len))
    {
      _expect_key_len(word, key_len);
      g_string_append_len(found, word.data, (gssize) word.len);
      g_string_append_c(found, '|');
    }
  cr_expect_str_eq(found->str, expected, "\"%s\"", text);
  g_string_free(found, TRUE);
  guard_page_free(&page);
}

static void
_expect_words_of(const gchar *text, const gchar *expected)
{
  _expect_words(text, strlen(text), expected);
}

Test(words, blanks_separate_words_and_are_no_words)
{
  _expect_words_of("", "");
  _expect_words_of(" ", "");
  _expect_words_of("one", "one|");
  _expect_words_of("  one   two ", "one|two|");
  _expect_words_of("tab\tis no blank", "tab\tis|no|blank|");
}

Test(words, a_nul_and_bytes_over_127_are_no_blanks)
{
  _expect_words("a\xa0\xff b", 5, "a\xa0\xff|b|");
  GuardPage page = guard_page_new("a\0b c", 5);
  PkWords words;
  PkSlice word;
  gsize key_len;

  pk_words_init(&words, page.text);
  cr_assert(pk_words_next(&words, &word, &key_len));
  cr_expect_eq(word.len, 3);
  guard_page_free(&page);
}

/* Around the ends of what is looked up at once. */
Test(words, a_word_may_have_any_length_and_stand_anywhere)
{
  for (gsize before = 0; before < 200; before++)
    for (gsize len = 1; len < 140; len += 3)
      for (gsize after = 0; after < 3; after++)
        {
          gchar *left = g_strnfill(before, ' '), *word = g_strnfill(len, 'x'), *right = g_strnfill(after, ' ');
          gchar *text = g_strconcat("a ", left, word, " b", right, NULL);
          gchar *expected = g_strconcat("a|", word, "|b|", NULL);

          _expect_words_of(text, expected);
          g_free(expected);
          g_free(text);
          g_free(right);
          g_free(word);
          g_free(left);
        }
}

Test(words, a_key_ends_at_the_first_equals_sign_wherever_it_stands)
{
  _expect_words_of("IN=eth0 OUT= DF = =a a== SYN", "IN=eth0|OUT=|DF|=|=a|a==|SYN|");
  for (gsize before = 0; before < 140; before++)
    for (gsize key = 0; key < 140; key += 3)
      {
        gchar *left = g_strnfill(before, 'y'), *name = g_strnfill(key, 'k');
        gchar *text = g_strconcat(left, " ", name, "=1=2 a=b", NULL);
        gchar *expected = g_strconcat(left, before ? "|" : "", name, "=1=2|a=b|", NULL);

        _expect_words_of(text, expected);
        g_free(expected);
        g_free(text);
        g_free(name);
        g_free(left);
      }
}

/* Around the ends of what is looked up at once, and with keys looked for afterwards. */
Test(words, a_word_whose_key_is_known_is_taken_alike)
{
  for (gsize len = 1; len < 140; len++)
    for (gsize after = 0; after < 70; after += 3)
      {
        gchar *word = g_strnfill(len, 'x'), *rest = g_strnfill(after, 'y');
        gchar *text = g_strconcat("a=1 ", word, " ", rest, "=2", NULL);
        GuardPage page = guard_page_new(text, strlen(text));
        PkWords words;
        PkSlice found;
        gsize key_len;

        pk_words_init(&words, page.text);
        cr_assert(pk_words_next_known(&words, &found));
        cr_expect(pk_slice_equals(found, PK_SLICE("a=1")));
        if (pk_words_next_known(&words, &found))
          cr_expect(pk_slice_equals(found, pk_slice_from_string(word)), "%s: %zu", text, found.len);
        else
          {
            cr_expect_geq(len, PK_WORDS_VIEW_BYTES, "%s", text);
            cr_assert(pk_words_next(&words, &found, &key_len));
          }
        pk_words_forget_keys(&words);
        cr_assert(pk_words_next(&words, &found, &key_len), "%s", text);
        cr_expect_eq(found.len, after + 2);
        cr_expect_eq(key_len, after, "%s: %zu", text, key_len);
        cr_expect_not(pk_words_next(&words, &found, &key_len));
        guard_page_free(&page);
        g_free(text);
        g_free(rest);
        g_free(word);
      }
}
