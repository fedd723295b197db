/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "saver.h"

#include "scan/slice.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* Tells machines apart; see machine-id(5).  Where there is none, the file may be of any. */
#define MACHINE_FILE "/etc/machine-id"
/* The first save comes so soon after a start: what was due at the stop is out by then, and must not be in the file
 * any more; and a folder that does not take it is told while somebody watches. */
#define FIRST_SAVE_USEC (2 * (gint64) G_USEC_PER_SEC)
/* Of a key, in the file's name; the rest of a longer one is told by a hash. */
#define NAME_BYTES_MAX 160
#define NAME_HASH_CHARS 16

/* One save, on a thread of its own. */
typedef struct _Job
{
  GThread *thread;
  PkEngine *engine;
  const gchar *path; /* borrowed, as all of the saver's while the thread runs */
  PkSlice machine;
  gint64 now_usec;
  guint64 changes; /* of the engine, before */
  guint64 bytes;
  GError *error;
  gint done; /* atomic */
} Job;

/* Of changes, where nothing of an engine was saved yet. */
#define NOTHING_SAVED G_MAXUINT64

struct _PkSaver
{
  guint ref_count;
  LogPipe *owner; /* borrowed; NULL: between two configurations, or after the last one that had it */
  gchar *name;    /* of the parser */
  gchar *path, *machine;
  PkStateLock *lock;    /* NULL: it could not be had yet */
  gboolean locked_out;  /* somebody else owns the file */
  gboolean is_unread;   /* there is a file that could not be read */
  gint64 interval_usec; /* 0: only at stop */
  gint64 saved_usec;
  gint64 again_usec;     /* monotonic; when what was loaded is saved again; 0: it was, or nothing was loaded */
  guint64 saved_changes; /* of the engine, when it was saved last */
  Job *job;              /* NULL: none is under way */
  gchar *told;           /* why the last save failed; NULL: it did not */
  PkSaverStats stats;
};

/* ---- names ------------------------------------------------------------------- */

/* The name of a parser may hold anything. */
static gchar *
_format_name(const gchar *key)
{
  gchar *escaped = g_uri_escape_string(key, "#", FALSE), *hash, *name;

  if (strlen(escaped) > NAME_BYTES_MAX)
    {
      hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
      name = g_strdup_printf("port-knock-%.*s-%.*s.state", NAME_BYTES_MAX, escaped, NAME_HASH_CHARS, hash);
      g_free(hash);
    }
  else
    name = g_strdup_printf("port-knock-%s.state", escaped);
  g_free(escaped);
  return name;
}

static gchar *
_choose_folder(LogPipe *owner, const PkOptions *options)
{
  PersistState *persist = log_pipe_get_config(owner)->state;

  if (options->state_file)
    return g_strdup(options->state_file);
  return persist ? g_path_get_dirname(persist_state_get_filename(persist)) : NULL;
}

static gchar *
_read_machine(void)
{
  gchar *text;

  if (!g_file_get_contents(MACHINE_FILE, &text, NULL, NULL))
    return g_strdup("");
  return g_strstrip(text);
}

/* Ends the tags of a message. */
static EVTTAG *
_location_tag(const PkSaver *self)
{
  return self->owner ? log_pipe_location_tag(self->owner) : NULL;
}

/* ---- one owner ----------------------------------------------------------------- */

static void
_tell_locked_out(PkSaver *self, const gchar *reason)
{
  g_free(self->told);
  self->told = g_strdup(reason);
  msg_warning("port-knock: another syslog-ng saves state in this file, so this one neither reads nor writes it, and "
              "will lose at a restart what it knows. Name a folder of its own for each in state-file(), and reload",
              evt_tag_str("parser", self->name), evt_tag_str("file", self->path), evt_tag_str("reason", reason),
              _location_tag(self));
}

/* Whoever is locked out stays so until a reload: should the file become free before, it holds what its owner knew at
 * its stop, and will read at its start. */
static gboolean
_own(PkSaver *self, GError **error)
{
  GError *reason = NULL;

  self->locked_out = FALSE;
  self->lock = pk_state_lock_new(self->path, &reason);
  if (self->lock)
    return TRUE;
  self->locked_out = g_error_matches(reason, PK_STATE_ERROR, PK_STATE_ERROR_LOCKED);
  if (self->locked_out)
    _tell_locked_out(self, reason->message);
  g_propagate_error(error, reason);
  return FALSE;
}

/* ---- life -------------------------------------------------------------------- */

static void
_check_folder(PkSaver *self, const gchar *folder)
{
  /* "/." makes a file that is no folder an error. */
  gchar *inside = g_strconcat(folder, "/.", NULL);

  if (g_access(inside, W_OK | X_OK) != 0)
    msg_warning("port-knock: state cannot be saved in this folder, and will be lost at a restart. Make it a folder "
                "that syslog-ng may write to, or name another one in state-file()",
                evt_tag_str("parser", self->name), evt_tag_str("folder", folder),
                evt_tag_str("reason", g_strerror(errno)), _location_tag(self));
  g_free(inside);
}

