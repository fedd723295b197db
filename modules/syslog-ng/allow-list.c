/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "allow-list.h"

static void
_free_kept(gpointer list)
{
  pk_allow_unref(list);
}

static gchar *
_persist_key(const PkOptions *options)
{
  return g_strdup_printf("port-knock.allow-file(%s)", options->allow_file);
}

/* Takes over list. */
static void
_leave(LogPipe *owner, const PkOptions *options, PkAllow *list)
{
  gchar *key = _persist_key(options);

  pk_sng_persist_add(log_pipe_get_config(owner), key, list, _free_kept);
  g_free(key);
}

/* Takes away what was left; NULL: nothing was. */
static PkAllow *
_fetch(LogPipe *owner, const PkOptions *options)
{
  PkAllow *list;
  gchar *key;

  if (!options->allow_file)
    return NULL;
  key = _persist_key(options);
  list = cfg_persist_config_fetch(log_pipe_get_config(owner), key);
  g_free(key);
  return list;
}

static void
_tell(LogPipe *owner, const PkAllow *list, const GError *reason)
{
  msg_error("port-knock: the allow list cannot be read, the list read earlier stays in force",
            evt_tag_str("reason", reason->message), evt_tag_printf("entries", "%" G_GSIZE_FORMAT, pk_allow_count(list)),
            log_pipe_location_tag(owner));
}

static PkAllow *
_fall_back(LogPipe *owner, const PkOptions *options, GError *reason, GError **error)
{
  PkAllow *earlier = _fetch(owner, options), *list = NULL;

  if (!earlier)
    {
      g_propagate_error(error, reason);
      return NULL;
    }
  list = pk_allow_new_keeping(options, earlier, error);
  /* Where it was, for a parser with the same file, and if this reload fails. */
  _leave(owner, options, earlier);
  if (list)
    _tell(owner, list, reason);
  g_error_free(reason);
  return list;
}

PkAllow *
pk_allow_list_acquire(LogPipe *owner, const PkOptions *options, GError **error)
{
  GError *reason = NULL;
  PkAllow *list = pk_allow_new(options, &reason);

  return list ? list : _fall_back(owner, options, reason, error);
}

/* Of several parsers with one file the last leaves its list. */
void
pk_allow_list_release(PkAllow *self, LogPipe *owner, const PkOptions *options)
{
  PkAllow *other;

  if (!options->allow_file)
    {
      pk_allow_unref(self);
      return;
    }
  other = _fetch(owner, options);
  if (other)
    pk_allow_unref(other);
  _leave(owner, options, self);
}
