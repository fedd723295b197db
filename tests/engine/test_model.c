/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/knocks.h"
#include "engine/signs.h"

/* A plain model of hits, windows and verdicts, written from the design with
 * lists and full rescans, against the engine on random streams.  Without
 * cooldown, so that each verdict shows. */

#define MSEC 1000
#define STREAMS 6000
#define STEPS_MAX 160

enum
{
  WINDOW = 30000 * MSEC,
  SETTLE = 10000 * MSEC,
  MIN_PORTS = 3,
  MAX_PORTS = 8,
  MIN_PACKETS = 3,
  MAX_PACKETS = 12,
  KEPT = 32,
  SOURCES = 3
};

/* ---- model ----------------------------------------------------------------- */

typedef struct _ModelHit
{
  gint64 time, arrival, uptime;  /* uptime 0: none */
  guint dest, port, source_port; /* source_port 0: none */
  guint packets;
  gboolean judged; /* part of a verdict; still tells its retransmissions */
} ModelHit;

typedef struct _ModelAlert
{
  guint source, dest, n, ports[KEPT], packets;
  gint64 start, end;
  guint32 signs;
} ModelAlert;

typedef struct _ModelSource
{
  guint n;
  ModelHit hits[KEPT + 1]; /* in event-time order */
  gboolean scanned;
  gint64 scan_arrival;
} ModelSource;

typedef struct _Model
{
  ModelSource sources[SOURCES];
  guint n_alerts;
  ModelAlert alerts[STEPS_MAX];
} Model;

static gboolean
_port_was_before(const ModelSource *self, guint dest, guint i)
{
  for (guint j = 0; j < i; j++)
    if (!self->hits[j].judged && self->hits[j].dest == dest && self->hits[j].port == self->hits[i].port)
      return TRUE;
  return FALSE;
}

/* What the hits towards dest amount to. */
typedef struct _Sum
{
  guint attempts, ports;
  gint64 first, last, arrival;
} Sum;

static Sum
_sum_up(const ModelSource *self, guint dest)
{
  Sum sum = { 0 };

  for (guint i = 0; i < self->n; i++)
    {
      const ModelHit *hit = &self->hits[i];

      if (hit->judged || hit->dest != dest)
        continue;
      sum.first = sum.attempts == 0 ? hit->time : sum.first;
      sum.last = hit->time;
      sum.arrival = MAX(sum.arrival, hit->arrival);
      sum.attempts++;
      sum.ports += !_port_was_before(self, dest, i);
    }
  return sum;
}

static gboolean
_is_candidate(Sum sum)
{
  return sum.ports >= MIN_PORTS && sum.ports <= MAX_PORTS && sum.attempts >= MIN_PACKETS;
}

static void
_mark_judged(ModelSource *self, guint dest)
{
  for (guint i = 0; i < self->n; i++)
    if (self->hits[i].dest == dest)
      self->hits[i].judged = TRUE;
}

static void
_judge(Model *model, guint source, guint dest, gboolean unsettled, gint64 arrival)
{
  ModelSource *self = &model->sources[source];
  Sum sum = _sum_up(self, dest);
  ModelAlert *alert = &model->alerts[model->n_alerts++];

  *alert = (ModelAlert){ .source = source, .dest = dest, .start = sum.first, .end = sum.last };
  for (guint i = 0; i < self->n; i++)
    if (!self->hits[i].judged && self->hits[i].dest == dest)
      {
        alert->ports[alert->n++] = self->hits[i].port;
        alert->packets += self->hits[i].packets;
      }
  if (self->scanned && arrival - self->scan_arrival <= G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)
    alert->signs |= 1u << PK_SIGN_SCANNER;
  if (sum.attempts > MAX_PACKETS)
    alert->signs |= 1u << PK_SIGN_RETRIES;
  if (unsettled)
    alert->signs |= 1u << PK_SIGN_UNSETTLED;
  _mark_judged(self, dest);
}

static void
_drop(ModelSource *self, guint i)
{
  for (self->n--; i < self->n; i++)
    self->hits[i] = self->hits[i + 1];
}

/* The oldest goes; what it belongs to is judged first. */
static void
_drop_oldest(Model *model, guint source, gint64 next, gboolean settled, gint64 arrival)
{
  ModelSource *self = &model->sources[source];
  guint dest = self->hits[0].dest;

  if (!self->hits[0].judged && _is_candidate(_sum_up(self, dest)))
    _judge(model, source, dest, !settled && next - _sum_up(self, dest).last < SETTLE, arrival);
  _drop(self, 0);
}