static PkSaver *
_new(const gchar *path, const PkOptions *options)
{
  PkSaver *self = g_new0(PkSaver, 1);

  self->ref_count = 1;
  self->path = g_strdup(path);
  self->machine = _read_machine();
  self->saved_usec = g_get_monotonic_time() - MAX(options->save_interval_seconds * G_USEC_PER_SEC - FIRST_SAVE_USEC, 0);
  return self;
}

/* state-file() is another than before: all is to be saved there, when it would have been here. */
static PkSaver *
_new_elsewhere(PkSaver *last, const gchar *path, const PkOptions *options)
{
  PkSaver *self = _new(path, options);

  self->saved_changes = NOTHING_SAVED;
  self->saved_usec = last->saved_usec;
  self->stats = last->stats;
  return self;
}

static PkSaver *
_choose(PkSaver *last, const gchar *path, const PkOptions *options)
{
  if (!last)
    return _new(path, options);
  return strcmp(last->path, path) == 0 ? pk_saver_ref(last) : _new_elsewhere(last, path, options);
}

PkSaver *
pk_saver_attach(PkSaver *last, LogPipe *owner, const gchar *key, const PkOptions *options)
{
  gchar *folder = _choose_folder(owner, options), *name, *path;
  PkSaver *self;

  if (!folder)
    return NULL;
  name = _format_name(key);
  path = g_build_filename(folder, name, NULL);
  self = _choose(last, path, options);
  self->owner = owner;
  g_free(self->name);
  self->name = g_strdup(((LogParser *) owner)->name);
  self->interval_usec = options->save_interval_seconds * G_USEC_PER_SEC;
  _check_folder(self, folder);
  if (!self->lock)
    _own(self, NULL);
  g_free(path);
  g_free(name);
  g_free(folder);
  return self;
}

void
pk_saver_detach(PkSaver *self)
{
  if (!self)
    return;
  pk_saver_wait(self);
  self->owner = NULL;
}

PkSaver *
pk_saver_ref(PkSaver *self)
{
  if (self)
    self->ref_count++;
  return self;
}

void
pk_saver_unref(PkSaver *self)
{
  if (!self || --self->ref_count)
    return;
  pk_saver_wait(self);
  pk_state_lock_free(self->lock);
  g_free(self->name);
  g_free(self->path);
  g_free(self->machine);
  g_free(self->told);
  g_free(self);
}

gboolean
pk_saver_is_shared(const PkSaver *self)
{
  return self->ref_count > 1;
}

void
pk_saver_take_stats(PkSaver *self, PkSaverStats *ret_stats)
{
  *ret_stats = self->stats;
  self->stats.saves = self->stats.failed = 0;
}

/* ---- loading ------------------------------------------------------------------ */

static void
_put_aside(PkSaver *self, const GError *reason)
{
  GError *error = NULL;
  gchar *aside = NULL;

  pk_state_set_aside(self->path, ".refused", &aside, &error);
  msg_warning("port-knock: the state file cannot be used, and the parser starts without what it knew. Where it was "
              "kept aside it may be looked at, or removed",
              evt_tag_str("parser", self->name), evt_tag_str("file", self->path),
              evt_tag_str("reason", reason->message), evt_tag_str("aside", aside ? aside : error->message),
              _location_tag(self));
  g_clear_error(&error);
  g_free(aside);
}

/* It may be a good one.  Until there is something to save it stays where it is, for the next start to read. */
static void
_leave_unread(PkSaver *self, const GError *reason)
{
  self->is_unread = TRUE;
  self->saved_usec = g_get_monotonic_time();
  msg_warning("port-knock: the state file could not be read, and the parser starts without what it knew. It stays as "
              "it is until there is something to save, and is kept with \".unread\" behind its name then",
              evt_tag_str("parser", self->name), evt_tag_str("file", self->path),
              evt_tag_str("reason", reason->message), _location_tag(self));
}

/* What is no fault of the file will be told by whoever makes a new engine. */
static void
_look_at(PkSaver *self, const GError *error)
{
  if (g_error_matches(error, PK_STATE_ERROR, PK_STATE_ERROR_REFUSED))
    _put_aside(self, error);
  else if (g_error_matches(error, PK_STATE_ERROR, PK_STATE_ERROR_IO))
    _leave_unread(self, error);
}

