/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "dialects/dialects.h"
#include "engine/prefix-memo.h"
#include "scan/slice.h"

/* A line with its key, as one recogniser sees it. */
typedef struct _Seen
{
  PkLine line;
  gsize body;
  PkPrefixKey key;
  PkEvent event;
} Seen;

static void
_see(Seen *self, guint64 recogniser, const gchar *text)
{
  self->line = (PkLine){ .program = PK_SLICE("kernel"), .text = pk_slice_from_string(text) };
  self->body = (gsize) (strstr(text, "IN=") - text);
  pk_event_init(&self->event);
  pk_prefix_key_init(&self->key, recogniser, &self->line, self->body, &self->event);
}

static void
_remember_as(guint64 recogniser, const gchar *text, const PkDialect *dialect, const gchar *word)
{
  Seen seen;

  _see(&seen, recogniser, text);
  seen.event.dialect = dialect;
  seen.event.kind = PK_EVENT_FIREWALL_DENY;
  pk_event_set_text(&seen.event, PK_TEXT_ACTION_WORD, word, strlen(word));
  pk_prefix_memo_put(&seen.key, &seen.line, seen.body, &seen.event);
}

static void
_remember(guint64 recogniser, const gchar *text)
{
  _remember_as(recogniser, text, &pk_dialect_netfilter, "DROP");
}

static const PkPrefixMemo *
_find(guint64 recogniser, const gchar *text)
{
  Seen seen;

  _see(&seen, recogniser, text);
  return pk_prefix_memo_find(&seen.key);
}

Test(prefix_memo, what_a_prefix_came_to_is_known_at_the_next_line)
{
  const PkPrefixMemo *known;

  cr_expect_null(_find(1, "DROP IN=eth0 OUT="));
  _remember(1, "DROP IN=eth0 OUT=");
  known = _find(1, "DROP IN=eth0 OUT=eth1 and so on");
  cr_assert_not_null(known);
  cr_expect_eq(known->dialect, &pk_dialect_netfilter);
  cr_expect_eq(known->verdict, PK_VERDICT_DENY);
  cr_expect_eq(known->word_len, 4);
  cr_expect_arr_eq(known->word, "DROP", 4);
}

Test(prefix_memo, only_the_time_of_the_kernel_may_differ)
{
  _remember(1, "[ 1131.517207] DROP IN=eth0 OUT=");
  cr_expect_not_null(_find(1, "[99.000001] DROP IN=eth0 OUT="));
  cr_expect_null(_find(1, "DROP IN=eth0 OUT="));
  cr_expect_null(_find(1, " DROP IN=eth0 OUT="));
  cr_expect_null(_find(1, "[ 1131.517207] DROPS IN=eth0 OUT="));
  cr_expect_null(_find(1, "[ 1131.517207] drop IN=eth0 OUT="));
  cr_expect_null(_find(1, "[ 1131.517207] DROP IN=eth9 OUT="));
}

Test(prefix_memo, recognisers_with_other_options_share_nothing)
{
  _remember(1, "DROP IN=eth0 OUT=");
  cr_expect_null(_find(2, "DROP IN=eth0 OUT="));
}

Test(prefix_memo, what_does_not_fit_is_not_remembered)
{
  gchar *prefix = g_strnfill(PK_PREFIX_MEMO_BYTES_MAX - PK_PREFIX_OVERLAP_BYTES, 'x');
  gchar *fits = g_strconcat(prefix, "IN=eth0 OUT=", NULL), *longer = g_strconcat("x", fits, NULL);

  _remember(1, fits);
  cr_expect_not_null(_find(1, fits));
  _remember(1, longer);
  cr_expect_null(_find(1, longer));
  _remember(1, "IN=e");
  cr_expect_null(_find(1, "IN=e"));
  _remember_as(1, "DROP IN=eth0 OUT=", &pk_dialect_netfilter, "a word that has more bytes than are kept");
  cr_expect_null(_find(1, "DROP IN=eth0 OUT="));
  g_free(longer);
  g_free(fits);
  g_free(prefix);
}

/* A program, structured data, a header in the text, or a time in the prefix, say more than its own bytes. */
Test(prefix_memo, a_prefix_that_does_not_stand_alone_is_not_remembered)
{
  static const gchar *const texts[] = { "  IN=eth0 OUT=", "[1.000000]  IN=eth0 OUT=",
                                        "Nov 26 fw kernel: DROP IN=eth0" };

  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    {
      _remember(1, texts[i]);
      cr_expect_null(_find(1, texts[i]), "%s", texts[i]);
    }
  _remember_as(1, "100 6 tap-IN policy DROP: IN=eth0 OUT=", &pk_dialect_proxmox, "DROP");
  cr_expect_null(_find(1, "100 6 tap-IN policy DROP: IN=eth0 OUT="));
}

/* There are more of them than places. */
Test(prefix_memo, many_prefixes_are_never_taken_for_each_other)
{
  guint known = 0;

  for (guint i = 0; i < 4000; i++)
    {
      gchar *text = g_strdup_printf("rule-%u-DROP IN=eth%u OUT=", i % 100, i % 7),
            *word = g_strdup_printf("%u", i % 700);
      const PkPrefixMemo *memo = _find(1, text);

      if (memo)
        cr_expect(memo->word_len == strlen(word) && memcmp(memo->word, word, memo->word_len) == 0, "%s", text);
      known += memo != NULL;
      _remember_as(1, text, &pk_dialect_netfilter, word);
      cr_expect_not_null(_find(1, text));
      g_free(word);
      g_free(text);
    }
  cr_expect_lt(known, 4000);
}
