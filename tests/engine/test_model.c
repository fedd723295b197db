/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/model.h"

#include <glib/gstdio.h>

/* The plain model against the engine on random streams. */

#define STREAMS 4000
#define STEPS_MAX 160

/* ---- streams --------------------------------------------------------------- */

typedef struct _Stream
{
  GRand *rand;
  GString *log; /* what was sent, for the report of a disagreement */
  gint64 time, arrival;
  gint64 ticked;        /* arrival of the last tick */
  gint64 set_back;      /* of the clock that arrival times are read from */
  gboolean was_set;     /* since the last tick */
  guint ports, dests;   /* how many are in use */
  gboolean same_second; /* stamps of whole seconds, and uptime */
  gboolean crowded;     /* one source, many destinations, small gaps: full windows */
  gboolean is_relay;    /* a tick every second, and a clock that is set back and forward */
  gboolean is_watched;  /* daemons and firewalls say what follows */
} Stream;

static gint64
_clock(const Stream *self)
{
  return self->arrival - self->set_back;
}

static gint64
_choose_gap(GRand *rand, gboolean small)
{
  static const gint64 gaps[] = { 0,    0,    1,     1000,  1000,  2000,  3000,  4999,  5000,
                                 5001, 9999, 10000, 10001, 12000, 29999, 30000, 30001, 61000 };

  if (small)
    return gaps[g_rand_int_range(rand, 0, 4)] * MSEC;
  return gaps[g_rand_int_range(rand, 0, g_rand_boolean(rand) ? 8 : (gint) G_N_ELEMENTS(gaps))] * MSEC;
}

static gint64
_choose_delay(GRand *rand)
{
  static const gint64 delays[] = { 1, 500, 1000, 9999, 10000, 10001, 29999, 30000, 30001, 45000, 100000 };

  if (g_rand_int_range(rand, 0, 10) != 0)
    return 0;
  return delays[g_rand_int_range(rand, 0, G_N_ELEMENTS(delays))] * MSEC;
}

static ModelHit
_next_hit(Stream *self, guint source)
{
  gint64 gap = _choose_gap(self->rand, self->crowded && g_rand_int_range(self->rand, 0, 50));
  ModelHit hit = { .packets = 1 };

  self->time += gap;
  self->arrival += g_rand_int_range(self->rand, 0, 20) ? gap : _choose_gap(self->rand, FALSE);
  hit.time = self->time - _choose_delay(self->rand);
  hit.arrival = _clock(self) + source; /* so that no two settle at once */
  hit.dest = (guint) g_rand_int_range(self->rand, 0, (gint) self->dests);
  hit.port = 1 + (guint) g_rand_int_range(self->rand, 0, (gint) self->ports);
  if (g_rand_boolean(self->rand))
    hit.source_port = 40000 + (guint) g_rand_int_range(self->rand, 0, 3);
  if (g_rand_int_range(self->rand, 0, 8) == 0)
    hit.packets = (guint) g_rand_int_range(self->rand, 2, 9);
  if (self->same_second)
    {
      hit.uptime = hit.time - KNOCKS_START + G_USEC_PER_SEC * 1000;
      hit.time -= hit.time % G_USEC_PER_SEC;
    }
  return hit;
}

static void
_send_event(Knocks *knocks, PkEvent *event, gint64 time, gint64 clock)
{
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];

  event->time_usec = time;
  knocks_keep(knocks, alerts, pk_engine_observe(knocks->engine, event, PK_SLICE("gw"), PK_SLICE(""), clock, alerts));
}

static void
_send(Knocks *knocks, guint source, const ModelHit *hit)
{
  PkEvent event;

  knocks_init_event(&event, knocks_v4(192, 0, 2, (guint8) source), knocks_v4(198, 51, 100, (guint8) hit->dest),
                    (guint16) hit->port, 0);
  event.count = hit->packets;
  if (hit->dest == 0)
    event.has &= ~(guint32) PK_HAS_DEST;
  if (hit->source_port)
    {
      event.has |= PK_HAS_SOURCE_PORT;
      event.source_port = (guint16) hit->source_port;
    }
  if (hit->uptime)
    {
      event.has |= PK_HAS_UPTIME;
      event.uptime_usec = hit->uptime;
    }
  _send_event(knocks, &event, hit->time, hit->arrival);
}

/* What is said of a source beside its hits; port 0: of none. */
static void
_begin_event(PkEvent *event, PkEventKind kind, PkBranch branch, guint source, guint dest, guint port)
{
  knocks_init_event(event, knocks_v4(192, 0, 2, (guint8) source), knocks_v4(198, 51, 100, (guint8) dest),
                    (guint16) port, 0);
  event->kind = kind;
  event->branch = branch;
  if (port == 0)
    event->has = PK_HAS_SOURCE;
}

