/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/knocks.h"
#include "engine/signs.h"

/* From events to alerts, with the default options unless a test says otherwise. */

static Knocks knocks;
static const PkAddr ATTACKER = { { [10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 1 } };
static const PkAddr SERVER = { { [10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = 2 } };
static const PkAddr SERVER2 = { { [10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = 3 } };

static void
_begin_with(const gchar *name, const gchar *value)
{
  const gchar *settings[] = { name, value, NULL };

  pk_engine_unref(knocks.engine);
  knocks.engine = knocks_new_engine(settings, NULL);
  knocks.n = 0;
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

TestSuite(engine, .init = _begin, .fini = _end);

#define EXPECT_ALERTS(count) cr_expect_eq(knocks.n, (count), "%u alerts", knocks.n)

static void
_expect_no_hit(const PkEvent *event)
{
  guint64 before = knocks_stats(&knocks).no_hit;

  knocks_observe_from(&knocks, event, "gw", "", 0);
  cr_expect_eq(knocks_stats(&knocks).no_hit, before + 1);
  cr_expect_eq(knocks_stats(&knocks).hits, 0);
}

static void
_expect_hit(const PkEvent *event)
{
  guint64 before = knocks_stats(&knocks).hits;

  knocks_observe_from(&knocks, event, "gw", "", 0);
  cr_expect_eq(knocks_stats(&knocks).hits, before + 1);
  cr_expect_eq(knocks_stats(&knocks).no_hit, 0);
}

/* ---- knocks ---------------------------------------------------------------- */

Test(engine, the_default_knock_is_found_once_after_settle)
{
  knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 10001);
  EXPECT_ALERTS(0);
  knocks_tick(&knocks, 10002);
  EXPECT_ALERTS(1);
  for (gint64 msec = 11000; msec < 1000000; msec += 1000)
    knocks_tick(&knocks, msec);
  EXPECT_ALERTS(1);
}

Test(engine, its_alert_says_who_where_what_and_when)
{
  const PkAlert *alert = &knocks.alerts[0];

  knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 11000);
  EXPECT_ALERTS(1);
  cr_expect_eq(alert->branch, PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED);
  cr_expect_eq(alert->confidence, PK_CONFIDENCE_MEDIUM);
  cr_expect_eq(alert->signs, 0);
  cr_expect_arr_eq(&alert->source, &ATTACKER, sizeof(PkAddr));
  cr_expect(alert->has_dest);
  cr_expect_arr_eq(&alert->dest, &SERVER, sizeof(PkAddr));
  cr_expect_eq(alert->n_attempts, 3);
  cr_expect_eq(alert->attempts[2].port, 7002);
  cr_expect_eq(alert->attempts[2].protocol, PK_PROTO_TCP);
  cr_expect_eq(alert->distinct_ports, 3);
  cr_expect_eq(alert->total_packets, 3);
  cr_expect_eq(alert->repeats, 0);
  cr_expect_eq(alert->window_start_usec, knocks_time(0));
  cr_expect_eq(alert->window_end_usec, knocks_time(2));
  cr_expect_eq(alert->arrival_usec, knocks_time(2));
  cr_expect_str_eq(alert->scope, "");
  cr_expect_eq(alert->n_hosts, 1);
  cr_expect_str_eq(alert->hosts[0], "gw");
  cr_expect_eq(knocks_stats(&knocks).alerts[PK_CONFIDENCE_MEDIUM], 1);
  cr_expect_eq(knocks_stats(&knocks).candidates, 1);
}

Test(engine, the_next_hit_after_settle_brings_the_alert_too)
{
  knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, 0);
  knocks_send(&knocks, ATTACKER, SERVER, 443, 10002);
  EXPECT_ALERTS(1);
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(1);
}

Test(engine, two_sources_and_two_destinations_are_told_apart)
{
  PkAddr other = knocks_v4(192, 0, 2, 9);

  for (guint16 port = 7000; port < 7003; port++)
    {
      knocks_send(&knocks, ATTACKER, SERVER, port, 0);
      knocks_send(&knocks, ATTACKER, SERVER2, port, 0);
      knocks_send(&knocks, other, SERVER, port, 0);
    }
  knocks_tick(&knocks, 10000);
  EXPECT_ALERTS(3);
}

Test(engine, three_ports_of_three_sources_or_on_three_destinations_are_no_knock)
{
  for (guint8 i = 0; i < 3; i++)
    {
      knocks_send(&knocks, knocks_v4(192, 0, 2, 10 + i), SERVER, 7000 + i, 0);
      knocks_send(&knocks, ATTACKER, knocks_v4(198, 51, 100, 10 + i), 7000 + i, 0);
    }
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(0);
}

Test(engine, a_knock_without_destination_is_found)
{
  PkEvent event;

  for (guint16 port = 7000; port < 7003; port++)
    {
      knocks_init_event(&event, ATTACKER, SERVER, port, 0);
      event.has &= ~(guint32) PK_HAS_DEST;
      knocks_observe_from(&knocks, &event, "gw", "", 0);
    }
  knocks_tick(&knocks, 10000);
  EXPECT_ALERTS(1);
  cr_expect(!knocks.alerts[0].has_dest);
}

Test(engine, connection_attempts_count_like_denials_and_no_other_kind_does)
{
  for (guint kind = 0; kind < PK_N_EVENT_KINDS; kind++)
    {
      PkEvent event;

      _begin_with(NULL, NULL);
      knocks_init_event(&event, ATTACKER, SERVER, 7000, 0);
      event.kind = (PkEventKind) kind;
      knocks_observe_from(&knocks, &event, "gw", "", 0);
      cr_expect_eq(knocks_stats(&knocks).hits, kind == PK_EVENT_FIREWALL_DENY || kind == PK_EVENT_CONNECTION_ATTEMPT,
                   "kind %u", kind);
      cr_expect_eq(knocks_stats(&knocks).no_hit, 0);
    }
}

/* ---- scans ----------------------------------------------------------------- */

/* Every port of 1..n once, in an order that looks random. */
static void
_scan(guint n, gint64 gap_msec)
{
  GRand *rand = g_rand_new_with_seed(n);
  guint16 *ports = g_new(guint16, n);

  for (guint i = 0; i < n; i++)
    ports[i] = (guint16) (i + 1);
  for (guint i = n - 1; i > 0; i--)
    {
      guint other = (guint) g_rand_int_range(rand, 0, (gint32) i + 1);
      guint16 port = ports[i];

      ports[i] = ports[other];
      ports[other] = port;
    }
  for (guint i = 0; i < n; i++)
    {
      knocks_send(&knocks, ATTACKER, SERVER, ports[i], i * gap_msec);
      knocks_tick(&knocks, i * gap_msec);
    }
  for (gint64 msec = 0; msec < 100000; msec += 1000)
    knocks_tick(&knocks, n * gap_msec + msec);
  g_free(ports);
  g_rand_free(rand);
}

Test(engine, a_scan_that_puts_more_than_max_ports_into_a_window_gives_no_alert)
{
  static const gint64 gaps_msec[] = { 0, 1, 3, 50, 400, 1000, 3000, 3750 };

  for (guint i = 0; i < G_N_ELEMENTS(gaps_msec); i++)
    {
      _begin_with(NULL, NULL);
      _scan(100, gaps_msec[i]);
      cr_expect_eq(knocks.n, 0, "%u alerts with gaps of %d ms", knocks.n, (gint) gaps_msec[i]);
      cr_expect_gt(knocks_stats(&knocks).scans, 0);
    }
  _begin_with(NULL, NULL);
  _scan(1000, 20);
  EXPECT_ALERTS(0);
}

/* Only its very end looks like a knock: the ports before have left the window. */
Test(engine, a_slower_scan_without_pauses_of_settle_gives_no_alert_before_it_ends)
{
  static const gint64 gaps_msec[] = { 3751, 5000, 7500, 9999 };

  for (guint i = 0; i < G_N_ELEMENTS(gaps_msec); i++)
    {
      _begin_with(NULL, NULL);
      _scan(100, gaps_msec[i]);
      cr_expect_leq(knocks.n, 1, "%u alerts with gaps of %d ms", knocks.n, (gint) gaps_msec[i]);
      if (knocks.n)
        cr_expect_eq(knocks.alerts[0].window_end_usec, knocks_time(99 * gaps_msec[i]));
    }
}

Test(engine, what_a_scanner_leaves_over_is_low_with_the_sign_scanner)
{
  _begin_with("min-confidence", "low");
  knocks_send_many(&knocks, ATTACKER, SERVER, 1, 12, 0);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_LOW);
  cr_expect_eq(knocks.alerts[0].signs, 1u << PK_SIGN_SCANNER);
  cr_expect_eq(knocks.alerts[0].n_attempts, 3);
}