static gboolean
_is_known(ModelSource *self, const ModelHit *hit)
{
  for (guint i = self->n; i > 0; i--)
    {
      ModelHit *other = &self->hits[i - 1];

      if (hit->source_port && other->source_port == hit->source_port && other->port == hit->port &&
          other->dest == hit->dest && ABS(hit->time - other->time) <= WINDOW)
        {
          other->packets += hit->packets;
          return TRUE;
        }
    }
  return FALSE;
}

/* Too old to be added.  After a quiet settle the window starts anew. */
static gboolean
_is_late(Model *model, guint source, const ModelHit *hit)
{
  ModelSource *self = &model->sources[source];
  gint64 newest_arrival = 0;

  for (guint i = 0; i < self->n; i++)
    newest_arrival = MAX(newest_arrival, self->hits[i].arrival);
  if (self->n == 0 || self->hits[self->n - 1].time - hit->time <= WINDOW)
    return FALSE;
  if (hit->arrival - newest_arrival < SETTLE)
    return TRUE;
  while (self->n)
    _drop_oldest(model, source, 0, TRUE, hit->arrival);
  return FALSE;
}

static void
_make_room(Model *model, guint source, const ModelHit *hit)
{
  ModelSource *self = &model->sources[source];

  while (self->n && hit->time - self->hits[0].time > WINDOW)
    _drop_oldest(model, source, hit->time, FALSE, hit->arrival);
  if (self->n < KEPT)
    return;
  for (guint i = 0; i < self->n; i++)
    if (self->hits[i].judged)
      {
        _drop(self, i);
        return;
      }
  _drop_oldest(model, source, hit->time, FALSE, hit->arrival);
}

static void
_insert(ModelSource *self, const ModelHit *hit)
{
  guint i = self->n++;

  for (; i > 0; i--)
    {
      const ModelHit *before = &self->hits[i - 1];

      if (before->time < hit->time ||
          (before->time == hit->time && !(hit->uptime && before->uptime && hit->uptime < before->uptime)))
        break;
      self->hits[i] = *before;
    }
  self->hits[i] = *hit;
}

static void
_model_observe(Model *model, guint source, const ModelHit *hit)
{
  ModelSource *self = &model->sources[source];
  Sum sum;

  if (_is_known(self, hit) || _is_late(model, source, hit))
    return;
  sum = _sum_up(self, hit->dest);
  if (_is_candidate(sum) && hit->time - sum.last >= SETTLE)
    _judge(model, source, hit->dest, FALSE, hit->arrival);
  _make_room(model, source, hit);
  _insert(self, hit);
  if (_sum_up(self, hit->dest).ports <= MAX_PORTS)
    return;
  _mark_judged(self, hit->dest);
  self->scanned = TRUE;
  self->scan_arrival = hit->arrival;
  /* What the same hit caused to be judged is known to be a scanner's when it is told. */
  for (guint i = 0; i < model->n_alerts; i++)
    model->alerts[i].signs |= 1u << PK_SIGN_SCANNER;
}

static void
_model_expire(Model *model, gint64 arrival)
{
  for (guint source = 0; source < SOURCES; source++)
    for (guint i = 0; i < model->sources[source].n; i++)
      {
        guint dest = model->sources[source].hits[i].dest;
        Sum sum = _sum_up(&model->sources[source], dest);

        if (_is_candidate(sum) && arrival - sum.arrival >= SETTLE)
          _judge(model, source, dest, FALSE, arrival);
      }
}

/* ---- streams --------------------------------------------------------------- */

