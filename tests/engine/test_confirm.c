/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/knocks.h"
#include "engine/signs.h"

/* What follows a knock proves it, or does not. */

static Knocks knocks;

#define USER knocks_v4(192, 0, 2, 1)
#define OTHER knocks_v4(192, 0, 2, 2)
#define SERVER knocks_v4(198, 51, 100, 2)
#define OTHER_SERVER knocks_v4(198, 51, 100, 3)
/* A table of open services that is younger says nothing. */
#define LATER 200000

static void
_begin_with(const gchar *name, const gchar *value)
{
  const gchar *settings[] = { name, value, NULL };

  if (knocks.engine)
    pk_engine_unref(knocks.engine);
  knocks.n = 0;
  knocks.engine = knocks_new_engine(settings, NULL);
}

static void
_accept(PkAddr source, PkAddr dest, guint16 port, gint64 msec)
{
  PkEvent event;

  knocks_init_accept(&event, source, dest, port, msec);
  knocks_observe_from(&knocks, &event, "gw", "", msec);
}

/* The first permitted connection ever, of somebody else to something else. */
static void
_begin(void)
{
  knocks.engine = NULL;
  _begin_with(NULL, NULL);
  _accept(OTHER, OTHER_SERVER, 443, 0);
}

static void
_end(void)
{
  pk_engine_unref(knocks.engine);
}

TestSuite(confirm, .init = _begin, .fini = _end);

static void
_knock(PkAddr source, gint64 msec)
{
  knocks_send(&knocks, source, SERVER, 7100, msec);
  knocks_send(&knocks, source, SERVER, 8200, msec + 1);
  knocks_send(&knocks, source, SERVER, 9300, msec + 2);
}

static void
_say(PkAddr source, PkBranch branch, const gchar *door, gint64 msec, const gchar *door_action, guint16 stage)
{
  PkEvent event;

  knocks_init_event(&event, source, SERVER, 0, msec);
  event.kind = PK_EVENT_KNOCK_DAEMON;
  event.branch = branch;
  event.has = PK_HAS_SOURCE | (stage ? PK_HAS_STAGE : 0);
  event.stage = stage;
  event.door_action = door_action;
  pk_event_set_text(&event, PK_TEXT_DOOR, door, strlen(door));
  if (door_action)
    pk_event_set_text(&event, PK_TEXT_OPEN_PORT, "tcp/22", 6);
  knocks_observe_from(&knocks, &event, "gate", "", msec);
}

static void
_open_sesame(PkAddr source, gint64 msec)
{
  _say(source, PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED, "openSSH", msec, NULL, 0);
}

static void
_open_host_firewall_to(PkAddr source, const gchar *port, gint64 msec)
{
  PkEvent event;

  knocks_init_event(&event, source, SERVER, 0, msec);
  event.kind = PK_EVENT_HOST_FIREWALL_OPENED;
  event.branch = PK_BRANCH_HOST_FIREWALL_OPENED;
  event.has = PK_HAS_SOURCE;
  pk_event_set_text(&event, PK_TEXT_OPEN_PORT, port, strlen(port));
  knocks_observe_from(&knocks, &event, "gate", "", msec);
}

static void
_open_host_firewall(PkAddr source, gint64 msec)
{
  _open_host_firewall_to(source, "tcp/22", msec);
}

#define EXPECT_ALERTS(number) cr_assert_eq(knocks.n, (number), "%u alerts", knocks.n)

static gboolean
_has_word(const PkAlert *alert, const gchar *word)
{
  gchar **words = g_strsplit(alert->evidence, ",", -1);
  gboolean has = g_strv_contains((const gchar *const *) words, word);

  g_strfreev(words);
  return has;
}

static void
_expect_confirmed(guint i, const gchar *word)
{
  const PkAlert *alert = &knocks.alerts[i];

  cr_assert_lt(i, knocks.n);
  cr_expect_eq(alert->confidence, PK_CONFIDENCE_CONFIRMED);
  cr_expect_eq(alert->branch, PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED);
  cr_expect(_has_word(alert, word), "%s", alert->evidence);
}

/* ---- permitted connections -------------------------------------------------- */

Test(confirm, a_connection_right_after_the_knock_confirms_it_within_a_second)
{
  _knock(USER, LATER);
  _accept(USER, SERVER, 22, LATER + 300);
  knocks_tick(&knocks, LATER + 700);
  EXPECT_ALERTS(0);
  knocks_tick(&knocks, LATER + 1000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "accept:tcp/22");
  cr_expect(_has_word(&knocks.alerts[0], "delay:0.298"), "%s", knocks.alerts[0].evidence);
  cr_expect_eq(knocks.alerts[0].n_attempts, 3);
  knocks_tick(&knocks, LATER + 3600000);
  EXPECT_ALERTS(1);
}

