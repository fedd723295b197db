/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Fits a level 2 cache, and a system call for it costs nothing beside its lines. */
#define BUFFER_BYTES (256 * 1024)
/* So many bytes without a newline are a line that is too long, even if the next two were its CR LF. */
#define ENDLESS_BYTES (PK_LINE_BYTES_MAX + 2)

G_STATIC_ASSERT(ENDLESS_BYTES < BUFFER_BYTES / 2);

/* One open file and what of it is in the reader's buffer. */
typedef struct _PkInput
{
  gint fd;
  gsize begin;       /* of the line that is not handed on yet */
  gsize end;         /* of the bytes read */
  gsize searched;    /* no newline between begin and here */
  gboolean skipping; /* the rest of a line that was cut */
} PkInput;

void
pk_reader_init(PkReader *self, PkLineFunc line_func, PkIdleFunc idle_func, gpointer user_data)
{
  *self = (PkReader){ .line_func = line_func, .idle_func = idle_func, .user_data = user_data };
  self->buffer = g_malloc(BUFFER_BYTES);
}

void
pk_reader_clear(PkReader *self)
{
  g_free(self->buffer);
}

static void
_hand_on(PkReader *self, const gchar *data, gsize len)
{
  if (len > 0 && data[len - 1] == '\r')
    len--;
  if (len > PK_LINE_BYTES_MAX)
    {
      len = PK_LINE_BYTES_MAX;
      self->cut++;
    }
  self->lines++;
  if (!self->line_func((PkSlice){ data, len }, self->user_data))
    self->stopped = TRUE;
}

/* The line ends before stop and the next one begins at next. */
static void
_end_line(PkReader *self, PkInput *input, gsize stop, gsize next)
{
  if (!input->skipping)
    _hand_on(self, self->buffer + input->begin, stop - input->begin);
  input->skipping = FALSE;
  input->begin = input->searched = next;
}

static void
_cut_endless_line(PkReader *self, PkInput *input)
{
  if (!input->skipping && input->end - input->begin < ENDLESS_BYTES)
    return;

  if (!input->skipping)
    _hand_on(self, self->buffer + input->begin, ENDLESS_BYTES);
  input->skipping = TRUE;
  input->begin = input->searched = input->end;
}

static void
_split(PkReader *self, PkInput *input)
{
  while (!self->stopped)
    {
      const gchar *newline = memchr(self->buffer + input->searched, '\n', input->end - input->searched);

      if (!newline)
        break;
      _end_line(self, input, newline - self->buffer, newline - self->buffer + 1);
    }
  input->searched = input->end;
  if (!self->stopped)
    _cut_endless_line(self, input);
}

static void
_make_room(PkReader *self, PkInput *input)
{
  gsize kept = input->end - input->begin;

  memmove(self->buffer, self->buffer + input->begin, kept);
  input->begin = 0;
  input->end = input->searched = kept;
}

/* A terminal or pipe that is shared with another program may be non-blocking. */
static gssize
_read_waiting(gint fd, gchar *buffer, gsize len)
{
  struct pollfd wait = { .fd = fd, .events = POLLIN };
  gssize got;

  while ((got = read(fd, buffer, len)) < 0)
    {
      if (errno == EAGAIN)
        poll(&wait, 1, -1);
      else if (errno != EINTR)
        break;
    }
  return got;
}

/* Bytes read, 0 at the end of the file, -1 with errno set. */
static gssize
_fill(PkReader *self, PkInput *input)
{
  gssize got;

  if (!self->idle_func(self->user_data))
    {
      self->stopped = TRUE;
      return 0;
    }
  _make_room(self, input);
  got = _read_waiting(input->fd, self->buffer + input->end, BUFFER_BYTES - input->end);
  if (got > 0)
    input->end += got;
  return got;
}

/* 0, or errno. */
static gint
_read_lines(PkReader *self, gint fd)
{
  PkInput input = { .fd = fd };
  gssize got;

  while (!self->stopped && (got = _fill(self, &input)) != 0)
    {
      if (got < 0)
        return errno;
      _split(self, &input);
    }
  if (!self->stopped && input.end > input.begin)
    {
      _end_line(self, &input, input.end, input.end);
      /* To open the next one may be to wait. */
      if (!self->idle_func(self->user_data))
        self->stopped = TRUE;
    }
  return 0;
}

static gint
_read_path(PkReader *self, const gchar *path)
{
  gint fd, error;

  if (strcmp(path, "-") == 0)
    return _read_lines(self, STDIN_FILENO);

  fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return errno;
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  error = _read_lines(self, fd);
  close(fd);
  return error;
}

gboolean
pk_reader_read(PkReader *self, const gchar *path, GError **error)
{
  guint64 lines_before = self->lines;
  gint failure = _read_path(self, path);

  if (failure == 0 || self->lines > lines_before)
    self->inputs++;
  if (failure == 0)
    return TRUE;

  self->failed++;
  g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(failure), "%s: %s",
              strcmp(path, "-") == 0 ? "standard input" : path, g_strerror(failure));
  return FALSE;
}
