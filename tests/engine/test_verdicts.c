/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/knocks.h"
#include "engine/signs.h"

#include <glib/gstdio.h>

/* Known sequences, memory and crowd, as they show in verdicts. */

static Knocks knocks;

#define USER knocks_v4(192, 0, 2, 1)
#define SERVER knocks_v4(198, 51, 100, 2)
#define OTHER_SERVER knocks_v4(198, 51, 100, 3)

/* With all signs and the sequences that are built in.  One shard: then nothing depends on a random secret, and no two
 * ports happen to share a bit of the memory. */
static void
_begin_with(const gchar *name, const gchar *value)
{
  GError *error = NULL;
  PkOptions options;

  if (knocks.engine)
    pk_engine_unref(knocks.engine);
  knocks.n = 0;
  pk_options_init(&options);
  options.single_shard = TRUE;
  cr_assert(!name || pk_options_set(&options, name, value, &error), "%s", error ? error->message : "");
  cr_assert(pk_options_check(&options, &error));
  knocks.engine = pk_engine_new(&options, &error);
  cr_assert_not_null(knocks.engine, "%s", error ? error->message : "");
  pk_options_clear(&options);
}

static void
_begin(void)
{
  knocks.engine = NULL;
  _begin_with(NULL, NULL);
}

static void
_end(void)
{
  pk_engine_unref(knocks.engine);
}

TestSuite(verdicts, .init = _begin, .fini = _end);

/* ports end with 0, a millisecond apart */
static void
_knock(PkAddr source, PkAddr dest, const guint16 *ports, gint64 msec)
{
  for (; *ports; ports++, msec++)
    knocks_send(&knocks, source, dest, *ports, msec);
}

#define KNOCK(source, msec, ...) _knock(source, SERVER, (const guint16[]){ __VA_ARGS__, 0 }, msec)
#define EXPECT_ALERTS(number) cr_assert_eq(knocks.n, (number), "%u alerts", knocks.n)

static void
_expect(guint i, PkConfidence confidence, const gchar *evidence)
{
  cr_assert_lt(i, knocks.n);
  cr_expect_eq(knocks.alerts[i].confidence, confidence, "%s", pk_confidence_name(knocks.alerts[i].confidence));
  cr_expect_str_eq(knocks.alerts[i].evidence, evidence);
}

/* ---- known sequences ----------------------------------------------------------- */

Test(verdicts, a_known_sequence_is_high_at_once)
{
  KNOCK(USER, 0, 7000, 8000, 9000);
  EXPECT_ALERTS(1);
  _expect(0, PK_CONFIDENCE_HIGH, "known_sequence:knockd-default");
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(1);
}

Test(verdicts, a_door_of_two_ports_is_found)
{
  KNOCK(USER, 0, 5997, 5959);
  EXPECT_ALERTS(1);
  _expect(0, PK_CONFIDENCE_HIGH, "known_sequence:iptables-two-port");
}

Test(verdicts, a_permitted_port_may_be_missing)
{
  KNOCK(USER, 0, 200, 80, 53, 3);
  EXPECT_ALERTS(1);
  _expect(0, PK_CONFIDENCE_HIGH, "known_sequence:cd00r");
}

Test(verdicts, a_known_sequence_in_which_others_lie_lists_them_all)
{
  KNOCK(USER, 0, 7000, 4711, 8000, 4712, 9000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].n_attempts, 5);
}

Test(verdicts, its_ports_must_go_to_one_destination)
{
  knocks_send(&knocks, USER, SERVER, 7000, 0);
  knocks_send(&knocks, USER, OTHER_SERVER, 8000, 1);
  knocks_send(&knocks, USER, SERVER, 9000, 2);
  EXPECT_ALERTS(0);
}

Test(verdicts, it_is_found_when_its_lines_arrive_out_of_order)
{
  PkEvent event;

  knocks_init_event(&event, USER, SERVER, 9000, 2000);
  knocks_observe_from(&knocks, &event, "gw", "", 2000);
  knocks_init_event(&event, USER, SERVER, 7000, 0);
  knocks_observe_from(&knocks, &event, "gw", "", 2001);
  knocks_init_event(&event, USER, SERVER, 8000, 1000);
  knocks_observe_from(&knocks, &event, "gw", "", 2002);
  EXPECT_ALERTS(1);
}

