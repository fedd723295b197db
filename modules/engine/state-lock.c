/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include "engine/state-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct _PkStateLock
{
  gint fd;
};

/* One that was removed or replaced after it was opened locks nobody out. */
static gboolean
_is_still_there(gint fd, const gchar *path)
{
  struct stat opened, named;

  return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

static gboolean
_take(gint fd, const gchar *path, GError **error)
{
  while (flock(fd, LOCK_EX | LOCK_NB) != 0)
    {
      if (errno == EINTR)
        continue;
      if (errno != EWOULDBLOCK)
        return pk_state_report(error, "cannot lock", path);
      g_set_error(error, PK_STATE_ERROR, PK_STATE_ERROR_LOCKED, "another process has locked %s", path);
      return FALSE;
    }
  if (_is_still_there(fd, path))
    return TRUE;
  errno = ESTALE;
  return pk_state_report(error, "cannot lock", path);
}

/* -1: it could not be had. */
static gint
_open_and_take(const gchar *path, GError **error)
{
  gint fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, S_IRUSR | S_IWUSR);

  if (fd < 0)
    {
      pk_state_report(error, "cannot create", path);
      return -1;
    }
  if (_take(fd, path, error))
    return fd;
  close(fd);
  return -1;
}

PkStateLock *
pk_state_lock_new(const gchar *path, GError **error)
{
  gchar *beside = g_strconcat(path, ".lock", NULL);
  gint fd = _open_and_take(beside, error);
  PkStateLock *self = NULL;

  if (fd >= 0)
    {
      self = g_new0(PkStateLock, 1);
      self->fd = fd;
    }
  g_free(beside);
  return self;
}

void
pk_state_lock_free(PkStateLock *self)
{
  if (!self)
    return;
  close(self->fd);
  g_free(self);
}