Test(confirm, a_connection_after_the_alert_confirms_it_under_the_same_id)
{
  _knock(USER, LATER);
  knocks_tick(&knocks, LATER + 11000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
  _accept(USER, SERVER, 22, LATER + 60000);
  EXPECT_ALERTS(2);
  _expect_confirmed(1, "accept:tcp/22");
  cr_expect_arr_eq(knocks.alerts[0].id, knocks.alerts[1].id, sizeof(knocks.alerts[0].id));
}

Test(confirm, it_is_confirmed_once)
{
  _knock(USER, LATER);
  knocks_tick(&knocks, LATER + 11000);
  for (guint i = 0; i < 5; i++)
    _accept(USER, SERVER, 22, LATER + 20000 + 1000 * i);
  knocks_tick(&knocks, LATER + 60000);
  EXPECT_ALERTS(2);
}

Test(confirm, confirm_window_is_inclusive)
{
  _knock(USER, LATER);
  knocks_tick(&knocks, LATER + 11000);
  _accept(USER, SERVER, 22, LATER + 2 + 120000);
  EXPECT_ALERTS(2);
  _knock(OTHER, LATER);
  knocks_tick(&knocks, LATER + 140000);
  _accept(OTHER, SERVER, 2222, LATER + 3 + 120000 + 20000);
  EXPECT_ALERTS(3);
}

Test(confirm, a_connection_of_somebody_else_or_to_somewhere_else_confirms_nothing)
{
  _knock(USER, LATER);
  knocks_tick(&knocks, LATER + 11000);
  _accept(OTHER, SERVER, 22, LATER + 20000);
  _accept(USER, OTHER_SERVER, 22, LATER + 21000);
  knocks_tick(&knocks, LATER + 30000);
  EXPECT_ALERTS(1);
}

Test(confirm, a_connection_before_the_knock_confirms_nothing)
{
  _accept(USER, SERVER, 22, LATER - 5000);
  _knock(USER, LATER);
  knocks_tick(&knocks, LATER + 11000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
}

static void
_knock_without_destination(PkAddr source, gint64 msec)
{
  for (guint16 i = 0; i < 3; i++)
    {
      PkEvent event;

      knocks_init_event(&event, source, SERVER, (guint16) (7100 + 1100 * i), msec + i);
      event.has &= ~(guint32) PK_HAS_DEST;
      knocks_observe_from(&knocks, &event, "gw", "", msec + i);
    }
}

Test(confirm, a_connection_right_after_a_knock_whose_destination_is_not_logged_confirms_it)
{
  _knock_without_destination(USER, LATER);
  _accept(USER, SERVER, 22, LATER + 300);
  knocks_tick(&knocks, LATER + 1000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "accept:tcp/22");
}

Test(confirm, an_open_service_confirms_nothing_and_is_evidence)
{
  _accept(OTHER, SERVER, 443, LATER - 60000);
  _knock(USER, LATER);
  _accept(USER, SERVER, 443, LATER + 1000);
  knocks_tick(&knocks, LATER + 11000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
  cr_expect(_has_word(&knocks.alerts[0], "accept:tcp/443"), "%s", knocks.alerts[0].evidence);
}

Test(confirm, a_service_that_nobody_reached_within_scan_memory_is_no_longer_open)
{
  _accept(OTHER, SERVER, 443, LATER);
  _knock(USER, LATER + 3600000 + 2000);
  _accept(USER, SERVER, 443, LATER + 3600000 + 3000);
  knocks_tick(&knocks, LATER + 3600000 + 5000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "accept:tcp/443");
}

Test(confirm, the_port_that_a_knock_opened_is_no_open_service_for_the_next_knock)
{
  _knock(USER, LATER);
  _accept(USER, SERVER, 22, LATER + 1000);
  knocks_tick(&knocks, LATER + 20000);
  _accept(USER, SERVER, 22, LATER + 200000);
  _knock(OTHER, LATER + 400000);
  _accept(OTHER, SERVER, 22, LATER + 401000);
  knocks_tick(&knocks, LATER + 420000);
  EXPECT_ALERTS(2);
  _expect_confirmed(1, "accept:tcp/22");
}

Test(confirm, while_open_services_are_not_known_yet_a_connection_is_evidence_only)
{
  _knock(USER, 60000);
  _accept(USER, SERVER, 22, 61000);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
}

Test(confirm, a_fast_scan_that_meets_an_open_port_early_is_not_confirmed)
{
  knocks_send_many(&knocks, USER, SERVER, 7000, 3, LATER);
  _accept(USER, SERVER, 8080, LATER + 3);
  knocks_send_many(&knocks, USER, SERVER, 9000, 20, LATER + 4);
  knocks_tick(&knocks, LATER + 60000);
  EXPECT_ALERTS(0);
}

Test(confirm, a_scanner_that_is_let_in_confirms_nothing)
{
  knocks_send_many(&knocks, USER, SERVER, 7000, 20, LATER);
  _knock(USER, LATER + 60000);
  _accept(USER, SERVER, 22, LATER + 61000);
  knocks_tick(&knocks, LATER + 80000);
  EXPECT_ALERTS(0);
}

Test(confirm, two_ports_are_no_knock_whatever_follows)
{
  knocks_send_many(&knocks, USER, SERVER, 7000, 2, LATER);
  _accept(USER, SERVER, 22, LATER + 1000);
  knocks_tick(&knocks, LATER + 80000);
  EXPECT_ALERTS(0);
}

Test(confirm, what_was_below_min_confidence_is_confirmed_all_the_same)
{
  _begin_with("min-confidence", "confirmed");
  _accept(OTHER, OTHER_SERVER, 443, 0);
  _knock(USER, LATER);
  knocks_tick(&knocks, LATER + 11000);
  EXPECT_ALERTS(0);
  _accept(USER, SERVER, 22, LATER + 60000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "accept:tcp/22");
}

static void
_listen(const gchar *host, guint16 port, gint64 msec)
{
  PkEvent event;

  pk_event_init(&event);
  event.kind = PK_EVENT_NEW_LISTENER;
  event.has = PK_HAS_DEST_PORT | PK_HAS_PROTOCOL;
  event.protocol = PK_PROTO_TCP;
  event.dest_port = port;
  event.time_usec = knocks_time(msec);
  knocks_observe_from(&knocks, &event, host, "", msec);
}

Test(confirm, a_connection_to_what_began_to_listen_after_the_knock_confirms_even_while_services_are_not_known_yet)
{
  _knock(USER, 60000);
  _listen("gw", 5002, 60500);
  _accept(USER, SERVER, 5002, 61000);
  knocks_tick(&knocks, 63000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "new_listener:tcp/5002");
  cr_expect(_has_word(&knocks.alerts[0], "accept:tcp/5002"));
}

Test(confirm, what_listened_before_the_knock_or_on_another_host_or_port_says_nothing)
{
  _listen("gw", 5002, 50000);
  _knock(USER, 60000);
  _listen("other", 5002, 60500);
  _listen("gw", 5003, 60500);
  _accept(USER, SERVER, 5002, 61000);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
}

Test(confirm, a_connection_to_what_listened_long_before_does_not_end_a_scan_early)
{
  _listen("gw", 5002, 1000);
  _accept(OTHER, SERVER, 5002, 2000);
  _knock(USER, LATER);
  _accept(USER, SERVER, 5002, LATER + 100);
  knocks_tick(&knocks, LATER + 2000);
  EXPECT_ALERTS(0);
  for (guint16 port = 1; port < 20; port++)
    knocks_send(&knocks, USER, SERVER, port, LATER + 3000 + port);
  knocks_tick(&knocks, LATER + 60000);
  EXPECT_ALERTS(0);
}

Test(confirm, a_connection_of_long_ago_does_not_hide_one_to_a_new_listener)
{
  _knock(USER, LATER);
  _accept(USER, SERVER, 22, LATER + 300);
  knocks_tick(&knocks, LATER + 1000);
  EXPECT_ALERTS(1);
  _accept(OTHER, SERVER, 5002, 4 * LATER);
  _knock(USER, 5 * LATER);
  _listen("gw", 5002, 5 * LATER + 100);
  _accept(USER, SERVER, 5002, 5 * LATER + 200);
  knocks_tick(&knocks, 5 * LATER + 1000);
  EXPECT_ALERTS(2);
  _expect_confirmed(1, "new_listener:tcp/5002");
}

Test(confirm, a_listener_alone_is_nothing)
{
  _knock(USER, 60000);
  _listen("gw", 5002, 60500);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
}

/* ---- daemons ------------------------------------------------------------------ */

Test(confirm, a_daemon_that_opens_confirms_the_knock_before_it)
{
  _knock(USER, LATER);
  _open_sesame(USER, LATER + 10);
  _say(USER, PK_BRANCH_KNOCK_DAEMON_RUNNING, "openSSH", LATER + 11, "open", 0);
  knocks_tick(&knocks, LATER + 1000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "daemon_open");
  cr_expect(_has_word(&knocks.alerts[0], "door:openSSH"));
  cr_expect(_has_word(&knocks.alerts[0], "opened:tcp/22"));
  cr_expect_eq(knocks.alerts[0].n_attempts, 3);
  knocks_tick(&knocks, LATER + 60000);
  EXPECT_ALERTS(1);
}

/* A replay, or a relay whose tick was late: the candidate has settled by itself, and then the held line falls due. */
Test(confirm, a_door_is_not_told_beside_the_knock_that_it_proved_when_the_tick_comes_late)
{
  _knock(USER, LATER);
  _open_sesame(USER, LATER + 10);
  knocks_tick(&knocks, LATER + 20000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "daemon_open");
  cr_expect_eq(knocks.alerts[0].n_attempts, 3);
}

Test(confirm, a_daemon_that_overtakes_the_firewall_confirms_too)
{
  _open_sesame(USER, LATER - 900);
  knocks_tick(&knocks, LATER - 100);
  _knock(USER, LATER);
  knocks_tick(&knocks, LATER + 3000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "daemon_open");
  cr_expect_eq(knocks.alerts[0].n_attempts, 3);
}

Test(confirm, a_daemon_that_opens_without_denials_is_a_confirmation_by_itself_once)
{
  _open_sesame(USER, LATER);
  knocks_tick(&knocks, LATER + 1000);
  EXPECT_ALERTS(0);
  knocks_tick(&knocks, LATER + 5000);
  knocks_tick(&knocks, LATER + 9000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "daemon_open");
  cr_expect_eq(knocks.alerts[0].n_attempts, 0);
  cr_expect_str_eq(knocks.alerts[0].hosts[0], "gate");
}

Test(confirm, the_same_door_is_not_told_again_within_the_cooldown)
{
  for (guint i = 0; i < 5; i++)
    {
      _open_sesame(USER, LATER + 20000 * i);
      knocks_tick(&knocks, LATER + 20000 * i + 1000);
      knocks_tick(&knocks, LATER + 20000 * i + 5000);
    }
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks_stats(&knocks).in_cooldown, 4);
}

Test(confirm, a_door_that_closes_confirms_nothing)
{
  _knock(USER, LATER);
  _say(USER, PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED, "closeSSH", LATER + 10, NULL, 0);
  _say(USER, PK_BRANCH_KNOCK_DAEMON_RUNNING, "closeSSH", LATER + 11, "close", 0);
  knocks_tick(&knocks, LATER + 11000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_MEDIUM);
  cr_expect(_has_word(&knocks.alerts[0], "daemon_close"), "%s", knocks.alerts[0].evidence);
}

Test(confirm, a_daemon_confirms_a_scanner_too)
{
  knocks_send_many(&knocks, USER, SERVER, 7000, 20, LATER);
  _knock(USER, LATER + 60000);
  _open_sesame(USER, LATER + 60010);
  knocks_tick(&knocks, LATER + 62000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "daemon_open");
}

Test(confirm, a_daemons_progress_makes_a_candidate_high)
{
  _knock(USER, LATER);
  _say(USER, PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "openSSH", LATER + 3, NULL, 2);
  knocks_tick(&knocks, LATER + 11000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_HIGH);
  cr_expect(_has_word(&knocks.alerts[0], "daemon_stage:2"), "%s", knocks.alerts[0].evidence);
}

/* Whoever tries all ports comes upon the first one of a door. */
Test(confirm, it_says_nothing_of_a_scanner)
{
  _begin_with("min-confidence", "high");
  knocks_send_many(&knocks, USER, SERVER, 7000, 20, LATER);
  _say(USER, PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "openSSH", LATER + 5, NULL, 1);
  _knock(USER, LATER + 60000);
  knocks_tick(&knocks, LATER + 80000);
  EXPECT_ALERTS(0);
}

Test(confirm, an_opened_host_firewall_confirms)
{
  _knock(USER, LATER);
  _open_host_firewall(USER, LATER + 50);
  knocks_tick(&knocks, LATER + 1000);
  EXPECT_ALERTS(1);
  _expect_confirmed(0, "host_firewall_opened");
  cr_expect(_has_word(&knocks.alerts[0], "opened:tcp/22"));
}

Test(confirm, a_rule_that_tells_no_port_is_not_told_with_that_of_an_earlier_one)
{
  _knock(USER, LATER);
  _open_host_firewall(USER, LATER + 50);
  knocks_tick(&knocks, LATER + 1000);
  _knock(USER, 3 * LATER);
  _open_host_firewall_to(USER, "", 3 * LATER + 50);
  knocks_tick(&knocks, 3 * LATER + 1000);
  _expect_confirmed(knocks.n - 1, "host_firewall_opened");
  cr_expect_not(_has_word(&knocks.alerts[knocks.n - 1], "opened:tcp/22"));
}

Test(confirm, an_opened_host_firewall_alone_is_no_alert)
{
  _open_host_firewall(USER, LATER);
  knocks_tick(&knocks, LATER + 60000);
  EXPECT_ALERTS(0);
}

/* ---- stages -------------------------------------------------------------------- */

Test(confirm, a_stage_that_never_opened_is_counted_after_a_minute)
{
  _say(USER, PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "openSSH", LATER, NULL, 1);
  _say(USER, PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "openSSH", LATER + 1000, NULL, 2);
  knocks_tick(&knocks, LATER + 60900);
  cr_expect_eq(knocks_stats(&knocks).failed_attempts, 0);
  knocks_tick(&knocks, LATER + 61000);
  cr_expect_eq(knocks_stats(&knocks).failed_attempts, 1);
  EXPECT_ALERTS(0);
}

Test(confirm, with_alert_on_daemon_it_is_an_alert)
{
  _begin_with("alert-on", "window,daemon");
  _say(USER, PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "openSSH", LATER, NULL, 1);
  EXPECT_ALERTS(1);
  cr_expect(knocks.alerts[0].of_event);
  knocks_tick(&knocks, LATER + 61000);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].branch, PK_BRANCH_KNOCK_ATTEMPT_FAILED);
  cr_expect_str_eq(knocks.alerts[1].evidence, "daemon_stage:1,door:openSSH");
}

