/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/score.h"

#include "cli/commands.h"
#include "cli/player.h"
#include "port-knock/pk-engine.h"
#include "scan/address.h"

#include <string.h>

#define UNLABELLED "unlabelled"

/* One log, or all files as one log. */
typedef struct _PkScorePlay
{
  PkScore *score;        /* borrowed */
  PkScoreRow *only;      /* borrowed; the row of the file; NULL: all are one log */
  const gchar *file;     /* borrowed; with only */
  GHashTable *rows;      /* PkAddr in the truth to PkScoreRow, both borrowed */
  GHashTable *strangers; /* PkAddr in the value to PkFalseAlarm, both borrowed */
  gint64 begin_usec;     /* the log's first whole second; 0: nothing was read */
  PkPlayer player;
  PkEngine *engine, *probe; /* owned */
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
} PkScorePlay;

/* ---- sources --------------------------------------------------------------------- */

static guint
_hash_addr(gconstpointer key)
{
  guint32 words[4];

  memcpy(words, key, sizeof(words));
  return words[0] ^ words[1] * 31 ^ words[2] * 961 ^ words[3];
}

static gboolean
_equal_addr(gconstpointer a, gconstpointer b)
{
  return pk_addr_equals(a, b);
}

static void
_index_row(PkScorePlay *self, PkScoreRow *row)
{
  for (guint i = 0; i < row->truth->sources->len; i++)
    {
      PkAddr *source = &g_array_index(row->truth->sources, PkAddr, i);
      PkScoreRow *known = g_hash_table_lookup(self->rows, source);

      if (known == row)
        continue;
      row->next = known;
      g_hash_table_insert(self->rows, source, row);
    }
}

/* A source that knocks twice has two rows: the one that begins nearest to usec. */
static PkScoreRow *
_find_row(const PkScorePlay *self, const PkAddr *source, gint64 usec)
{
  gdouble seconds = (gdouble) (usec - self->begin_usec) / G_USEC_PER_SEC;
  PkScoreRow *nearest = g_hash_table_lookup(self->rows, source);

  for (PkScoreRow *row = nearest; row; row = row->next)
    if (ABS(row->truth->start_seconds - seconds) < ABS(nearest->truth->start_seconds - seconds))
      nearest = row;
  return nearest;
}

/* ---- alerts ----------------------------------------------------------------------- */

static PkAlert *
_copy_alert(const PkAlert *alert)
{
  PkAlert *copy = g_new(PkAlert, 1);

  *copy = *alert;
  return copy;
}

static void
_add_false_alarm(PkScorePlay *self, const PkScoreRow *row, const PkAlert *alert)
{
  PkFalseAlarm *known = g_hash_table_lookup(self->strangers, &alert->source);

  if (!known)
    {
      known = g_new0(PkFalseAlarm, 1);
      known->file = self->file;
      known->class = row ? pk_truth_class_name(row->truth->class) : UNLABELLED;
      known->alert = *alert;
      g_ptr_array_add(self->score->false_alarms, known);
      g_hash_table_insert(self->strangers, &known->alert.source, known);
    }
  known->alerts++;
  if (alert->confidence > known->alert.confidence)
    known->alert = *alert;
}

static gboolean
_is_false(const PkScoreRow *row)
{
  return !row || row->truth->class == PK_TRUTH_SCAN || row->truth->class == PK_TRUTH_BENIGN;
}

static void
_take_alert(PkScorePlay *self, const PkAlert *alert, gint64 arrival_usec)
{
  PkScoreRow *row = _find_row(self, &alert->source, alert->window_start_usec);

  /* In the log of a scan everybody is told of as its author says. */
  if (!row && self->only && self->only->truth->class != PK_TRUTH_KNOCK)
    row = self->only;
  self->score->alerts++;
  if (row && !row->alert)
    {
      row->alert = _copy_alert(alert);
      row->latency_usec = arrival_usec - alert->window_end_usec;
    }
  if (_is_false(row))
    _add_false_alarm(self, row, alert);
}

static void
_take_alerts(PkScorePlay *self, gsize n, gint64 arrival_usec)
{
  for (gsize i = 0; i < n; i++)
    _take_alert(self, &self->alerts[i], arrival_usec);
}

static void
_take_probed(PkScorePlay *self, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      const PkAlert *alert = &self->alerts[i];
      PkScoreRow *row = _find_row(self, &alert->source, alert->window_start_usec);

      if (!row || (row->probed && row->probed->confidence >= alert->confidence))
        continue;
      g_free(row->probed);
      row->probed = _copy_alert(alert);
    }
}

