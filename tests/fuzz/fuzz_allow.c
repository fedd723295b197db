/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/allow.h"
#include "fuzz/fuzz.h"
#include "scan/slice.h"

/* The file of an allow list: either a list, in which each search ends, or an
 * error that is text. */

static void
_mark(const PkAllow *list, const uint8_t *data, size_t size)
{
  static PkEvent event;

  pk_event_init(&event);
  event.has = PK_HAS_SOURCE | PK_HAS_DEST;
  for (gsize i = 0; i < sizeof(event.source.bytes); i++)
    {
      event.source.bytes[i] = size ? data[i % size] : 0;
      event.dest.bytes[i] = size ? data[size - 1 - i % size] : 0;
    }
  if (pk_allow_mark(list, &event, 0))
    g_assert_true(event.texts[PK_TEXT_ALLOWED].len > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  GError *error = NULL;
  PkAllow *list = pk_allow_new_from_text("x", pk_slice((const gchar *) data, size), &error);

  g_assert_true((list != NULL) == (error == NULL));
  if (list)
    {
      g_assert_true(pk_allow_count(list) <= size);
      _mark(list, data, size);
      pk_allow_unref(list);
    }
  else
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
  g_clear_error(&error);
  return 0;
}
