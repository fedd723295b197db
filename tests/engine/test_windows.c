/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/sources.h"
#include "engine/window-private.h"
#include "engine/windows.h"

/* The pool against lists that are searched from end to end. */

#define CAPACITY 40
#define STEPS 200000

typedef struct _Entry
{
  gboolean live;
  gint64 arrival, deadline;
  guint ports;
  guint64 changed; /* step of the last update */
  guint64 quiet;   /* step of the last new hit */
} Entry;

static PkWindows *windows;
static PkRule rule;
static Entry entries[CAPACITY];

static void
_begin(void)
{
  PkOptions options;

  pk_options_init(&options);
  cr_assert(pk_options_check(&options, NULL));
  pk_rule_init(&rule, &options);
  pk_options_clear(&options);
  windows = pk_windows_new(CAPACITY);
}

static void
_end(void)
{
  pk_windows_free(windows);
}

TestSuite(windows, .init = _begin, .fini = _end);

static PkHit
_make_hit(guint16 port, gint64 arrival)
{
  return (PkHit){
    .time_usec = arrival, .arrival_usec = arrival, .packets = 1, .port = { .protocol = PK_PROTO_TCP, .port = port }
  };
}

/* A window with `ports` ports, of which the last arrived at arrival. */
static void
_fill(guint32 index, guint ports, gint64 arrival)
{
  PkWindow *window = &pk_windows_get(windows, index)->window;

  while (window->n)
    pk_window_remove(window, pk_window_marks(window)[0].order);
  for (guint i = 0; i < ports; i++)
    {
      PkHit hit = _make_hit((guint16) (1 + i), arrival);

      pk_windows_grow(windows, index);
      pk_window_restore(window, &hit);
    }
}

static guint32
_take(guint ports, gint64 arrival)
{
  guint32 index = pk_windows_take(windows, 7, arrival);

  _fill(index, ports, arrival);
  pk_windows_update(windows, index, &rule, arrival);
  return index;
}

/* ---- sentences ------------------------------------------------------------- */

Test(windows, the_earliest_deadline_is_due_first)
{
  guint32 later = _take(3, 2000), earlier = _take(3, 1000);

  _take(2, 500);
  cr_expect_eq(pk_windows_find_due(windows, rule.settle_usec + 999), PK_INDEX_NONE);
  cr_expect_eq(pk_windows_find_due(windows, rule.settle_usec + 1000), earlier);
  pk_windows_release(windows, earlier);
  cr_expect_eq(pk_windows_find_due(windows, rule.settle_usec + 1999), PK_INDEX_NONE);
  cr_expect_eq(pk_windows_find_due(windows, rule.settle_usec + 2000), later);
}

Test(windows, the_fewest_ports_give_way_and_among_equals_the_longest_quiet)
{
  guint32 three = _take(3, 1), first = _take(2, 2), second = _take(2, 3);

  cr_expect_eq(pk_windows_find_victim(windows, 2, 0), first);
  pk_windows_update(windows, first, &rule, 4);
  cr_expect_eq(pk_windows_find_victim(windows, 2, 0), second);
  cr_expect_eq(pk_windows_find_victim(windows, 1, 0), PK_INDEX_NONE);
  pk_windows_release(windows, first);
  pk_windows_release(windows, second);
  cr_expect_eq(pk_windows_find_victim(windows, 2, 0), PK_INDEX_NONE);
  cr_expect_eq(pk_windows_find_victim(windows, 3, 0), three);
}

Test(windows, a_quiet_one_gives_way_before_all_others_unless_it_waits_to_be_judged)
{
  guint32 quiet = _take(2, 100), waiting;

  _take(1, 200);
  cr_expect_eq(pk_windows_find_quiet(windows, 100), PK_INDEX_NONE);
  cr_expect_eq(pk_windows_find_quiet(windows, 101), quiet);
  cr_expect_eq(pk_windows_find_victim(windows, 1, 101), quiet);
  pk_windows_release(windows, quiet);
  waiting = _take(3, 50);
  pk_windows_release(windows, pk_windows_find_victim(windows, 1, 0));
  cr_expect_eq(pk_windows_find_quiet(windows, 1000), PK_INDEX_NONE);
  _fill(waiting, 1, 50);
  pk_windows_update(windows, waiting, &rule, 50);
  cr_expect_eq(pk_windows_find_quiet(windows, 1000), waiting);
}

Test(windows, a_released_one_is_taken_again_empty)
{
  guint32 index = _take(5, 1);

  pk_windows_release(windows, index);
  index = pk_windows_take(windows, 9, 2);
  cr_expect_eq(pk_windows_get(windows, index)->window.n, 0);
  cr_expect_eq(pk_windows_get(windows, index)->ports, 0);
  cr_expect_eq(pk_windows_get(windows, index)->source, 9);
  cr_expect_str_empty(pk_windows_get_scope(windows, index));
  cr_expect_eq(pk_windows_find_due(windows, G_MAXINT64 - 1), PK_INDEX_NONE);
}

