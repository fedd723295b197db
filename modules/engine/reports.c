/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/reports.h"

#include "engine/pages.h"
#include "engine/state-rows.h"

typedef struct _Report
{
  guint64 source_hash;
  gint64 ends_usec; /* arrival time */
  PkAlert alert;    /* repeats counts those not written */
} Report;

/* A ring: cooldowns end in the order in which they began. */
struct _PkReports
{
  guint capacity;
  guint first, n;
  guint64 gone;  /* how many were dropped, ever */
  guint64 *keys; /* apart from the reports, because every candidate searches them */
  guint64 *sources;
  Report *reports;
};

PkReports *
pk_reports_new(guint capacity)
{
  PkReports *self = g_new0(PkReports, 1);

  g_assert(capacity > 0);
  self->capacity = capacity;
  self->keys = pk_pages_new(capacity, sizeof(guint64));
  self->sources = pk_pages_new(capacity, sizeof(guint64));
  self->reports = pk_pages_new(capacity, sizeof(Report));
  if (!self->keys || !self->sources || !self->reports)
    g_clear_pointer(&self, pk_reports_free);
  return self;
}

void
pk_reports_free(PkReports *self)
{
  if (!self)
    return;
  pk_pages_free(self->keys, self->capacity, sizeof(guint64));
  pk_pages_free(self->sources, self->capacity, sizeof(guint64));
  pk_pages_free(self->reports, self->capacity, sizeof(Report));
  g_free(self);
}

gsize
pk_reports_bytes(guint capacity)
{
  return sizeof(PkReports) + capacity * (2 * sizeof(guint64) + sizeof(Report));
}

static guint
_place(const PkReports *self, guint i)
{
  return (self->first + i) % self->capacity;
}

/* The latest first: an earlier one with the same key has ended. */
static Report *
_find(PkReports *self, guint64 key)
{
  for (guint i = self->n; i > 0; i--)
    if (self->keys[_place(self, i - 1)] == key)
      return &self->reports[_place(self, i - 1)];
  return NULL;
}

static void
_drop_first(PkReports *self)
{
  self->first = _place(self, 1);
  self->n--;
  self->gone++;
}

static void
_append(PkReports *self, guint64 key, const Report *report, guint64 *evicted)
{
  guint place;

  g_assert(self->capacity > 0 && self->reports);
  if (self->n == self->capacity)
    {
      _drop_first(self);
      (*evicted)++;
    }
  place = _place(self, self->n++);
  self->keys[place] = key;
  self->sources[place] = report->source_hash;
  self->reports[place] = *report;
}

/* The latest of a source that has as many as it may have; NULL: it has fewer. */
static Report *
_find_too_much(PkReports *self, guint64 source_hash, gint64 arrival_usec)
{
  Report *latest = NULL;
  guint n = 0;

  for (guint i = self->n; i > 0; i--)
    {
      guint place = _place(self, i - 1);

      if (self->sources[place] != source_hash || arrival_usec >= self->reports[place].ends_usec)
        continue;
      latest = latest ? latest : &self->reports[place];
      n++;
    }
  return n >= PK_REPORTS_OF_SOURCE_MAX ? latest : NULL;
}

static Report *
_find_repeated(PkReports *self, guint64 source_hash, guint64 key, gint64 arrival_usec, gboolean is_confirmed)
{
  Report *known = _find(self, key);

  if (known && arrival_usec < known->ends_usec)
    return known;
  return is_confirmed ? NULL : _find_too_much(self, source_hash, arrival_usec);
}

gboolean
pk_reports_is_repeat(PkReports *self, guint64 source_hash, guint64 key, gint64 arrival_usec, gboolean is_confirmed)
{
  return _find_repeated(self, source_hash, key, arrival_usec, is_confirmed) != NULL;
}

void
pk_reports_add_repeat(PkReports *self, guint64 source_hash, guint64 key, gint64 arrival_usec, gboolean is_confirmed)
{
  Report *known = _find_repeated(self, source_hash, key, arrival_usec, is_confirmed);

  if (known)
    known->alert.repeats++;
}

gboolean
pk_reports_admit(PkReports *self, guint64 source_hash, guint64 key, gint64 arrival_usec, gint64 cooldown_usec,
                 PkAlert *alert, guint64 *evicted)
{
  Report *known = _find(self, key);
  Report report = { .source_hash = source_hash, .ends_usec = arrival_usec + cooldown_usec };

  if (known && arrival_usec < known->ends_usec)
    {
      known->alert.repeats++;
      return FALSE;
    }
  if (known)
    {
      alert->repeats = known->alert.repeats;
      known->alert.repeats = 0;
    }
  if (cooldown_usec == 0)
    return TRUE;
  report.alert = *alert;
  report.alert.repeats = 0;
  _append(self, key, &report, evicted);
  return TRUE;
}

gboolean
pk_reports_close(PkReports *self, gint64 arrival_usec, gboolean *ret_summary, PkAlert *ret_alert)
{
  const Report *report;

  if (self->n == 0 || self->reports[self->first].ends_usec > arrival_usec)
    return FALSE;
  report = &self->reports[self->first];
  *ret_summary = report->alert.repeats > 0;
  if (*ret_summary)
    *ret_alert = report->alert;
  _drop_first(self);
  return TRUE;
}

guint
pk_reports_count(const PkReports *self)
{
  return self->n;
}

guint64
pk_reports_get_key(const PkReports *self, guint i, gint64 *ret_ends_usec)
{
  const Report *report = &self->reports[_place(self, i)];

  *ret_ends_usec = report->ends_usec;
  return report->source_hash;
}

void
pk_reports_copy(const PkReports *self, guint i, PkReports *dest, guint64 *evicted)
{
  _append(dest, self->keys[_place(self, i)], &self->reports[_place(self, i)], evicted);
}

/* ---- the state file ------------------------------------------------------------ */

static void
_put_report(const PkReports *self, guint place, PkStateWriter *writer)
{
  const Report *report = &self->reports[place];

  pk_state_put_time(writer, report->ends_usec);
  pk_state_put_u64(writer, self->keys[place]);
  pk_state_put_u64(writer, report->source_hash);
  pk_state_put_alert(writer, &report->alert);
}

gboolean
pk_reports_put_next(const PkReports *self, PkStateWriter *writer, guint max, guint64 *next)
{
  gsize section = pk_state_begin_section(writer, PK_STATE_REPORTS);
  guint first = (guint) (MAX(*next, self->gone) - self->gone), end;

  first = MIN(first, self->n);
  end = first + MIN(max, self->n - first);
  for (guint i = first; i < end; i++)
    _put_report(self, _place(self, i), writer);
  pk_state_end_section(writer, section, end - first);
  *next = self->gone + end;
  return end < self->n;
}

void
pk_state_get_report(PkStateReader *self, PkReportState *ret_state)
{
  ret_state->ends_usec = pk_state_get_time(self);
  ret_state->key = pk_state_get_u64(self);
  ret_state->source = pk_state_get_u64(self);
  pk_state_get_alert(self, &ret_state->alert);
}

void
pk_report_state_fit(PkReportState *self, const PkStateClock *clock, gint64 cooldown_usec)
{
  self->ends_usec = pk_state_clock_cut(clock, self->ends_usec, clock->now_usec + cooldown_usec);
  self->alert.arrival_usec = pk_state_clock_turn(clock, self->alert.arrival_usec);
}

void
pk_reports_put_back(PkReports *self, const PkReportState *state)
{
  Report report = { .source_hash = state->source, .ends_usec = state->ends_usec, .alert = state->alert };
  guint64 evicted = 0;

  _append(self, state->key, &report, &evicted);
}
