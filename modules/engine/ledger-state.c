/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/ledger-private.h"
#include "engine/state-rows.h"

/* What is kept of sources beside their hits, as the state file has it. */

/* cooldown() and scan-memory() may be a day. */
#define SET_USEC_MAX (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

/* ---- sets -------------------------------------------------------------------- */

static void
_put_set(PkStateWriter *writer, gconstpointer record)
{
  const Set *set = record;

  pk_state_put_time(writer, set->settled_usec);
  pk_state_put_time(writer, set->counted_usec);
  pk_state_put_u32(writer, set->settled);
}

static void
_get_set(PkStateReader *reader, gpointer ret_record)
{
  Set *set = ret_record;

  set->settled_usec = pk_state_get_time(reader);
  set->counted_usec = pk_state_get_time(reader);
  set->settled = pk_state_get_u32(reader);
}

/* How often a set settled is remembered for as long as there is room, whatever the time: over a restart for as long as
 * any option lets something last. */
static gboolean
_fit_set(gpointer record, const PkStateClock *clock)
{
  Set *set = record;

  set->settled_usec = pk_state_clock_past(clock, set->settled_usec);
  set->counted_usec = pk_state_clock_cut(clock, set->counted_usec, set->settled_usec);
  return set->settled_usec != 0 && clock->now_usec - set->settled_usec <= SET_USEC_MAX;
}

const PkStateRow pk_state_row_sets = { PK_STATE_SETS, sizeof(Set), _put_set, _get_set, _fit_set };

/* ---- judged candidates --------------------------------------------------------- */

static void
_put_judged(PkStateWriter *writer, gconstpointer record)
{
  const Judged *judged = record;

  pk_state_put_alert(writer, &judged->alert);
  pk_state_put_time(writer, judged->judged_usec);
  pk_state_put_u8(writer, judged->is_scanner != 0);
  pk_state_put_u8(writer, judged->is_confirmed != 0);
  pk_state_put_u8(writer, judged->is_allowed != 0);
}

static void
_get_judged(PkStateReader *reader, gpointer ret_record)
{
  Judged *judged = ret_record;

  pk_state_get_alert(reader, &judged->alert);
  judged->judged_usec = pk_state_get_time(reader);
  judged->is_scanner = pk_state_get_boolean(reader);
  judged->is_confirmed = pk_state_get_boolean(reader);
  judged->is_allowed = pk_state_get_boolean(reader);
}

/* Event times stay: alert_id is made of them, and a confirmation has that of the alert before it. */
static gboolean
_fit_judged(gpointer record, const PkStateClock *clock)
{
  Judged *judged = record;

  judged->alert.arrival_usec = pk_state_clock_past(clock, judged->alert.arrival_usec);
  judged->judged_usec = pk_state_clock_cut(clock, judged->judged_usec, clock->now_usec);
  return judged->alert.arrival_usec != 0;
}

const PkStateRow pk_state_row_judged = { PK_STATE_JUDGED, sizeof(Judged), _put_judged, _get_judged, _fit_judged };

/* ---- trails -------------------------------------------------------------------- */

static void
_put_trail_times(PkStateWriter *writer, const PkTrail *trail)
{
  pk_state_put_time(writer, trail->open_usec);
  pk_state_put_time(writer, trail->close_usec);
  pk_state_put_time(writer, trail->firewall_usec);
  pk_state_put_time(writer, trail->accept_usec);
  pk_state_put_time(writer, trail->stage_usec);
  pk_state_put_time(writer, trail->listener_usec);
  pk_state_put_time(writer, trail->candidate_usec);
  pk_state_put_time(writer, trail->open_time_usec);
}

static void
_put_trail(PkStateWriter *writer, gconstpointer record)
{
  const PkTrail *trail = record;

  _put_trail_times(writer, trail);
  pk_state_put_addr(writer, &trail->address);
  pk_state_put_addr(writer, &trail->dest);
  pk_state_put_addr(writer, &trail->accept_dest);
  pk_state_put_port(writer, &trail->accept_port);
  pk_state_put_u8(writer, trail->accept_is_service != 0);
  pk_state_put_u8(writer, trail->is_open_told != 0);
  pk_state_put_u8(writer, trail->is_allowed != 0);
  pk_state_put_u32(writer, trail->stage);
  pk_state_put_text(writer, trail->door);
  pk_state_put_text(writer, trail->opened);
  pk_state_put_text(writer, trail->scope);
  pk_state_put_text(writer, trail->host);
}