Test(verdicts, within_a_scan_it_is_nothing)
{
  knocks_send_many(&knocks, USER, SERVER, 100, 20, 0);
  KNOCK(USER, 1000, 7000, 8000, 9000);
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(0);
}

Test(verdicts, a_scan_in_random_order_does_not_find_one_by_chance)
{
  GRand *random = g_rand_new_with_seed(3);

  for (guint8 scan = 0; scan < 100; scan++)
    for (guint i = 0; i < 1000; i++)
      knocks_send(&knocks, knocks_v4(203, 0, 113, scan), SERVER, (guint16) g_rand_int_range(random, 1, 10000),
                  scan * 100000 + i * 10);
  knocks_tick(&knocks, 100 * 100000);
  EXPECT_ALERTS(0);
  g_rand_free(random);
}

Test(verdicts, a_door_of_many_ports_is_no_scan)
{
  static const gchar text[] = "{\"entries\": [{\"id\": \"twelve\", \"ports\": "
                              "[1010,2020,3030,4040,5050,6060,7070,8080,9090,1111,2222,3333]}]}";
  gchar *path = NULL;
  gint fd = g_file_open_tmp("doors-XXXXXX", &path, NULL);

  cr_assert_geq(fd, 0);
  cr_assert(g_file_set_contents(path, text, -1, NULL));
  _begin_with("known-sequences", path);
  KNOCK(USER, 0, 1010, 2020, 3030, 4040, 5050, 6060, 7070, 8080, 9090, 1111, 2222, 3333);
  EXPECT_ALERTS(1);
  _expect(0, PK_CONFIDENCE_HIGH, "known_sequence:twelve");
  /* nor is who knocked there a scanner afterwards */
  KNOCK(USER, 400000, 1010, 2020, 3030, 4040, 5050, 6060, 7070, 8080, 9090, 1111, 2222, 3333);
  EXPECT_ALERTS(2);
  g_unlink(path);
  g_close(fd, NULL);
  g_free(path);
}

Test(verdicts, without_the_list_it_is_a_candidate_like_any_other)
{
  _begin_with("known-sequences", "");
  KNOCK(USER, 0, 7000, 8000, 9000);
  EXPECT_ALERTS(0);
  knocks_tick(&knocks, 11000);
  EXPECT_ALERTS(1);
  _expect(0, PK_CONFIDENCE_MEDIUM, "");
}

Test(verdicts, a_list_that_is_missing_is_refused)
{
  GError *error = NULL;
  PkOptions options;

  pk_options_init(&options);
  cr_assert(pk_options_set(&options, "known-sequences", "/nonexistent", NULL));
  cr_assert(pk_options_check(&options, NULL));
  cr_expect_null(pk_engine_new(&options, &error));
  cr_assert_not_null(error);
  cr_expect(g_str_has_prefix(error->message, "known-sequences: /nonexistent: it cannot be read: "), "%s",
            error->message);
  g_error_free(error);
  pk_options_clear(&options);
}

/* ---- single packets --------------------------------------------------------------- */

static void
_send_spa(gint64 msec)
{
  PkEvent event;

  knocks_init_event(&event, USER, SERVER, 62201, msec);
  event.protocol = PK_PROTO_UDP;
  knocks_observe_from(&knocks, &event, "gw", "", msec);
}

Test(verdicts, a_packet_for_fwknop_is_low)
{
  _send_spa(0);
  EXPECT_ALERTS(0);
  cr_expect_eq(knocks_stats(&knocks).below_confidence, 1);
  _begin_with("min-confidence", "low");
  _send_spa(0);
  EXPECT_ALERTS(1);
  _expect(0, PK_CONFIDENCE_LOW, "known_packet:fwknop-spa");
  cr_expect_eq(knocks.alerts[0].branch, PK_BRANCH_SPA_PACKET_DENIED);
}

Test(verdicts, it_is_confirmed_by_what_it_opens)
{
  PkEvent event;

  knocks_init_event(&event, knocks_v4(192, 0, 2, 9), OTHER_SERVER, 443, 0);
  event.kind = PK_EVENT_FIREWALL_ACCEPT;
  knocks_observe_from(&knocks, &event, "gw", "", 0);
  _send_spa(200000);
  knocks_init_event(&event, USER, SERVER, 22, 201000);
  event.kind = PK_EVENT_FIREWALL_ACCEPT;
  knocks_observe_from(&knocks, &event, "gw", "", 201000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].branch, PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED);
  _expect(0, PK_CONFIDENCE_CONFIRMED, "known_packet:fwknop-spa,accept:tcp/22,delay:1.000");
}

