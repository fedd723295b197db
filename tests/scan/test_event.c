/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "port-knock/pk-dialect.h"
#include "scan/slice.h"

static gchar bytes[PK_EVENT_TEXT_BYTES + 1];

Test(event, the_first_text_for_an_id_wins)
{
  static PkEvent event;

  pk_event_init(&event);
  cr_expect_eq(event.count, 1);
  cr_expect_eq(pk_event_get_text(&event, PK_TEXT_DOOR).len, 0);
  pk_event_set_text(&event, PK_TEXT_DOOR, "", 0);
  pk_event_set_text(&event, PK_TEXT_DOOR, "openSSH", 7);
  pk_event_set_text(&event, PK_TEXT_DOOR, "other", 5);
  cr_expect(pk_slice_equals(pk_event_get_text(&event, PK_TEXT_DOOR), PK_SLICE("openSSH")));
}

Test(event, a_text_is_cut_to_what_is_permitted_for_it)
{
  static PkEvent event;

  pk_event_init(&event);
  pk_event_set_text(&event, PK_TEXT_USER, bytes, sizeof(bytes));
  pk_event_set_text(&event, PK_TEXT_COMMAND_LINE, bytes, sizeof(bytes));
  cr_expect_eq(pk_event_get_text(&event, PK_TEXT_USER).len, PK_SHORT_TEXT_BYTES_MAX);
  cr_expect_eq(pk_event_get_text(&event, PK_TEXT_COMMAND_LINE).len, PK_COMMAND_LINE_BYTES_MAX);
}

Test(event, all_texts_at_their_longest_fit)
{
  static PkEvent event;

  pk_event_init(&event);
  for (guint id = 0; id < PK_N_TEXTS; id++)
    pk_event_set_text(&event, (PkTextId) id, bytes, sizeof(bytes));
  for (guint id = 0; id < PK_N_TEXTS; id++)
    cr_expect(pk_event_get_text(&event, (PkTextId) id).len >= PK_SHORT_TEXT_BYTES_MAX, "text %u", id);
  cr_expect_leq(event.text_used, PK_EVENT_TEXT_BYTES);
}