Test(windows, one_with_many_hits_gets_a_large_block_and_gives_it_back)
{
  guint32 index = _take(PK_WINDOW_FEW, 1);
  PkWindow *window = &pk_windows_get(windows, index)->window;

  cr_expect_eq(window->capacity, PK_WINDOW_FEW);
  _fill(index, PK_WINDOW_FEW + 1, 2);
  cr_expect_eq(window->capacity, PK_HITS_MAX);
  cr_expect_eq(window->n, PK_WINDOW_FEW + 1);
  cr_expect_eq(pk_window_count_ports(window), PK_WINDOW_FEW + 1);
  cr_expect_eq(pk_window_hit(window, PK_WINDOW_FEW)->port.port, PK_WINDOW_FEW + 1);
  _fill(index, 2, 3);
  pk_windows_update(windows, index, &rule, 3);
  cr_expect_eq(window->capacity, PK_WINDOW_FEW);
  cr_expect_eq(pk_window_hit(window, 1)->port.port, 2);
}

Test(windows, a_scope_belongs_to_one_window)
{
  guint32 first = _take(2, 1), second = _take(2, 1);

  pk_windows_set_scope(windows, first, (PkSlice){ "fw1", 3 });
  cr_expect_str_eq(pk_windows_get_scope(windows, first), "fw1");
  cr_expect_str_empty(pk_windows_get_scope(windows, second));
  pk_windows_release(windows, first);
  cr_expect_str_empty(pk_windows_get_scope(windows, pk_windows_take(windows, 1, 2)));
}

/* ---- against a plain model ------------------------------------------------- */

static void
_model_update(guint32 index, guint ports, gint64 arrival, guint64 step)
{
  Entry *entry = &entries[index];

  entry->ports = ports;
  entry->deadline = ports >= 3 && ports <= 8 ? arrival + rule.settle_usec : G_MAXINT64;
  entry->changed = step;
  if (arrival > entry->arrival)
    {
      entry->arrival = arrival;
      entry->quiet = step;
    }
}

static guint32
_model_oldest(void)
{
  guint32 oldest = PK_INDEX_NONE;

  for (guint32 i = 0; i < CAPACITY; i++)
    if (entries[i].live && (oldest == PK_INDEX_NONE || entries[i].quiet < entries[oldest].quiet))
      oldest = i;
  return oldest;
}

static guint32
_model_lowest(guint ports)
{
  guint32 lowest = PK_INDEX_NONE;

  for (guint32 i = 0; i < CAPACITY; i++)
    if (entries[i].live && entries[i].ports <= ports &&
        (lowest == PK_INDEX_NONE || entries[i].ports < entries[lowest].ports ||
         (entries[i].ports == entries[lowest].ports && entries[i].changed < entries[lowest].changed)))
      lowest = i;
  return lowest;
}

static gint64
_model_deadline(void)
{
  gint64 deadline = G_MAXINT64;

  for (guint32 i = 0; i < CAPACITY; i++)
    if (entries[i].live)
      deadline = MIN(deadline, entries[i].deadline);
  return deadline;
}

static void
_compare(GRand *rand, gint64 now)
{
  gint64 deadline = _model_deadline(), quiet_since = now - g_rand_int_range(rand, 0, 2000);
  guint ports = (guint) g_rand_int_range(rand, 0, 10);
  guint32 due = pk_windows_find_due(windows, deadline), oldest = _model_oldest(), quiet;

  if (deadline == G_MAXINT64)
    cr_assert_eq(pk_windows_find_due(windows, G_MAXINT64 - 1), PK_INDEX_NONE);
  else
    {
      cr_assert_eq(entries[due].deadline, deadline);
      cr_assert_eq(pk_windows_find_due(windows, deadline - 1), PK_INDEX_NONE);
    }
  quiet = oldest != PK_INDEX_NONE && entries[oldest].arrival < quiet_since && entries[oldest].deadline == G_MAXINT64
              ? oldest
              : PK_INDEX_NONE;
  cr_assert_eq(pk_windows_find_quiet(windows, quiet_since), quiet);
  cr_assert_eq(pk_windows_find_victim(windows, ports, quiet_since),
               quiet != PK_INDEX_NONE ? quiet : _model_lowest(ports));
}

static void
_change(GRand *rand, gint64 now, guint64 step)
{
  guint32 index = (guint32) g_rand_int_range(rand, 0, CAPACITY);
  guint ports = (guint) g_rand_int_range(rand, 1, 11);

  if (!entries[index].live)
    {
      if (pk_windows_is_full(windows))
        return;
      index = pk_windows_take(windows, 7, now);
      cr_assert(!entries[index].live);
      entries[index] = (Entry){ .live = TRUE, .arrival = now, .quiet = step };
    }
  else if (g_rand_int_range(rand, 0, 4) == 0)
    {
      pk_windows_release(windows, index);
      entries[index].live = FALSE;
      return;
    }
  _fill(index, ports, now);
  pk_windows_update(windows, index, &rule, now);
  _model_update(index, ports, now, step);
}

Test(windows, heap_and_lists_agree_with_a_plain_model)
{
  GRand *rand = g_rand_new_with_seed(3);
  gint64 now = 1000;

  for (guint64 step = 1; step <= STEPS; step++)
    {
      now += g_rand_int_range(rand, 0, 50);
      _change(rand, now, step);
      _compare(rand, now);
    }
  g_rand_free(rand);
}