static void
_get_trail_times(PkStateReader *reader, PkTrail *trail)
{
  trail->open_usec = pk_state_get_time(reader);
  trail->close_usec = pk_state_get_time(reader);
  trail->firewall_usec = pk_state_get_time(reader);
  trail->accept_usec = pk_state_get_time(reader);
  trail->stage_usec = pk_state_get_time(reader);
  trail->listener_usec = pk_state_get_time(reader);
  trail->candidate_usec = pk_state_get_time(reader);
  trail->open_time_usec = pk_state_get_time(reader);
}

static void
_get_trail(PkStateReader *reader, gpointer ret_record)
{
  PkTrail *trail = ret_record;

  _get_trail_times(reader, trail);
  pk_state_get_addr(reader, &trail->address);
  pk_state_get_addr(reader, &trail->dest);
  pk_state_get_addr(reader, &trail->accept_dest);
  pk_state_get_port(reader, TRUE, &trail->accept_port);
  trail->accept_is_service = pk_state_get_boolean(reader);
  trail->is_open_told = pk_state_get_boolean(reader);
  trail->is_allowed = pk_state_get_boolean(reader);
  trail->stage = pk_state_get_u32(reader);
  pk_state_get_text(reader, trail->door, sizeof(trail->door));
  pk_state_get_text(reader, trail->opened, sizeof(trail->opened));
  pk_state_get_text(reader, trail->scope, sizeof(trail->scope));
  pk_state_get_text(reader, trail->host, sizeof(trail->host));
}

static gboolean
_fit_trail(gpointer record, const PkStateClock *clock)
{
  PkTrail *trail = record;

  trail->open_usec = pk_state_clock_past(clock, trail->open_usec);
  trail->close_usec = pk_state_clock_past(clock, trail->close_usec);
  trail->firewall_usec = pk_state_clock_past(clock, trail->firewall_usec);
  trail->accept_usec = pk_state_clock_past(clock, trail->accept_usec);
  trail->stage_usec = pk_state_clock_past(clock, trail->stage_usec);
  trail->listener_usec = pk_state_clock_past(clock, trail->listener_usec);
  trail->candidate_usec = pk_state_clock_past(clock, trail->candidate_usec);
  return TRUE;
}

const PkStateRow pk_state_row_trails = { PK_STATE_TRAILS, sizeof(PkTrail), _put_trail, _get_trail, _fit_trail };

/* ---- stages -------------------------------------------------------------------- */

static void
_put_stage(PkStateWriter *writer, gconstpointer record)
{
  const Stage *stage = record;

  pk_state_put_time(writer, stage->arrival_usec);
  pk_state_put_time(writer, stage->time_usec);
  pk_state_put_u64(writer, stage->source);
  pk_state_put_addr(writer, &stage->address);
  pk_state_put_u32(writer, stage->stage);
  pk_state_put_u8(writer, stage->is_allowed != 0);
  pk_state_put_text(writer, stage->door);
  pk_state_put_text(writer, stage->scope);
  pk_state_put_text(writer, stage->host);
}

static void
_get_stage(PkStateReader *reader, gpointer ret_record)
{
  Stage *stage = ret_record;

  stage->arrival_usec = pk_state_get_time(reader);
  stage->time_usec = pk_state_get_time(reader);
  stage->source = pk_state_get_u64(reader);
  pk_state_get_addr(reader, &stage->address);
  stage->stage = pk_state_get_u32(reader);
  stage->is_allowed = pk_state_get_boolean(reader);
  pk_state_get_text(reader, stage->door, sizeof(stage->door));
  pk_state_get_text(reader, stage->scope, sizeof(stage->scope));
  pk_state_get_text(reader, stage->host, sizeof(stage->host));
}

static gboolean
_fit_stage(gpointer record, const PkStateClock *clock)
{
  Stage *stage = record;

  stage->arrival_usec = pk_state_clock_cut(clock, stage->arrival_usec, clock->now_usec);
  return TRUE;
}

const PkStateRow pk_state_row_stages = { PK_STATE_STAGES, sizeof(Stage), _put_stage, _get_stage, _fit_stage };

/* ---- tables -------------------------------------------------------------------- */

PkRecent *
pk_ledger_recent(PkLedger *self, PkStateKind kind)
{
  switch (kind)
    {
    case PK_STATE_SETS:
      return self->sets;
    case PK_STATE_JUDGED:
      return self->judged;
    case PK_STATE_TRAILS:
      return self->trails;
    case PK_STATE_STAGES:
      return self->stages;
    default:
      return NULL;
    }
}

PkReports *
pk_ledger_reports(PkLedger *self)
{
  return self->reports;
}