PkEngine *
pk_saver_load(PkSaver *self, const PkOptions *options)
{
  GError *error = NULL;
  PkEngine *engine;

  if (self->locked_out)
    return NULL;
  engine = pk_engine_new_from_file(options, self->path, pk_slice_from_string(self->machine), g_get_real_time(), &error);
  if (engine)
    {
      self->again_usec = g_get_monotonic_time() + FIRST_SAVE_USEC;
      self->saved_changes = pk_engine_count_changes(engine);
    }
  else
    _look_at(self, error);
  g_clear_error(&error);
  return engine;
}

/* ---- saving -------------------------------------------------------------------- */

static void
_run(Job *self)
{
  pk_engine_save(self->engine, self->path, self->machine, self->now_usec, &self->bytes, &self->error);
}

static gpointer
_run_on_thread(gpointer user_data)
{
  Job *self = user_data;

  _run(self);
  g_atomic_int_set(&self->done, TRUE);
  return NULL;
}

static Job *
_new_job(PkSaver *self, PkEngine *engine)
{
  Job *job = g_new0(Job, 1);

  job->engine = pk_engine_ref(engine);
  job->path = self->path;
  job->machine = pk_slice_from_string(self->machine);
  job->now_usec = g_get_real_time();
  job->changes = pk_engine_count_changes(engine);
  return job;
}

static void
_tell_failure(PkSaver *self, const gchar *reason)
{
  if (g_strcmp0(self->told, reason) == 0)
    return;
  g_free(self->told);
  self->told = g_strdup(reason);
  msg_warning(
      "port-knock: state could not be saved, and what came since the last save would be lost at a restart. Make "
      "room or change permissions there, or name another folder in state-file()",
      evt_tag_str("parser", self->name), evt_tag_str("file", self->path), evt_tag_str("reason", reason),
      _location_tag(self));
}

static void
_tell_success(PkSaver *self)
{
  if (!self->told)
    return;
  g_clear_pointer(&self->told, g_free);
  msg_notice("port-knock: state is saved again", evt_tag_str("parser", self->name), evt_tag_str("file", self->path),
             _location_tag(self));
}

static void
_finish(PkSaver *self, Job *job)
{
  if (job->error)
    {
      self->stats.failed++;
      _tell_failure(self, job->error->message);
    }
  else
    {
      self->stats.saves++;
      self->stats.bytes = job->bytes;
      self->saved_changes = job->changes;
      _tell_success(self);
    }
  self->saved_usec = g_get_monotonic_time();
  pk_engine_unref(job->engine);
  g_clear_error(&job->error);
  g_free(job);
}

void
pk_saver_wait(PkSaver *self)
{
  Job *job = g_steal_pointer(&self->job);

  if (!job)
    return;
  g_thread_join(job->thread);
  _finish(self, job);
}

static gboolean
_keep_unread(PkSaver *self, GError **error)
{
  gchar *aside = NULL;

  if (self->is_unread && g_access(self->path, F_OK) == 0 && !pk_state_set_aside(self->path, ".unread", &aside, error))
    return FALSE;
  self->is_unread = FALSE;
  g_free(aside);
  return TRUE;
}

/* Whatever has to be so before the file may be written. */
static gboolean
_prepare(PkSaver *self, GError **error)
{
  if (self->locked_out)
    {
      g_set_error_literal(error, PK_STATE_ERROR, PK_STATE_ERROR_LOCKED, self->told);
      return FALSE;
    }
  return (self->lock || _own(self, error)) && _keep_unread(self, error);
}

static void
_begin(PkSaver *self, PkEngine *engine)
{
  Job *job = _new_job(self, engine);

  if (_prepare(self, &job->error))
    job->thread = g_thread_try_new("pk-saver", _run_on_thread, job, &job->error);
  if (job->thread)
    self->job = job;
  else
    _finish(self, job);
}

/* An idle relay does not write to its disk. */
static gboolean
_has_changed(const PkSaver *self, PkEngine *engine)
{
  return pk_engine_count_changes(engine) != self->saved_changes;
}

/* What was due when the file was written is told after a start, and has to leave the file, or a crash tells it
 * again: that save comes also where no other one is wanted before the stop. */
static gboolean
_is_due(PkSaver *self)
{
  gint64 now_usec = g_get_monotonic_time();

  if (self->again_usec && now_usec >= self->again_usec)
    {
      self->again_usec = 0;
      return TRUE;
    }
  return self->interval_usec && now_usec - self->saved_usec >= self->interval_usec;
}

void
pk_saver_tick(PkSaver *self, PkEngine *engine)
{
  if (self->job && g_atomic_int_get(&self->job->done))
    pk_saver_wait(self);
  if (!self->job && _is_due(self) && _has_changed(self, engine))
    _begin(self, engine);
}

void
pk_saver_save(PkSaver *self, PkEngine *engine)
{
  Job *job;

  pk_saver_wait(self);
  if (!_has_changed(self, engine))
    return;
  job = _new_job(self, engine);
  if (_prepare(self, &job->error))
    _run(job);
  _finish(self, job);
}
