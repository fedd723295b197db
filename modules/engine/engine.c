/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include "engine/alert.h"
#include "engine/state-file.h"
#include "engine/table.h"
#include "scan/address.h"
#include "scan/slice.h"

struct _PkEngine
{
  gint ref_count; /* atomic */
  PkTable *table;
  guint32 alert_on; /* PK_ALERT_ON_* */
  /* atomic: */
  gsize no_hit;
  gsize alerts[PK_N_CONFIDENCES];
};

static PkEngine *
_new(PkTable *table, const PkOptions *options)
{
  PkEngine *self;

  if (!table)
    return NULL;
  self = g_new0(PkEngine, 1);
  self->ref_count = 1;
  self->table = table;
  self->alert_on = (guint32) options->alert_on;
  return self;
}

PkEngine *
pk_engine_new(const PkOptions *options, GError **error)
{
  return _new(pk_table_new(options, error), options);
}

PkEngine *
pk_engine_new_from(PkEngine *old, const PkOptions *options, GError **error)
{
  PkEngine *self = _new(pk_table_new_from(old->table, options, error), options);

  if (!self)
    return NULL;
  self->no_hit = old->no_hit;
  memcpy(self->alerts, old->alerts, sizeof(self->alerts));
  return self;
}

PkEngine *
pk_engine_new_from_file(const PkOptions *options, const gchar *path, PkSlice machine, gint64 now_usec, GError **error)
{
  return _new(pk_state_file_read(options, path, machine, now_usec, error), options);
}

gboolean
pk_engine_save(PkEngine *self, const gchar *path, PkSlice machine, gint64 now_usec, guint64 *ret_bytes, GError **error)
{
  return pk_state_file_write(self->table, path, machine, now_usec, ret_bytes, error);
}

guint64
pk_engine_count_changes(PkEngine *self)
{
  return pk_table_count_changes(self->table);
}