static void
_log_said(Stream *self, const gchar *what, guint source, guint dest, guint port)
{
  g_string_append_printf(self->log, "%s of source %u dest %u port %u arriving %.3f\n", what, source, dest, port,
                         (gdouble) (_clock(self) - KNOCKS_START) / G_USEC_PER_SEC);
}

static void
_say_of_connection(Stream *stream, Knocks *knocks, Model *model, guint source, gboolean is_listener)
{
  guint dest = 1 + (guint) g_rand_int_range(stream->rand, 0, 3),
        port = 1 + (guint) g_rand_int_range(stream->rand, 0, 3);
  gint64 clock = _clock(stream);
  PkEvent event;

  _log_said(stream, is_listener ? "listener" : "accept", source, dest, port);
  if (is_listener)
    {
      _begin_event(&event, PK_EVENT_NEW_LISTENER, PK_BRANCH_NONE, source, dest, port);
      event.has = PK_HAS_DEST_PORT | PK_HAS_PROTOCOL;
      memset(&event.dest, 0, sizeof(event.dest));
      model_listen(model, port, clock);
    }
  else
    {
      _begin_event(&event, PK_EVENT_FIREWALL_ACCEPT, PK_BRANCH_NONE, source, dest, port);
      model_accept(model, source, dest, port, clock);
    }
  _send_event(knocks, &event, stream->time, clock);
}

static void
_say_that_it_opens(Stream *stream, Knocks *knocks, Model *model, guint source, gboolean is_door)
{
  gboolean tells_port = g_rand_boolean(stream->rand);
  gint64 clock = _clock(stream);
  PkEvent event;

  _log_said(stream, is_door ? "door" : "firewall", source, 0, tells_port);
  if (is_door)
    {
      _begin_event(&event, PK_EVENT_KNOCK_DAEMON, PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED, source, 0, 0);
      model_open_door(model, source, tells_port, stream->time, clock);
    }
  else
    {
      _begin_event(&event, PK_EVENT_HOST_FIREWALL_OPENED, PK_BRANCH_HOST_FIREWALL_OPENED, source, 0, 0);
      model_open_firewall(model, source, tells_port, clock);
    }
  if (tells_port)
    pk_event_set_text(&event, PK_TEXT_OPEN_PORT, "tcp/22", 6);
  _send_event(knocks, &event, stream->time, clock);
}

static void
_say_of_daemon(Stream *stream, Knocks *knocks, Model *model, guint source, gboolean is_stage)
{
  gint64 clock = _clock(stream);
  PkEvent event;

  _log_said(stream, is_stage ? "stage" : "closes", source, 0, 0);
  if (is_stage)
    {
      _begin_event(&event, PK_EVENT_KNOCK_DAEMON, PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, source, 0, 0);
      event.has |= PK_HAS_STAGE;
      event.stage = 1;
      model_reach_stage(model, source, stream->time, clock);
    }
  else
    {
      _begin_event(&event, PK_EVENT_KNOCK_DAEMON, PK_BRANCH_KNOCK_DAEMON_RUNNING, source, 0, 0);
      event.door_action = "close";
      model_close_door(model, source);
    }
  _send_event(knocks, &event, stream->time, clock);
}

static void
_say(Stream *stream, Knocks *knocks, Model *model, guint source)
{
  guint what = (guint) g_rand_int_range(stream->rand, 0, 12);

  if (what < 7)
    _say_of_connection(stream, knocks, model, source, what == 0);
  else if (what < 10)
    _say_that_it_opens(stream, knocks, model, source, what > 7);
  else
    _say_of_daemon(stream, knocks, model, source, what > 10);
}

/* ---- comparison ------------------------------------------------------------ */

static ModelAlert
_reduce(const PkAlert *alert)
{
  ModelAlert reduced;

  memset(&reduced, 0, sizeof(reduced));
  reduced.source = alert->source.bytes[15];
  reduced.dest = alert->dest.bytes[15];
  reduced.n = alert->n_attempts;
  for (guint i = 0; i < alert->n_attempts; i++)
    reduced.ports[i] = alert->attempts[i].port;
  reduced.packets = alert->total_packets;
  reduced.start = alert->window_start_usec;
  reduced.end = alert->window_end_usec;
  reduced.signs = alert->signs;
  reduced.branch = alert->branch;
  reduced.confidence = alert->confidence;
  return reduced;
}

static gint
_compare(gconstpointer a, gconstpointer b)
{
  return memcmp(a, b, sizeof(ModelAlert));
}