Test(engine, a_scanner_is_remembered_for_scan_memory)
{
  _begin_with("scan-memory", "60");
  knocks_send_many(&knocks, ATTACKER, SERVER, 1, 9, 0);
  knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, 40000);
  knocks_tick(&knocks, 50002);
  EXPECT_ALERTS(0);
  cr_expect_eq(knocks_stats(&knocks).below_confidence, 1);
  knocks_send_many(&knocks, ATTACKER, SERVER, 7100, 3, 80000);
  knocks_tick(&knocks, 90002);
  EXPECT_ALERTS(1);
}

Test(engine, a_slow_scan_is_unsettled)
{
  _begin_with("min-confidence", "low");
  for (guint16 i = 0; i < 8; i++)
    knocks_send(&knocks, ATTACKER, SERVER, 100 + i, i * 5000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].signs, 1u << PK_SIGN_UNSETTLED);
}

Test(engine, many_attempts_on_few_ports_are_retries)
{
  _begin_with("min-confidence", "low");
  for (gint64 i = 0; i < 13; i++)
    knocks_send(&knocks, ATTACKER, SERVER, (guint16) (7000 + i % 3), i);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].signs, 1u << PK_SIGN_RETRIES);
}

Test(engine, as_many_attempts_as_max_packets_are_no_retries)
{
  for (gint64 i = 0; i < 12; i++)
    knocks_send(&knocks, ATTACKER, SERVER, (guint16) (7000 + i % 3), i);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].signs, 0);
}

