/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "commands.h"
#include "engine/recognise.h"
#include "measure.h"
#include "play.h"
#include "straw-man.h"

typedef struct _Parts
{
  const PkOptions *options;
  Log log;
  PkRecogniser *recogniser;
  /* For observing only: the log's events, one after the other, each without the text that it does not use. */
  guint8 *events;
  gsize n_events;
  guint64 sink; /* so that nothing is left out as unused */
  guint64 recognised, alerts;
} Parts;

/* A place for an event behind one of so many bytes of text. */
static gsize
_measure_event(const PkEvent *event)
{
  return (G_STRUCT_OFFSET(PkEvent, text) + event->text_used + 7) & ~(gsize) 7;
}

static void
_keep_events(Parts *self)
{
  GByteArray *bytes = g_byte_array_new();
  static const guint8 PADDING[8];
  PkEvent event;

  for (guint i = 0; i < self->log.lines->len; i++)
    if (pk_recognise(self->recogniser, &log_lines(&self->log)[i], &event) == PK_SCAN_MATCH)
      {
        gsize len = G_STRUCT_OFFSET(PkEvent, text) + event.text_used;

        g_byte_array_append(bytes, (const guint8 *) &event, (guint) len);
        g_byte_array_append(bytes, PADDING, (guint) (_measure_event(&event) - len));
        self->n_events++;
      }
  self->events = g_byte_array_free(bytes, FALSE);
}

/* ---- the parts -------------------------------------------------------------- */

static void
_straw_man(Parts *self)
{
  StrawManResult result;

  straw_man_run(self->log.text, self->log.bytes, &result);
  self->sink += result.found;
}

static void
_memmem(Parts *self)
{
  self->sink += straw_man_scan(self->log.text, self->log.bytes);
}

static void
_parse(Parts *self)
{
  PkClock clock = log_clock();

  for (guint i = 0; i < self->log.lines->len; i++)
    {
      const PkLine *line = &log_lines(&self->log)[i];
      const gchar *begin =
          i ? log_lines(&self->log)[i - 1].text.data + log_lines(&self->log)[i - 1].text.len + 1 : self->log.text;
      PkLine parsed;

      pk_line_parse(begin, (gsize) (line->text.data + line->text.len - begin), &clock, &parsed);
      self->sink += parsed.text.len;
    }
}

static void
_recognise(Parts *self)
{
  PkEvent event;

  for (guint i = 0; i < self->log.lines->len; i++)
    self->sink += pk_recognise(self->recogniser, &log_lines(&self->log)[i], &event);
}

static void
_observe(Parts *self)
{
  Play play = { .engine = new_engine(self->options) };
  const guint8 *at = self->events;

  for (gsize i = 0; i < self->n_events; i++)
    {
      const PkEvent *event = (const PkEvent *) (gconstpointer) at;

      play_event(&play, event, (PkSlice){ "fw1", 3 }, NULL);
      at += _measure_event(event);
    }
  play_settle(&play);
  pk_engine_unref(play.engine);
  self->alerts = play.alerts;
}

static void
_play_log(Parts *self, void (*play_one)(Play *play, const PkLine *line))
{
  Play play = { .recogniser = self->recogniser, .engine = new_engine(self->options) };

  for (guint i = 0; i < self->log.lines->len; i++)
    play_one(&play, &log_lines(&self->log)[i]);
  play_settle(&play);
  pk_engine_unref(play.engine);
  self->recognised = play.recognised;
  self->alerts = play.alerts;
}

static void
_engine(Parts *self)
{
  _play_log(self, play_line_ahead);
}

static void
_one_by_one(Parts *self)
{
  _play_log(self, play_line);
}

typedef struct _Part
{
  const gchar *name;
  void (*run)(Parts *self);
  gboolean is_of_events;
} Part;

static const Part PARTS[] = {
  { "straw man", _straw_man, FALSE },          { "memmem", _memmem, FALSE },  { "parse", _parse, FALSE },
  { "recognise", _recognise, FALSE },          { "observe", _observe, TRUE }, { "engine", _engine, FALSE },
  { "engine one by one", _one_by_one, FALSE },
};

/* ---- commands --------------------------------------------------------------- */

static gboolean
_begin(Parts *self, const PkOptions *options, const gchar *path)
{
  memset(self, 0, sizeof(*self));
  self->options = options;
  if (!log_read(&self->log, path))
    return FALSE;
  self->recogniser = new_recogniser(options);
  return TRUE;
}

static void
_end(Parts *self)
{
  pk_recogniser_free(self->recogniser);
  log_clear(&self->log);
  g_free(self->events);
}

