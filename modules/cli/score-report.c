/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/score.h"

#include "port-knock/pk-engine.h"
#include "scan/address.h"

#include <json.h>
#include <string.h>

/* ---- figures ---------------------------------------------------------------------- */

typedef struct _PkRatio
{
  guint n, of;
} PkRatio;

typedef struct _PkLatency
{
  guint n; /* 0: the others are not known */
  gdouble median_seconds, max_seconds;
} PkLatency;

static PkRatio
_count_class(const PkScore *self, PkTruthClass class)
{
  PkRatio ratio = { 0, 0 };

  for (guint i = 0; i < self->rows->len; i++)
    {
      const PkScoreRow *row = self->rows->pdata[i];

      if (row->truth->class != class)
        continue;
      ratio.of++;
      ratio.n += row->alert != NULL;
    }
  return ratio;
}

static PkRatio
_count_kind(const PkScore *self, const gchar *kind)
{
  PkRatio ratio = { 0, 0 };

  for (guint i = 0; i < self->rows->len; i++)
    {
      const PkScoreRow *row = self->rows->pdata[i];

      if (!g_str_equal(row->truth->kind, kind))
        continue;
      ratio.of++;
      ratio.n += row->alert != NULL;
    }
  return ratio;
}

static gint
_compare_kinds(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const gchar *const *) a, *(const gchar *const *) b);
}

/* New array of borrowed words, in order. */
static GPtrArray *
_list_kinds(const PkScore *self)
{
  GPtrArray *kinds = g_ptr_array_new();

  for (guint i = 0; i < self->rows->len; i++)
    {
      const PkScoreRow *row = self->rows->pdata[i];

      if (!g_ptr_array_find_with_equal_func(kinds, row->truth->kind, g_str_equal, NULL))
        g_ptr_array_add(kinds, row->truth->kind);
    }
  g_ptr_array_sort(kinds, _compare_kinds);
  return kinds;
}

static guint
_count_unlabelled(const PkScore *self)
{
  guint n = 0;

  for (guint i = 0; i < self->false_alarms->len; i++)
    {
      const PkFalseAlarm *alarm = self->false_alarms->pdata[i];

      n += g_str_equal(alarm->class, "unlabelled");
    }
  return n;
}

static guint
_count_false_alerts(const PkScore *self)
{
  guint n = 0;

  for (guint i = 0; i < self->false_alarms->len; i++)
    n += ((const PkFalseAlarm *) self->false_alarms->pdata[i])->alerts;
  return n;
}

static gint
_compare_usec(gconstpointer a, gconstpointer b)
{
  gint64 first = *(const gint64 *) a, second = *(const gint64 *) b;

  return (first > second) - (first < second);
}

static PkLatency
_measure_latency(const PkScore *self)
{
  GArray *usecs = g_array_new(FALSE, FALSE, sizeof(gint64));
  PkLatency latency = { 0, 0, 0 };

  for (guint i = 0; i < self->rows->len; i++)
    {
      const PkScoreRow *row = self->rows->pdata[i];

      if (row->alert && row->truth->class == PK_TRUTH_KNOCK)
        g_array_append_val(usecs, row->latency_usec);
    }
  g_array_sort(usecs, _compare_usec);
  if (usecs->len > 0)
    {
      guint middle = usecs->len / 2;

      latency.n = usecs->len;
      latency.median_seconds = (gdouble) g_array_index(usecs, gint64, middle) / G_USEC_PER_SEC;
      latency.max_seconds = (gdouble) g_array_index(usecs, gint64, usecs->len - 1) / G_USEC_PER_SEC;
    }
  g_array_unref(usecs);
  return latency;
}

/* ---- words ----------------------------------------------------------------------------- */

typedef struct _PkFieldWanted
{
  PkFieldId id;
  GString *value;
} PkFieldWanted;

