/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/recent.h"

#define CAPACITY 16

static PkRecent *recent;
static guint64 evicted;

static void
_begin(void)
{
  recent = pk_recent_new(CAPACITY, sizeof(guint64));
}

static void
_end(void)
{
  pk_recent_free(recent);
}

TestSuite(recent, .init = _begin, .fini = _end);

static void
_put(guint64 key, guint64 value)
{
  *(guint64 *) pk_recent_take(recent, key, &evicted) = value;
}

static guint64
_get(guint64 key)
{
  const guint64 *value = pk_recent_find(recent, key);

  return value ? *value : 0;
}

Test(recent, a_record_is_found_by_its_key_and_no_other)
{
  _put(1, 10);
  _put(17, 20); /* of the same bucket */
  cr_expect_eq(_get(1), 10);
  cr_expect_eq(_get(17), 20);
  cr_expect_null(pk_recent_find(recent, 33));
  cr_expect_eq(pk_recent_count(recent), 2);
}

Test(recent, a_new_record_is_clear_also_in_a_place_that_was_used)
{
  _put(1, 10);
  pk_recent_remove(recent, 1);
  cr_expect_eq(*(guint64 *) pk_recent_take(recent, 2, &evicted), 0);
}

Test(recent, the_one_taken_the_longest_ago_gives_way_and_is_counted)
{
  for (guint64 key = 1; key <= CAPACITY; key++)
    _put(key, key);
  _put(1, 1); /* young again */
  _put(100, 100);
  cr_expect_eq(evicted, 1);
  cr_expect_eq(_get(1), 1);
  cr_expect_null(pk_recent_find(recent, 2));
  cr_expect_eq(_get(100), 100);
  cr_expect_eq(pk_recent_count(recent), CAPACITY);
}

Test(recent, finding_makes_nothing_younger)
{
  guint64 key;

  _put(1, 1);
  _put(2, 2);
  cr_expect_eq(_get(1), 1);
  cr_expect_not_null(pk_recent_oldest(recent, &key));
  cr_expect_eq(key, 1);
}

Test(recent, what_is_not_there_can_be_removed)
{
  pk_recent_remove(recent, 5);
  cr_expect_eq(pk_recent_count(recent), 0);
  cr_expect_null(pk_recent_oldest(recent, &(guint64){ 0 }));
}

static void
_append_key(guint64 key, gconstpointer record, gpointer user_data)
{
  g_string_append_printf(user_data, "%" G_GUINT64_FORMAT " ", key);
}

Test(recent, a_walk_goes_from_the_oldest_to_the_youngest)
{
  GString *keys = g_string_new(NULL);

  for (guint64 key = 1; key <= 4; key++)
    _put(key, key);
  _put(2, 2);
  pk_recent_remove(recent, 3);
  pk_recent_each(recent, _append_key, keys);
  cr_expect_str_eq(keys->str, "1 4 2 ");
  g_string_free(keys, TRUE);
}

/* Each with what happens after it. */
static void
_walk_on(GString *keys, guint max, gboolean wanted_more)
{
  cr_expect_eq(pk_recent_walk(recent, max, _append_key, keys), wanted_more);
}

Test(recent, a_walk_in_parts_goes_on_whatever_happens_to_the_next_record)
{
  GString *keys = g_string_new(NULL);

  for (guint64 key = 1; key <= 6; key++)
    _put(key, key);
  pk_recent_begin_walk(recent);
  _walk_on(keys, 2, TRUE);
  pk_recent_remove(recent, 3);
  _walk_on(keys, 1, TRUE);
  _put(5, 5); /* becomes the youngest */
  _put(1, 1); /* again */
  _walk_on(keys, 1, TRUE);
  pk_recent_remove(recent, 2);
  _put(7, 7); /* maybe in the place of one that was removed */
  _walk_on(keys, 9, FALSE);
  cr_expect_str_eq(keys->str, "1 2 4 6 5 1 7 ");
  g_string_free(keys, TRUE);
}

