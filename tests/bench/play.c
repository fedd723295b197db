/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "play.h"

#define TICK_SLICE_ITEMS 16
/* More than settle(), less than a knock could be reported again. */
#define SETTLED_USEC (60 * (gint64) G_USEC_PER_SEC)

PkClock
log_clock(void)
{
  return (PkClock){ .now_usec = g_get_real_time() };
}

gboolean
log_read(Log *self, const gchar *path)
{
  PkClock clock = log_clock();

  if (!g_file_get_contents(path, &self->text, &self->bytes, NULL))
    return FALSE;
  self->lines = g_array_new(FALSE, FALSE, sizeof(PkLine));
  for (gchar *at = self->text, *end; (end = strchr(at, '\n')); at = end + 1)
    {
      PkLine line;

      pk_line_parse(at, (gsize) (end - at), &clock, &line);
      g_array_append_val(self->lines, line);
    }
  return TRUE;
}

void
log_clear(Log *self)
{
  g_array_unref(self->lines);
  g_free(self->text);
}

void
play_tick(Play *self)
{
  PkAlert alerts[TICK_SLICE_ITEMS];
  gboolean more = TRUE;

  while (more)
    self->alerts += pk_engine_expire(self->engine, self->arrival_usec, TICK_SLICE_ITEMS, alerts, &more);
  self->ticked_usec = self->arrival_usec;
}

void
play_event(Play *self, const PkEvent *event, PkSlice host, const PkAhead *ahead)
{
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];

  self->arrival_usec = MAX(self->arrival_usec, event->time_usec);
  if (!self->never_ticks && self->arrival_usec - self->ticked_usec >= G_USEC_PER_SEC)
    play_tick(self);
  self->alerts +=
      pk_engine_observe_ahead(self->engine, event, host, (PkSlice){ NULL, 0 }, ahead, self->arrival_usec, alerts);
}

void
play_line(Play *self, const PkLine *line)
{
  PkEvent event;

  if (pk_recognise(self->recogniser, line, &event) != PK_SCAN_MATCH)
    return;
  self->recognised++;
  play_event(self, &event, line->host, NULL);
}

static void
_play_first(Play *self)
{
  const Upcoming *upcoming = &self->upcoming[self->first];

  self->first = (self->first + 1) % UPCOMING_MAX;
  self->n--;
  play_event(self, &upcoming->event, upcoming->host, &upcoming->ahead);
}

void
play_line_ahead(Play *self, const PkLine *line)
{
  Upcoming *upcoming = &self->upcoming[(self->first + self->n) % UPCOMING_MAX];

  if (pk_recognise(self->recogniser, line, &upcoming->event) != PK_SCAN_MATCH)
    return;
  self->recognised++;
  upcoming->host = line->host;
  for (guint i = 0; i < self->n; i++)
    pk_engine_fetch(self->engine, &self->upcoming[(self->first + i) % UPCOMING_MAX].ahead);
  pk_engine_look_ahead(self->engine, &upcoming->event, upcoming->host, (PkSlice){ NULL, 0 }, &upcoming->ahead);
  self->n++;
  if (self->n == UPCOMING_MAX)
    _play_first(self);
}

void
play_settle(Play *self)
{
  while (self->n > 0)
    _play_first(self);
  self->arrival_usec += SETTLED_USEC;
  play_tick(self);
}

PkEngine *
new_engine(const PkOptions *options)
{
  GError *error = NULL;
  PkEngine *engine = pk_engine_new(options, &error);

  if (!engine)
    g_error("%s", error->message);
  return engine;
}

PkRecogniser *
new_recogniser(const PkOptions *options)
{
  GError *error = NULL;
  PkRecogniser *recogniser = pk_recogniser_new(options, &error);

  if (!recogniser)
    g_error("%s", error->message);
  return recogniser;
}