static void
_append_alert(GString *out, const gchar *who, const ModelAlert *alert)
{
  g_string_append_printf(
      out, "  %s: %s %s source %u dest %u signs %x packets %u from %.3f to %.3f:", who, pk_branch_name(alert->branch),
      pk_confidence_name(alert->confidence), alert->source, alert->dest, alert->signs, alert->packets,
      (gdouble) (alert->start - KNOCKS_START) / G_USEC_PER_SEC, (gdouble) (alert->end - KNOCKS_START) / G_USEC_PER_SEC);
  for (guint i = 0; i < alert->n; i++)
    g_string_append_printf(out, " %u", alert->ports[i]);
  g_string_append_c(out, '\n');
}

/* Both give the alerts of one step; their order within it is nobody's business.  An alert of an event by itself is
 * told at once. */
static gboolean
_agree(Knocks *knocks, Model *model, GString *log)
{
  ModelAlert found[G_N_ELEMENTS(knocks->alerts)];
  guint n = 0;
  gboolean same;

  memset(found, 0, sizeof(found));
  for (guint i = 0; i < MIN(knocks->n, (guint) G_N_ELEMENTS(found)); i++)
    if (!knocks->alerts[i].of_event)
      {
        found[n] = _reduce(&knocks->alerts[i]);
        _append_alert(log, "engine", &found[n++]);
      }
  for (guint i = 0; i < model->n_alerts; i++)
    _append_alert(log, "model ", &model->alerts[i]);
  qsort(found, n, sizeof(found[0]), _compare);
  qsort(model->alerts, model->n_alerts, sizeof(model->alerts[0]), _compare);
  same = n == model->n_alerts && memcmp(found, model->alerts, n * sizeof(found[0])) == 0;
  knocks->n = 0;
  model->n_alerts = 0;
  return same;
}

/* By verdict. */
typedef struct _Count
{
  guint alerts, known, confirmed, daemons, failed, set_back;
} Count;

static void
_count(Count *count, const Model *model)
{
  for (guint i = 0; i < model->n_alerts; i++)
    {
      const ModelAlert *alert = &model->alerts[i];

      count->alerts++;
      count->known +=
          alert->branch == PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED && alert->confidence == PK_CONFIDENCE_HIGH;
      count->confirmed += alert->branch == PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED && alert->n > 0;
      count->daemons += alert->branch == PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED && alert->n == 0;
      count->failed += alert->branch == PK_BRANCH_KNOCK_ATTEMPT_FAILED;
    }
}

/* FALSE: they disagree, and that was reported. */
static gboolean
_end_step(Stream *stream, Knocks *knocks, Model *model, guint32 seed, Count *count)
{
  _count(count, model);
  cr_assert(knocks_hits_add_up(knocks), "seed %u:\n%s", seed, stream->log->str);
  if (_agree(knocks, model, stream->log))
    return TRUE;
  cr_expect_fail("seed %u:\n%s", seed, stream->log->str);
  return FALSE;
}

static void
_tick(Stream *stream, Knocks *knocks, Model *model)
{
  g_string_append_printf(stream->log, "tick at %.3f\n", (gdouble) (_clock(stream) - KNOCKS_START) / G_USEC_PER_SEC);
  model_expire(model, _clock(stream));
  knocks_tick_at(knocks, _clock(stream));
  stream->ticked = stream->arrival;
  stream->was_set = FALSE;
}

/* Every second until the present moment, as the main loop does. */
static gboolean
_tick_on(Stream *stream, Knocks *knocks, Model *model, guint32 seed, Count *count)
{
  gint64 arrival = stream->arrival;

  while (stream->ticked + SECOND <= arrival)
    {
      stream->arrival = stream->ticked + SECOND;
      _tick(stream, knocks, model);
      if (!_end_step(stream, knocks, model, seed, count))
        return FALSE;
    }
  stream->arrival = arrival;
  return TRUE;
}

static void
_set_clock(Stream *self, Count *count)
{
  static const gint64 amounts[] = { 300, 1000, 1500, 5000, 30000, 3600000, 86400000 };

  if (!self->is_relay || self->was_set || g_rand_int_range(self->rand, 0, 30) != 0)
    return;
  self->was_set = TRUE;
  self->set_back = g_rand_boolean(self->rand)
                       ? 0
                       : self->set_back + amounts[g_rand_int_range(self->rand, 0, G_N_ELEMENTS(amounts))] * MSEC;
  count->set_back++;
}

static void
_send_any_hit(Stream *stream, Knocks *knocks, Model *model, guint source, const ModelHit *hit)
{
  g_string_append_printf(stream->log, "source %u dest %u port %u from %u x%u at %.3f arriving %.3f\n", source,
                         hit->dest, hit->port, hit->source_port, hit->packets,
                         (gdouble) (hit->time - KNOCKS_START) / G_USEC_PER_SEC,
                         (gdouble) (hit->arrival - KNOCKS_START) / G_USEC_PER_SEC);
  model_observe(model, source, hit);
  _send(knocks, source, hit);
}

