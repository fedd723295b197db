/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "port-knock/pk-dialect.h"

/* References into the text buffer are 16 bits wide. */
G_STATIC_ASSERT(PK_EVENT_TEXT_BYTES <= G_MAXUINT16);
/* pk_event_init() clears what comes before, in parts of at most 64 bytes. */
G_STATIC_ASSERT(G_STRUCT_OFFSET(PkEvent, has) <= 64);
G_STATIC_ASSERT(G_STRUCT_OFFSET(PkEvent, source) - G_STRUCT_OFFSET(PkEvent, has) <= 64);
G_STATIC_ASSERT(G_STRUCT_OFFSET(PkEvent, text_used) ==
                G_STRUCT_OFFSET(PkEvent, texts) + PK_N_TEXTS * sizeof(PkTextRef));
G_STATIC_ASSERT(G_STRUCT_OFFSET(PkEvent, text) == G_STRUCT_OFFSET(PkEvent, text_used) + sizeof(guint16));

/* In parts: of more than 64 bytes at once gcc makes "rep stos", which takes longer to
 * begin than these to end. */
void
pk_event_init(PkEvent *self)
{
  memset(self, 0, G_STRUCT_OFFSET(PkEvent, has));
  memset(&self->has, 0, G_STRUCT_OFFSET(PkEvent, source) - G_STRUCT_OFFSET(PkEvent, has));
  memset(&self->source, 0, G_STRUCT_OFFSET(PkEvent, texts) - G_STRUCT_OFFSET(PkEvent, source));
  memset(self->texts, 0, sizeof(self->texts));
  self->text_used = 0;
  self->count = 1;
}

static gsize
_text_bytes_max(PkTextId id)
{
  return id == PK_TEXT_COMMAND_LINE || id == PK_TEXT_PARENT_COMMAND_LINE ? PK_COMMAND_LINE_BYTES_MAX
                                                                         : PK_SHORT_TEXT_BYTES_MAX;
}

void
pk_event_set_text(PkEvent *self, PkTextId id, const gchar *data, gsize len)
{
  PkTextRef *ref = &self->texts[id];

  if (ref->len || !len)
    return;
  len = MIN(len, _text_bytes_max(id));
  len = MIN(len, (gsize) (PK_EVENT_TEXT_BYTES - self->text_used));
  memcpy(self->text + self->text_used, data, len);
  ref->offset = self->text_used;
  ref->len = (guint16) len;
  self->text_used += (guint16) len;
}

PkSlice
pk_event_get_text(const PkEvent *self, PkTextId id)
{
  return (PkSlice){ self->text + self->texts[id].offset, self->texts[id].len };
}