/* ---- what is a hit --------------------------------------------------------- */

Test(engine, only_an_initial_syn_is_a_hit_where_flags_are_logged)
{
  static const guint8 strays[] = { 0,
                                   PK_TCP_ACK,
                                   PK_TCP_RST,
                                   PK_TCP_SYN | PK_TCP_ACK,
                                   PK_TCP_RST | PK_TCP_ACK,
                                   PK_TCP_FIN,
                                   PK_TCP_FIN | PK_TCP_PSH | PK_TCP_URG,
                                   PK_TCP_SYN | PK_TCP_RST };
  PkEvent event;

  knocks_init_event(&event, ATTACKER, SERVER, 7000, 0);
  event.has |= PK_HAS_TCP_FLAGS;
  for (guint i = 0; i < G_N_ELEMENTS(strays); i++)
    {
      event.tcp_flags = strays[i];
      _expect_no_hit(&event);
    }
}

Test(engine, a_syn_with_the_bits_of_ecn_is_a_hit)
{
  PkEvent event;

  knocks_init_event(&event, ATTACKER, SERVER, 7000, 0);
  event.has |= PK_HAS_TCP_FLAGS;
  event.tcp_flags = PK_TCP_SYN;
  _expect_hit(&event);
  event.tcp_flags = PK_TCP_SYN | PK_TCP_ECE | PK_TCP_CWR;
  _expect_hit(&event);
}

Test(engine, port_zero_is_no_port)
{
  PkEvent event;

  knocks_init_event(&event, ATTACKER, SERVER, 0, 0);
  _expect_no_hit(&event);
  event.protocol = PK_PROTO_UDP;
  _expect_no_hit(&event);
}

Test(engine, a_missing_port_is_no_hit)
{
  PkEvent event;

  knocks_init_event(&event, ATTACKER, SERVER, 0, 0);
  event.has &= ~(guint32) PK_HAS_DEST_PORT;
  _expect_no_hit(&event);
  event.protocol = PK_PROTO_UDP;
  _expect_no_hit(&event);
}

Test(engine, a_missing_multicast_or_unspecified_source_is_no_hit)
{
  const PkAddr bad[] = { knocks_v4(0, 0, 0, 0),
                         knocks_v4(224, 0, 0, 1),
                         knocks_v4(239, 255, 255, 255),
                         knocks_v4(255, 255, 255, 255),
                         { { 0 } },
                         { { 0xff, 0x02, [15] = 1 } } };
  PkEvent event;

  for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
    {
      knocks_init_event(&event, bad[i], SERVER, 7000, 0);
      _expect_no_hit(&event);
    }
  knocks_init_event(&event, ATTACKER, SERVER, 7000, 0);
  event.has &= ~(guint32) PK_HAS_SOURCE;
  _expect_no_hit(&event);
}

