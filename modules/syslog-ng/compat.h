/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_COMPAT_H_INCLUDED
#define PK_SYSLOG_NG_COMPAT_H_INCLUDED

#include "parser/parser-expr.h"
#include "cfg.h"
#include "logmsg/logmsg.h"
#include "stats/stats-registry.h"
#include "stats/stats-cluster-single.h"
#include "versioning.h"

#include <string.h>

/* The differences between syslog-ng 3.38 and 4.11, and AxoSyslog 4.27, each gated
 * on the release that brought it.  Nothing else in this folder asks for a version.
 * tests/syslog-ng/check-headers.sh compiles this folder against a release's
 * sources. */

#define PK_SNG_SINCE(version) (VERSION_VALUE_CURRENT >= (version))

/* 4.0 renamed the type, its number stayed. */
#if PK_SNG_SINCE(0x0400)
#define PK_SNG_VT_INTEGER LM_VT_INTEGER
#else
#define PK_SNG_VT_INTEGER LM_VT_INT64
#endif

/* 4.2 dropped the last argument.  Where there is no next configuration to keep
 * it for, or that is given up already, nothing would ever destroy it. */
static inline void
pk_sng_persist_add(GlobalConfig *cfg, const gchar *key, gpointer value, GDestroyNotify destroy)
{
  if (!cfg->persist)
    {
      destroy(value);
      return;
    }
#if PK_SNG_SINCE(0x0402)
  cfg_persist_config_add(cfg, key, value, destroy);
#else
  cfg_persist_config_add(cfg, key, value, destroy, FALSE);
#endif
}

/* 4.3 renamed the member. */
static inline gboolean
pk_sng_parser_has_template(const LogParser *self)
{
#if PK_SNG_SINCE(0x0403)
  return self->template_obj != NULL;
#else
  return self->template != NULL;
#endif
}

/* 4.2 brought the function. */
static inline void
pk_sng_clone_settings(LogParser *self, LogParser *cloned)
{
#if PK_SNG_SINCE(0x0402)
  log_parser_clone_settings(self, cloned);
#else
  log_parser_set_template(cloned, log_template_ref(self->template));
#endif
}

/* Counters are metrics with labels since 4.1; the legacy name keeps the line in
 * "syslog-ng-ctl stats", which is all there was before. */
typedef struct _PkSngCounter
{
  const gchar *id, *reference;
  const gchar *name;          /* in "syslog-ng-ctl stats" */
  const gchar *metric;        /* in "syslog-ng-ctl stats prometheus" */
  const gchar *label, *value; /* beside id and reference; label NULL: no other */
} PkSngCounter;

#if PK_SNG_SINCE(0x0401)
typedef StatsClusterLabel PkSngLabels[3];
#else
typedef gint PkSngLabels[1];
#endif

/* The key borrows everything, labels too. */
static inline void
pk_sng_counter_key(StatsClusterKey *key, PkSngLabels labels, const PkSngCounter *counter)
{
#if PK_SNG_SINCE(0x0401)
  labels[0] = stats_cluster_label("id", counter->id);
  labels[1] = stats_cluster_label("reference", counter->reference);
  if (counter->label)
    labels[2] = stats_cluster_label(counter->label, counter->value);
  stats_cluster_single_key_set(key, counter->metric, labels, counter->label ? 3 : 2);
  stats_cluster_single_key_add_legacy_alias_with_name(key, SCS_PARSER, counter->id, counter->reference, counter->name);
#else
  stats_cluster_single_key_set_with_name(key, SCS_PARSER, counter->id, counter->reference, counter->name);
#endif
}

/* What all messages take in memory, where syslog-ng counts it: it does from when it
 * runs on, at the level that it has then.  NULL: it does not. */
static inline StatsCounterItem *
pk_sng_get_memory_counter(void)
{
  StatsCounterItem *counter = NULL;
  StatsClusterKey key;

#if PK_SNG_SINCE(0x0401)
  stats_cluster_single_key_set(&key, "events_allocated_bytes", NULL, 0);
  /* Without its old name it is another key. */
  stats_cluster_single_key_add_legacy_alias(&key, SCS_GLOBAL, "msg_allocated_bytes", NULL);
#else
  stats_cluster_single_key_set(&key, SCS_GLOBAL, "msg_allocated_bytes", NULL);
#endif
  stats_lock();
  if (stats_contains_counter(&key, SC_TYPE_SINGLE_VALUE))
    counter = stats_get_counter(&key, SC_TYPE_SINGLE_VALUE);
  stats_unlock();
  return counter;
}

/* nv_table_add_value() of a table that needs no more room than it has.
 * AxoSyslog's 4.26 asks how much more it would have taken. */
static inline gboolean
pk_sng_table_add(NVTable *table, NVHandle handle, const gchar *name, const gchar *value, gsize len,
                 LogMessageValueType type)
{
#if PK_SNG_SINCE(0x041a)
  guint32 missing_bytes = 0;

  return nv_table_add_value(table, handle, name, strlen(name), value, len, type, NULL, &missing_bytes);
#else
  return nv_table_add_value(table, handle, name, strlen(name), value, len, type, NULL);
#endif
}

#endif