gboolean
pk_engine_read_files(PkEngine *self, const PkOptions *options, GError **error)
{
  return pk_table_read_files(self->table, options, error);
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

/* By pk_allow_mark(). */
static gboolean
_is_allowed(const PkEvent *event)
{
  return event->texts[PK_TEXT_ALLOWED].len > 0;
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

/* Raw packets of stateless scanners, as they leave in firewalls' logs: ZMap's
 * IP ID; the SYN of masscan and nmap, which no kernel sends; long datagrams to
 * SIP's ports and those beside it. */
static gboolean
_is_scanner_packet(const PkEvent *event)
{
  if ((event->has & PK_HAS_IP_ID) && event->ip_id == 54321)
    return TRUE;
  if (!(event->has & PK_HAS_LENGTH))
    return FALSE;
  if (event->protocol == PK_PROTO_TCP)
    return (event->has & PK_HAS_TCP_WINDOW) && event->tcp_window == 1024 && event->length == 40;
  return event->protocol == PK_PROTO_UDP && event->length >= 350 && event->dest_port >= 5000 &&
         event->dest_port <= 5200;
}

static guint8
_get_flags(const PkEvent *event)
{
  guint8 flags = 0;

  if (event->has & PK_HAS_SOURCE_PORT)
    flags |= PK_HIT_HAS_SOURCE_PORT;
  if (event->has & PK_HAS_UPTIME)
    flags |= PK_HIT_HAS_UPTIME;
  if (_is_scanner_packet(event))
    flags |= PK_HIT_SCANNER_PACKET;
  if (_is_allowed(event))
    flags |= PK_HIT_ALLOWED;
  if (_is_run_of_tool(event))
    flags |= PK_HIT_TOOL_RUN;
  return flags;
}

static gboolean
_make_hit(const PkEvent *event, gint64 arrival_usec, PkHit *ret_hit)
{
  PkHit hit = { .time_usec = event->time_usec, .arrival_usec = arrival_usec, .packets = event->count };

  if (!_has_usable_source(event) || !_get_port(event, &hit.port))
    return FALSE;
  if (event->has & PK_HAS_DEST)
    hit.dest = event->dest;
  hit.flags = _get_flags(event);
  if (hit.flags & PK_HIT_HAS_SOURCE_PORT)
    hit.source_port = event->source_port;
  if (hit.flags & PK_HIT_HAS_UPTIME)
    hit.uptime_usec = (guint32) event->uptime_usec;
  *ret_hit = hit;
  return TRUE;
}

/* ---- alerts --------------------------------------------------------------- */

static gsize
_count_alerts(PkEngine *self, const PkAlert *alerts, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (alerts[i].fate == PK_FATE_REPORTED)
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

static gsize
_observe_hit(PkEngine *self, const PkEvent *event, const PkSender *sender, const PkAhead *ahead, gint64 arrival_usec,
             PkAlert *ret_alerts)
{
  const PkSequences *sequences = pk_table_sequences(self->table);
  const PkKnownPacket *packet;
  PkHit hit;

  if (!_make_hit(event, arrival_usec, &hit))
    {
      g_atomic_pointer_add(&self->no_hit, 1);
      return 0;
    }
  packet = sequences && event->kind == PK_EVENT_FIREWALL_DENY ? pk_sequences_find_packet(sequences, event) : NULL;
  return pk_table_observe(self->table, sender, &hit, packet, ahead, ret_alerts);
}

/* ---- evidence ------------------------------------------------------------- */

static void
_begin_evidence(const PkEvent *event, gint64 arrival_usec, PkEvidence *evidence)
{
  memset(evidence, 0, sizeof(*evidence));
  evidence->time_usec = event->time_usec;
  evidence->arrival_usec = arrival_usec;
  evidence->allowed = _is_allowed(event);
}

/* New connections only: a port that was reached. */
static gboolean
_make_accept(const PkEvent *event, PkEvidence *evidence)
{
  if (event->kind != PK_EVENT_FIREWALL_ACCEPT || !(event->has & PK_HAS_DEST) || !_get_port(event, &evidence->port) ||
      (event->protocol != PK_PROTO_TCP && event->protocol != PK_PROTO_UDP))
    return FALSE;
  evidence->is_accept = TRUE;
  evidence->dest = event->dest;
  return TRUE;
}

static gboolean
_make_daemon_evidence(const PkEvent *event, PkEvidence *evidence)
{
  gboolean closes = event->door_action && event->door_action[0] == 'c';

  if (event->kind != PK_EVENT_KNOCK_DAEMON)
    return FALSE;
  evidence->door = pk_event_get_text(event, PK_TEXT_DOOR);
  evidence->opened = pk_event_get_text(event, PK_TEXT_OPEN_PORT);
  evidence->is_close = closes;
  evidence->is_open = !closes && (event->branch == PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED || event->door_action);
  if (event->has & PK_HAS_STAGE)
    evidence->stage = event->stage;
  return evidence->is_close || evidence->is_open || evidence->stage;
}

static gboolean
_make_firewall_evidence(const PkEvent *event, PkEvidence *evidence)
{
  if (event->kind != PK_EVENT_HOST_FIREWALL_OPENED)
    return FALSE;
  evidence->is_firewall = TRUE;
  evidence->opened = pk_event_get_text(event, PK_TEXT_OPEN_PORT);
  return TRUE;
}

static gsize
_observe_evidence(PkEngine *self, const PkEvent *event, const PkSender *sender, gint64 arrival_usec,
                  PkAlert *ret_alerts)
{
  PkEvidence evidence;

  if (!_has_usable_source(event))
    return 0;
  _begin_evidence(event, arrival_usec, &evidence);
  if (!_make_accept(event, &evidence) && !_make_daemon_evidence(event, &evidence) &&
      !_make_firewall_evidence(event, &evidence))
    return 0;
  return pk_table_take_evidence(self->table, sender, &evidence, ret_alerts);
}

/* Names no source: it counts when a source that knocked connects to it. */
static void
_observe_listener(PkEngine *self, const PkEvent *event, PkSlice host, gint64 arrival_usec)
{
  PkPort port = { .protocol = event->protocol, .port = event->dest_port };

  if (event->kind == PK_EVENT_NEW_LISTENER && (event->has & PK_HAS_DEST_PORT) && event->dest_port != 0)
    pk_table_add_listener(self->table, host, &event->dest, &port, arrival_usec);
}

/* ---- findings ------------------------------------------------------------- */

static guint32
_get_group(const PkEvent *event)
{
  switch (event->kind)
    {
    case PK_EVENT_KNOCK_DAEMON:
      return PK_ALERT_ON_DAEMON;
    case PK_EVENT_KNOCK_CLIENT:
      return PK_ALERT_ON_CLIENT;
    case PK_EVENT_HOST_FIREWALL_OPENED:
    case PK_EVENT_KNOCK_TOOL_INSTALLED:
      return PK_ALERT_ON_HOST;
    default:
      return 0;
    }
}

/* What was done is told by door and stage, or by the command. */
static guint64
_hash_text(guint64 hash, PkSlice text)
{
  for (gsize i = 0; i < text.len; i++)
    hash = hash * 31 + (guint8) text.data[i];
  return hash * 31;
}

static guint64
_hash_finding(const PkEvent *event, PkSlice host)
{
  guint64 hash = _hash_text(event->branch, host);

  for (PkTextId text = PK_TEXT_DOOR; text < PK_N_TEXTS; text++)
    hash = _hash_text(hash, pk_event_get_text(event, text));
  return hash + (event->has & PK_HAS_STAGE ? event->stage : 0);
}

/* Few events are findings, and an alert is large. */
static gsize
_report_finding(PkEngine *self, const PkEvent *event, const PkSender *sender, gint64 arrival_usec, PkAlert *ret_alerts)
{
  PkAlert alert = { .branch = event->branch, .of_event = TRUE };

  if (!pk_branch_confidence(event->branch, &alert.confidence))
    return 0;
  alert.source = event->source;
  alert.has_source = (event->has & PK_HAS_SOURCE) != 0;
  alert.dest = event->dest;
  alert.has_dest = (event->has & PK_HAS_DEST) != 0;
  alert.window_start_usec = alert.window_end_usec = event->time_usec;
  alert.arrival_usec = arrival_usec;
  pk_slice_copy(sender->scope, alert.scope, sizeof(alert.scope));
  if (sender->host.len)
    pk_slice_copy(sender->host, alert.hosts[alert.n_hosts++], sizeof(alert.hosts[0]));
  return pk_table_report(self->table, sender, &alert, _hash_finding(event, sender->host), _is_allowed(event),
                         ret_alerts);
}

void
pk_engine_look_ahead(PkEngine *self, const PkEvent *event, PkSlice host, PkSlice scope, PkAhead *ret_ahead)
{
  gchar buffer[2 * PK_NAME_BYTES];
  PkSender sender = { .address = *_get_source(event), .host = host };

  ret_ahead->steps_left = 0;
  if (!_makes_hits(event) || !_has_usable_source(event))
    return;
  sender.scope = _choose_scope(event, scope, host, buffer);
  pk_table_look_ahead(self->table, &sender, ret_ahead);
}

void
pk_engine_fetch(PkEngine *self, PkAhead *ahead)
{
  pk_table_fetch(self->table, ahead);
}

gsize
pk_engine_observe_ahead(PkEngine *self, const PkEvent *event, PkSlice host, PkSlice scope, const PkAhead *ahead,
                        gint64 arrival_usec, PkAlert *ret_alerts)
{
  gchar buffer[2 * PK_NAME_BYTES];
  PkSender sender = { .address = *_get_source(event), .host = host };
  gsize n;

  sender.scope = _choose_scope(event, scope, host, buffer);
  _observe_listener(self, event, host, arrival_usec);
  n = self->alert_on & _get_group(event) ? _report_finding(self, event, &sender, arrival_usec, ret_alerts) : 0;
  if (_makes_hits(event))
    n += _observe_hit(self, event, &sender, ahead, arrival_usec, ret_alerts + n);
  else
    n += _observe_evidence(self, event, &sender, arrival_usec, ret_alerts + n);
  return _count_alerts(self, ret_alerts, n);
}

gsize
pk_engine_observe(PkEngine *self, const PkEvent *event, PkSlice host, PkSlice scope, gint64 arrival_usec,
                  PkAlert *ret_alerts)
{
  return pk_engine_observe_ahead(self, event, host, scope, NULL, arrival_usec, ret_alerts);
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

void
pk_stats_add(PkStats *self, const PkStats *other)
{
  guint64 *own = (guint64 *) self;
  const guint64 *added = (const guint64 *) other;

  for (gsize i = 0; i < sizeof(*self) / sizeof(*own); i++)
    own[i] += added[i];
}
