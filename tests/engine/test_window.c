/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/scene.h"

/* Each test is a sentence of the design on windows and candidates. */

TestSuite(window, .init = scene_begin, .fini = scene_end);

/* ---- settling by arrival -------------------------------------------------- */

Test(window, three_ports_at_once_are_judged_when_settle_has_passed_and_not_before)
{
  scene_knock_many(0, 3, 7000);
  EXPECT_JUDGED(0);
  cr_expect_eq(pk_window_deadline(&scene.window, &scene.rule), START + 10000000);
  scene_tick(9999);
  EXPECT_JUDGED(0);
  scene_tick(10000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7000,7001,7002");
  cr_expect(!scene.outcome.judgements[0].unsettled);
}

Test(window, a_candidate_is_judged_once)
{
  scene_knock_many(0, 3, 7000);
  scene_tick(10000);
  scene_tick(20000);
  scene_knock(25000, 7003);
  scene_knock(40000, 7004);
  scene_tick(90000);
  EXPECT_JUDGED(1);
}

Test(window, expiry_before_the_deadline_changes_nothing)
{
  scene_knock_many(0, 3, 7000);
  pk_window_expire(&scene.window, &scene.rule, START + 9999999, &scene.outcome);
  EXPECT_JUDGED(0);
  cr_expect_eq(scene_count_open(), 3);
}

Test(window, two_ports_are_no_candidate_and_have_no_deadline)
{
  scene_knock_many(0, 2, 7000);
  cr_expect_eq(pk_window_deadline(&scene.window, &scene.rule), G_MAXINT64);
  scene_knock(1, 7000);
  cr_expect_eq(pk_window_deadline(&scene.window, &scene.rule), G_MAXINT64);
}

Test(window, every_new_attempt_restarts_settling)
{
  scene_knock_many(0, 3, 7000);
  scene_knock(9000, 7003);
  scene_tick(18999);
  EXPECT_JUDGED(0);
  scene_tick(19000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7000,7001,7002,7003");
}

Test(window, an_attempt_on_a_port_again_restarts_settling_too)
{
  scene_knock_many(0, 3, 7000);
  scene_knock(9000, 7000);
  scene_tick(18999);
  EXPECT_JUDGED(0);
  scene_tick(19000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.distinct_ports, 3);
}

Test(window, an_attempt_towards_another_destination_does_not_restart_settling)
{
  scene_knock_many(0, 3, 7000);
  scene_put(scene_make(9000, 2, 7003));
  scene_tick(10000);
  EXPECT_JUDGED(1);
}

Test(window, settling_by_arrival_counts_from_the_latest_arrival_however_old_the_events_are)
{
  scene_knock_arriving(0, 500000, 7000);
  scene_knock_arriving(1, 500000, 7001);
  scene_knock_arriving(2, 505000, 7002);
  scene_tick(514999);
  EXPECT_JUDGED(0);
  scene_tick(515000);
  EXPECT_JUDGED(1);
}

Test(window, event_time_is_never_compared_with_arrival_time)
{
  scene_knock_arriving(900000, 0, 7000);
  scene_knock_arriving(900001, 0, 7001);
  scene_knock_arriving(900002, 0, 7002);
  scene_tick(9999);
  EXPECT_JUDGED(0);
  scene_tick(10000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.window_end_usec, START + 900002000);
}

/* ---- settling by event ---------------------------------------------------- */

Test(window, the_next_hit_settle_later_judges_first_and_is_then_added)
{
  scene_knock_many(0, 3, 7000);
  scene_knock(10000, 7003);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7000,7001,7002");
  cr_expect(!scene.outcome.judgements[0].unsettled);
  cr_expect_eq(scene_count_open(), 1);
}

Test(window, the_next_hit_less_than_settle_later_belongs_to_the_candidate)
{
  scene_knock_many(0, 3, 7000);
  scene_put((PkHit){ .time_usec = START + 9999999,
                     .arrival_usec = START + 9999999,
                     .packets = 1,
                     .dest = scene_make(0, 1, 1).dest,
                     .port = { .protocol = PK_PROTO_TCP, .port = 7003 } });
  EXPECT_JUDGED(0);
  cr_expect_eq(scene_count_open(), 4);
}

Test(window, the_next_hit_towards_another_destination_judges_nothing_inside_the_window)
{
  scene_knock_many(0, 3, 7000);
  scene_put(scene_make(20000, 2, 7000));
  EXPECT_JUDGED(0);
}

Test(window, an_incomplete_one_stays_over_a_pause_of_settle_until_it_slides_out)
{
  scene_knock(0, 7000);
  scene_knock(15000, 7001);
  scene_knock(30000, 7002);
  EXPECT_JUDGED(0);
  scene_tick(40000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7000,7001,7002");
}

/* ---- bounds --------------------------------------------------------------- */

Test(window, the_bounds_of_the_window_are_inclusive)
{
  scene_knock(0, 7000);
  scene_knock(1, 7001);
  scene_knock(30000, 7002);
  cr_expect_eq(scene_count_open(), 3);
  scene_tick(40000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.window_end_usec - scene.outcome.judgements[0].alert.window_start_usec,
               30000000);
}

Test(window, a_microsecond_past_the_window_is_too_much)
{
  PkHit last = scene_make(30000, 1, 7002);

  scene_knock(0, 7000);
  scene_knock(1, 7001);
  last.time_usec++;
  scene_put(last);
  cr_expect_eq(scene_count_open(), 2);
  scene_tick(90000);
  EXPECT_JUDGED(0);
}

Test(window, it_slides_and_is_never_binned)
{
  /* Across any full half minute, with the first hit just before it. */
  for (gint64 start = 0; start < 60000; start += 1700)
    {
      scene_empty();
      pk_outcome_init(&scene.outcome);
      scene_knock(start, 7000);
      scene_knock(start + 14000, 7001);
      scene_knock(start + 28000, 7002);
      scene_tick(start + 38000);
      EXPECT_JUDGED(1);
    }
}

Test(window, min_ports_and_max_ports_are_inclusive)
{
  scene_knock_many(0, 3, 7000);
  scene_tick(10000);
  EXPECT_JUDGED(1);
  scene_knock_many(60000, 8, 8000);
  scene_tick(70000);
  EXPECT_JUDGED(2);
  cr_expect_eq(scene.outcome.judgements[1].alert.distinct_ports, 8);
  cr_expect(!scene.outcome.scan);
}

Test(window, more_distinct_ports_than_max_ports_are_a_scan_and_consumed)
{
  scene_knock_many(0, 9, 7000);
  cr_expect(scene.outcome.scan);
  cr_expect_eq(scene_count_open(), 0);
  scene_tick(90000);
  EXPECT_JUDGED(0);
}

Test(window, a_port_tried_twice_is_one_distinct_port)
{
  for (guint i = 0; i < 5; i++)
    scene_knock_many(i * 10, 2, 7000);
  scene_tick(90000);
  EXPECT_JUDGED(0);
  scene_put(scene_make(100, 1, 7002));
  scene_tick(190000);
  EXPECT_JUDGED(1);
}

Test(window, the_same_number_in_another_protocol_is_another_port)
{
  PkHit udp = scene_make(2, 1, 7000);

  udp.port.protocol = PK_PROTO_UDP;
  scene_knock_many(0, 2, 7000);
  scene_put(udp);
  scene_tick(20000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.distinct_ports, 3);
}

Test(window, icmp_packets_of_different_sizes_are_different_ports)
{
  for (guint i = 0; i < 3; i++)
    {
      PkHit hit = scene_make(i, 1, (guint16) (84 + i));

      hit.port = (PkPort){ .protocol = PK_PROTO_ICMP, .icmp_type = 8, .port = (guint16) (84 + i) };
      scene_put(hit);
    }
  scene_tick(20000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.distinct_ports, 3);
}

Test(window, min_packets_counts_attempts)
{
  scene_set("min-packets", "5");
  scene_knock_many(0, 3, 7000);
  scene_knock(1, 7000);
  scene_tick(20000);
  EXPECT_JUDGED(0);
  scene_knock(20001, 7001);
  scene_tick(40000);
  EXPECT_JUDGED(1);
}

Test(window, more_attempts_than_max_packets_on_a_legal_number_of_ports_are_judged)
{
  for (guint i = 0; i < 5; i++)
    scene_knock_many(i, 3, 7000);
  scene_tick(20000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.n_attempts, 15);
}

Test(window, min_duration_is_from_the_first_to_the_last_hit_and_inclusive)
{
  scene_set("min-duration", "2");
  scene_knock(0, 7000);
  scene_knock(1000, 7001);
  scene_knock(1999, 7002);
  scene_tick(20000);
  EXPECT_JUDGED(0);
  scene_empty();
  scene_knock(0, 7000);
  scene_knock(1000, 7001);
  scene_knock(2000, 7002);
  scene_tick(20000);
  EXPECT_JUDGED(1);
}

/* ---- destinations --------------------------------------------------------- */

Test(window, each_destination_is_looked_at_by_itself)
{
  for (guint8 dest = 1; dest <= 3; dest++)
    scene_put(scene_make(dest, dest, 7000));
  scene_tick(20000);
  EXPECT_JUDGED(0);
}

Test(window, two_destinations_give_two_judgements_that_name_each_other)
{
  for (guint16 port = 0; port < 3; port++)
    for (guint8 dest = 1; dest <= 2; dest++)
      scene_put(scene_make(port, dest, (guint16) (7000 + port)));
  scene_tick(20000);
  EXPECT_JUDGED(2);
  for (guint i = 0; i < 2; i++)
    {
      const PkAlert *alert = &scene.outcome.judgements[i].alert;

      cr_expect_eq(alert->n_attempts, 3);
      cr_expect_eq(alert->n_other_dests, 1);
      cr_expect_arr_eq(&alert->other_dests[0], &scene.outcome.judgements[!i].alert.dest, sizeof(PkAddr));
    }
}

Test(window, a_missing_destination_is_a_destination_of_its_own)
{
  for (guint16 port = 0; port < 3; port++)
    {
      PkHit hit = scene_make(port, 1, (guint16) (7000 + port));

      if (port < 2)
        memset(&hit.dest, 0, sizeof(hit.dest));
      scene_put(hit);
    }
  scene_tick(20000);
  EXPECT_JUDGED(0);
  for (guint16 port = 0; port < 3; port++)
    {
      PkHit hit = scene_make(20000 + port, 1, (guint16) (7000 + port));

      memset(&hit.dest, 0, sizeof(hit.dest));
      scene_put(hit);
    }
  scene_tick(40000);
  EXPECT_JUDGED(1);
  cr_expect(!scene.outcome.judgements[0].alert.has_dest);
}

Test(window, a_scan_of_one_destination_leaves_the_knock_on_another_alone)
{
  for (guint16 port = 0; port < 3; port++)
    scene_put(scene_make(port, 2, (guint16) (7000 + port)));
  scene_knock_many(10, 9, 1);
  cr_expect(scene.outcome.scan);
  scene_tick(20000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.dest.bytes[15], 2);
}

Test(window, four_other_destinations_are_named_at_most)
{
  for (guint8 dest = 2; dest < 9; dest++)
    scene_put(scene_make(0, dest, 1));
  scene_knock_many(1, 3, 7000);
  scene_tick(20000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.n_other_dests, 4);
}

/* ---- sliding out ---------------------------------------------------------- */

Test(window, a_candidate_is_judged_before_a_hit_of_it_slides_out)
{
  /* Never a pause of settle: what the window saw of a slow scan. */
  for (guint16 i = 0; i < 7; i++)
    scene_knock(i * 5000, (guint16) (7000 + i));
  EXPECT_JUDGED(0);
  scene_knock(35000, 7007);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7000,7001,7002,7003,7004,7005,7006");
  cr_expect(scene.outcome.judgements[0].unsettled);
  cr_expect_eq(scene_count_open(), 1);
}

Test(window, sliding_out_because_of_another_destination_judges_too)
{
  scene_knock(0, 7000);
  scene_knock(1000, 7001);
  scene_knock(2000, 7002);
  scene_put(scene_make(30001, 2, 1));
  EXPECT_JUDGED(1);
  cr_expect(!scene.outcome.judgements[0].unsettled, "it had settled long ago");
}

Test(window, an_incomplete_one_slides_out_hit_by_hit)
{
  scene_knock(0, 7000);
  scene_knock(20000, 7001);
  scene_knock(31000, 7002);
  EXPECT_JUDGED(0);
  cr_expect_eq(scene_count_open(), 2);
  scene_knock(45000, 7003);
  scene_tick(90000);
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7001,7002,7003");
}

Test(window, several_destinations_can_slide_out_at_once)
{
  for (guint8 dest = 1; dest <= 10; dest++)
    for (guint16 port = 0; port < 3; port++)
      scene_put(scene_make(dest, dest, (guint16) (7000 + port)));
  scene_put(scene_make(60000, 99, 1));
  EXPECT_JUDGED(10);
  cr_expect_eq(scene.window.n, 1);
}

Test(window, a_33rd_hit_pushes_out_the_oldest_whose_destination_is_judged_first)
{
  scene_knock_many(0, 3, 7000);
  for (guint8 i = 0; i < 29; i++)
    scene_put(scene_make(1 + i, (guint8) (100 + i), 1));
  EXPECT_JUDGED(0);
  cr_expect_eq(scene.outcome.pushed_out, 0);
  scene_put(scene_make(50, 99, 1));
  EXPECT_JUDGED(1);
  cr_expect_str_eq(scene_ports(0), "7000,7001,7002");
  cr_expect_eq(scene.outcome.pushed_out, 1);
  cr_expect_leq(scene.window.n, PK_HITS_MAX);
}

Test(window, a_33rd_hit_pushes_out_an_incomplete_one_unjudged)
{
  for (guint8 i = 0; i < 33; i++)
    scene_put(scene_make(i, (guint8) (100 + i), 1));
  EXPECT_JUDGED(0);
  cr_expect_eq(scene.window.n, PK_HITS_MAX);
  cr_expect_eq(pk_window_hit(&scene.window, 0)->dest.bytes[15], 101);
  cr_expect_eq(scene.outcome.pushed_out, 1);
}

Test(window, the_most_hits_give_the_most_judgements_and_no_more)
{
  scene_set("min-ports", "2");
  scene_set("min-packets", "2");
  for (guint8 dest = 0; dest < 16; dest++)
    for (guint16 port = 0; port < 2; port++)
      scene_put(scene_make(dest, (guint8) (100 + dest), (guint16) (7000 + port)));
  scene_put(scene_make(90000, 1, 1));
  EXPECT_JUDGED(PK_HITS_MAX / 2);
}

/* ---- what is told --------------------------------------------------------- */

Test(window, the_first_host_is_that_of_the_last_hit_and_four_are_told)
{
  for (guint16 i = 0; i < 6; i++)
    {
      PkHit hit = scene_make(i, 1, (guint16) (7000 + i));

      hit.host = i + 1;
      scene_put(hit);
    }
  scene_tick(20000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].n_hosts, 4);
  cr_expect_eq(scene.outcome.judgements[0].hosts[0], 6);
}

Test(window, the_alerts_arrival_is_that_of_the_hit_that_arrived_last)
{
  scene_knock_arriving(1, 5, 7001);
  scene_knock_arriving(2, 6, 7002);
  scene_knock_arriving(0, 7, 7000);
  scene_tick(20000);
  EXPECT_JUDGED(1);
  cr_expect_eq(scene.outcome.judgements[0].alert.arrival_usec, START + 7000);
}

Test(window, ports_are_counted_without_what_was_consumed)
{
  cr_expect_eq(pk_window_count_ports(&scene.window), 0);
  scene_knock_many(0, 3, 7000);
  scene_put(scene_make(1, 2, 7000));
  cr_expect_eq(pk_window_count_ports(&scene.window), 3);
  scene_tick(10000);
  cr_expect_eq(pk_window_count_ports(&scene.window), 1);
}