static void
_keep_field(PkFieldId id, const gchar *value, gsize len, gpointer user_data)
{
  PkFieldWanted *wanted = user_data;

  if (id == wanted->id)
    g_string_append_len(wanted->value, value, len);
}

/* A new string; "" where the alert has no such field. */
static gchar *
_get_field(const PkAlert *alert, PkFieldId id)
{
  PkFieldWanted wanted = { id, g_string_new(NULL) };

  pk_alert_each_field(alert, NULL, _keep_field, &wanted);
  return g_string_free(wanted.value, FALSE);
}

static gchar *
_describe_seen(const PkScoreRow *row)
{
  return g_strdup_printf("%u%s distinct ports in %" G_GUINT64_FORMAT " denials", row->n_ports,
                         row->n_ports == PK_HITS_MAX ? " or more" : "", row->denials);
}

static gchar *
_describe_probed(const PkScore *self, const PkScoreRow *row)
{
  gchar *evidence, *reason;

  if ((gint) row->probed->confidence >= self->arguments->engine.min_confidence)
    return g_strdup("held back by max-alerts or cooldown");
  evidence = _get_field(row->probed, PK_FIELD_EVIDENCE);
  reason = g_strdup_printf("%s: %s", pk_confidence_name(row->probed->confidence), evidence);
  g_free(evidence);
  return reason;
}

/* Why a knock was not found, as far as the engine tells; a new string. */
static gchar *
_describe_miss(const PkScore *self, const PkScoreRow *row)
{
  gchar *seen, *reason;

  if (row->denials == 0 && row->unknown_prefix > 0)
    return g_strdup_printf("no denials: %" G_GUINT64_FORMAT " lines with an unknown prefix", row->unknown_prefix);
  if (row->denials == 0)
    return g_strdup("no denials");
  if (row->probed)
    return _describe_probed(self, row);
  seen = _describe_seen(row);
  reason = g_strdup_printf("%s: %s", row->scans ? "a scan" : "never a candidate", seen);
  g_free(seen);
  return reason;
}

static gchar *
_name_sources(const PkTruthRow *row)
{
  GString *names = g_string_new(NULL);
  gchar text[PK_ADDR_TEXT_BYTES];

  for (guint i = 0; i < row->sources->len; i++)
    {
      pk_addr_format(&g_array_index(row->sources, PkAddr, i), text);
      g_string_append_printf(names, "%s%s", i ? "," : "", text);
    }
  return g_string_free(names, FALSE);
}

/* ---- text ------------------------------------------------------------------------------ */

static void
_append_class(GString *out, const gchar *name, const gchar *verb, PkRatio ratio)
{
  if (ratio.of > 0)
    g_string_append_printf(out, "%-12s%s %u of %u\n", name, verb, ratio.n, ratio.of);
}

static void
_append_totals(const PkScore *self, GString *out)
{
  PkLatency latency = _measure_latency(self);

  _append_class(out, "knocks", "found", _count_class(self, PK_TRUTH_KNOCK));
  _append_class(out, "scans", "reported", _count_class(self, PK_TRUTH_SCAN));
  _append_class(out, "benign", "reported", _count_class(self, PK_TRUTH_BENIGN));
  _append_class(out, "spa", "reported", _count_class(self, PK_TRUTH_SPA));
  g_string_append_printf(out, "%-12sreported %u\n", "unlabelled", _count_unlabelled(self));
  g_string_append_printf(out, "%-12s%" G_GUINT64_FORMAT " of %s or above, %u of them false\n", "alerts", self->alerts,
                         pk_confidence_name(self->arguments->engine.min_confidence), _count_false_alerts(self));
  if (latency.n > 0)
    g_string_append_printf(out, "%-12smedian %.1f s, at most %.1f s\n", "latency", latency.median_seconds,
                           latency.max_seconds);
}

