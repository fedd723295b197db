/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "state.h"

#include "cfg-tree.h"
#include "module-config.h"
#include "saver.h"
#include "settings.h"

#define MODULE "port-knock"
#define LOCATION_BYTES 256

/* ---- one owner for a key -------------------------------------------------- */

/* Belongs to a configuration, not to the process: during a reload two live. */
typedef struct _Claims
{
  ModuleConfig super;
  GHashTable *location_of; /* key to where its parser stands; both owned */
} Claims;

static gboolean
_claims_init(ModuleConfig *s, GlobalConfig *cfg)
{
  return TRUE;
}

static void
_claims_deinit(ModuleConfig *s, GlobalConfig *cfg)
{
}

static void
_claims_free(ModuleConfig *s)
{
  g_hash_table_unref(((Claims *) s)->location_of);
  module_config_free_method(s);
}

static Claims *
_claims_of(GlobalConfig *cfg)
{
  Claims *self = g_hash_table_lookup(cfg->module_config, MODULE);

  if (!self)
    {
      self = g_new0(Claims, 1);
      self->super.init = _claims_init;
      self->super.deinit = _claims_deinit;
      self->super.free_fn = _claims_free;
      self->location_of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
      g_hash_table_insert(cfg->module_config, g_strdup(MODULE), self);
    }
  return self;
}

static gboolean
_claim(LogPipe *owner, const gchar *key, GError **error)
{
  Claims *claims = _claims_of(log_pipe_get_config(owner));
  const gchar *location = g_hash_table_lookup(claims->location_of, key);
  gchar buf[LOCATION_BYTES];

  if (location)
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_CONFLICT,
                  "persist-name: \"%s\" is not permitted, the parser at %s has it too", key, location);
      return FALSE;
    }
  log_expr_node_format_location(owner->expr_node, buf, sizeof(buf));
  g_hash_table_insert(claims->location_of, g_strdup(key), g_strdup(buf));
  return TRUE;
}

static void
_unclaim(LogPipe *owner, const gchar *key)
{
  g_hash_table_remove(_claims_of(log_pipe_get_config(owner))->location_of, key);
}

/* ---- from one configuration to the next ------------------------------------ */

struct _PkState
{
  gchar *key;
  PkEngine *engine;
  PkOptions options; /* those of engine */
  const gchar *origin;
  PkStats before;
  PkSaver *saver; /* NULL: it is not saved */
};

/* What lies in PersistConfig. */
typedef struct _Legacy
{
  PkEngine *engine;
  PkOptions options;
  PkSaver *saver;    /* NULL: it is not saved */
  gboolean is_taken; /* by the next configuration */
} Legacy;

static Legacy *
_legacy_new(PkState *state)
{
  Legacy *self = g_new0(Legacy, 1);

  self->engine = pk_engine_ref(state->engine);
  pk_options_copy(&state->options, &self->options);
  self->saver = pk_saver_ref(state->saver);
  return self;
}

/* A parser that the next configuration does not have leaves its file as at a stop: one after that may have it again. */
static void
_legacy_free(gpointer s)
{
  Legacy *self = s;

  if (self->saver && !self->is_taken && !pk_saver_is_shared(self->saver))
    pk_saver_save(self->saver, self->engine);
  pk_saver_unref(self->saver);
  pk_engine_unref(self->engine);
  pk_options_clear(&self->options);
  g_free(self);
}

static gchar *
_persist_key(const gchar *key)
{
  return g_strdup_printf(MODULE "(%s)", key);
}

static void
_leave(LogPipe *owner, const gchar *key, Legacy *legacy)
{
  gchar *persist_key = _persist_key(key);

  pk_sng_persist_add(log_pipe_get_config(owner), persist_key, legacy, _legacy_free);
  g_free(persist_key);
}

static Legacy *
_fetch(LogPipe *owner, const gchar *key)
{
  gchar *persist_key = _persist_key(key);
  Legacy *legacy = cfg_persist_config_fetch(log_pipe_get_config(owner), persist_key);

  g_free(persist_key);
  return legacy;
}

/* At a start, or of a parser that the last configuration did not have. */
static PkEngine *
_begin(PkSaver *saver, const PkOptions *options, const gchar **ret_origin, GError **error)
{
  PkEngine *engine = saver ? pk_saver_load(saver, options) : NULL;

  *ret_origin = engine ? "read" : "new";
  return engine ? engine : pk_engine_new(options, error);
}

static PkEngine *
_take_over(const Legacy *legacy, PkSaver *saver, const PkOptions *options, const gchar **ret_origin, GError **error)
{
  if (!legacy)
    return _begin(saver, options, ret_origin, error);
  if (pk_settings_engine_equals(&legacy->options, options))
    {
      *ret_origin = "kept";
      return pk_engine_read_files(legacy->engine, options, error) ? pk_engine_ref(legacy->engine) : NULL;
    }
  *ret_origin = "moved";
  return pk_engine_new_from(legacy->engine, options, error);
}

PkState *
pk_state_acquire(LogPipe *owner, const gchar *key, const PkOptions *options, GError **error)
{
  const gchar *origin;
  PkStats before = { 0 };
  Legacy *legacy;
  PkEngine *engine;
  PkSaver *saver;
  PkState *self;

  if (!_claim(owner, key, error))
    return NULL;
  legacy = _fetch(owner, key);
  if (legacy)
    pk_engine_get_stats(legacy->engine, &before);
  saver = pk_saver_attach(legacy ? legacy->saver : NULL, owner, key, options);
  engine = _take_over(legacy, saver, options, &origin, error);
  if (legacy)
    {
      legacy->is_taken = TRUE;
      _leave(owner, key, legacy);
    }
  if (!engine)
    {
      pk_saver_detach(saver);
      pk_saver_unref(saver);
      _unclaim(owner, key);
      return NULL;
    }
  self = g_new0(PkState, 1);
  self->key = g_strdup(key);
  self->engine = engine;
  self->origin = origin;
  self->before = before;
  self->saver = saver;
  pk_options_copy(options, &self->options);
  return self;
}

/* The next configuration must find nobody at work on the engine.  Where there is no
 * next one, the file takes its place. */
static void
_save_at_stop(PkState *self, LogPipe *owner)
{
  if (self->saver && cfg_is_shutting_down(log_pipe_get_config(owner)))
    pk_saver_save(self->saver, self->engine);
  pk_saver_detach(self->saver);
}

void
pk_state_release(PkState *self, LogPipe *owner)
{
  _unclaim(owner, self->key);
  _save_at_stop(self, owner);
  _leave(owner, self->key, _legacy_new(self));
  pk_saver_unref(self->saver);
  pk_engine_unref(self->engine);
  pk_options_clear(&self->options);
  g_free(self->key);
  g_free(self);
}

void
pk_state_tick(PkState *self, PkSaverStats *ret_stats)
{
  if (!self->saver)
    {
      *ret_stats = (PkSaverStats){ 0 };
      return;
    }
  pk_saver_tick(self->saver, self->engine);
  pk_saver_take_stats(self->saver, ret_stats);
}

PkEngine *
pk_state_engine(PkState *self)
{
  return self->engine;
}

const PkStats *
pk_state_before(PkState *self)
{
  return &self->before;
}

const gchar *
pk_state_origin(PkState *self)
{
  return self->origin;
}
