/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/reports.h"

#define CAPACITY 8
#define COOLDOWN 300

static PkReports *reports;
static guint64 evicted;
static PkAlert alert;

static void
_begin(void)
{
  reports = pk_reports_new(CAPACITY);
}

static void
_end(void)
{
  pk_reports_free(reports);
}

TestSuite(reports, .init = _begin, .fini = _end);

static gboolean
_admit_for(guint64 key, gint64 arrival, gint64 cooldown)
{
  memset(&alert, 0, sizeof(alert));
  alert.total_packets = (guint) key;
  return pk_reports_admit(reports, key + 1000, key, arrival, cooldown, &alert, &evicted);
}

static gboolean
_admit(guint64 key, gint64 arrival)
{
  return _admit_for(key, arrival, COOLDOWN);
}

/* Closes all that ended by arrival; returns how many, and how many told repeats. */
static guint
_close(gint64 arrival, guint *ret_summaries)
{
  gboolean summary;
  guint n = 0, summaries = 0;

  for (; pk_reports_close(reports, arrival, &summary, &alert); n++)
    summaries += summary ? 1 : 0;
  *ret_summaries = summaries;
  return n;
}

Test(reports, of_one_source_only_a_few_are_admitted_and_the_rest_repeats_the_latest)
{
  gboolean summary;

  pk_reports_free(reports);
  reports = pk_reports_new(4 * PK_REPORTS_OF_SOURCE_MAX);
  memset(&alert, 0, sizeof(alert));
  for (guint64 key = 1; key <= PK_REPORTS_OF_SOURCE_MAX; key++)
    {
      cr_expect(!pk_reports_is_repeat(reports, 7, key, 0, FALSE));
      cr_expect(pk_reports_admit(reports, 7, key, 0, COOLDOWN, &alert, &evicted));
    }
  cr_expect(pk_reports_is_repeat(reports, 7, 100, 1, FALSE));
  cr_expect(!pk_reports_is_repeat(reports, 7, 100, 1, TRUE), "a confirmed one is never too much");
  cr_expect(!pk_reports_is_repeat(reports, 8, 100, 1, FALSE), "nor what another source did");
  pk_reports_add_repeat(reports, 7, 100, 1, FALSE);
  cr_expect(!pk_reports_is_repeat(reports, 7, 100, COOLDOWN, FALSE));
  for (guint i = 1; i <= PK_REPORTS_OF_SOURCE_MAX; i++)
    {
      cr_assert(pk_reports_close(reports, COOLDOWN, &summary, &alert));
      cr_expect_eq(summary, i == PK_REPORTS_OF_SOURCE_MAX);
    }
  cr_expect_eq(alert.repeats, 1);
}

Test(reports, the_same_key_is_admitted_again_when_the_cooldown_has_ended_and_not_before)
{
  cr_expect(_admit(1, 0));
  cr_expect(!_admit(1, 0));
  cr_expect(!_admit(1, COOLDOWN - 1));
  cr_expect(_admit(1, COOLDOWN));
}

Test(reports, other_keys_are_admitted)
{
  cr_expect(_admit(1, 0));
  cr_expect(_admit(2, 0));
  cr_expect(_admit(0, 0));
}

Test(reports, a_repeat_does_not_prolong_the_cooldown)
{
  cr_expect(_admit(1, 0));
  cr_expect(!_admit(1, COOLDOWN - 1));
  cr_expect(_admit(1, COOLDOWN));
}

Test(reports, repeats_are_told_in_the_next_alert_and_once)
{
  guint summaries;

  _admit(1, 0);
  _admit(1, 10);
  _admit(1, 20);
  cr_expect(_admit(1, COOLDOWN));
  cr_expect_eq(alert.repeats, 2);
  cr_expect_eq(_close(COOLDOWN, &summaries), 1);
  cr_expect_eq(summaries, 0);
  cr_expect(_admit(1, 2 * COOLDOWN));
  cr_expect_eq(alert.repeats, 0);
}

Test(reports, repeats_are_told_in_a_summary_when_the_cooldown_ends)
{
  gboolean summary;

  _admit(5, 0);
  _admit(5, 10);
  cr_expect(!pk_reports_close(reports, COOLDOWN - 1, &summary, &alert));
  cr_expect(pk_reports_close(reports, COOLDOWN, &summary, &alert));
  cr_expect(summary);
  cr_expect_eq(alert.repeats, 1);
  cr_expect_eq(alert.total_packets, 5, "the alert is that of the first time");
  cr_expect(!pk_reports_close(reports, COOLDOWN, &summary, &alert));
}

Test(reports, without_repeats_a_cooldown_ends_in_silence)
{
  guint summaries;

  _admit(1, 0);
  _admit(2, 0);
  cr_expect_eq(_close(COOLDOWN, &summaries), 2);
  cr_expect_eq(summaries, 0);
  cr_expect_eq(pk_reports_count(reports), 0);
}

Test(reports, without_cooldown_nothing_is_remembered)
{
  cr_expect(_admit_for(1, 0, 0));
  cr_expect(_admit_for(1, 0, 0));
  cr_expect_eq(pk_reports_count(reports), 0);
}

Test(reports, when_it_is_full_the_oldest_is_forgotten_and_counted)
{
  for (guint64 key = 0; key < CAPACITY + 3; key++)
    cr_expect(_admit(key, (gint64) key));
  cr_expect_eq(evicted, 3);
  cr_expect_eq(pk_reports_count(reports), CAPACITY);
  cr_expect(!_admit(3, 20));
  cr_expect(_admit(2, 20));
}

Test(reports, the_ring_goes_round_many_times)
{
  for (guint64 key = 0; key < 1000; key++)
    {
      cr_expect(_admit(key, (gint64) key * 50));
      cr_expect(!_admit(key, (gint64) key * 50 + 1));
      if (key % 2 == 0)
        {
          guint summaries, n = _close((gint64) key * 50, &summaries);

          cr_expect_eq(n, summaries);
        }
    }
  cr_expect_eq(evicted, 0);
}

Test(reports, a_copy_remembers_the_same)
{
  PkReports *copy = pk_reports_new(2), *old = reports;
  gint64 ends;

  _admit(1, 0);
  _admit(2, 1);
  _admit(3, 2);
  _admit(3, 3);
  for (guint i = 0; i < pk_reports_count(old); i++)
    {
      cr_expect_eq(pk_reports_get_key(old, i, &ends), 1001 + i);
      cr_expect_eq(ends, COOLDOWN + (gint64) i);
      pk_reports_copy(old, i, copy, &evicted);
    }
  cr_expect_eq(evicted, 1, "the oldest found no room");
  reports = copy;
  cr_expect(!_admit(2, 10));
  cr_expect(!_admit(3, 10));
  cr_expect(_admit(3, COOLDOWN + 2));
  cr_expect_eq(alert.repeats, 2);
  pk_reports_free(old);
}