/* callgrind finds it by its name, so it must stay a function. */
void bench_measured(Parts *self, void (*run)(Parts *self));

void __attribute__((noinline)) bench_measured(Parts *self, void (*run)(Parts *self))
{
  run(self);
}

gboolean
bench_parts(const PkOptions *options, gchar **arguments)
{
  guint64 rounds = g_ascii_strtoull(arguments[1], NULL, 10);
  Parts parts;

  if (!_begin(&parts, options, arguments[0]))
    return FALSE;
  _keep_events(&parts);
  for (guint64 round = 0; round < rounds; round++)
    for (gsize i = 0; i < G_N_ELEMENTS(PARTS); i++)
      {
        const Part *part = &PARTS[(i + round) % G_N_ELEMENTS(PARTS)];
        gint64 began = measure_cpu_nsec();

        part->run(&parts);
        g_print("{\"what\":\"%s\",\"round\":%" G_GUINT64_FORMAT ",\"lines\":%u,\"cpu_seconds\":%.6f}\n", part->name,
                round, parts.log.lines->len, (gdouble) (measure_cpu_nsec() - began) / 1e9);
      }
  g_print("{\"what\":\"check\",\"recognised\":%" G_GUINT64_FORMAT ",\"alerts\":%" G_GUINT64_FORMAT
          ",\"sink\":%" G_GUINT64_FORMAT "}\n",
          parts.recognised, parts.alerts, parts.sink);
  _end(&parts);
  return TRUE;
}

gboolean
bench_count(const PkOptions *options, gchar **arguments)
{
  PkOptions single = *options;
  Parts parts;

  /* Nothing may depend on a random secret. */
  single.single_shard = TRUE;
  if (!_begin(&parts, &single, arguments[1]))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS(PARTS); i++)
    if (g_str_equal(PARTS[i].name, arguments[0]))
      {
        if (PARTS[i].is_of_events)
          _keep_events(&parts);
        bench_measured(&parts, PARTS[i].run);
        g_print("{\"what\":\"count\",\"lines\":%u}\n", parts.log.lines->len);
      }
  _end(&parts);
  return TRUE;
}

/* ---- none, half, all -------------------------------------------------------- */

typedef struct _Share
{
  const gchar *name;
  gsize n_rows;
  PkRecogniser *recogniser;
} Share;

static void
_measure_share(const Share *share, const Log *log, guint64 round)
{
  gint64 began = measure_cpu_nsec();
  guint64 recognised = 0;
  PkEvent event;

  for (guint i = 0; i < log->lines->len; i++)
    recognised += pk_recognise(share->recogniser, &log_lines(log)[i], &event) == PK_SCAN_MATCH;
  g_print("{\"what\":\"%s\",\"round\":%" G_GUINT64_FORMAT ",\"rows\":%" G_GSIZE_FORMAT
          ",\"lines\":%u,\"recognised\":%" G_GUINT64_FORMAT ",\"cpu_seconds\":%.6f}\n",
          share->name, round, share->n_rows, log->lines->len, recognised, (gdouble) (measure_cpu_nsec() - began) / 1e9);
}

/* Every other row, so that half has of each kind of needle. */
static const PkDialect **
_choose_half(const PkDialect *const *rows, gsize n)
{
  const PkDialect **half = g_new0(const PkDialect *, n / 2);

  for (gsize i = 0; i < n / 2; i++)
    half[i] = rows[2 * i];
  return half;
}

gboolean
bench_dialects(const PkOptions *options, gchar **arguments)
{
  guint64 rounds = g_ascii_strtoull(arguments[1], NULL, 10);
  gsize n;
  const PkDialect *const *rows = pk_dialects(&n);
  const PkDialect **half = _choose_half(rows, n);
  Share shares[] = {
    { "none", 0, pk_recogniser_new_of(rows, 0, options) },
    { "half", n / 2, pk_recogniser_new_of(half, n / 2, options) },
    { "all", n, pk_recogniser_new_of(rows, n, options) },
  };
  Log log;

  if (!log_read(&log, arguments[0]))
    return FALSE;
  for (guint64 round = 0; round < rounds; round++)
    for (gsize i = 0; i < G_N_ELEMENTS(shares); i++)
      _measure_share(&shares[(i + round) % G_N_ELEMENTS(shares)], &log, round);
  for (gsize i = 0; i < G_N_ELEMENTS(shares); i++)
    pk_recogniser_free(shares[i].recogniser);
  log_clear(&log);
  g_free(half);
  return TRUE;
}
