/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/signs.h"
#include "port-knock/pk-options.h"

/* Each rule by itself: what is a sign of a scan, and what is not. */

static PkAlert alert;
static PkSignFacts facts;

/* A candidate that nothing speaks against. */
static void
_begin(void)
{
  memset(&alert, 0, sizeof(alert));
  memset(&facts, 0, sizeof(facts));
  facts.alert = &alert;
  facts.max_packets = 12;
}

TestSuite(signs, .init = _begin);

static void
_try(guint8 protocol, guint16 port)
{
  alert.attempts[alert.n_attempts++] = (PkPort){ .protocol = protocol, .port = port };
  alert.distinct_ports++;
}

/* ports end with 0 */
static void
_try_all(guint8 protocol, const guint16 *ports)
{
  alert.n_attempts = alert.distinct_ports = 0;
  for (; *ports; ports++)
    _try(protocol, *ports);
}

#define TRY(...) _try_all(PK_PROTO_TCP, (const guint16[]){ __VA_ARGS__, 0 })
#define TRY_UDP(...) _try_all(PK_PROTO_UDP, (const guint16[]){ __VA_ARGS__, 0 })

#define EXPECT_SIGNS(expected) cr_expect_eq(pk_signs_find(&facts), (expected), "%x", pk_signs_find(&facts))
#define EXPECT_NO_SIGN EXPECT_SIGNS(0)
#define EXPECT_SIGN(sign) EXPECT_SIGNS(1u << (sign))

Test(signs, a_plain_knock_has_none)
{
  TRY(7123, 8456, 9789);
  EXPECT_NO_SIGN;
}

Test(signs, a_scanner_has_its_sign)
{
  TRY(7123, 8456, 9789);
  facts.scanner = TRUE;
  EXPECT_SIGN(PK_SIGN_SCANNER);
}

Test(signs, more_attempts_than_max_packets_are_retries)
{
  for (guint i = 0; i < 12; i++)
    _try(PK_PROTO_TCP, (guint16) (7123 + 1000 * (i % 4)));
  EXPECT_NO_SIGN;
  _try(PK_PROTO_TCP, 7123);
  EXPECT_SIGN(PK_SIGN_RETRIES);
}

Test(signs, one_other_port_or_two_are_what_somebody_tries_before_knocking)
{
  TRY(7123, 8456, 9789);
  facts.other_ports = 2;
  EXPECT_NO_SIGN;
  facts.other_ports = 3;
  EXPECT_SIGN(PK_SIGN_OTHER_PORTS);
}

Test(signs, another_destination_is_a_sign)
{
  TRY(7123, 8456, 9789);
  facts.other_dests = 1;
  EXPECT_SIGN(PK_SIGN_OTHER_DESTINATIONS);
}

Test(signs, one_source_port_is_a_sign_from_three_ports_on)
{
  TRY(7123, 8456, 9789);
  facts.same_source_port = 2;
  EXPECT_NO_SIGN;
  facts.same_source_port = 3;
  EXPECT_SIGN(PK_SIGN_ONE_SOURCE_PORT);
}

Test(signs, scanners_packets_are_a_sign)
{
  TRY(7123, 8456, 9789);
  facts.scanner_packets = TRUE;
  EXPECT_SIGN(PK_SIGN_SCANNER_PACKET);
}

Test(signs, three_fifths_of_services_are_a_sign_and_half_of_them_is_none)
{
  TRY(22, 80, 9789, 8456);
  EXPECT_NO_SIGN;
  TRY(22, 80, 443, 9789, 8456);
  EXPECT_SIGN(PK_SIGN_SERVICE_PORTS);
  TRY(7000, 8000, 9000);
  EXPECT_NO_SIGN;
}

Test(signs, services_that_a_tool_was_run_for_one_by_one_are_none)
{
  TRY(200, 80, 22, 53);
  facts.tool_runs = TRUE;
  EXPECT_NO_SIGN;
}

Test(signs, a_run_of_five_in_any_order_is_a_sign_and_a_shorter_one_or_one_with_a_gap_is_none)
{
  TRY(7123, 7124, 7125, 7126, 7127);
  EXPECT_SIGN(PK_SIGN_CONSECUTIVE_PORTS);
  TRY(7125, 7123, 7124, 7127, 7126);
  EXPECT_SIGN(PK_SIGN_CONSECUTIVE_PORTS);
  TRY(7123, 7124, 7125, 7126);
  EXPECT_NO_SIGN;
  TRY(7123, 7124, 7125, 7126, 7128);
  EXPECT_NO_SIGN;
}

Test(signs, a_run_over_two_protocols_is_none)
{
  TRY(7123, 7124, 7125, 7126);
  _try(PK_PROTO_UDP, 7127);
  EXPECT_NO_SIGN;
}

Test(signs, traceroute_is_a_sign_also_with_ports_missing)
{
  TRY_UDP(33434, 33437, 33440);
  EXPECT_SIGN(PK_SIGN_CONSECUTIVE_PORTS);
  TRY_UDP(33440, 33434, 33437);
  EXPECT_NO_SIGN;
  TRY(33434, 33437, 33440);
  EXPECT_NO_SIGN;
}

Test(signs, the_third_time_of_the_same_set_is_periodic)
{
  TRY(7123, 8456, 9789);
  facts.settled_before = 1;
  EXPECT_NO_SIGN;
  facts.settled_before = 2;
  EXPECT_SIGN(PK_SIGN_PERIODIC);
}

Test(signs, the_same_set_again_within_the_window_is_a_sign)
{
  TRY(7123, 8456, 9789);
  facts.settled_lately = TRUE;
  EXPECT_SIGN(PK_SIGN_REPEATED_INSIDE);
}

Test(signs, a_second_round_is_a_sign)
{
  TRY(7123, 8456, 9789);
  facts.retried_ports = TRUE;
  EXPECT_SIGN(PK_SIGN_RETRIED_PORTS);
}

Test(signs, eight_sources_may_share_a_secret_and_nine_have_a_list)
{
  TRY(7123, 8456, 9789);
  facts.same_order_dests = 1;
  facts.same_order_sources = 8;
  EXPECT_NO_SIGN;
  facts.same_order_sources = 9;
  EXPECT_SIGN(PK_SIGN_SHARED_LIST);
}

Test(signs, the_same_order_towards_two_destinations_is_a_list)
{
  TRY(7123, 8456, 9789);
  facts.same_order_sources = 1;
  facts.same_order_dests = 2;
  EXPECT_SIGN(PK_SIGN_SHARED_LIST);
}

Test(signs, the_option_knows_each_by_its_name_and_number)
{
  gsize n;
  const PkOption *table = pk_option_table(&n);

  for (gsize i = 0; i < n; i++)
    if (strcmp(table[i].name, "signs") == 0)
      for (guint sign = 0; sign <= PK_N_SIGNS; sign++)
        cr_expect_eq(g_strcmp0(table[i].words[sign], sign < PK_N_SIGNS ? pk_sign_name((PkSign) sign) : NULL), 0);
}

Test(signs, service_ports_are_found_from_the_first_to_the_last)
{
  cr_expect(pk_is_service_port(7));
  cr_expect(pk_is_service_port(22));
  cr_expect(pk_is_service_port(62078));
  cr_expect(!pk_is_service_port(0));
  cr_expect(!pk_is_service_port(7000));
  cr_expect(!pk_is_service_port(65535));
}
