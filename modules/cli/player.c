/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/player.h"

#include "cli/commands.h"

#include <string.h>

#define DAY_USEC (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)
/* Nothing in the engine that is worth an alert waits longer than this for a tick. */
#define QUIET_TICKS_MAX 7200

static void
_tick(PkPlayer *self, gint64 arrival_usec)
{
  self->tick_func(arrival_usec, self->user_data);
  self->ticked_usec = arrival_usec;
}

static void
_tick_until(PkPlayer *self, gint64 arrival_usec)
{
  gboolean began = self->ticked_usec != 0;

  if (began && arrival_usec - self->ticked_usec < G_USEC_PER_SEC)
    return;
  for (guint i = 0; began && self->tick_every_second && i < QUIET_TICKS_MAX; i++)
    {
      if (self->ticked_usec + G_USEC_PER_SEC >= arrival_usec)
        break;
      _tick(self, self->ticked_usec + G_USEC_PER_SEC);
    }
  _tick(self, arrival_usec);
}

/* By the first event of each file: a single device's clock may be wrong. */
static void
_check_order(PkPlayer *self, const PkUpcoming *upcoming, gint64 arrival_usec)
{
  if (self->inputs_begun > upcoming->input)
    return;
  self->inputs_begun = upcoming->input + 1;
  self->inputs_behind += arrival_usec - upcoming->event.time_usec > DAY_USEC;
}

static PkSlice
_get_host(const PkUpcoming *upcoming)
{
  return (PkSlice){ upcoming->host, upcoming->host_len };
}

static PkSlice
_get_scope(const PkPlayer *self, const PkUpcoming *upcoming)
{
  return self->arguments->scope_is_host ? _get_host(upcoming) : (PkSlice){ NULL, 0 };
}

static gboolean
_play_event(PkPlayer *self, PkUpcoming *upcoming)
{
  gint64 arrival_usec = pk_watermark_advance(&self->watermark, upcoming->event.time_usec);

  _check_order(self, upcoming, arrival_usec);
  self->allowed += pk_allow_mark(self->allow, &upcoming->event, arrival_usec);
  _tick_until(self, arrival_usec);
  return self->play_func(&upcoming->event, _get_host(upcoming), _get_scope(self, upcoming), &upcoming->ahead,
                         arrival_usec, self->user_data);
}

/* ---- what is to come --------------------------------------------------------- */

static PkUpcoming *
_upcoming(PkPlayer *self, guint i)
{
  return &self->upcoming[(self->first + i) % PK_PLAYER_UPCOMING_MAX];
}

static gboolean
_play_first(PkPlayer *self)
{
  PkUpcoming *upcoming = _upcoming(self, 0);

  self->first = (self->first + 1) % PK_PLAYER_UPCOMING_MAX;
  self->n--;
  if (_play_event(self, upcoming))
    return TRUE;
  self->n = 0;
  return FALSE;
}

static gboolean
_play_all(PkPlayer *self)
{
  gboolean go_on = TRUE;

  while (self->n > 0)
    go_on = _play_first(self);
  return go_on;
}

/* The event of the place behind the last is complete. */
static gboolean
_append(PkPlayer *self, PkSlice host)
{
  PkUpcoming *upcoming = _upcoming(self, self->n);

  upcoming->input = self->reader.inputs;
  upcoming->host_len = MIN(host.len, sizeof(upcoming->host));
  if (host.len)
    memcpy(upcoming->host, host.data, upcoming->host_len);
  for (guint i = 0; i < self->n; i++)
    pk_engine_fetch(self->engine, &_upcoming(self, i)->ahead);
  pk_engine_look_ahead(self->engine, &upcoming->event, _get_host(upcoming), _get_scope(self, upcoming),
                       &upcoming->ahead);
  self->n++;
  return self->n < PK_PLAYER_UPCOMING_MAX || _play_first(self);
}

/* ---- lines ------------------------------------------------------------------- */

static void
_set_time(PkPlayer *self, PkLine *line)
{
  if (line->time_usec == 0)
    {
      line->time_usec = self->last_time_usec;
      self->without_time++;
    }
  self->last_time_usec = line->time_usec;
}

