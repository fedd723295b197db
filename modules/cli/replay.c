/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/commands.h"

#include "cli/text.h"
#include "cli/watermark.h"
#include "port-knock/pk-engine.h"

#define DAY_USEC (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

typedef struct _PkReplay
{
  const PkArguments *arguments; /* borrowed */
  PkOutput *output;             /* borrowed */
  PkClock clock;
  PkRecogniser *recogniser; /* owned */
  PkEngine *engine;         /* owned */
  PkAllow *allow;           /* owned */
  PkWatermark watermark;
  gint64 expired_usec;                /* arrival time of the last pk_engine_expire() */
  gint64 last_time_usec;              /* of the last line that had a time; 0: none had */
  guint64 results[PK_N_SCAN_RESULTS]; /* lines */
  guint64 kinds[PK_N_EVENT_KINDS];    /* lines */
  guint64 allowed;                    /* lines whose source is on the allow list */
  guint64 without_time;               /* lines that got the time of the line before */
  const PkReader *reader;             /* borrowed, while files are read */
  guint inputs_begun;                 /* files of which an event was seen */
  guint inputs_behind;                /* files that begin more than a day before what was read */
  PkEvent event;
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
} PkReplay;

static void
_print_alerts(PkReplay *self, gsize n)
{
  GString *out = self->output->pending;

  for (gsize i = 0; i < n; i++)
    {
      if (self->arguments->format == PK_FORMAT_JSON)
        pk_alert_append_json(&self->alerts[i], out);
      else
        pk_alert_append_text(&self->alerts[i], out);
      g_string_append_c(out, '\n');
    }
  if (n > 0)
    pk_output_flush(self->output);
}

static void
_expire(PkReplay *self, gint64 arrival_usec)
{
  gboolean more = TRUE;

  while (more)
    {
      gsize n = pk_engine_expire(self->engine, arrival_usec, PK_OBSERVE_ALERTS_MAX, self->alerts, &more);

      _print_alerts(self, n);
    }
  self->expired_usec = arrival_usec;
}

/* By the first event of each file: a single device's clock may be wrong. */
static void
_check_order(PkReplay *self, gint64 arrival_usec)
{
  if (self->inputs_begun > self->reader->inputs)
    return;
  self->inputs_begun = self->reader->inputs + 1;
  self->inputs_behind += arrival_usec - self->event.time_usec > DAY_USEC;
}

static void
_observe(PkReplay *self, const PkLine *line)
{
  PkSlice no_scope = { NULL, 0 };
  gint64 arrival_usec = pk_watermark_advance(&self->watermark, self->event.time_usec);

  _check_order(self, arrival_usec);
  self->allowed += pk_allow_mark(self->allow, &self->event, arrival_usec);
  /* Before the event is added, so that a candidate that has settled is judged without it. */
  if (arrival_usec - self->expired_usec >= G_USEC_PER_SEC)
    _expire(self, arrival_usec);
  _print_alerts(self,
                pk_engine_observe(self->engine, &self->event, line->host,
                                  self->arguments->scope_is_host ? line->host : no_scope, arrival_usec, self->alerts));
}

static void
_set_time(PkReplay *self, PkLine *line)
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
_set_event_time(PkReplay *self)
{
  if (self->event.time_usec != 0)
    self->last_time_usec = self->event.time_usec;
  else if (self->event.has & PK_HAS_UPTIME)
    self->event.time_usec = self->event.uptime_usec;
}

static gboolean
_replay_line(PkSlice data, gpointer user_data)
{
  PkReplay *self = user_data;
  PkScanResult result;
  PkLine line;

  pk_line_parse(data.data, data.len, &self->clock, &line);
  _set_time(self, &line);
  result = pk_recognise(self->recogniser, &line, &self->event);
  self->results[result]++;
  if (result == PK_SCAN_MATCH)
    self->kinds[self->event.kind]++;
  if (result == PK_SCAN_MATCH || (result == PK_SCAN_CONTEXT && self->event.kind != PK_EVENT_NONE))
    {
      _set_event_time(self);
      _observe(self, &line);
    }
  return self->output->error == 0;
}

static gboolean
_go_on(gpointer user_data)
{
  return TRUE;
}

/* Nothing more will arrive: judges what is left, then ends the cooldowns and
 * the minute of max-alerts. */
static void
_finish(PkReplay *self)
{
  const PkOptions *options = &self->arguments->engine;
  gint64 settled_usec = self->watermark.usec + ((gint64) options->settle_seconds + 1) * G_USEC_PER_SEC;
  gint64 quiet_seconds = MAX(options->cooldown_seconds, 60) + 1;

  _expire(self, settled_usec);
  _expire(self, settled_usec + quiet_seconds * G_USEC_PER_SEC);
}

