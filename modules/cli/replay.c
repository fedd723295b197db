/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/commands.h"

#include "cli/player.h"
#include "cli/text.h"
#include "port-knock/pk-engine.h"

typedef struct _PkReplay
{
  const PkArguments *arguments; /* borrowed */
  PkOutput *output;             /* borrowed */
  PkPlayer player;
  PkEngine *engine; /* owned */
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
} PkReplay;

static void
_print_alerts(PkReplay *self, const PkEvent *event, gsize n)
{
  GString *out = self->output->pending;

  for (gsize i = 0; i < n; i++)
    {
      if (self->arguments->format == PK_FORMAT_JSON)
        pk_alert_append_json(&self->alerts[i], event, out);
      else
        pk_alert_append_text(&self->alerts[i], event, out);
      g_string_append_c(out, '\n');
    }
  if (n > 0)
    pk_output_flush(self->output);
}

static void
_tick(gint64 arrival_usec, gpointer user_data)
{
  PkReplay *self = user_data;
  gboolean more = TRUE;

  while (more)
    {
      gsize n = pk_engine_expire(self->engine, arrival_usec, PK_OBSERVE_ALERTS_MAX, self->alerts, &more);

      _print_alerts(self, NULL, n);
    }
}

static gboolean
_observe(const PkEvent *event, PkSlice host, PkSlice scope, const PkAhead *ahead, gint64 arrival_usec,
         gpointer user_data)
{
  PkReplay *self = user_data;

  _print_alerts(self, event,
                pk_engine_observe_ahead(self->engine, event, host, scope, ahead, arrival_usec, self->alerts));
  return self->output->error == 0;
}

/* ---- counters ---------------------------------------------------------------- */

static void
_print_count(const gchar *name, guint64 count)
{
  g_printerr("%s: %" G_GUINT64_FORMAT "\n", name, count);
}

static void
_print_line_counts(const PkPlayer *self)
{
  _print_count("lines", self->reader.lines);
  _print_count("lines cut", self->reader.cut);
  _print_count("lines without time", self->without_time);
  _print_count("not recognised", self->results[PK_SCAN_NO_MATCH]);
  _print_count("ignored", self->results[PK_SCAN_IGNORED]);
  _print_count("context", self->results[PK_SCAN_CONTEXT]);
  _print_count("malformed", self->results[PK_SCAN_MALFORMED]);
  _print_count("unknown prefix", self->results[PK_SCAN_UNKNOWN_PREFIX]);
  _print_count("own", self->results[PK_SCAN_OWN]);
  _print_count("allowed", self->allowed);
  _print_count("recognised", self->results[PK_SCAN_MATCH]);
  for (gsize kind = PK_EVENT_NONE + 1; kind < PK_N_EVENT_KINDS; kind++)
    g_printerr("recognised %s: %" G_GUINT64_FORMAT "\n", pk_event_kind_name(kind), self->kinds[kind]);
  _print_count("allowed", self->allowed);
}

static void
_print_engine_counts(PkEngine *engine)
{
  PkStats stats;

  pk_engine_get_stats(engine, &stats);
  _print_count("hits", stats.hits);
  _print_count("no hit", stats.no_hit);
  _print_count("candidates", stats.candidates);
  _print_count("scans", stats.scans);
  _print_count("below confidence", stats.below_confidence);
  for (guint sign = 0; pk_stats_sign_name(sign); sign++)
    g_printerr("sign %s: %" G_GUINT64_FORMAT "\n", pk_stats_sign_name(sign), stats.signs[sign]);
  _print_count("suppressed", stats.suppressed);
  _print_count("failed attempts", stats.failed_attempts);
  _print_count("in cooldown", stats.in_cooldown);
  _print_count("rate limited", stats.rate_limited);
  _print_count("evicted sources", stats.evicted_sources);
  _print_count("evicted windows", stats.evicted_windows);
  _print_count("evicted reports", stats.evicted_reports);
  _print_count("evicted memories", stats.evicted_memories);
  _print_count("evicted evidence", stats.evicted_evidence);
  _print_count("pushed out", stats.pushed_out);
  _print_count("late", stats.late);
  _print_count("repeated hits", stats.repeated_hits);
  _print_count("expired hits", stats.expired_hits);
  _print_count("evicted hits", stats.evicted_hits);
  _print_count("held hits", stats.held_hits);
  _print_count("sources", stats.sources);
  _print_count("windows", stats.windows);
  _print_count("reserved bytes", stats.reserved_bytes);
  for (gsize i = 0; i < PK_N_CONFIDENCES; i++)
    g_printerr("alerts %s: %" G_GUINT64_FORMAT "\n", pk_confidence_name(i), stats.alerts[i]);
}

static void
_print_unknown_prefixes(PkPlayer *player)
{
  const gchar *name;

  while ((name = pk_unknown_prefixes_next(player->unknown_prefixes)))
    g_printerr("unknown prefix \"%s\"\n", name);
}

/* ---- the command --------------------------------------------------------------- */

static PkExit
_replay_inputs(PkReplay *self)
{
  pk_player_read_inputs(&self->player, self->arguments->inputs);
  pk_player_finish(&self->player);
  pk_player_warn(&self->player);
  if (self->arguments->stats)
    {
      _print_line_counts(&self->player);
      _print_unknown_prefixes(&self->player);
      _print_engine_counts(self->engine);
    }
  return pk_exit_code(&self->player.reader, self->output);
}

static PkExit
_play(PkReplay *self, GError **error)
{
  PkExit code;

  if (!pk_player_init(&self->player, self->arguments, self->engine, _observe, _tick, self, error))
    return PK_EXIT_NOTHING_DONE;
  code = _replay_inputs(self);
  pk_player_clear(&self->player);
  return code;
}

static PkExit
_complain(GError *error)
{
  g_printerr("port-knock: %s\n", error->message);
  g_error_free(error);
  return PK_EXIT_NOTHING_DONE;
}

PkExit
pk_replay(const PkArguments *arguments, PkOutput *output)
{
  PkReplay *self = g_new0(PkReplay, 1);
  PkExit code = PK_EXIT_NOTHING_DONE;
  GError *error = NULL;

  self->arguments = arguments;
  self->output = output;
  self->engine = pk_engine_new(&arguments->engine, &error);
  if (self->engine)
    {
      code = _play(self, &error);
      pk_engine_unref(self->engine);
    }
  if (error)
    code = _complain(error);
  g_free(self);
  return code;
}