/* ---- memory ------------------------------------------------------------------------- */

Test(verdicts, who_tried_other_ports_before_is_low)
{
  for (guint16 i = 0; i < 5; i++)
    knocks_send(&knocks, USER, SERVER, (guint16) (20123 + 1111 * i), 40000 * i);
  KNOCK(USER, 400000, 7123, 8456, 9789);
  knocks_tick(&knocks, 420000);
  EXPECT_ALERTS(0);
  cr_expect_eq(knocks_stats(&knocks).signs[PK_SIGN_OTHER_PORTS], 1);
}

Test(verdicts, who_tried_the_closed_service_first_is_not)
{
  knocks_send(&knocks, USER, SERVER, 22, 0);
  KNOCK(USER, 60000, 7123, 8456, 9789);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(1);
}

Test(verdicts, a_sign_that_is_turned_off_does_not_count)
{
  _begin_with("signs", "all,-service_ports");
  KNOCK(USER, 0, 22, 80, 443);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
}

Test(verdicts, addresses_of_one_network_are_remembered_together)
{
  PkAddr scanner = knocks_v6(1), neighbour = knocks_v6(2), stranger = scanner;

  stranger.bytes[6] = 1; /* another /64 */
  knocks_send_many(&knocks, scanner, SERVER, 7000, 20, 0);
  KNOCK(neighbour, 60000, 7123, 8456, 9789);
  KNOCK(stranger, 60000, 7124, 8457, 9780);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(1);
  cr_expect_arr_eq(knocks.alerts[0].source.bytes, stranger.bytes, sizeof(stranger.bytes));
}

/* A source's first hit is remembered with its second one, when it is older than what others of its network did. */
static void
_scan_slowly_while_one_comes_back(gint64 pause_msec)
{
  PkAddr scanner = knocks_v6(1), neighbour = knocks_v6(2), old = knocks_v6(3);
  gint64 now_msec = pause_msec;

  knocks_send(&knocks, old, SERVER, 80, 0);
  for (guint i = 0; i < 30; i++, now_msec += 40000)
    knocks_send(&knocks, scanner, SERVER, (guint16) (7000 + i), now_msec);
  knocks_send(&knocks, old, SERVER, 81, now_msec);
  KNOCK(neighbour, now_msec, 7123, 8456, 9789);
  knocks_tick(&knocks, now_msec + 20000);
  EXPECT_ALERTS(0);
}

Test(verdicts, whoever_comes_back_does_not_let_its_network_be_forgotten)
{
  _scan_slowly_while_one_comes_back(40000);
}

Test(verdicts, whoever_comes_back_after_scan_memory_does_not_either)
{
  _scan_slowly_while_one_comes_back(7200000);
}

Test(verdicts, the_first_packet_of_an_address_makes_nothing_forgotten_of_its_network)
{
  PkAddr scanner = knocks_v6(1), neighbour = knocks_v6(2);

  knocks_send(&knocks, neighbour, SERVER, 7123, 0);
  knocks_send_many(&knocks, scanner, SERVER, 7000, 8, 10000);
  knocks_tick(&knocks, 25000);
  knocks.n = 0;
  knocks_send(&knocks, neighbour, SERVER, 8456, 26000);
  knocks_send(&knocks, neighbour, SERVER, 9789, 26001);
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(0); /* of other ports, which makes it low */
}

Test(verdicts, unless_ipv6_prefix_says_otherwise)
{
  _begin_with("ipv6-prefix", "128");
  knocks_send_many(&knocks, knocks_v6(1), SERVER, 7000, 20, 0);
  KNOCK(knocks_v6(2), 60000, 7123, 8456, 9789);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(1);
}

Test(verdicts, a_monitor_is_told_twice_and_then_periodic)
{
  for (guint i = 0; i < 6; i++)
    {
      KNOCK(USER, 400000 * i, 7123, 8456, 9789);
      knocks_tick(&knocks, 400000 * i + 20000);
    }
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks_stats(&knocks).signs[PK_SIGN_PERIODIC], 4);
}

/* ---- crowd ---------------------------------------------------------------------------- */