/* Labels alone are the totals again. */
static void
_append_kinds(const PkScore *self, GString *out)
{
  GPtrArray *kinds = _list_kinds(self);

  if (!self->truth.by_file && kinds->len > 1)
    {
      g_string_append(out, "\nby kind:\n");
      for (guint i = 0; i < kinds->len; i++)
        {
          PkRatio ratio = _count_kind(self, kinds->pdata[i]);

          g_string_append_printf(out, "  %-24s%u of %u\n", (const gchar *) kinds->pdata[i], ratio.n, ratio.of);
        }
    }
  g_ptr_array_unref(kinds);
}

static void
_append_miss(const PkScore *self, const PkScoreRow *row, GString *out)
{
  gchar *sources = _name_sources(row->truth);
  gchar *reason = _describe_miss(self, row);

  g_string_append_printf(out, "  %s %s %s: %s\n", row->truth->file ? row->truth->file : row->truth->kind, sources,
                         row->truth->ports, reason);
  g_free(sources);
  g_free(reason);
}

static void
_append_misses(const PkScore *self, GString *out)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->rows->len; i++)
    {
      const PkScoreRow *row = self->rows->pdata[i];

      if (row->alert || row->truth->class != PK_TRUTH_KNOCK)
        continue;
      if (!any)
        g_string_append(out, "\nmissed:\n");
      any = TRUE;
      _append_miss(self, row, out);
    }
}

/* What stands before a field's value. */
typedef struct _PkAlarmPart
{
  const gchar *before;
  PkFieldId id;
} PkAlarmPart;

static const PkAlarmPart ALARM_PARTS[] = {
  { " ", PK_FIELD_SRC_IP },
  { " -> ", PK_FIELD_DEST_IP },
  { " ports ", PK_FIELD_SEQUENCE },
  { " from ", PK_FIELD_WINDOW_START },
  { " in s ", PK_FIELD_KNOCK_DURATION_SEC },
  { ": ", PK_FIELD_CONFIDENCE },
  { " ", PK_FIELD_EVIDENCE },
};

static void
_append_alarm(const PkFalseAlarm *alarm, GString *out)
{
  g_string_append_printf(out, "  %s%s%s", alarm->class, alarm->file ? " " : "", alarm->file ? alarm->file : "");
  for (gsize i = 0; i < G_N_ELEMENTS(ALARM_PARTS); i++)
    {
      gchar *value = _get_field(&alarm->alert, ALARM_PARTS[i].id);

      if (value[0] != '\0')
        g_string_append_printf(out, "%s%s", ALARM_PARTS[i].before, value);
      g_free(value);
    }
  if (alarm->alerts > 1)
    g_string_append_printf(out, ", %u alerts", alarm->alerts);
  g_string_append_c(out, '\n');
}

void
pk_score_append_text(const PkScore *self, GString *out)
{
  _append_totals(self, out);
  _append_kinds(self, out);
  _append_misses(self, out);
  if (self->false_alarms->len > 0)
    g_string_append(out, "\nfalse alarms:\n");
  for (guint i = 0; i < self->false_alarms->len; i++)
    _append_alarm(self->false_alarms->pdata[i], out);
}

/* ---- JSON ------------------------------------------------------------------------------- */

/* Takes the string. */
static void
_add_text(json_object *object, const gchar *name, gchar *text)
{
  gchar *valid = g_utf8_make_valid(text, -1);

  json_object_object_add(object, name, json_object_new_string(valid));
  g_free(valid);
  g_free(text);
}

static void
_add_count(json_object *object, const gchar *name, guint64 count)
{
  json_object_object_add(object, name, json_object_new_int64((gint64) count));
}

static void
_add_ratio(json_object *object, const gchar *name, const gchar *verb, PkRatio ratio)
{
  json_object *pair = json_object_new_object();

  _add_count(pair, verb, ratio.n);
  _add_count(pair, "of", ratio.of);
  json_object_object_add(object, name, pair);
}

