/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/scene.h"

/* Each test is a sentence of the design on retransmissions, order and late hits. */

TestSuite(window_order, .init = scene_begin, .fini = scene_end);

/* ---- retransmissions ------------------------------------------------------ */

Test(window_order, the_same_source_port_again_is_a_retransmission)
{
  for (guint i = 0; i < 6; i++)
    scene_put(scene_make_from(i * 1000, 7000, 40000));
  cr_expect_eq(scene.window.n, 1);
  cr_expect_eq(pk_window_hit(&scene.window, 0)->packets, 6);
  cr_expect_eq(pk_window_hit(&scene.window, 0)->retransmits, 5);
}

Test(window_order, a_retransmission_adds_to_packets_and_not_to_attempts)
{
  for (guint16 port = 0; port < 3; port++)
    for (guint i = 0; i < 6; i++)
      scene_put(scene_make_from(port * 1000 + i, (guint16) (7000 + port), (guint16) (40000 + port)));
  scene_tick(20000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.n_attempts, 3);
  cr_expect_eq(scene.outcome.judgements[0].alert.total_packets, 18);
  cr_expect_eq(scene.outcome.judgements[0].alert.retransmits, 15);
}

Test(window_order, a_retransmission_neither_restarts_settling_nor_extends_the_window)
{
  for (guint16 port = 0; port < 3; port++)
    scene_put(scene_make_from(port, (guint16) (7000 + port), (guint16) (40000 + port)));
  scene_put(scene_make_from(9000, 7002, 40002));
  scene_tick(10001);
  EXPECT_JUDGED(0);
  scene_tick(10002);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.window_end_usec, START + 2000);
}

Test(window_order, a_retransmission_does_not_let_older_hits_slide_out)
{
  scene_put(scene_make_from(0, 7000, 40000));
  scene_put(scene_make_from(20000, 7001, 40001));
  scene_put(scene_make_from(35000, 7001, 40001));
  cr_expect_eq(scene.window.n, 2);
}

Test(window_order, a_retransmission_of_what_was_judged_starts_nothing_new)
{
  for (guint16 port = 0; port < 3; port++)
    scene_put(scene_make_from(0, (guint16) (7000 + port), (guint16) (40000 + port)));
  scene_tick(10000);
  EXPECT_JUDGED(1);
  for (guint16 port = 0; port < 3; port++)
    scene_put(scene_make_from(15000, (guint16) (7000 + port), (guint16) (40000 + port)));
  scene_tick(90000);
  EXPECT_JUDGED(1);
}

Test(window_order, the_same_four_values_are_a_retransmission_up_to_the_window_and_an_attempt_after_it)
{
  PkHit first = scene_make_from(0, 7000, 40000), later = scene_make_from(30000, 7000, 40000);

  cr_expect(pk_hit_is_retransmission(&first, &later, &scene.rule));
  cr_expect(pk_hit_is_retransmission(&later, &first, &scene.rule), "order of arrival does not matter");
  later.time_usec++;
  cr_expect(!pk_hit_is_retransmission(&first, &later, &scene.rule));
}

Test(window_order, another_source_port_port_protocol_or_destination_is_no_retransmission)
{
  PkHit first = scene_make_from(0, 7000, 40000), other;

  other = scene_make_from(1, 7000, 40001);
  cr_expect(!pk_hit_is_retransmission(&first, &other, &scene.rule));
  other = scene_make_from(1, 7001, 40000);
  cr_expect(!pk_hit_is_retransmission(&first, &other, &scene.rule));
  other = scene_make_from(1, 7000, 40000);
  other.port.protocol = PK_PROTO_UDP;
  cr_expect(!pk_hit_is_retransmission(&first, &other, &scene.rule));
  other = scene_make_from(1, 7000, 40000);
  other.dest.bytes[15]++;
  cr_expect(!pk_hit_is_retransmission(&first, &other, &scene.rule));
}

Test(window_order, without_a_source_port_each_record_is_an_attempt)
{
  PkHit with = scene_make_from(0, 7000, 0), without = scene_make(0, 1, 7000);

  cr_expect(!pk_hit_is_retransmission(&without, &without, &scene.rule));
  cr_expect(!pk_hit_is_retransmission(&with, &without, &scene.rule));
  scene_knock(0, 7000);
  scene_knock(1, 7000);
  cr_expect_eq(scene.window.n, 2);
}

Test(window_order, an_aggregate_is_one_attempt_with_its_count_in_packets)
{
  PkHit hit = scene_make(0, 1, 7000);

  hit.packets = 50;
  scene_put(hit);
  scene_knock(1, 7001);
  scene_knock(2, 7002);
  scene_tick(20000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.n_attempts, 3);
  cr_expect_eq(scene.outcome.judgements[0].alert.total_packets, 52);
  cr_expect_eq(scene.outcome.judgements[0].alert.retransmits, 0);
}