Test(verdicts, the_same_secret_from_a_second_source_is_high)
{
  KNOCK(USER, 0, 7123, 8456, 9789);
  knocks_tick(&knocks, 20000);
  KNOCK(knocks_v4(192, 0, 2, 2), 60000, 7123, 8456, 9789);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(2);
  _expect(0, PK_CONFIDENCE_MEDIUM, "");
  _expect(1, PK_CONFIDENCE_HIGH, "shared_secret:2");
}

Test(verdicts, the_same_ports_in_another_order_are_another_secret)
{
  KNOCK(USER, 0, 7123, 8456, 9789);
  knocks_tick(&knocks, 20000);
  KNOCK(knocks_v4(192, 0, 2, 2), 60000, 9789, 8456, 7123);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(2);
  _expect(1, PK_CONFIDENCE_MEDIUM, "");
}

Test(verdicts, from_the_ninth_source_on_it_is_a_list)
{
  for (guint8 i = 0; i < 12; i++)
    {
      KNOCK(knocks_v4(192, 0, 2, i + 1), 60000 * i, 7123, 8456, 9789);
      knocks_tick(&knocks, 60000 * i + 20000);
    }
  EXPECT_ALERTS(8);
  cr_expect_eq(knocks_stats(&knocks).signs[PK_SIGN_SHARED_LIST], 4);
}

Test(verdicts, towards_a_second_destination_it_is_a_list_too)
{
  KNOCK(USER, 0, 7123, 8456, 9789);
  knocks_tick(&knocks, 20000);
  _knock(knocks_v4(192, 0, 2, 2), OTHER_SERVER, (const guint16[]){ 7123, 8456, 9789, 0 }, 60000);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(1);
}

Test(verdicts, what_scanners_have_in_common_is_no_secret)
{
  KNOCK(USER, 0, 22, 80, 443);
  KNOCK(knocks_v4(192, 0, 2, 2), 1000, 22, 80, 443);
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(0);
}

/* ---- allow list ------------------------------------------------------------------------ */

Test(verdicts, an_allowed_source_is_counted_and_not_reported)
{
  PkEvent event;

  for (guint16 i = 0; i < 3; i++)
    {
      knocks_init_event(&event, USER, SERVER, (guint16) (7000 + 1000 * i), i);
      pk_event_set_text(&event, PK_TEXT_ALLOWED, "administrator", 13);
      knocks_observe_from(&knocks, &event, "gw", "", i);
    }
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(0);
  cr_expect_eq(knocks_stats(&knocks).suppressed, 1);
}

Test(verdicts, without_window_in_alert_on_candidates_are_silent)
{
  _begin_with("alert-on", "client");
  KNOCK(USER, 0, 7123, 8456, 9789);
  KNOCK(USER, 60000, 7000, 8000, 9000);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(0);
}

/* ---- findings by themselves -------------------------------------------------------------- */

static void
_run_knock_client(const gchar *host, const gchar *command, gint64 msec)
{
  PkEvent event;

  pk_event_init(&event);
  event.kind = PK_EVENT_KNOCK_CLIENT;
  event.branch = PK_BRANCH_KNOCK_CLIENT_TOOL_EXECUTION;
  event.time_usec = knocks_time(msec);
  pk_event_set_text(&event, PK_TEXT_COMMAND_LINE, command, strlen(command));
  knocks_observe_from(&knocks, &event, host, "", msec);
}

Test(verdicts, a_client_is_an_alert_only_if_asked_for)
{
  _run_knock_client("web1", "knock gate 1 2 3", 0);
  EXPECT_ALERTS(0);
  _begin_with("alert-on", "window,client");
  _run_knock_client("web1", "knock gate 1 2 3", 0);
  EXPECT_ALERTS(1);
  cr_expect(knocks.alerts[0].of_event);
  cr_expect(!knocks.alerts[0].has_source);
  cr_expect_eq(knocks.alerts[0].branch, PK_BRANCH_KNOCK_CLIENT_TOOL_EXECUTION);
}

Test(verdicts, the_same_command_is_told_once_per_cooldown_and_host)
{
  _begin_with("alert-on", "client");
  for (guint i = 0; i < 3; i++)
    _run_knock_client("web1", "knock gate 1 2 3", 1000 * i);
  EXPECT_ALERTS(1);
  _run_knock_client("web2", "knock gate 1 2 3", 5000);
  _run_knock_client("web1", "knock gate 4 5 6", 6000);
  EXPECT_ALERTS(3);
}