/* FALSE: they disagree. */
static gboolean
_step(Stream *stream, Knocks *knocks, Model *model, guint32 seed, Count *count)
{
  guint source = stream->crowded ? 0 : (guint) g_rand_int_range(stream->rand, 0, SOURCES - 1);
  guint what = (guint) g_rand_int_range(stream->rand, 0, 16);
  gboolean is_said = what < 7 && stream->is_watched;
  ModelHit hit;

  _set_clock(stream, count);
  if (what < 4 && !stream->is_relay)
    {
      stream->arrival += g_rand_boolean(stream->rand) ? 0 : _choose_gap(stream->rand, stream->crowded);
      _tick(stream, knocks, model);
      return _end_step(stream, knocks, model, seed, count);
    }
  if (is_said)
    stream->arrival += g_rand_boolean(stream->rand) ? 0 : _choose_gap(stream->rand, TRUE);
  else
    hit = _next_hit(stream, source);
  if (stream->is_relay && !_tick_on(stream, knocks, model, seed, count))
    return FALSE;
  if (is_said)
    _say(stream, knocks, model, g_rand_int_range(stream->rand, 0, 4) ? source : SOURCES - 1);
  else
    _send_any_hit(stream, knocks, model, source, &hit);
  return _end_step(stream, knocks, model, seed, count);
}

static void
_init_stream(Stream *self, GRand *rand)
{
  *self = (Stream){ .rand = rand, .log = g_string_new(NULL), .time = KNOCKS_START, .arrival = KNOCKS_START };
  self->ticked = KNOCKS_START;
  self->ports = (guint) g_rand_int_range(rand, 3, 11);
  self->crowded = g_rand_int_range(rand, 0, 3) == 0;
  self->dests = (guint) g_rand_int_range(rand, 1, self->crowded ? DESTS : 4);
  self->same_second = g_rand_boolean(rand);
  self->is_relay = g_rand_boolean(rand);
  self->is_watched = g_rand_boolean(rand);
}

static void
_run(guint32 seed, PkEngine *engine, gboolean knows_sequences, Count *count)
{
  GRand *rand = g_rand_new_with_seed(seed);
  Knocks knocks = { .engine = engine };
  Model *model = g_new0(Model, 1);
  Stream stream;

  _init_stream(&stream, rand);
  model->knows_sequences = knows_sequences;
  _tick(&stream, &knocks, model);
  for (guint i = 0; i < STEPS_MAX; i++)
    if (!_step(&stream, &knocks, model, seed, count))
      break;
  g_string_free(stream.log, TRUE);
  g_free(model);
  g_rand_free(rand);
}

static guint
_get_number(const gchar *name, guint otherwise)
{
  const gchar *text = g_getenv(name);

  return text ? (guint) g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static void
_expect_enough(const Count *count, guint streams)
{
  cr_log_info(
      "%u streams, %u alerts, of which %u of known sequences and the like, %u confirmed, %u of doors alone, %u of "
      "failed stages; the clock was set %u times",
      streams, count->alerts, count->known, count->confirmed, count->daemons, count->failed, count->set_back);
  cr_expect_gt(count->alerts, streams, "the streams hold too few knocks to say anything");
  cr_expect(MIN(MIN(count->known, count->confirmed), MIN(count->daemons, count->failed)) > streams / 10 &&
                count->set_back > streams / 10,
            "the streams hold too little of something");
}

/* PK_MODEL_SEED and PK_MODEL_STREAMS: others, and more. */
Test(model, engine_and_model_agree_on_random_streams)
{
  gchar *path = NULL;
  gint file = g_file_open_tmp("port-knock-model.XXXXXX", &path, NULL);
  const gchar *settings[] = {
    "known-sequences", path,       "cooldown",      "0", "min-confidence", "low", "max-sources", "1024", "max-alerts",
    "10000",           "alert-on", "window,daemon", NULL
  };
  guint32 first = _get_number("PK_MODEL_SEED", 1);
  guint streams = _get_number("PK_MODEL_STREAMS", STREAMS);
  Count count = { 0 };

  cr_assert_geq(file, 0);
  cr_assert(g_close(file, NULL));
  cr_assert(g_file_set_contents(path, MODEL_SEQUENCES_JSON, -1, NULL));
  for (guint i = 0; i < streams; i++)
    {
      PkEngine *engine;

      settings[1] = i % 2 ? path : "";
      engine = knocks_new_engine(settings, NULL);
      _run(first + i, engine, i % 2, &count);
      pk_engine_unref(engine);
    }
  g_unlink(path);
  g_free(path);
  _expect_enough(&count, streams);
}
