/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/line-zone.h"

#define DAY_SECONDS G_GINT64_CONSTANT(86400)

void
pk_line_zone_init(PkLineZone *self, const PkArguments *arguments, gint64 now_usec)
{
  *self = (PkLineZone){ .clock = pk_arguments_clock(arguments, now_usec), .day = -1 };
  if (!arguments->has_utc_offset)
    self->zone = g_time_zone_new_local();
}

void
pk_line_zone_clear(PkLineZone *self)
{
  g_clear_pointer(&self->zone, g_time_zone_unref);
}

static gint
_offset_at(const PkLineZone *self, gint64 seconds)
{
  gint interval = g_time_zone_find_interval(self->zone, G_TIME_TYPE_UNIVERSAL, seconds);

  return interval < 0 ? 0 : g_time_zone_get_offset(self->zone, interval);
}

/* On most days it is the same, and so a zone is asked once for a day. */
static void
_look_up_day(PkLineZone *self, gint64 time_usec)
{
  gint64 day = time_usec / (DAY_SECONDS * G_USEC_PER_SEC);

  if (day == self->day)
    return;
  self->day = day;
  self->offsets_seconds[0] = _offset_at(self, (day - 1) * DAY_SECONDS);
  self->offsets_seconds[1] = _offset_at(self, (day + 2) * DAY_SECONDS);
}

static void
_parse(PkLineZone *self, PkSlice data, gint offset_seconds, PkLine *ret_line)
{
  self->clock.utc_offset_seconds = offset_seconds;
  pk_line_parse(data.data, data.len, &self->clock, ret_line);
}

static gboolean
_is_of_zone(const PkLineZone *self, const PkLine *line, gint offset_seconds)
{
  return _offset_at(self, line->time_usec / G_USEC_PER_SEC) == offset_seconds;
}

static gint64
_distance(const PkLineZone *self, const PkLine *line)
{
  return self->last_usec ? ABS(line->time_usec - self->last_usec) : 0;
}

/* An hour that is left out is read as if the clock had not been changed yet. */
static void
_parse_on_day_of_change(PkLineZone *self, PkSlice data, PkLine *ret_line)
{
  PkLine before, after;
  gboolean may_be_before, may_be_after;

  _parse(self, data, self->offsets_seconds[0], &before);
  _parse(self, data, self->offsets_seconds[1], &after);
  may_be_before = _is_of_zone(self, &before, self->offsets_seconds[0]);
  may_be_after = _is_of_zone(self, &after, self->offsets_seconds[1]);
  if (may_be_after && (!may_be_before || _distance(self, &after) < _distance(self, &before)))
    *ret_line = after;
  else
    *ret_line = before;
}

void
pk_line_zone_parse(PkLineZone *self, PkSlice data, PkLine *ret_line)
{
  _parse(self, data, self->clock.utc_offset_seconds, ret_line);
  if (ret_line->time_usec == 0)
    return;
  if (self->zone)
    {
      _look_up_day(self, ret_line->time_usec);
      if (self->offsets_seconds[0] != self->offsets_seconds[1])
        _parse_on_day_of_change(self, data, ret_line);
      else if (self->offsets_seconds[0] != self->clock.utc_offset_seconds)
        _parse(self, data, self->offsets_seconds[0], ret_line);
    }
  self->last_usec = ret_line->time_usec;
}