Test(engine, other_protocols_have_no_ports)
{
  PkEvent event;

  knocks_init_event(&event, ATTACKER, SERVER, 7000, 0);
  event.protocol = 47;
  _expect_no_hit(&event);
  event.protocol = PK_PROTO_NONE;
  _expect_no_hit(&event);
}

static void
_ping(PkAddr source, guint8 protocol, guint8 type, guint16 length, gint64 msec)
{
  PkEvent event;

  knocks_init_event(&event, source, SERVER, 0, msec);
  event.has = PK_HAS_SOURCE | PK_HAS_DEST | PK_HAS_PROTOCOL | PK_HAS_ICMP | PK_HAS_LENGTH;
  event.protocol = protocol;
  event.icmp_type = type;
  event.length = length;
  knocks_observe_from(&knocks, &event, "gw", "", msec);
}

Test(engine, an_icmp_knock_of_sizes_is_found)
{
  for (guint16 i = 0; i < 3; i++)
    {
      _ping(ATTACKER, PK_PROTO_ICMP, 8, 84 + 16 * i, i);
      _ping(knocks_v6(1), PK_PROTO_ICMPV6, 128, 104 + 16 * i, i);
    }
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(2);
  for (guint i = 0; i < 2; i++)
    cr_expect_eq(knocks.alerts[i].attempts[1].port - knocks.alerts[i].attempts[0].port, 16);
}

Test(engine, pings_of_one_size_are_one_port)
{
  for (gint64 i = 0; i < 20; i++)
    _ping(ATTACKER, PK_PROTO_ICMP, 8, 84, i);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(0);
}

Test(engine, icmp_errors_and_replies_are_backscatter)
{
  for (guint16 i = 0; i < 5; i++)
    {
      _ping(ATTACKER, PK_PROTO_ICMP, 0, 84 + i, i);
      _ping(ATTACKER, PK_PROTO_ICMP, 3, 84 + i, i);
      _ping(ATTACKER, PK_PROTO_ICMP, 11, 84 + i, i);
      _ping(knocks_v6(1), PK_PROTO_ICMPV6, 129, 84 + i, i);
      _ping(knocks_v6(1), PK_PROTO_ICMPV6, 135, 84 + i, i);
    }
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(0);
  cr_expect_eq(knocks_stats(&knocks).hits, 0);
  cr_expect_eq(knocks_stats(&knocks).no_hit, 25);
}

/* ---- scope ----------------------------------------------------------------- */

static void
_send_scoped(PkAddr source, const gchar *host, const gchar *scope, guint16 port)
{
  PkEvent event;

  knocks_init_event(&event, source, SERVER, port, 0);
  knocks_observe_from(&knocks, &event, host, scope, 0);
}

Test(engine, the_same_address_in_two_scopes_is_two_sources)
{
  _send_scoped(ATTACKER, "gw", "tenant-a", 7000);
  _send_scoped(ATTACKER, "gw", "tenant-b", 7001);
  _send_scoped(ATTACKER, "gw", "tenant-a", 7002);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(0);
  cr_expect_eq(knocks_stats(&knocks).sources, 2);
}

Test(engine, the_alert_names_its_scope_and_the_scope_is_in_its_id)
{
  for (guint16 port = 7000; port < 7003; port++)
    {
      _send_scoped(ATTACKER, "gw", "tenant-a", port);
      _send_scoped(ATTACKER, "gw", "", port);
    }
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(2);
  cr_expect_neq(knocks.alerts[0].scope[0], knocks.alerts[1].scope[0]);
  cr_expect(memcmp(knocks.alerts[0].id, knocks.alerts[1].id, sizeof(knocks.alerts[0].id)) != 0);
}

Test(engine, one_source_seen_by_several_log_hosts_is_one_source)
{
  _send_scoped(ATTACKER, "gw1", "", 7000);
  _send_scoped(ATTACKER, "gw2", "", 7001);
  _send_scoped(ATTACKER, "gw3", "", 7002);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].n_hosts, 3);
  cr_expect_str_eq(knocks.alerts[0].hosts[0], "gw3");
}