/* ---- playing ----------------------------------------------------------------------- */

static PkPort
_port_of(const PkEvent *event)
{
  PkPort port = { .protocol = event->protocol, .port = event->dest_port };

  if (event->has & PK_HAS_ICMP)
    port = (PkPort){ event->protocol, event->icmp_type, event->icmp_code, event->length };
  return port;
}

static gboolean
_equal_port(const PkPort *a, const PkPort *b)
{
  return a->protocol == b->protocol && a->port == b->port && a->icmp_type == b->icmp_type &&
         a->icmp_code == b->icmp_code;
}

static void
_note_denial(PkScoreRow *row, const PkEvent *event)
{
  PkPort port = _port_of(event);

  row->denials++;
  for (guint i = 0; i < row->n_ports; i++)
    if (_equal_port(&row->ports[i], &port))
      return;
  if (row->n_ports < PK_HITS_MAX)
    row->ports[row->n_ports++] = port;
}

static guint64
_count_scans(PkEngine *engine)
{
  PkStats stats;

  pk_engine_get_stats(engine, &stats);
  return stats.scans;
}

static PkScoreRow *
_note_event(PkScorePlay *self, const PkEvent *event)
{
  PkScoreRow *row;

  if (self->begin_usec == 0)
    self->begin_usec = event->time_usec - event->time_usec % G_USEC_PER_SEC;
  if (event->kind != PK_EVENT_FIREWALL_DENY && event->kind != PK_EVENT_CONNECTION_ATTEMPT)
    return NULL;
  row = _find_row(self, &event->source, event->time_usec);
  if (row)
    _note_denial(row, event);
  return row;
}

static gboolean
_observe(const PkEvent *event, PkSlice host, PkSlice scope, const PkAhead *ahead, gint64 arrival_usec,
         gpointer user_data)
{
  PkScorePlay *self = user_data;
  PkScoreRow *row = _note_event(self, event);
  guint64 scans = row ? _count_scans(self->probe) : 0;

  _take_alerts(self, pk_engine_observe_ahead(self->engine, event, host, scope, ahead, arrival_usec, self->alerts),
               arrival_usec);
  _take_probed(self, pk_engine_observe(self->probe, event, host, scope, arrival_usec, self->alerts));
  if (row)
    row->scans += _count_scans(self->probe) - scans;
  return TRUE;
}

static void
_tick(gint64 arrival_usec, gpointer user_data)
{
  PkScorePlay *self = user_data;
  gboolean more = TRUE;

  while (more)
    _take_alerts(self, pk_engine_expire(self->engine, arrival_usec, PK_OBSERVE_ALERTS_MAX, self->alerts, &more),
                 arrival_usec);
  more = TRUE;
  while (more)
    _take_probed(self, pk_engine_expire(self->probe, arrival_usec, PK_OBSERVE_ALERTS_MAX, self->alerts, &more));
}

static PkEngine *
_new_probe(const PkOptions *options, GError **error)
{
  PkOptions every_alert;
  PkEngine *probe;

  pk_options_copy(options, &every_alert);
  every_alert.min_confidence = PK_CONFIDENCE_LOW;
  every_alert.max_alerts = G_MAXINT;
  probe = pk_engine_new(&every_alert, error);
  pk_options_clear(&every_alert);
  return probe;
}

static void
_end_play(PkScorePlay *self)
{
  g_clear_pointer(&self->engine, pk_engine_unref);
  g_clear_pointer(&self->probe, pk_engine_unref);
  g_hash_table_unref(self->rows);
  g_hash_table_unref(self->strangers);
}

/* On FALSE there is nothing to end. */
static gboolean
_begin_play(PkScorePlay *self, PkScore *score, const gchar *file, GError **error)
{
  const PkArguments *arguments = score->arguments;

  memset(self, 0, sizeof(*self));
  self->score = score;
  self->file = file;
  self->rows = g_hash_table_new(_hash_addr, _equal_addr);
  self->strangers = g_hash_table_new(_hash_addr, _equal_addr);
  self->engine = pk_engine_new(&arguments->engine, error);
  if (self->engine)
    self->probe = _new_probe(&arguments->engine, error);
  if (self->probe && pk_player_init(&self->player, arguments, self->engine, _observe, _tick, self, error))
    {
      self->player.tick_every_second = TRUE;
      return TRUE;
    }
  _end_play(self);
  return FALSE;
}

