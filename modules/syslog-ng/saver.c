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
  guint64 bytes;
  GError *error;
  gint done; /* atomic */
} Job;

struct _PkSaver
{
  LogPipe *owner; /* borrowed */
  gchar *path, *machine;
  gint64 interval_usec; /* 0: only at stop */
  gint64 saved_usec;
  gint64 again_usec; /* monotonic; when what was loaded is saved again; 0: it was, or nothing was loaded */
  Job *job;          /* NULL: none is under way */
  gchar *told;       /* why the last save failed; NULL: it did not */
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

static const gchar *
_name(const PkSaver *self)
{
  return ((LogParser *) self->owner)->name;
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
                evt_tag_str("parser", _name(self)), evt_tag_str("folder", folder),
                evt_tag_str("reason", g_strerror(errno)), log_pipe_location_tag(self->owner));
  g_free(inside);
}

PkSaver *
pk_saver_new(LogPipe *owner, const gchar *key, const PkOptions *options, gint64 saved_usec)
{
  gchar *folder = _choose_folder(owner, options), *name;
  PkSaver *self;

  if (!folder)
    return NULL;
  name = _format_name(key);
  self = g_new0(PkSaver, 1);
  self->owner = owner;
  self->path = g_build_filename(folder, name, NULL);
  self->machine = _read_machine();
  self->interval_usec = options->save_interval_seconds * G_USEC_PER_SEC;
  self->saved_usec = saved_usec;
  if (!saved_usec)
    self->saved_usec = g_get_monotonic_time() - MAX(self->interval_usec - FIRST_SAVE_USEC, 0);
  _check_folder(self, folder);
  g_free(name);
  g_free(folder);
  return self;
}

void
pk_saver_free(PkSaver *self)
{
  if (!self)
    return;
  pk_saver_wait(self);
  g_free(self->path);
  g_free(self->machine);
  g_free(self->told);
  g_free(self);
}

gint64
pk_saver_saved_usec(const PkSaver *self)
{
  return self->saved_usec;
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

  pk_state_set_aside(self->path, &aside, &error);
  msg_warning("port-knock: the state file cannot be used, and the parser starts without what it knew. Where it was "
              "kept aside it may be looked at, or removed",
              evt_tag_str("parser", _name(self)), evt_tag_str("file", self->path),
              evt_tag_str("reason", reason->message), evt_tag_str("aside", aside ? aside : error->message),
              log_pipe_location_tag(self->owner));
  g_clear_error(&error);
  g_free(aside);
}

PkEngine *
pk_saver_load(PkSaver *self, const PkOptions *options)
{
  GError *error = NULL;
  PkEngine *engine = pk_engine_new_from_file(options, self->path, pk_slice_from_string(self->machine), &error);

  /* What is no fault of the file will be told by whoever makes a new engine. */
  if (error && error->domain == PK_STATE_ERROR && error->code != PK_STATE_ERROR_NONE)
    _put_aside(self, error);
  if (engine)
    self->again_usec = g_get_monotonic_time() + FIRST_SAVE_USEC;
  g_clear_error(&error);
  return engine;
}

/* ---- saving -------------------------------------------------------------------- */

static void
_run(Job *self)
{
  pk_engine_save(self->engine, self->path, self->machine, &self->bytes, &self->error);
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
      evt_tag_str("parser", _name(self)), evt_tag_str("file", self->path), evt_tag_str("reason", reason),
      log_pipe_location_tag(self->owner));
}

static void
_tell_success(PkSaver *self)
{
  if (!self->told)
    return;
  g_clear_pointer(&self->told, g_free);
  msg_notice("port-knock: state is saved again", evt_tag_str("parser", _name(self)), evt_tag_str("file", self->path),
             log_pipe_location_tag(self->owner));
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

static void
_begin(PkSaver *self, PkEngine *engine)
{
  Job *job = _new_job(self, engine);

  job->thread = g_thread_try_new("pk-saver", _run_on_thread, job, &job->error);
  if (job->thread)
    self->job = job;
  else
    _finish(self, job);
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
  if (!self->job && _is_due(self))
    _begin(self, engine);
}

void
pk_saver_save(PkSaver *self, PkEngine *engine)
{
  Job *job;

  pk_saver_wait(self);
  job = _new_job(self, engine);
  _run(job);
  _finish(self, job);
}