Test(engine, loopback_and_link_local_sources_are_kept_apart_by_log_host)
{
  const PkAddr local[] = {
    knocks_v4(127, 0, 0, 1), knocks_v4(169, 254, 7, 7), { { [15] = 1 } }, { { 0xfe, 0x80, [15] = 9 } }
  };

  for (guint i = 0; i < G_N_ELEMENTS(local); i++)
    {
      _begin_with(NULL, NULL);
      _send_scoped(local[i], "alpha", "", 7000);
      _send_scoped(local[i], "beta", "", 7001);
      _send_scoped(local[i], "gamma", "", 7002);
      knocks_tick(&knocks, 20000);
      EXPECT_ALERTS(0);
      cr_expect_eq(knocks_stats(&knocks).sources, 3);
    }
}

Test(engine, a_loopback_knock_has_its_log_host_as_scope)
{
  for (guint16 port = 7000; port < 7003; port++)
    _send_scoped(knocks_v4(127, 0, 0, 1), "alpha", "", port);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
  cr_expect_str_eq(knocks.alerts[0].scope, "alpha");
}

Test(engine, a_scope_of_any_length_keeps_loopback_sources_apart_by_log_host)
{
  gchar scope[201];

  for (gsize len = 1; len < sizeof(scope); len++)
    {
      memset(scope, 's', len);
      scope[len] = '\0';
      _begin_with(NULL, NULL);
      _send_scoped(knocks_v4(127, 0, 0, 1), "alpha", scope, 7000);
      _send_scoped(knocks_v4(127, 0, 0, 1), "beta", scope, 7001);
      cr_expect_eq(knocks_stats(&knocks).sources, 2, "scope of %" G_GSIZE_FORMAT " bytes", len);
    }
}

/* ---- cooldown and limits --------------------------------------------------- */

Test(engine, the_same_knock_is_reported_again_only_after_the_cooldown)
{
  knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 11000);
  knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, 100000);
  knocks_tick(&knocks, 111000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks_stats(&knocks).in_cooldown, 1);
}

Test(engine, another_sequence_or_destination_is_reported_at_once)
{
  knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 11000);
  knocks_send_many(&knocks, ATTACKER, SERVER2, 7000, 3, 50000);
  knocks_send(&knocks, ATTACKER, SERVER, 7002, 100000);
  knocks_send(&knocks, ATTACKER, SERVER, 7001, 100001);
  knocks_send(&knocks, ATTACKER, SERVER, 7000, 100002);
  knocks_tick(&knocks, 111000);
  EXPECT_ALERTS(3);
}

Test(engine, a_summary_tells_repeats_when_the_cooldown_ends)
{
  for (gint64 i = 0; i < 3; i++)
    {
      knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, i * 60000);
      knocks_tick(&knocks, i * 60000 + 11000);
    }
  EXPECT_ALERTS(1);
  knocks_tick(&knocks, 310999);
  EXPECT_ALERTS(1);
  knocks_tick(&knocks, 311000);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].repeats, 2);
  cr_expect_arr_eq(knocks.alerts[0].id, knocks.alerts[1].id, sizeof(knocks.alerts[0].id));
  knocks_tick(&knocks, 1000000);
  EXPECT_ALERTS(2);
}

Test(engine, without_cooldown_each_knock_is_reported)
{
  _begin_with("cooldown", "0");
  for (gint64 i = 0; i < 3; i++)
    {
      knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, i * 60000);
      knocks_tick(&knocks, i * 60000 + 11000);
    }
  EXPECT_ALERTS(3);
}

Test(engine, a_clock_that_was_set_back_hides_no_knock_of_a_known_source)
{
  knocks_send(&knocks, knocks_v4(192, 0, 2, 1), SERVER, 22, 3600000);
  knocks_send_many(&knocks, knocks_v4(192, 0, 2, 1), SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 11000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks_stats(&knocks).late, 0);
}

