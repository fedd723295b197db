/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/story.h"

#include "cli/player.h"
#include "cli/text.h"
#include "scan/address.h"
#include "scan/timestamp.h"

typedef struct _PkStory
{
  const PkArguments *arguments; /* borrowed */
  PkOutput *output;             /* borrowed */
  PkEngine *engine;             /* owned */
  PkPlayer player;
  guint64 scans; /* of all sources, when it was last looked at */
  guint events;  /* of the source */
  guint denials; /* of these */
  guint verdicts;
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
} PkStory;

/* What became of a verdict, in words. */
static const gchar *const FATES[PK_N_FATES] = {
  [PK_FATE_REPORTED] = "reported",
  [PK_FATE_BELOW_CONFIDENCE] = "not reported: below min-confidence",
  [PK_FATE_NOT_WANTED] = "not reported: alert-on has no window",
  [PK_FATE_ALLOWED] = "not reported: the source is on the allow list",
  [PK_FATE_IN_COOLDOWN] = "not reported: the same was reported within cooldown",
  [PK_FATE_RATE_LIMITED] = "not reported: max-alerts were reported in this minute",
};

static void
_append_time(GString *out, gint64 usec)
{
  gchar text[PK_TIMESTAMP_TEXT_BYTES];

  g_string_append_len(out, text, (gssize) pk_timestamp_format(usec, text));
}

/* ---- verdicts ----------------------------------------------------------------- */

static gboolean
_is_of_source(const PkStory *self, const PkAlert *alert)
{
  return alert->has_source && pk_addr_equals(&alert->source, &self->arguments->source);
}

static void
_tell_verdicts(PkStory *self, const PkEvent *event, gint64 arrival_usec, gsize n)
{
  GString *out = self->output->pending;

  for (gsize i = 0; i < n; i++)
    {
      const PkAlert *alert = &self->alerts[i];

      if (!_is_of_source(self, alert))
        continue;
      self->verdicts++;
      _append_time(out, arrival_usec);
      g_string_append_printf(out, "  verdict  %s: ", FATES[alert->fate]);
      pk_alert_append_text(alert, event, out);
      g_string_append_c(out, '\n');
    }
}

/* ---- events ------------------------------------------------------------------- */

/* The fields of an event that are told, in the order in which they come. */
static const struct
{
  PkFieldId id;
  const gchar *before;
} PARTS[] = {
  { PK_FIELD_KIND, "  " },           { PK_FIELD_SRC_PORT, " from port " },
  { PK_FIELD_DEST_IP, " to " },      { PK_FIELD_DEST_PORT, ":" },
  { PK_FIELD_PROTO, "/" },           { PK_FIELD_SUBTYPE, " " },
  { PK_FIELD_DOOR, " door " },       { PK_FIELD_STAGE, " stage " },
  { PK_FIELD_OPEN_PORT, " opens " }, { PK_FIELD_ALLOWED, "  allowed: " },
};

static void
_append_field(PkFieldId id, const gchar *value, gsize len, gpointer user_data)
{
  GString *out = user_data;

  for (gsize i = 0; i < G_N_ELEMENTS(PARTS); i++)
    if (PARTS[i].id == id)
      {
        g_string_append(out, PARTS[i].before);
        pk_text_append_escaped(out, value, len);
      }
}

static guint64
_count_scans(PkStory *self)
{
  PkStats stats;

  pk_engine_get_stats(self->engine, &stats);
  return stats.scans;
}

static void
_tell_event(PkStory *self, const PkEvent *event)
{
  GString *out = self->output->pending;
  const PkSlice no_scope = { NULL, 0 };

  self->events++;
  self->denials += event->kind == PK_EVENT_FIREWALL_DENY || event->kind == PK_EVENT_CONNECTION_ATTEMPT;
  _append_time(out, event->time_usec);
  pk_event_each_field(event, no_scope, FALSE, _append_field, out);
  g_string_append_c(out, '\n');
}