static void
_add_totals(const PkScore *self, json_object *object)
{
  _add_ratio(object, "knocks", "found", _count_class(self, PK_TRUTH_KNOCK));
  _add_ratio(object, "scans", "reported", _count_class(self, PK_TRUTH_SCAN));
  _add_ratio(object, "benign", "reported", _count_class(self, PK_TRUTH_BENIGN));
  _add_ratio(object, "spa", "reported", _count_class(self, PK_TRUTH_SPA));
  _add_count(object, "unlabelled", _count_unlabelled(self));
  _add_count(object, "alerts", self->alerts);
  _add_count(object, "false_alerts", _count_false_alerts(self));
}

static void
_add_latency(const PkScore *self, json_object *object)
{
  PkLatency latency = _measure_latency(self);
  json_object *pair = json_object_new_object();

  json_object_object_add(object, "latency_sec", pair);
  if (latency.n == 0)
    return;
  json_object_object_add(pair, "median", json_object_new_double(latency.median_seconds));
  json_object_object_add(pair, "max", json_object_new_double(latency.max_seconds));
}

static void
_add_kinds(const PkScore *self, json_object *object)
{
  GPtrArray *kinds = _list_kinds(self);
  json_object *by_kind = json_object_new_object();

  for (guint i = 0; i < kinds->len; i++)
    _add_ratio(by_kind, kinds->pdata[i], "reported", _count_kind(self, kinds->pdata[i]));
  json_object_object_add(object, "kinds", by_kind);
  g_ptr_array_unref(kinds);
}

static json_object *
_make_miss(const PkScore *self, const PkScoreRow *row)
{
  json_object *miss = json_object_new_object();

  if (row->truth->file)
    _add_text(miss, "file", g_strdup(row->truth->file));
  _add_text(miss, "kind", g_strdup(row->truth->kind));
  _add_text(miss, "src_ip", _name_sources(row->truth));
  _add_text(miss, "ports", g_strdup(row->truth->ports));
  _add_text(miss, "reason", _describe_miss(self, row));
  return miss;
}

static void
_add_misses(const PkScore *self, json_object *object)
{
  json_object *misses = json_object_new_array();

  for (guint i = 0; i < self->rows->len; i++)
    {
      const PkScoreRow *row = self->rows->pdata[i];

      if (!row->alert && row->truth->class == PK_TRUTH_KNOCK)
        json_object_array_add(misses, _make_miss(self, row));
    }
  json_object_object_add(object, "missed", misses);
}

static json_object *
_make_alarm(const PkFalseAlarm *alarm)
{
  static const PkFieldId fields[] = { PK_FIELD_SRC_IP,      PK_FIELD_DEST_IP,  PK_FIELD_SEQUENCE,
                                      PK_FIELD_CONFIDENCE,  PK_FIELD_EVIDENCE, PK_FIELD_DETECTION_BRANCH,
                                      PK_FIELD_WINDOW_START };
  json_object *object = json_object_new_object();

  if (alarm->file)
    _add_text(object, "file", g_path_get_basename(alarm->file));
  _add_text(object, "class", g_strdup(alarm->class));
  for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
    _add_text(object, pk_field_name(fields[i]), _get_field(&alarm->alert, fields[i]));
  _add_count(object, "alerts", alarm->alerts);
  return object;
}

static void
_add_alarms(const PkScore *self, json_object *object)
{
  json_object *alarms = json_object_new_array();

  for (guint i = 0; i < self->false_alarms->len; i++)
    json_object_array_add(alarms, _make_alarm(self->false_alarms->pdata[i]));
  json_object_object_add(object, "false_alarms", alarms);
}

void
pk_score_append_json(const PkScore *self, GString *out)
{
  json_object *object = json_object_new_object();

  _add_totals(self, object);
  _add_latency(self, object);
  _add_kinds(self, object);
  _add_misses(self, object);
  _add_alarms(self, object);
  g_string_append(out, json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(object);
}