/* Adds to totals how many inputs were read and failed. */
static void
_finish_play(PkScorePlay *self, PkReader *totals)
{
  pk_player_finish(&self->player);
  totals->inputs += self->player.reader.inputs;
  totals->failed += self->player.reader.failed;
  if (self->only)
    self->only->unknown_prefix = self->player.results[PK_SCAN_UNKNOWN_PREFIX];
  else
    pk_player_warn(&self->player);
  pk_player_clear(&self->player);
  _end_play(self);
}

static PkScoreRow *
_add_row(PkScore *self, const PkTruthRow *truth)
{
  PkScoreRow *row = g_new0(PkScoreRow, 1);

  row->truth = truth;
  g_ptr_array_add(self->rows, row);
  return row;
}

static void
_free_row(gpointer data)
{
  PkScoreRow *row = data;

  g_free(row->alert);
  g_free(row->probed);
  g_free(row);
}

static gboolean
_play_as_one(PkScore *self, PkScorePlay *play, PkReader *totals, GError **error)
{
  if (!_begin_play(play, self, NULL, error))
    return FALSE;
  for (guint i = 0; i < self->truth.rows->len; i++)
    _index_row(play, _add_row(self, self->truth.rows->pdata[i]));
  pk_player_read_inputs(&play->player, self->arguments->inputs);
  _finish_play(play, totals);
  return TRUE;
}

static gboolean
_play_file(PkScore *self, PkScorePlay *play, const PkTruthRow *truth, const gchar *path, PkReader *totals,
           GError **error)
{
  PkScoreRow *row;
  GError *failure = NULL;

  if (!_begin_play(play, self, path, error))
    return FALSE;
  row = _add_row(self, truth);
  play->only = row;
  _index_row(play, row);
  if (!pk_player_read(&play->player, path, &failure))
    {
      g_printerr("port-knock: %s\n", failure->message);
      g_error_free(failure);
    }
  _finish_play(play, totals);
  return TRUE;
}

static gboolean
_play_apart(PkScore *self, PkScorePlay *play, PkReader *totals, GError **error)
{
  const GPtrArray *inputs = self->arguments->inputs;
  gboolean ok = TRUE;

  for (guint i = 0; i < inputs->len && ok; i++)
    {
      const PkTruthRow *truth = pk_truth_find_file(&self->truth, inputs->pdata[i]);

      if (truth)
        ok = _play_file(self, play, truth, inputs->pdata[i], totals, error);
      else
        {
          g_printerr("port-knock: %s: %s has no label for it\n", (const gchar *) inputs->pdata[i],
                     self->arguments->truth);
          totals->failed++;
        }
    }
  return ok;
}

/* ---- the command --------------------------------------------------------------------- */

static PkExit
_report(const PkScore *self, const PkReader *totals, PkOutput *output)
{
  if (totals->inputs > 0)
    {
      if (self->arguments->format == PK_FORMAT_JSON)
        pk_score_append_json(self, output->pending);
      else
        pk_score_append_text(self, output->pending);
      pk_output_flush(output);
    }
  return pk_exit_code(totals, output);
}

static PkExit
_score_inputs(PkScore *self, PkOutput *output, GError **error)
{
  PkReader totals = { .inputs = 0 };
  PkScorePlay *play = g_new(PkScorePlay, 1);
  PkExit code = PK_EXIT_NOTHING_DONE;

  self->rows = g_ptr_array_new_with_free_func(_free_row);
  self->false_alarms = g_ptr_array_new_with_free_func(g_free);
  if (self->truth.by_file ? _play_apart(self, play, &totals, error) : _play_as_one(self, play, &totals, error))
    code = _report(self, &totals, output);
  g_ptr_array_unref(self->rows);
  g_ptr_array_unref(self->false_alarms);
  g_free(play);
  return code;
}

PkExit
pk_score(const PkArguments *arguments, PkOutput *output)
{
  PkScore self = { .arguments = arguments };
  PkExit code = PK_EXIT_NOTHING_DONE;
  GError *error = NULL;

  if (pk_truth_read(arguments->truth, &self.truth, &error))
    {
      code = _score_inputs(&self, output, &error);
      pk_truth_clear(&self.truth);
    }
  if (error)
    {
      g_printerr("port-knock: %s\n", error->message);
      g_error_free(error);
    }
  return code;
}
