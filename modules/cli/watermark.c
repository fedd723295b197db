/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/watermark.h"

#define JUMP_USEC (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)
#define AGREEMENT_USEC (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)

static gboolean
_is_believed(const PkWatermark *self, gint64 event_usec)
{
  if (self->usec == 0 || event_usec - self->usec <= JUMP_USEC)
    return TRUE;
  return self->jump_usec != 0 && ABS(event_usec - self->jump_usec) <= AGREEMENT_USEC;
}

gint64
pk_watermark_advance(PkWatermark *self, gint64 event_usec)
{
  if (_is_believed(self, event_usec))
    {
      self->usec = MAX(self->usec, event_usec);
      self->jump_usec = 0;
    }
  else
    self->jump_usec = event_usec;
  return self->usec;
}
