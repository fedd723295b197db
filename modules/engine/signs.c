/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/signs.h"

#include "engine/alert.h"
#include "port-knock/pk-engine.h"

/* Somebody who knocks has often tried the closed service before. */
#define OTHER_PORTS_MAX 2
#define OTHER_DESTS_MAX 0
#define ONE_SOURCE_PORT_PORTS_MIN 3
#define SERVICE_PORTS_PERCENT 60
/* hping3 -p ++7000 knocks on a few that follow each other; scans of a range go further. */
#define RUN_PORTS_MIN 5
/* traceroute counts up from here, one port for each probe */
#define TRACEROUTE_PORT_MIN 33434
#define TRACEROUTE_PORT_MAX 33600
/* The third time is the last one that is not a sign. */
#define PERIODIC_SETTLED_MIN 2
/* As many sources may share a secret; more have it from a list. */
#define SHARED_SECRET_SOURCES_MAX 8

typedef struct _Rule
{
  const gchar *name;
  gboolean (*applies)(const PkSignFacts *facts);
} Rule;

static gboolean
_is_scanner(const PkSignFacts *facts)
{
  return facts->scanner;
}

static gboolean
_has_retries(const PkSignFacts *facts)
{
  return facts->alert->n_attempts > facts->max_packets;
}

static gboolean
_is_unsettled(const PkSignFacts *facts)
{
  return facts->unsettled;
}

static gboolean
_has_other_ports(const PkSignFacts *facts)
{
  return facts->other_ports > OTHER_PORTS_MAX;
}

static gboolean
_has_other_dests(const PkSignFacts *facts)
{
  return facts->other_dests > OTHER_DESTS_MAX;
}

static gboolean
_has_one_source_port(const PkSignFacts *facts)
{
  return facts->same_source_port >= ONE_SOURCE_PORT_PORTS_MIN;
}

static gboolean
_is_scanner_packet(const PkSignFacts *facts)
{
  return facts->scanner_packets;
}

static gboolean
_has_port(const PkPort *port)
{
  return port->protocol == PK_PROTO_TCP || port->protocol == PK_PROTO_UDP;
}

/* Whom they run a tool for port by port does not look for services. */
static gboolean
_are_service_ports(const PkSignFacts *facts)
{
  PkPort ports[PK_HITS_MAX];
  guint n = pk_alert_list_ports(facts->alert, ports), services = 0;

  for (guint i = 0; i < n; i++)
    services += _has_port(&ports[i]) && pk_is_service_port(ports[i].port);
  return !facts->tool_runs && services * 100 >= n * SERVICE_PORTS_PERCENT;
}

/* In whatever order, without gaps: nc -z host 20-27. */
static gboolean
_is_run(const PkPort *ports, guint n)
{
  guint16 lowest = G_MAXUINT16, highest = 0;

  for (guint i = 0; i < n; i++)
    {
      if (!_has_port(&ports[i]) || ports[i].protocol != ports[0].protocol)
        return FALSE;
      lowest = MIN(lowest, ports[i].port);
      highest = MAX(highest, ports[i].port);
    }
  return (guint) (highest - lowest) == n - 1;
}

static gboolean
_is_traceroute(const PkPort *ports, guint n)
{
  for (guint i = 0; i < n; i++)
    if (ports[i].protocol != PK_PROTO_UDP || ports[i].port < TRACEROUTE_PORT_MIN ||
        ports[i].port > TRACEROUTE_PORT_MAX || (i > 0 && ports[i].port < ports[i - 1].port))
      return FALSE;
  return TRUE;
}

static gboolean
_are_consecutive(const PkSignFacts *facts)
{
  PkPort ports[PK_HITS_MAX];
  guint n = pk_alert_list_ports(facts->alert, ports);

  return (n >= RUN_PORTS_MIN && _is_run(ports, n)) || (n > 2 && _is_traceroute(ports, n));
}

static gboolean
_is_periodic(const PkSignFacts *facts)
{
  return facts->settled_before >= PERIODIC_SETTLED_MIN;
}

static gboolean
_is_repeated_inside(const PkSignFacts *facts)
{
  return facts->settled_lately;
}

static gboolean
_has_retried_ports(const PkSignFacts *facts)
{
  return facts->retried_ports;
}

static gboolean
_is_shared_list(const PkSignFacts *facts)
{
  return facts->same_order_sources > SHARED_SECRET_SOURCES_MAX || facts->same_order_dests > 1;
}

/* clang-format off */
static const Rule RULES[PK_N_SIGNS] =
{
  [PK_SIGN_SCANNER] = { "scanner", _is_scanner },
  [PK_SIGN_RETRIES] = { "retries", _has_retries },
  [PK_SIGN_UNSETTLED] = { "unsettled", _is_unsettled },
  [PK_SIGN_OTHER_PORTS] = { "other_ports", _has_other_ports },
  [PK_SIGN_OTHER_DESTINATIONS] = { "other_destinations", _has_other_dests },
  [PK_SIGN_ONE_SOURCE_PORT] = { "one_source_port", _has_one_source_port },
  [PK_SIGN_SCANNER_PACKET] = { "scanner_packet", _is_scanner_packet },
  [PK_SIGN_SERVICE_PORTS] = { "service_ports", _are_service_ports },
  [PK_SIGN_CONSECUTIVE_PORTS] = { "consecutive_ports", _are_consecutive },
  [PK_SIGN_PERIODIC] = { "periodic", _is_periodic },
  [PK_SIGN_REPEATED_INSIDE] = { "repeated_inside", _is_repeated_inside },
  [PK_SIGN_RETRIED_PORTS] = { "retried_ports", _has_retried_ports },
  [PK_SIGN_SHARED_LIST] = { "shared_list", _is_shared_list },
};
/* clang-format on */

guint32
pk_signs_find(const PkSignFacts *facts)
{
  guint32 signs = 0;

  for (guint sign = 0; sign < PK_N_SIGNS; sign++)
    if (RULES[sign].applies(facts))
      signs |= 1u << sign;
  return signs;
}

const gchar *
pk_sign_name(PkSign sign)
{
  return RULES[sign].name;
}

G_STATIC_ASSERT(PK_N_SIGNS <= PK_STATS_SIGNS_MAX);

const gchar *
pk_stats_sign_name(guint sign)
{
  return sign < PK_N_SIGNS ? RULES[sign].name : NULL;
}
