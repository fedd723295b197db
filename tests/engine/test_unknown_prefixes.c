/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "port-knock/pk-engine.h"

static PkUnknownPrefixes *prefixes;

static void
_begin(void)
{
  prefixes = pk_unknown_prefixes_new();
}

static void
_end(void)
{
  pk_unknown_prefixes_free(prefixes);
}

TestSuite(unknown_prefixes, .init = _begin, .fini = _end);

static void
_take(const gchar *prefix)
{
  PkEvent event;

  pk_event_init(&event);
  pk_event_set_text(&event, PK_TEXT_ACTION_WORD, prefix, strlen(prefix));
  pk_unknown_prefixes_take(prefixes, &event);
}

Test(unknown_prefixes, each_is_given_once_in_the_order_seen)
{
  _take("weather:");
  _take("inbound");
  _take("weather:");
  cr_expect_str_eq(pk_unknown_prefixes_next(prefixes), "weather:");
  cr_expect_str_eq(pk_unknown_prefixes_next(prefixes), "inbound");
  cr_expect_null(pk_unknown_prefixes_next(prefixes));
  _take("inbound");
  cr_expect_null(pk_unknown_prefixes_next(prefixes));
  _take("later");
  cr_expect_str_eq(pk_unknown_prefixes_next(prefixes), "later");
}

Test(unknown_prefixes, lines_without_a_prefix_are_one_too)
{
  _take("");
  _take("");
  cr_expect_str_eq(pk_unknown_prefixes_next(prefixes), "");
  cr_expect_null(pk_unknown_prefixes_next(prefixes));
}

Test(unknown_prefixes, no_more_than_a_few_are_ever_kept)
{
  guint n = 0;

  for (guint i = 0; i < 1000; i++)
    {
      gchar name[16];

      g_snprintf(name, sizeof(name), "forged-%u", i);
      _take(name);
    }
  while (pk_unknown_prefixes_next(prefixes))
    n++;
  cr_expect_eq(n, PK_UNKNOWN_PREFIXES_MAX);
  _take("one more");
  cr_expect_null(pk_unknown_prefixes_next(prefixes));
}

Test(unknown_prefixes, a_name_is_cut_and_printable)
{
  gchar *longest = g_strnfill(PK_UNKNOWN_PREFIX_BYTES - 1, 'x'), *longer = g_strnfill(200, 'x');

  _take("a\x1b[31m\xff\n");
  _take(longer);
  _take(longest);
  cr_expect_str_eq(pk_unknown_prefixes_next(prefixes), "a?[31m??");
  cr_expect_str_eq(pk_unknown_prefixes_next(prefixes), longest);
  cr_expect_null(pk_unknown_prefixes_next(prefixes));
  g_free(longest);
  g_free(longer);
}

static gpointer
_take_many(gpointer thread)
{
  for (guint i = 0; i < 20000; i++)
    {
      gchar name[32];

      g_snprintf(name, sizeof(name), "%u-%u", GPOINTER_TO_UINT(thread), i % 7);
      _take(name);
    }
  return NULL;
}

Test(unknown_prefixes, several_threads_may_take_at_once)
{
  GThread *threads[4];
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("taker", _take_many, GUINT_TO_POINTER(i));
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  while (pk_unknown_prefixes_next(prefixes))
    n++;
  cr_expect_eq(n, PK_UNKNOWN_PREFIXES_MAX);
}