Test(window_order, packets_of_a_flood_of_retransmissions_do_not_overflow)
{
  PkHit hit = scene_make_from(0, 7000, 40000);

  hit.packets = 1000000;
  scene_put(hit);
  for (guint i = 0; i < 100000; i++)
    scene_put(hit);
  cr_expect_eq(pk_window_hit(&scene.window, 0)->retransmits, G_MAXUINT16);
  cr_expect_leq((guint64) pk_window_hit(&scene.window, 0)->packets * PK_HITS_MAX, G_MAXUINT32);
  cr_expect_geq(pk_window_hit(&scene.window, 0)->packets, 100000000);
}

/* ---- order and late hits -------------------------------------------------- */

Test(window_order, hits_are_kept_in_the_order_of_event_time)
{
  scene_knock(2000, 7002);
  scene_knock(0, 7000);
  scene_knock(1000, 7001);
  scene_tick(12000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7000,7001,7002");
  cr_expect_eq(scene.outcome.judgements[0].alert.window_start_usec, START);
}

Test(window_order, equal_times_keep_the_order_of_arrival)
{
  scene_knock(0, 9000);
  scene_knock(0, 7000);
  scene_knock(0, 8000);
  scene_tick(10000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "9000,7000,8000");
}

static PkHit
_make_with_uptime(gint64 msec, guint16 port, PkNameId host, gint64 uptime_usec)
{
  PkHit hit = scene_make(msec, 1, port);

  hit.host = host;
  hit.uptime_usec = (guint32) uptime_usec;
  hit.flags = PK_HIT_HAS_UPTIME;
  return hit;
}

Test(window_order, uptime_breaks_ties_within_one_time_and_host)
{
  scene_put(_make_with_uptime(0, 7002, 1, 300));
  scene_put(_make_with_uptime(0, 7000, 1, 100));
  scene_put(_make_with_uptime(0, 7001, 1, 200));
  scene_tick(10000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7000,7001,7002");
}

Test(window_order, uptime_of_different_hosts_or_times_says_nothing)
{
  scene_put(_make_with_uptime(0, 7000, 1, 300));
  scene_put(_make_with_uptime(0, 7001, 2, 100));
  scene_put(_make_with_uptime(1000, 7002, 2, 50));
  scene_tick(11000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7000,7001,7002");
}

Test(window_order, a_hit_older_than_the_newest_by_more_than_the_window_is_late)
{
  scene_knock_arriving(30001, 0, 7000);
  scene_knock_arriving(30002, 1, 7001);
  scene_knock_arriving(2, 2, 7002);
  cr_expect(!scene.outcome.late, "30 s are not more than the window");
  cr_expect_eq(scene.window.n, 3);
  scene_knock_arriving(1, 3, 7003);
  cr_expect(scene.outcome.late);
  cr_expect_eq(scene.window.n, 3);
}

Test(window_order, a_late_hit_after_a_quiet_settle_starts_the_window_anew)
{
  scene_knock_arriving(100000, 0, 7000);
  scene_knock_arriving(100001, 0, 7001);
  scene_knock_arriving(0, 9999, 8000);
  cr_expect(scene.outcome.late);
  scene.outcome.late = FALSE;
  scene_knock_arriving(1, 10000, 8000);
  cr_expect(!scene.outcome.late);
  cr_expect_eq(scene.window.n, 1);
  scene_knock_arriving(2, 10001, 8001);
  scene_knock_arriving(3, 10002, 8002);
  scene_tick(30000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "8000,8001,8002");
}

Test(window_order, a_clock_that_was_set_back_starts_the_window_anew)
{
  scene_knock_arriving(3600000, 3600000, 7000);
  scene_knock_arriving(3600001, 3600001, 7001);
  for (gint64 msec = 0; msec < 3; msec++)
    scene_knock_arriving(msec, msec, (guint16) (8000 + msec));
  cr_expect(!scene.outcome.late);
  scene_tick(20000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "8000,8001,8002");
}

Test(window_order, starting_anew_judges_what_was_complete)
{
  scene_knock_arriving(100000, 0, 7000);
  scene_knock_arriving(100001, 0, 7001);
  scene_knock_arriving(100002, 0, 7002);
  scene_knock_arriving(0, 20000, 8000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7000,7001,7002");
  cr_expect(!scene.outcome.judgements[0].unsettled, "arrival time has moved on by settle");
}

Test(window_order, stamps_before_1970_overflow_nothing)
{
  for (guint16 port = 0; port < 3; port++)
    {
      PkHit hit = scene_make(0, 1, (guint16) (7000 + port));

      hit.time_usec = -1 - port;
      scene_put(hit);
    }
  {
    PkHit hit = scene_make(20000, 1, 8000);

    hit.time_usec = -G_GINT64_CONSTANT(86400000000);
    scene_put(hit);
  }
  EXPECT_JUDGED(1);
  cr_expect(!scene.outcome.judgements[0].unsettled);
}