/* What dmesg prints has no stamps, but the time since the kernel's start. */
static void
_set_event_time(PkPlayer *self, PkEvent *event)
{
  if (event->time_usec != 0)
    self->last_time_usec = event->time_usec;
  else if (event->has & PK_HAS_UPTIME)
    event->time_usec = event->uptime_usec;
}

static gboolean
_play_line(PkSlice data, gpointer user_data)
{
  PkPlayer *self = user_data;
  PkEvent *event = &_upcoming(self, self->n)->event;
  PkScanResult result;
  PkLine line;

  pk_line_zone_parse(&self->zone, data, &line);
  _set_time(self, &line);
  result = pk_recognise(self->recogniser, &line, event);
  self->results[result]++;
  if (result == PK_SCAN_UNKNOWN_PREFIX)
    pk_unknown_prefixes_take(self->unknown_prefixes, event);
  if (result == PK_SCAN_MATCH)
    self->kinds[event->kind]++;
  if (result != PK_SCAN_MATCH && (result != PK_SCAN_CONTEXT || event->kind == PK_EVENT_NONE))
    return TRUE;
  _set_event_time(self, event);
  return _append(self, line.host);
}

/* Before waiting for more: what has been read is told. */
static gboolean
_play_rest(gpointer user_data)
{
  return _play_all(user_data);
}

gboolean
pk_player_init(PkPlayer *self, const PkArguments *arguments, PkEngine *engine, PkPlayFunc play_func,
               PkTickFunc tick_func, gpointer user_data, GError **error)
{
  PkRecogniser *recogniser = pk_recogniser_new(&arguments->engine, error);
  PkAllow *allow = recogniser ? pk_allow_new(&arguments->engine, error) : NULL;

  if (!allow)
    {
      pk_recogniser_free(recogniser);
      return FALSE;
    }
  memset(self, 0, sizeof(*self));
  self->arguments = arguments;
  self->engine = engine;
  self->play_func = play_func;
  self->tick_func = tick_func;
  self->user_data = user_data;
  self->recogniser = recogniser;
  self->allow = allow;
  self->unknown_prefixes = pk_unknown_prefixes_new();
  pk_line_zone_init(&self->zone, arguments, g_get_real_time());
  pk_reader_init(&self->reader, _play_line, _play_rest, self);
  return TRUE;
}

void
pk_player_clear(PkPlayer *self)
{
  pk_reader_clear(&self->reader);
  pk_line_zone_clear(&self->zone);
  pk_allow_unref(self->allow);
  pk_unknown_prefixes_free(self->unknown_prefixes);
  pk_recogniser_free(self->recogniser);
}

gboolean
pk_player_read(PkPlayer *self, const gchar *path, GError **error)
{
  return pk_reader_read(&self->reader, path, error);
}

void
pk_player_read_inputs(PkPlayer *self, const GPtrArray *inputs)
{
  pk_read_inputs(&self->reader, inputs);
}

void
pk_player_finish(PkPlayer *self)
{
  const PkOptions *options = &self->arguments->engine;
  gint64 quiet_seconds = MAX(options->cooldown_seconds, 60) + 1;
  gint64 settled_usec;

  _play_all(self);
  settled_usec = self->watermark.usec + ((gint64) options->settle_seconds + 1) * G_USEC_PER_SEC;
  _tick_until(self, settled_usec);
  _tick_until(self, settled_usec + quiet_seconds * G_USEC_PER_SEC);
}

static void
_warn_of_unknown_prefixes(const PkPlayer *self)
{
  guint64 n = self->results[PK_SCAN_UNKNOWN_PREFIX];

  if (n > 0)
    g_printerr("port-knock: %" G_GUINT64_FORMAT " firewall lines were not used: their log prefix says neither deny "
               "nor accept; see --deny-prefix and --accept-prefix\n",
               n);
}

/* "ufw.log ufw.log.1" is what a shell makes of ufw.log*. */
static void
_warn_of_order(const PkPlayer *self)
{
  if (self->inputs_behind > 0)
    g_printerr("port-knock: %u of the files begin more than a day before what was read already; "
               "give files in the order of their time, or knocks are missed\n",
               self->inputs_behind);
}

void
pk_player_warn(const PkPlayer *self)
{
  _warn_of_unknown_prefixes(self);
  _warn_of_order(self);
}