static void
_tell_scan(PkStory *self, const PkEvent *event)
{
  GString *out = self->output->pending;

  _append_time(out, event->time_usec);
  g_string_append_printf(out,
                         "  a scan: more than %d ports towards one destination within %d s; the source counts as "
                         "a scanner for %d s\n",
                         self->arguments->engine.max_ports, self->arguments->engine.window_seconds,
                         self->arguments->engine.scan_memory_seconds);
}

static gboolean
_observe(const PkEvent *event, PkSlice host, PkSlice scope, const PkAhead *ahead, gint64 arrival_usec,
         gpointer user_data)
{
  PkStory *self = user_data;
  gboolean is_told = (event->has & PK_HAS_SOURCE) && pk_addr_equals(&event->source, &self->arguments->source);
  guint64 scans = is_told ? _count_scans(self) : 0;
  gsize n;

  if (is_told)
    _tell_event(self, event);
  n = pk_engine_observe_ahead(self->engine, event, host, scope, ahead, arrival_usec, self->alerts);
  if (is_told && _count_scans(self) > scans)
    _tell_scan(self, event);
  _tell_verdicts(self, event, arrival_usec, n);
  return pk_output_flush_full(self->output);
}

static void
_tick(gint64 arrival_usec, gpointer user_data)
{
  PkStory *self = user_data;
  gboolean more = TRUE;

  while (more)
    {
      gsize n = pk_engine_expire(self->engine, arrival_usec, PK_OBSERVE_ALERTS_MAX, self->alerts, &more);

      _tell_verdicts(self, NULL, arrival_usec, n);
    }
}

/* ---- the end ------------------------------------------------------------------ */

static void
_tell_end(PkStory *self)
{
  const PkOptions *options = &self->arguments->engine;
  GString *out = self->output->pending;
  gchar address[PK_ADDR_TEXT_BYTES];
  gsize len = pk_addr_format(&self->arguments->source, address);

  g_string_append_printf(out, "%.*s: %u events, %u of them denials, %u verdicts\n", (gint) len, address, self->events,
                         self->denials, self->verdicts);
  if (self->events > 0 && self->verdicts == 0)
    g_string_append_printf(out,
                           "Never a candidate: %d to %d distinct ports and %d attempts or more towards one "
                           "destination within %d s, and then no more for %d s.\n",
                           options->min_ports, options->max_ports, options->min_packets, options->window_seconds,
                           options->settle_seconds);
}

static PkExit
_play(PkStory *self)
{
  PkExit code;

  self->player.tick_every_second = TRUE;
  pk_player_read_inputs(&self->player, self->arguments->inputs);
  pk_player_finish(&self->player);
  _tell_end(self);
  pk_output_flush(self->output);
  pk_player_warn(&self->player);
  code = pk_exit_code(&self->player.reader, self->output);
  pk_player_clear(&self->player);
  return code;
}

static PkEngine *
_new_engine(const PkArguments *arguments, GError **error)
{
  PkOptions options;
  PkEngine *engine;

  pk_options_copy(&arguments->engine, &options);
  options.with_fates = TRUE;
  engine = pk_engine_new(&options, error);
  pk_options_clear(&options);
  return engine;
}

PkExit
pk_story(const PkArguments *arguments, PkOutput *output)
{
  PkStory *self = g_new0(PkStory, 1);
  PkExit code = PK_EXIT_NOTHING_DONE;
  GError *error = NULL;

  self->arguments = arguments;
  self->output = output;
  self->engine = _new_engine(arguments, &error);
  if (self->engine && pk_player_init(&self->player, arguments, self->engine, _observe, _tick, self, &error))
    code = _play(self);
  if (error)
    {
      g_printerr("port-knock: %s\n", error->message);
      g_error_free(error);
    }
  if (self->engine)
    pk_engine_unref(self->engine);
  g_free(self);
  return code;
}
