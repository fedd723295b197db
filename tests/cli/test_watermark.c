/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "cli/watermark.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define START (20000 * DAY)

static PkWatermark
_at(gint64 usec)
{
  PkWatermark self = { 0 };

  pk_watermark_advance(&self, usec);
  return self;
}

Test(watermark, first_event_sets_it)
{
  PkWatermark self = { 0 };

  cr_assert_eq(pk_watermark_advance(&self, START), START);
}

Test(watermark, it_follows_later_events)
{
  PkWatermark self = _at(START);

  cr_assert_eq(pk_watermark_advance(&self, START + 1), START + 1);
  cr_assert_eq(pk_watermark_advance(&self, START + 1 + DAY), START + 1 + DAY, "exactly a day ahead is no jump");
}

Test(watermark, earlier_events_do_not_move_it)
{
  PkWatermark self = _at(START);

  cr_assert_eq(pk_watermark_advance(&self, START - 1), START);
  cr_assert_eq(pk_watermark_advance(&self, START - 30 * DAY), START);
  cr_assert_eq(pk_watermark_advance(&self, 0), START);
}

Test(watermark, a_single_jump_does_not_count)
{
  PkWatermark self = _at(START);

  cr_assert_eq(pk_watermark_advance(&self, START + DAY + 1), START);
  cr_assert_eq(pk_watermark_advance(&self, START + SECOND), START + SECOND);
}

Test(watermark, a_jump_counts_when_the_next_event_agrees_within_an_hour)
{
  PkWatermark after = _at(START), before = _at(START);

  pk_watermark_advance(&after, START + 2 * DAY);
  cr_assert_eq(pk_watermark_advance(&after, START + 2 * DAY + HOUR), START + 2 * DAY + HOUR);
  pk_watermark_advance(&before, START + 2 * DAY);
  cr_assert_eq(pk_watermark_advance(&before, START + 2 * DAY - HOUR), START + 2 * DAY - HOUR);
}

Test(watermark, a_jump_does_not_count_when_the_next_event_is_further_away)
{
  PkWatermark self = _at(START);

  pk_watermark_advance(&self, START + 2 * DAY);
  cr_assert_eq(pk_watermark_advance(&self, START + 2 * DAY + HOUR + 1), START);
}

Test(watermark, an_event_in_between_takes_a_jump_back)
{
  PkWatermark self = _at(START);

  pk_watermark_advance(&self, START + 2 * DAY);
  pk_watermark_advance(&self, START);
  cr_assert_eq(pk_watermark_advance(&self, START + 2 * DAY), START);
}

Test(watermark, two_mad_clocks_in_turn_do_not_move_it)
{
  PkWatermark self = _at(START);

  for (gint i = 0; i < 10; i++)
    {
      cr_assert_eq(pk_watermark_advance(&self, START + 100 * DAY), START);
      cr_assert_eq(pk_watermark_advance(&self, START + 900 * DAY), START);
    }
}