Test(confirm, a_stage_that_opened_has_not_failed)
{
  _say(USER, PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "openSSH", LATER, NULL, 2);
  _open_sesame(USER, LATER + 1000);
  knocks_tick(&knocks, LATER + 70000);
  cr_expect_eq(knocks_stats(&knocks).failed_attempts, 0);
}

/* ---- what a daemon writes is log text -------------------------------------------- */

Test(confirm, a_door_of_any_bytes_stays_one_plain_word)
{
  _say(USER, PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED, "a,b \"c\"\n\xff=accept:tcp/22", LATER, NULL, 0);
  knocks_tick(&knocks, LATER + 1000);
  knocks_tick(&knocks, LATER + 5000);
  EXPECT_ALERTS(1);
  cr_expect(_has_word(&knocks.alerts[0], "door:a_b__c____accept_tcp/22"), "%s", knocks.alerts[0].evidence);
}

/* ---- clocks ------------------------------------------------------------------ */

#define DAY_MSEC 86400000
#define YEAR_2040_MSEC (G_GINT64_CONSTANT(14) * 365 * DAY_MSEC)

/* Each stage of a daemon waits a minute for the next one. */
Test(confirm, a_stage_from_before_the_clock_was_set_back_has_failed)
{
  _begin_with("max-sources", "1024");
  _say(OTHER, PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "openSSH", LATER + DAY_MSEC, NULL, 1);
  knocks_tick(&knocks, LATER + DAY_MSEC);
  _say(USER, PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "openSSH", LATER, NULL, 1);
  knocks_tick(&knocks, LATER);
  knocks_tick(&knocks, LATER + 62000);
  cr_expect_eq(knocks_stats(&knocks).failed_attempts, 2);
}