/* ---- counters ---------------------------------------------------------------- */

static void
_print_count(const gchar *name, guint64 count)
{
  g_printerr("%s: %" G_GUINT64_FORMAT "\n", name, count);
}

static void
_print_line_counts(const PkReplay *self, const PkReader *reader)
{
  _print_count("lines", reader->lines);
  _print_count("lines cut", reader->cut);
  _print_count("lines without time", self->without_time);
  _print_count("not recognised", self->results[PK_SCAN_NO_MATCH]);
  _print_count("ignored", self->results[PK_SCAN_IGNORED]);
  _print_count("context", self->results[PK_SCAN_CONTEXT]);
  _print_count("malformed", self->results[PK_SCAN_MALFORMED]);
  _print_count("unknown prefix", self->results[PK_SCAN_UNKNOWN_PREFIX]);
  _print_count("own", self->results[PK_SCAN_OWN]);
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
  _print_count("in cooldown", stats.in_cooldown);
  _print_count("rate limited", stats.rate_limited);
  _print_count("evicted sources", stats.evicted_sources);
  _print_count("evicted windows", stats.evicted_windows);
  _print_count("evicted reports", stats.evicted_reports);
  _print_count("pushed out", stats.pushed_out);
  _print_count("late", stats.late);
  _print_count("sources", stats.sources);
  _print_count("windows", stats.windows);
  _print_count("reserved bytes", stats.reserved_bytes);
  for (gsize i = 0; i < PK_N_CONFIDENCES; i++)
    g_printerr("alerts %s: %" G_GUINT64_FORMAT "\n", pk_confidence_name(i), stats.alerts[i]);
}

/* A firewall whose own words are not known must not look like a quiet one. */
static void
_warn_of_unknown_prefixes(const PkReplay *self)
{
  guint64 n = self->results[PK_SCAN_UNKNOWN_PREFIX];

  if (n > 0)
    g_printerr("port-knock: %" G_GUINT64_FORMAT " firewall lines were not used: their log prefix says neither deny "
               "nor accept; see --deny-prefix and --accept-prefix\n",
               n);
}

/* "ufw.log ufw.log.1" is what a shell makes of ufw.log*. */
static void
_warn_of_order(const PkReplay *self)
{
  if (self->inputs_behind > 0)
    g_printerr("port-knock: %u of the files begin more than a day before what was read already; "
               "give files in the order of their time, or knocks are missed\n",
               self->inputs_behind);
}

/* ---- the command --------------------------------------------------------------- */

static PkExit
_replay_inputs(PkReplay *self)
{
  PkReader reader;
  PkExit code;

  pk_reader_init(&reader, _replay_line, _go_on, self);
  self->reader = &reader;
  pk_read_inputs(&reader, self->arguments->inputs);
  _finish(self);
  _warn_of_unknown_prefixes(self);
  _warn_of_order(self);
  if (self->arguments->stats)
    {
      _print_line_counts(self, &reader);
      _print_engine_counts(self->engine);
    }
  code = pk_exit_code(&reader, self->output);
  pk_reader_clear(&reader);
  return code;
}

static gboolean
_set_up(PkReplay *self, GError **error)
{
  self->recogniser = pk_recogniser_new(&self->arguments->engine, error);
  if (!self->recogniser)
    return FALSE;
  self->allow = pk_allow_new(&self->arguments->engine, error);
  if (!self->allow)
    return FALSE;
  self->engine = pk_engine_new(&self->arguments->engine, error);
  return self->engine != NULL;
}

static void
_tear_down(PkReplay *self)
{
  if (self->engine)
    pk_engine_unref(self->engine);
  if (self->allow)
    pk_allow_unref(self->allow);
  if (self->recogniser)
    pk_recogniser_free(self->recogniser);
  g_free(self);
}

PkExit
pk_replay(const PkArguments *arguments, PkOutput *output)
{
  PkReplay *self = g_new0(PkReplay, 1);
  PkExit code = PK_EXIT_NOTHING_DONE;
  GError *error = NULL;

  self->arguments = arguments;
  self->output = output;
  self->clock = pk_arguments_clock(arguments, g_get_real_time());
  if (_set_up(self, &error))
    code = _replay_inputs(self);
  else
    {
      g_printerr("port-knock: %s\n", error->message);
      g_error_free(error);
    }
  _tear_down(self);
  return code;
}