Test(recent, a_walk_in_parts_ends_though_records_never_stop_to_come)
{
  GString *keys = g_string_new(NULL);
  guint parts = 0;

  for (guint64 key = 1; key <= CAPACITY; key++)
    _put(key, key);
  pk_recent_begin_walk(recent);
  while (pk_recent_walk(recent, 1, _append_key, keys) && parts++ < 10 * CAPACITY)
    _put(100 + parts, 1);
  cr_expect_lt(parts, 2 * CAPACITY + 1, "%u", parts);
  g_string_free(keys, TRUE);
}

Test(recent, a_walk_through_nothing_is_at_its_end)
{
  GString *keys = g_string_new(NULL);

  pk_recent_begin_walk(recent);
  _walk_on(keys, 1, FALSE);
  cr_expect_str_eq(keys->str, "");
  g_string_free(keys, TRUE);
}

/* Against a list that is searched from end to end. */
Test(recent, it_agrees_with_a_plain_list_on_random_steps)
{
  GRand *random = g_rand_new_with_seed(7);
  GArray *list = g_array_new(FALSE, FALSE, sizeof(guint64));

  for (guint step = 0; step < 20000; step++)
    {
      guint64 key = g_rand_int_range(random, 0, 40);
      guint i = 0;

      while (i < list->len && g_array_index(list, guint64, i) != key)
        i++;
      cr_assert_eq(pk_recent_find(recent, key) != NULL, i < list->len);
      if (i < list->len)
        g_array_remove_index(list, i);
      if (g_rand_int_range(random, 0, 4) == 0)
        pk_recent_remove(recent, key);
      else
        {
          if (list->len == CAPACITY)
            g_array_remove_index(list, 0);
          g_array_append_val(list, key);
          _put(key, key + 1);
        }
      cr_assert_eq(pk_recent_count(recent), list->len);
    }
  g_array_unref(list);
  g_rand_free(random);
}

#define KEYS 40

typedef struct _Plain
{
  guint64 key;
  gboolean is_touched;
} Plain;

static guint
_find_plain(const GArray *list, guint64 key)
{
  guint i = 0;

  while (i < list->len && g_array_index(list, Plain, i).key != key)
    i++;
  return i;
}

static void
_touch_plain(GArray *list, guint64 key)
{
  guint i = _find_plain(list, key);
  Plain added = { key, FALSE };

  if (i < list->len)
    {
      g_array_index(list, Plain, i).is_touched = TRUE;
      return;
    }
  while (list->len == CAPACITY && g_array_index(list, Plain, 0).is_touched)
    {
      Plain passed = { g_array_index(list, Plain, 0).key, FALSE };

      g_array_remove_index(list, 0);
      g_array_append_val(list, passed);
    }
  if (list->len == CAPACITY)
    g_array_remove_index(list, 0);
  g_array_append_val(list, added);
}

Test(recent, what_was_touched_is_passed_by_once_as_in_a_plain_list)
{
  GRand *random = g_rand_new_with_seed(11);
  GArray *list = g_array_new(FALSE, FALSE, sizeof(Plain));

  for (guint step = 0; step < 20000; step++)
    {
      guint64 key = (guint64) g_rand_int_range(random, 0, KEYS) << 32;
      guint i = _find_plain(list, key);

      if (i < list->len && g_rand_int_range(random, 0, 4) == 0)
        {
          g_array_remove_index(list, i);
          pk_recent_remove(recent, key);
        }
      else
        {
          _touch_plain(list, key);
          pk_recent_touch(recent, key, &evicted);
        }
      for (key = 0; key < KEYS; key++)
        cr_assert_eq(pk_recent_find(recent, key << 32) != NULL, _find_plain(list, key << 32) < list->len, "%u", step);
    }
  cr_expect_gt(evicted, 0);
  g_array_unref(list);
  g_rand_free(random);
}