Test(engine, max_alerts_bounds_a_minute_of_arrival)
{
  _begin_with("max-alerts", "5");
  for (guint8 i = 0; i < 20; i++)
    knocks_send_many(&knocks, knocks_v4(192, 0, 2, i + 1), SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(5);
  cr_expect_eq(knocks_stats(&knocks).rate_limited, 15);
  knocks_send_many(&knocks, knocks_v4(192, 0, 2, 100), SERVER, 7000, 3, 60000);
  knocks_tick(&knocks, 71000);
  EXPECT_ALERTS(7);
  cr_expect_eq(knocks.alerts[5].repeats, 15);
  cr_expect(!knocks.alerts[5].has_source);
  cr_expect_str_eq(knocks.alerts[5].evidence, "rate_limited");
}

/* Which of the two is written is the secret's choice. */
Test(engine, what_max_alerts_held_back_is_told_when_it_comes_again)
{
  PkAddr one = knocks_v4(192, 0, 2, 1), other = knocks_v4(192, 0, 2, 2);
  gboolean one_was_written;

  _begin_with("max-alerts", "1");
  knocks_send_many(&knocks, one, SERVER, 7000, 3, 0);
  knocks_send_many(&knocks, other, SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
  one_was_written = memcmp(&knocks.alerts[0].source, &one, sizeof(one)) == 0;
  knocks_send_many(&knocks, one_was_written ? other : one, SERVER, 7000, 3, 60000);
  knocks_tick(&knocks, 71000);
  EXPECT_ALERTS(3); /* with the one that sums up */
  cr_expect_eq(knocks_stats(&knocks).in_cooldown, 0);
}

Test(engine, min_confidence_above_medium_silences_and_counts)
{
  _begin_with("min-confidence", "high");
  knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(0);
  cr_expect_eq(knocks_stats(&knocks).below_confidence, 1);
}

Test(engine, expiry_takes_any_room_and_says_whether_to_call_again)
{
  for (gsize room = 1; room <= 20; room++)
    {
      PkAlert alerts[20];
      gboolean more = TRUE;
      guint calls = 0;

      _begin_with(NULL, NULL);
      for (guint8 source = 1; source <= 10; source++)
        knocks_send_many(&knocks, knocks_v4(192, 0, 2, source), SERVER, 7000, 3, 0);
      for (; more && calls < 100; calls++)
        {
          gsize n = pk_engine_expire(knocks.engine, knocks_time(20000), room, alerts, &more);

          cr_expect_leq(n, room);
          knocks.n += (guint) n;
        }
      EXPECT_ALERTS(10);
      cr_expect_leq(calls, 12, "room for %" G_GSIZE_FORMAT ": %u calls", room, calls);
      cr_expect(!more);
    }
}

Test(engine, one_source_can_have_many_candidates_due_at_once)
{
  for (guint8 dest = 1; dest <= 10; dest++)
    knocks_send_many(&knocks, ATTACKER, knocks_v4(198, 51, 100, dest), 7000, 3, dest);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(10);
}

/* ---- several engines ------------------------------------------------------- */

Test(engine, engines_in_one_process_know_nothing_of_each_other)
{
  Knocks other = { .engine = knocks_new_engine((const gchar *[]){ "min-ports", "2", NULL }, NULL) };

  knocks_send(&knocks, ATTACKER, SERVER, 7000, 0);
  knocks_send(&other, ATTACKER, SERVER, 7001, 1);
  knocks_send(&knocks, ATTACKER, SERVER, 7002, 2);
  knocks_tick(&knocks, 20000);
  knocks_tick(&other, 20000);
  EXPECT_ALERTS(0);
  cr_expect_eq(other.n, 0);
  cr_expect_eq(knocks_stats(&knocks).hits, 2);
  cr_expect_eq(knocks_stats(&other).hits, 1);
  pk_engine_unref(other.engine);
}

Test(engine, two_engines_write_the_same_id_for_the_same_knock)
{
  Knocks other = { .engine = knocks_new_engine(NULL, NULL) };

  knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, 0);
  knocks_send_many(&other, ATTACKER, SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 20000);
  knocks_tick(&other, 90000);
  EXPECT_ALERTS(1);
  cr_expect_eq(other.n, 1);
  cr_expect_arr_eq(knocks.alerts[0].id, other.alerts[0].id, sizeof(other.alerts[0].id));
  pk_engine_unref(other.engine);
}

Test(engine, a_reference_keeps_an_engine)
{
  pk_engine_ref(knocks.engine);
  pk_engine_unref(knocks.engine);
  knocks_send_many(&knocks, ATTACKER, SERVER, 7000, 3, 0);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
  pk_engine_unref(NULL);
}
