/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/trail.h"

#include "engine/alert.h"
#include "scan/address.h"
#include "scan/slice.h"

static void
_open_door(PkTrail *trail, const PkEvidence *evidence)
{
  if (trail->open_usec == 0 || evidence->arrival_usec - trail->open_usec > PK_OVERTAKING_USEC)
    {
      trail->is_open_told = FALSE;
      trail->opened[0] = '\0';
    }
  trail->open_usec = evidence->arrival_usec;
  trail->open_time_usec = evidence->time_usec;
}

/* What was opened earlier says nothing about a rule that does not tell. */
static void
_open_firewall(PkTrail *trail, gint64 now_usec)
{
  if (now_usec - MAX(trail->open_usec, trail->firewall_usec) > PK_OVERTAKING_USEC)
    trail->opened[0] = '\0';
  trail->firewall_usec = now_usec;
}

static void
_add_daemon(PkTrail *trail, const PkEvidence *evidence)
{
  gint64 now_usec = evidence->arrival_usec;

  if (evidence->is_open)
    _open_door(trail, evidence);
  if (evidence->is_firewall)
    _open_firewall(trail, now_usec);
  if (evidence->stage)
    {
      trail->stage = evidence->stage;
      trail->stage_usec = now_usec;
    }
  if (evidence->door.len)
    pk_slice_copy(evidence->door, trail->door, sizeof(trail->door));
  if (evidence->opened.len)
    pk_slice_copy(evidence->opened, trail->opened, sizeof(trail->opened));
  if (!evidence->is_close)
    return;
  /* A closing door says that it opens, too; its command tells the truth. */
  trail->close_usec = now_usec;
  trail->open_usec = 0;
}

/* One that proves stays while it can, whatever else is let in after it. */
static gboolean
_is_needed(const PkTrail *trail, gint64 now_usec, gint64 confirm_usec)
{
  return trail->accept_usec != 0 && !trail->accept_is_service && trail->accept_usec >= trail->candidate_usec &&
         now_usec - trail->accept_usec <= confirm_usec;
}

static void
_add_accept(PkTrail *trail, const PkEvidence *evidence, gint64 confirm_usec)
{
  if (evidence->is_service && _is_needed(trail, evidence->arrival_usec, confirm_usec))
    return;
  trail->accept_usec = evidence->arrival_usec;
  trail->accept_dest = evidence->dest;
  trail->accept_port = evidence->port;
  trail->accept_is_service = evidence->is_service;
  trail->listener_usec = evidence->listener_usec;
}

void
pk_trail_add(PkTrail *self, const PkEvidence *evidence, gint64 confirm_usec)
{
  self->address = evidence->address;
  self->is_allowed = evidence->allowed;
  pk_slice_copy(evidence->scope, self->scope, sizeof(self->scope));
  pk_slice_copy(evidence->host, self->host, sizeof(self->host));
  _add_daemon(self, evidence);
  if (evidence->is_accept)
    _add_accept(self, evidence, confirm_usec);
}

/* ---- proof ------------------------------------------------------------------------ */

static gboolean
_is_fresh(gint64 usec, const PkAlert *alert, gint64 confirm_usec)
{
  return usec != 0 && usec >= alert->arrival_usec - PK_OVERTAKING_USEC && usec - alert->arrival_usec <= confirm_usec;
}

static gboolean
_goes_to(const PkAlert *alert, const PkAddr *dest)
{
  return !alert->has_dest || pk_addr_is_unspecified(dest) || pk_addr_equals(&alert->dest, dest);
}

static gboolean
_is_accepted(const PkTrail *trail, const PkAlert *alert, gint64 confirm_usec)
{
  return _is_fresh(trail->accept_usec, alert, confirm_usec) && _goes_to(alert, &trail->accept_dest);
}

