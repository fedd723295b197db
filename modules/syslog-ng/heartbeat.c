/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "heartbeat.h"

#include <string.h>
#include <syslog.h>

#define VALUE_BYTES 64
#define SEEN_NEVER (-1)

/* Each total is the sum of some counters. */
static const gchar *const TOTAL_NAMES[PK_N_HEARTBEAT_TOTALS] = { "messages", "recognised", "hits", "alerts",
                                                                 "evicted" };

static gsize
_sum_alerts(const PkCounters *counters)
{
  gsize sum = 0;

  for (guint i = 0; i < PK_N_CONFIDENCES; i++)
    sum += stats_counter_get(counters->alerts[i]);
  return sum;
}

static void
_read_totals(const PkCounters *counters, gsize totals[PK_N_HEARTBEAT_TOTALS])
{
  totals[0] = stats_counter_get(counters->plain[PK_COUNTER_MESSAGES]);
  totals[1] = stats_counter_get(counters->plain[PK_COUNTER_RECOGNISED]);
  totals[2] = counters->shown.hits;
  totals[3] = _sum_alerts(counters);
  totals[4] = counters->shown.evicted_sources + counters->shown.evicted_windows;
}

void
pk_heartbeat_init(PkHeartbeat *self, gint interval_seconds, const PkCounters *counters)
{
  memset(self, 0, sizeof(*self));
  self->interval_usec = interval_seconds * (gint64) G_USEC_PER_SEC;
  self->last_usec = SEEN_NEVER;
  _read_totals(counters, self->totals);
}

/* A message under construction: each pair goes into its text and its fields. */
typedef struct _Draft
{
  LogMessage *msg;
  const gchar *prefix;
  GString *text, *name;
} Draft;

static void
_add(Draft *self, const gchar *name, const gchar *value)
{
  g_string_append_printf(self->text, " %s=%s", name, value);
  g_string_printf(self->name, "%sheartbeat_%s", self->prefix, name);
  log_msg_set_value_by_name(self->msg, self->name->str, value, -1);
}

static void
_add_number(Draft *self, const gchar *name, guint64 number)
{
  gchar value[VALUE_BYTES];

  g_snprintf(value, sizeof(value), "%" G_GUINT64_FORMAT, number);
  g_string_append_printf(self->text, " %s=%s", name, value);
  g_string_printf(self->name, "%sheartbeat_%s", self->prefix, name);
  log_msg_set_value_by_name_with_type(self->msg, self->name->str, value, -1, PK_SNG_VT_INTEGER);
}

/* A name from the configuration, which must not look like another pair. */
static void
_add_name(Draft *self, const gchar *name, const gchar *value)
{
  gchar *safe = g_strdup(value);

  g_strcanon(safe, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-#", '_');
  _add(self, name, safe);
  g_free(safe);
}

static void
_add_counts(Draft *self, PkHeartbeat *heartbeat, const PkCounters *counters)
{
  gsize totals[PK_N_HEARTBEAT_TOTALS];

  _read_totals(counters, totals);
  for (guint i = 0; i < PK_N_HEARTBEAT_TOTALS; i++)
    /* An engine that begins anew, or counters that an operator reset. */
    _add_number(self, TOTAL_NAMES[i], totals[i] >= heartbeat->totals[i] ? totals[i] - heartbeat->totals[i] : totals[i]);
  memcpy(heartbeat->totals, totals, sizeof(totals));
  _add_number(self, "sources", counters->shown.sources);
  _add_number(self, "windows", counters->shown.windows);
}

static LogMessage *
_begin(Draft *self, const PkOutput *output)
{
  self->msg = log_msg_new_local();
  self->prefix = output->prefix;
  self->text = g_string_new(PK_HEARTBEAT_WORD);
  self->name = g_string_new(NULL);
  self->msg->pri = LOG_AUTH | LOG_INFO;
  log_msg_set_value(self->msg, LM_V_PROGRAM, PK_OUTPUT_PROGRAM, -1);
  log_msg_set_value(self->msg, LM_V_HOST, g_get_host_name(), -1);
  log_msg_set_tag_by_id(self->msg, output->heartbeat_tag);
  g_string_printf(self->name, "%skind", self->prefix);
  log_msg_set_value_by_name(self->msg, self->name->str, "heartbeat", -1);
  return self->msg;
}

static LogMessage *
_end(Draft *self)
{
  log_msg_set_value(self->msg, LM_V_MESSAGE, self->text->str, (gssize) self->text->len);
  g_string_free(self->text, TRUE);
  g_string_free(self->name, TRUE);
  return self->msg;
}

LogMessage *
pk_heartbeat_next(PkHeartbeat *self, const PkOutput *output, const PkCounters *counters, const gchar *parser,
                  gint reference, gint64 now_usec)
{
  gint64 passed_usec = self->last_usec == SEEN_NEVER ? 0 : now_usec - self->last_usec;
  Draft draft;

  if (self->interval_usec == 0 || (self->last_usec != SEEN_NEVER && passed_usec < self->interval_usec))
    return NULL;
  self->last_usec = now_usec;
  _begin(&draft, output);
  _add_name(&draft, "parser", parser);
  _add_number(&draft, "reference", (guint64) reference);
  _add_number(&draft, "seconds", (guint64) ((passed_usec + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC));
  _add_counts(&draft, self, counters);
  return _end(&draft);
}
