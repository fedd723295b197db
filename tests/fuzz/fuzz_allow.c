/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/allow.h"
#include "fuzz/fuzz.h"
#include "scan/address.h"
#include "scan/slice.h"

/* The file of an allow list: either a list, in which each search ends, or an
 * error that is text. */

static void
_mark(const PkAllow *list, PkAddr source, PkAddr dest)
{
  static PkEvent event;

  pk_event_init(&event);
  event.has = PK_HAS_SOURCE | PK_HAS_DEST;
  event.source = source;
  event.dest = dest;
  if (pk_allow_mark(list, &event, 0))
    g_assert_true(event.texts[PK_TEXT_ALLOWED].len > 0);
}

/* Addresses of the seeds, and one of each input. */
static void
_mark_all(const PkAllow *list, const uint8_t *data, size_t size)
{
  static const gchar *const texts[] = { "192.0.2.1", "198.51.100.7", "203.0.113.5", "10.1.2.3", "2001:db8::1" };
  PkAddr addrs[G_N_ELEMENTS(texts) + 1];

  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    g_assert_true(pk_addr_parse(pk_slice_from_string(texts[i]), &addrs[i]));
  for (gsize i = 0; i < sizeof(addrs[0].bytes); i++)
    addrs[G_N_ELEMENTS(texts)].bytes[i] = size ? data[i % size] : 0;
  for (gsize i = 0; i < G_N_ELEMENTS(addrs); i++)
    for (gsize j = 0; j < G_N_ELEMENTS(addrs); j++)
      _mark(list, addrs[i], addrs[j]);
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
      _mark_all(list, data, size);
      pk_allow_unref(list);
    }
  else
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
  g_clear_error(&error);
  return 0;
}
