/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/output.h"

#include <errno.h>
#include <unistd.h>

#define FULL_BYTES 65536

void
pk_output_init(PkOutput *self, gint fd)
{
  self->fd = fd;
  self->pending = g_string_sized_new(2 * FULL_BYTES);
  self->error = 0;
}

void
pk_output_clear(PkOutput *self)
{
  g_string_free(self->pending, TRUE);
}

static gboolean
_write_all(PkOutput *self, const gchar *data, gsize len)
{
  while (len > 0)
    {
      gssize written = write(self->fd, data, len);

      if (written < 0 && errno != EINTR)
        {
          self->error = errno;
          return FALSE;
        }
      if (written > 0)
        {
          data += written;
          len -= written;
        }
    }
  return TRUE;
}

gboolean
pk_output_flush(PkOutput *self)
{
  if (self->error == 0)
    _write_all(self, self->pending->str, self->pending->len);
  g_string_truncate(self->pending, 0);
  return self->error == 0;
}

gboolean
pk_output_flush_full(PkOutput *self)
{
  return self->pending->len < FULL_BYTES ? self->error == 0 : pk_output_flush(self);
}

gboolean
pk_output_report(const PkOutput *self)
{
  if (self->error != 0 && self->error != EPIPE)
    g_printerr("port-knock: standard output: %s\n", g_strerror(self->error));
  return self->error == 0;
}