typedef struct _Stream
{
  GRand *rand;
  GString *log; /* what was sent, for the report of a disagreement */
  gint64 time, arrival;
  guint ports, dests;   /* how many are in use */
  gboolean same_second; /* stamps of whole seconds, and uptime */
  gboolean crowded;     /* one source, many destinations, small gaps: full windows */
} Stream;

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
_next_hit(Stream *self)
{
  gint64 gap = _choose_gap(self->rand, self->crowded && g_rand_int_range(self->rand, 0, 50));
  ModelHit hit = { .packets = 1 };

  self->time += gap;
  self->arrival += g_rand_int_range(self->rand, 0, 20) ? gap : _choose_gap(self->rand, FALSE);
  hit.time = self->time - _choose_delay(self->rand);
  hit.arrival = self->arrival;
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
_send(Knocks *knocks, guint source, const ModelHit *hit)
{
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
  PkEvent event;

  knocks_init_event(&event, knocks_v4(192, 0, 2, (guint8) source), knocks_v4(198, 51, 100, (guint8) hit->dest),
                    (guint16) hit->port, 0);
  event.time_usec = hit->time;
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
  knocks_keep(knocks, alerts,
              pk_engine_observe(knocks->engine, &event, PK_SLICE("gw"), PK_SLICE(""), hit->arrival, alerts));
}

/* ---- comparison ------------------------------------------------------------ */

static ModelAlert
_reduce(const PkAlert *alert)
{
  ModelAlert reduced = { .source = alert->source.bytes[15], .dest = alert->dest.bytes[15], .n = alert->n_attempts };

  for (guint i = 0; i < alert->n_attempts; i++)
    reduced.ports[i] = alert->attempts[i].port;
  reduced.packets = alert->total_packets;
  reduced.start = alert->window_start_usec;
  reduced.end = alert->window_end_usec;
  reduced.signs = alert->signs;
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
  g_string_append_printf(out, "  %s: source %u dest %u signs %x packets %u from %.3f to %.3f:", who, alert->source,
                         alert->dest, alert->signs, alert->packets,
                         (gdouble) (alert->start - KNOCKS_START) / G_USEC_PER_SEC,
                         (gdouble) (alert->end - KNOCKS_START) / G_USEC_PER_SEC);
  for (guint i = 0; i < alert->n; i++)
    g_string_append_printf(out, " %u", alert->ports[i]);
  g_string_append_c(out, '\n');
}

/* Both give the alerts of one step; their order within it is nobody's business. */
static gboolean
_agree(Knocks *knocks, Model *model, GString *log)
{
  ModelAlert found[G_N_ELEMENTS(knocks->alerts)];
  guint n = MIN(knocks->n, (guint) G_N_ELEMENTS(found));
  gboolean same;

  for (guint i = 0; i < n; i++)
    {
      memset(&found[i], 0, sizeof(found[i]));
      found[i] = _reduce(&knocks->alerts[i]);
      _append_alert(log, "engine", &found[i]);
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

static void
_step(Stream *stream, Knocks *knocks, Model *model)
{
  if (g_rand_int_range(stream->rand, 0, 4) == 0)
    {
      stream->arrival += g_rand_boolean(stream->rand) ? 0 : _choose_gap(stream->rand, stream->crowded);
      g_string_append_printf(stream->log, "tick at %.3f\n",
                             (gdouble) (stream->arrival - KNOCKS_START) / G_USEC_PER_SEC);
      _model_expire(model, stream->arrival);
      knocks_tick(knocks, (stream->arrival - KNOCKS_START) / MSEC);
    }
  else
    {
      ModelHit hit = _next_hit(stream);
      guint source = stream->crowded ? 0 : (guint) g_rand_int_range(stream->rand, 0, SOURCES);

      g_string_append_printf(stream->log, "source %u dest %u port %u from %u x%u at %.3f arriving %.3f\n", source,
                             hit.dest, hit.port, hit.source_port, hit.packets,
                             (gdouble) (hit.time - KNOCKS_START) / G_USEC_PER_SEC,
                             (gdouble) (hit.arrival - KNOCKS_START) / G_USEC_PER_SEC);
      _model_observe(model, source, &hit);
      _send(knocks, source, &hit);
    }
}

static guint
_run(guint32 seed, PkEngine *engine)
{
  GRand *rand = g_rand_new_with_seed(seed);
  Stream stream = { .rand = rand, .log = g_string_new(NULL), .time = KNOCKS_START, .arrival = KNOCKS_START };
  Knocks knocks = { .engine = engine };
  Model model = { 0 };
  guint alerts = 0;

  stream.ports = (guint) g_rand_int_range(rand, 3, 14);
  stream.crowded = g_rand_int_range(rand, 0, 3) == 0;
  stream.dests = (guint) g_rand_int_range(rand, 1, stream.crowded ? 20 : 4);
  stream.same_second = g_rand_boolean(rand);
  for (guint i = 0; i < STEPS_MAX; i++)
    {
      _step(&stream, &knocks, &model);
      alerts += model.n_alerts;
      cr_assert(knocks_hits_add_up(&knocks), "seed %u, step %u", seed, i);
      if (!_agree(&knocks, &model, stream.log))
        {
          cr_expect_fail("seed %u, step %u:\n%s", seed, i, stream.log->str);
          break;
        }
    }
  g_string_free(stream.log, TRUE);
  g_rand_free(rand);
  return alerts;
}

Test(model, engine_and_model_agree_on_random_streams)
{
  static const gchar *const settings[] = { "cooldown", "0",           "min-confidence", "low", "max-alerts",
                                           "10000",    "max-sources", "1024",           NULL };
  guint alerts = 0;

  for (guint32 seed = 1; seed <= STREAMS; seed++)
    {
      PkEngine *engine = knocks_new_engine(settings, NULL);

      alerts += _run(seed, engine);
      pk_engine_unref(engine);
    }
  cr_log_info("%u alerts", alerts);
  cr_expect_gt(alerts, STREAMS, "the streams hold too few knocks to say anything");
}