gboolean
pk_trail_proves(const PkTrail *self, const PkAlert *alert, gboolean is_scanner, gint64 confirm_usec)
{
  if (_is_fresh(self->open_usec, alert, confirm_usec) || _is_fresh(self->firewall_usec, alert, confirm_usec))
    return TRUE;
  /* What began to listen after the knock is no service that was open before. */
  return !is_scanner && _is_accepted(self, alert, confirm_usec) &&
         (!self->accept_is_service || _is_fresh(self->listener_usec, alert, confirm_usec));
}

/* "tcp/22" */
static void
_add_port_evidence(PkAlert *alert, const gchar *name, const PkPort *port)
{
  gchar text[PK_WORD_BYTES];
  const gchar *protocol = pk_protocol_name(port->protocol);
  gint len = g_snprintf(text, sizeof(text), "%s/%u", protocol ? protocol : "ip", port->port);

  pk_alert_add_evidence(alert, name, pk_slice(text, (gsize) len));
}

static gint64
_proven_usec(const PkTrail *trail, const PkAlert *alert, gint64 confirm_usec)
{
  gint64 usec = G_MAXINT64;

  if (_is_fresh(trail->open_usec, alert, confirm_usec))
    usec = MIN(usec, trail->open_usec);
  if (_is_fresh(trail->firewall_usec, alert, confirm_usec))
    usec = MIN(usec, trail->firewall_usec);
  if (_is_accepted(trail, alert, confirm_usec))
    usec = MIN(usec, trail->accept_usec);
  return usec;
}

/* Seconds from the knock's last packet to the first thing that followed. */
static void
_add_delay_evidence(PkAlert *alert, gint64 usec)
{
  gchar text[PK_WORD_BYTES];
  gint64 msec = MAX(usec, 0) / 1000;
  gint len = g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT ".%03d", msec / 1000, (gint) (msec % 1000));

  pk_alert_add_evidence(alert, "delay", pk_slice(text, (gsize) len));
}

void
pk_trail_tell_stage(PkAlert *alert, guint stage)
{
  gchar text[PK_WORD_BYTES];
  gint len = g_snprintf(text, sizeof(text), "%u", stage);

  pk_alert_add_evidence(alert, "daemon_stage", pk_slice(text, (gsize) len));
}

void
pk_trail_tell(const PkTrail *self, PkAlert *alert, gint64 confirm_usec)
{
  const PkSlice nothing = { NULL, 0 };
  gint64 proven_usec = _proven_usec(self, alert, confirm_usec);
  gboolean is_open = _is_fresh(self->open_usec, alert, confirm_usec);

  if (_is_fresh(self->stage_usec, alert, confirm_usec) && !is_open)
    pk_trail_tell_stage(alert, self->stage);
  if (is_open)
    pk_alert_add_evidence(alert, "daemon_open", nothing);
  if (is_open && self->door[0])
    pk_alert_add_evidence(alert, "door", pk_slice_from_string(self->door));
  if (_is_fresh(self->close_usec, alert, confirm_usec))
    pk_alert_add_evidence(alert, "daemon_close", nothing);
  if (_is_fresh(self->firewall_usec, alert, confirm_usec))
    pk_alert_add_evidence(alert, "host_firewall_opened", nothing);
  if ((is_open || _is_fresh(self->firewall_usec, alert, confirm_usec)) && self->opened[0])
    pk_alert_add_evidence(alert, "opened", pk_slice_from_string(self->opened));
  if (_is_accepted(self, alert, confirm_usec) && _is_fresh(self->listener_usec, alert, confirm_usec))
    _add_port_evidence(alert, "new_listener", &self->accept_port);
  if (_is_accepted(self, alert, confirm_usec))
    _add_port_evidence(alert, "accept", &self->accept_port);
  if (proven_usec != G_MAXINT64)
    _add_delay_evidence(alert, proven_usec - alert->arrival_usec);
}

gboolean
pk_trail_has_stage(const PkTrail *self, const PkAlert *alert, gint64 confirm_usec)
{
  return _is_fresh(self->stage_usec, alert, confirm_usec);
}
