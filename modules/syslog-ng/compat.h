/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_COMPAT_H_INCLUDED
#define PK_SYSLOG_NG_COMPAT_H_INCLUDED

#include "parser/parser-expr.h"
#include "cfg.h"
#include "stats/stats-registry.h"
#include "stats/stats-cluster-single.h"
#include "versioning.h"

/* The differences between syslog-ng 3.38 and 4.x, each gated on the release
 * that brought it.  Nothing else in this folder asks for a version. */

#define PK_SNG_SINCE(version) (VERSION_VALUE_CURRENT >= (version))

/* 4.0 renamed the type, its number stayed. */
#if PK_SNG_SINCE(0x0400)
#define PK_SNG_VT_INTEGER LM_VT_INTEGER
#else
#define PK_SNG_VT_INTEGER LM_VT_INT64
#endif

/* 4.2 dropped the last argument. */
static inline void
pk_sng_persist_add(GlobalConfig *cfg, const gchar *key, gpointer value, GDestroyNotify destroy)
{
#if PK_SNG_SINCE(0x0402)
  cfg_persist_config_add(cfg, key, value, destroy);
#else
  cfg_persist_config_add(cfg, key, value, destroy, FALSE);
#endif
}

static inline gboolean
pk_sng_parser_has_template(const LogParser *self)
{
#if PK_SNG_SINCE(0x0403)
  return self->template_obj != NULL;
#else
  return self->template != NULL;
#endif
}

static inline void
pk_sng_clone_settings(LogParser *self, LogParser *cloned)
{
#if PK_SNG_SINCE(0x0402)
  log_parser_clone_settings(self, cloned);
#else
  log_parser_set_template(cloned, log_template_ref(self->template));
#endif
}

/* Counter keys are a name and labels since 4.1; the legacy name keeps the line
 * in "syslog-ng-ctl stats".  The key borrows everything, labels too. */
#if PK_SNG_SINCE(0x0401)
typedef StatsClusterLabel PkSngLabels[2];
#else
typedef gint PkSngLabels[1];
#endif

static inline void
pk_sng_counter_key(StatsClusterKey *key, PkSngLabels labels, const gchar *id, const gchar *instance,
                   const gchar *metric, const gchar *name)
{
#if PK_SNG_SINCE(0x0401)
  labels[0] = stats_cluster_label("id", id);
  labels[1] = stats_cluster_label("instance", instance);
  stats_cluster_single_key_set(key, metric, labels, 2);
  stats_cluster_single_key_add_legacy_alias_with_name(key, SCS_PARSER, id, instance, name);
#else
  stats_cluster_single_key_set_with_name(key, SCS_PARSER, id, instance, name);
#endif
}

#endif
