/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/alert.h"
#include "engine/knocks.h"

/* The expected ids were worked out from the layout in engine/alert.h with
 * another program and another SHA-256. */

static PkAlert
_make(const guint16 *ports, guint n)
{
  PkAlert alert = { .source = knocks_v4(192, 0, 2, 1), .dest = knocks_v4(198, 51, 100, 2), .has_dest = TRUE };

  for (guint i = 0; i < n; i++)
    alert.attempts[alert.n_attempts++] = (PkPort){ .protocol = PK_PROTO_TCP, .port = ports[i] };
  alert.window_start_usec = KNOCKS_START;
  return alert;
}

static PkAlert
_make_default(void)
{
  return _make((const guint16[]){ 7000, 8000, 9000 }, 3);
}

static void
_expect_id(PkAlert *alert, const gchar *expected)
{
  gchar text[17];

  pk_alert_identify(alert);
  for (guint i = 0; i < 8; i++)
    g_snprintf(text + 2 * i, 3, "%02x", alert->id[i]);
  cr_expect_str_eq(text, expected);
}

Test(alert, the_id_of_the_default_knock)
{
  PkAlert alert = _make_default();

  _expect_id(&alert, "1f49bb322b1a62d7");
}

Test(alert, the_id_holds_the_scope)
{
  PkAlert alert = _make_default();

  g_strlcpy(alert.scope, "tenant-a", sizeof(alert.scope));
  _expect_id(&alert, "c1ee846cb979c43a");
}

Test(alert, the_id_without_destination)
{
  PkAlert alert = _make_default();

  memset(&alert.dest, 0, sizeof(alert.dest));
  alert.has_dest = FALSE;
  _expect_id(&alert, "646a22a012f46f78");
}

Test(alert, the_id_with_ipv6_and_several_protocols)
{
  PkAlert alert = { .source = knocks_v6(1), .dest = knocks_v6(2), .has_dest = TRUE, .n_attempts = 3 };

  alert.window_start_usec = KNOCKS_START;
  alert.attempts[0] = (PkPort){ .protocol = PK_PROTO_UDP, .port = 53 };
  alert.attempts[1] = (PkPort){ .protocol = PK_PROTO_TCP, .port = 65535 };
  alert.attempts[2] = (PkPort){ .protocol = PK_PROTO_ICMPV6, .icmp_type = 128, .port = 84 };
  _expect_id(&alert, "f614f6ee3c484bfb");
}

Test(alert, the_id_of_the_longest_scope_and_most_ports_at_the_epoch)
{
  guint16 ports[31];
  PkAlert alert;

  for (guint i = 0; i < G_N_ELEMENTS(ports); i++)
    ports[i] = (guint16) (i + 1);
  alert = _make(ports, G_N_ELEMENTS(ports));
  memset(alert.scope, 'x', sizeof(alert.scope) - 1);
  alert.window_start_usec = 999999;
  _expect_id(&alert, "198a03ffb14eaaad");
}

Test(alert, repeats_and_what_a_relay_knows_are_not_in_the_id)
{
  PkAlert alert = _make((const guint16[]){ 7000, 7000, 8000, 7000, 9000, 9000 }, 6);

  alert.window_start_usec += 999999;
  alert.window_end_usec = alert.window_start_usec + 5;
  alert.arrival_usec = 12345;
  alert.total_packets = 99;
  alert.repeats = 3;
  alert.confidence = PK_CONFIDENCE_CONFIRMED;
  g_strlcpy(alert.hosts[0], "gw", sizeof(alert.hosts[0]));
  alert.n_hosts = 1;
  _expect_id(&alert, "1f49bb322b1a62d7");
}

Test(alert, ports_are_listed_once_in_the_order_sent)
{
  PkAlert alert = _make((const guint16[]){ 9, 7, 9, 8, 7 }, 5);
  PkPort ports[PK_HITS_MAX];

  cr_assert_eq(pk_alert_list_ports(&alert, ports), 3);
  cr_expect_eq(ports[0].port, 9);
  cr_expect_eq(ports[1].port, 7);
  cr_expect_eq(ports[2].port, 8);
}