/* In 2040 seconds no longer fit into 31 bits. */
Test(confirm, what_is_open_is_learned_first_in_2040_too)
{
  _begin_with(NULL, NULL);
  _accept(OTHER, OTHER_SERVER, 443, YEAR_2040_MSEC);
  _knock(USER, YEAR_2040_MSEC);
  _accept(USER, SERVER, 22, YEAR_2040_MSEC + 300);
  knocks_tick(&knocks, YEAR_2040_MSEC + 20000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].branch, PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED);
}

/* All in one shard: what it waits for stands in line. */
Test(confirm, what_waits_from_before_the_clock_was_set_back_keeps_nobody_waiting)
{
  guint confirmed = 0;

  _begin_with("max-sources", "1024");
  _open_sesame(OTHER, LATER + DAY_MSEC);
  knocks_tick(&knocks, LATER + DAY_MSEC);
  _knock(USER, LATER);
  _open_sesame(USER, LATER + 300);
  for (gint64 msec = 0; msec < 5000; msec += 1000)
    knocks_tick(&knocks, LATER + msec);
  for (guint i = 0; i < knocks.n; i++)
    confirmed += knocks.alerts[i].source.bytes[15] == 1 &&
                 knocks.alerts[i].branch == PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED && knocks.alerts[i].distinct_ports == 3;
  cr_expect_eq(confirmed, 1);
}
