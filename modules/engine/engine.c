/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include "engine/table.h"
#include "scan/address.h"
#include "scan/slice.h"

struct _PkEngine
{
  gint ref_count; /* atomic */
  PkTable *table;
  /* atomic: */
  gsize no_hit;
  gsize alerts[PK_N_CONFIDENCES];
};

static PkEngine *
_new(PkTable *table)
{
  PkEngine *self;

  if (!table)
    return NULL;
  self = g_new0(PkEngine, 1);
  self->ref_count = 1;
  self->table = table;
  return self;
}

PkEngine *
pk_engine_new(const PkOptions *options, GError **error)
{
  return _new(pk_table_new(options, error));
}

PkEngine *
pk_engine_new_from(PkEngine *old, const PkOptions *options, GError **error)
{
  PkEngine *self = _new(pk_table_new_from(old->table, options, error));

  if (!self)
    return NULL;
  self->no_hit = old->no_hit;
  memcpy(self->alerts, old->alerts, sizeof(self->alerts));
  return self;
}

PkEngine *
pk_engine_ref(PkEngine *self)
{
  g_atomic_int_inc(&self->ref_count);
  return self;
}

void
pk_engine_unref(PkEngine *self)
{
  if (!self || !g_atomic_int_dec_and_test(&self->ref_count))
    return;
  pk_table_free(self->table);
  g_free(self);
}

/* ---- hits ----------------------------------------------------------------- */

/* Where flags are logged, only an initial SYN knocks; the rest is backscatter
 * or strays.  ECN bits may be set. */
static gboolean
_is_knocking_tcp(const PkEvent *event)
{
  if (event->has & PK_HAS_TCP_FLAGS &&
      (event->tcp_flags & (PK_TCP_SYN | PK_TCP_ACK | PK_TCP_RST | PK_TCP_FIN)) != PK_TCP_SYN)
    return FALSE;
  return (event->has & PK_HAS_DEST_PORT) && event->dest_port != 0;
}

/* Requests only (RFC 792, RFC 4443): errors and replies answer somebody else's
 * packet, as an ACK does, and router and neighbour messages are the link's own. */
static gboolean
_is_knocking_icmp(const PkEvent *event)
{
  if (!(event->has & PK_HAS_ICMP))
    return FALSE;
  if (event->protocol == PK_PROTO_ICMPV6)
    return event->icmp_type == 128;
  return event->icmp_type == 8 || event->icmp_type == 13 || event->icmp_type == 15 || event->icmp_type == 17;
}

static gboolean
_get_port(const PkEvent *event, PkPort *ret_port)
{
  PkPort port = { .protocol = event->protocol };

  switch (event->protocol)
    {
    case PK_PROTO_TCP:
    case PK_PROTO_UDP:
      if (event->protocol == PK_PROTO_TCP ? !_is_knocking_tcp(event) : event->dest_port == 0)
        return FALSE;
      port.port = event->dest_port;
      break;
    case PK_PROTO_ICMP:
    case PK_PROTO_ICMPV6:
      if (!_is_knocking_icmp(event))
        return FALSE;
      port.icmp_type = event->icmp_type;
      port.icmp_code = event->icmp_code;
      port.port = event->length;
      break;
    default:
      return FALSE;
    }
  *ret_port = port;
  return TRUE;
}

/* 127.0.0.1, which is the log host itself. */
static const PkAddr THIS_HOST = { { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } };

/* A tool that was started with one port: nc, hping3. */
static gboolean
_is_run_of_tool(const PkEvent *event)
{
  return (event->kind == PK_EVENT_KNOCK_CLIENT || event->kind == PK_EVENT_CONNECTION_ATTEMPT) &&
         !(event->has & PK_HAS_SOURCE) && (event->has & PK_HAS_DEST_PORT);
}

static const PkAddr *
_get_source(const PkEvent *event)
{
  return _is_run_of_tool(event) ? &THIS_HOST : &event->source;
}

static gboolean
_has_usable_source(const PkEvent *event)
{
  const PkAddr *source = _get_source(event);

  return ((event->has & PK_HAS_SOURCE) || source == &THIS_HOST) && !pk_addr_is_unspecified(source) &&
         !pk_addr_is_multicast(source);
}

static gboolean
_makes_hits(const PkEvent *event)
{
  return event->kind == PK_EVENT_FIREWALL_DENY || event->kind == PK_EVENT_CONNECTION_ATTEMPT || _is_run_of_tool(event);
}

static gboolean
_make_hit(const PkEvent *event, gint64 arrival_usec, PkHit *ret_hit)
{
  PkHit hit = { .time_usec = event->time_usec, .arrival_usec = arrival_usec, .packets = event->count };

  if (!_has_usable_source(event) || !_get_port(event, &hit.port))
    return FALSE;
  if (event->has & PK_HAS_DEST)
    hit.dest = event->dest;
  if (event->has & PK_HAS_SOURCE_PORT)
    {
      hit.source_port = event->source_port;
      hit.flags |= PK_HIT_HAS_SOURCE_PORT;
    }
  if (event->has & PK_HAS_UPTIME)
    {
      hit.uptime_usec = event->uptime_usec;
      hit.flags |= PK_HIT_HAS_UPTIME;
    }
  *ret_hit = hit;
  return TRUE;
}

/* ---- alerts --------------------------------------------------------------- */

static gsize
_count_alerts(PkEngine *self, const PkAlert *alerts, gsize n)
{
  for (gsize i = 0; i < n; i++)
    g_atomic_pointer_add(&self->alerts[alerts[i].confidence], 1);
  return n;
}

/* Loopback and link-local addresses mean something else on every host. */
static PkSlice
_choose_scope(const PkEvent *event, PkSlice scope, PkSlice host, gchar buffer[2 * PK_NAME_BYTES])
{
  gsize len = MIN(scope.len, PK_NAME_BYTES - 1);

  if (!pk_addr_is_local(_get_source(event)))
    return scope;
  if (len == 0)
    return host;
  memcpy(buffer, scope.data, len);
  buffer[len++] = '/';
  host.len = MIN(host.len, PK_NAME_BYTES - 1);
  if (host.len)
    memcpy(buffer + len, host.data, host.len);
  return pk_slice(buffer, len + host.len);
}

gsize
pk_engine_observe(PkEngine *self, const PkEvent *event, PkSlice host, PkSlice scope, gint64 arrival_usec,
                  PkAlert *ret_alerts)
{
  gchar buffer[2 * PK_NAME_BYTES];
  PkHit hit;
  gsize n;

  if (!_makes_hits(event))
    return 0;
  if (!_make_hit(event, arrival_usec, &hit))
    {
      g_atomic_pointer_add(&self->no_hit, 1);
      return 0;
    }
  n = pk_table_observe(self->table, _get_source(event), _choose_scope(event, scope, host, buffer), host, &hit,
                       ret_alerts);
  return _count_alerts(self, ret_alerts, n);
}

gsize
pk_engine_expire(PkEngine *self, gint64 arrival_usec, gsize max_items, PkAlert *ret_alerts, gboolean *ret_more)
{
  gsize n = pk_table_expire(self->table, arrival_usec, max_items, ret_alerts, ret_more);

  return _count_alerts(self, ret_alerts, n);
}

void
pk_engine_get_stats(PkEngine *self, PkStats *ret_stats)
{
  pk_table_get_stats(self->table, ret_stats);
  ret_stats->no_hit = (gsize) g_atomic_pointer_get(&self->no_hit);
  for (guint i = 0; i < PK_N_CONFIDENCES; i++)
    ret_stats->alerts[i] = (gsize) g_atomic_pointer_get(&self->alerts[i]);
}
