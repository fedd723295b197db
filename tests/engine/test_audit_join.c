/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "port-knock/pk-engine.h"
#include "scan/slice.h"

#define SECOND ((gint64) G_USEC_PER_SEC)

static PkAuditJoin *join;

static void
_begin(void)
{
  join = pk_audit_join_new();
}

static void
_end(void)
{
  pk_audit_join_free(join);
}

TestSuite(audit_join, .init = _begin, .fini = _end);

static void
_init_record(PkEvent *event, guint64 record, gint64 time_usec)
{
  pk_event_init(event);
  event->record = record;
  event->time_usec = time_usec;
  event->has = PK_HAS_RECORD;
}

static void
_take_caller(guint64 record, gint64 time_usec, const gchar *host, const gchar *image, gint64 arrival_usec)
{
  PkEvent event;

  _init_record(&event, record, time_usec);
  pk_event_set_text(&event, PK_TEXT_IMAGE, image, strlen(image));
  pk_event_set_text(&event, PK_TEXT_USER, "uid=0", 5);
  pk_audit_join_take(join, &event, pk_slice_from_string(host), arrival_usec);
}

static void
_expect_image(guint64 record, gint64 time_usec, const gchar *host, const gchar *image, gint64 arrival_usec)
{
  PkEvent event;
  PkSlice found;

  _init_record(&event, record, time_usec);
  event.kind = PK_EVENT_KNOCK_CLIENT;
  pk_audit_join_take(join, &event, pk_slice_from_string(host), arrival_usec);
  found = pk_event_get_text(&event, PK_TEXT_IMAGE);
  cr_expect(pk_slice_equals(found, pk_slice_from_string(image)), "image is \"%.*s\", not \"%s\"", (int) found.len,
            found.data, image);
  cr_expect_eq(pk_event_get_text(&event, PK_TEXT_USER).len, *image ? 5 : 0);
}

Test(audit_join, a_command_gets_what_the_record_of_the_same_number_said)
{
  PkAuditJoinStats stats;

  _take_caller(49, SECOND, "web1", "/usr/bin/knock", SECOND);
  _expect_image(49, SECOND, "web1", "/usr/bin/knock", SECOND);
  _expect_image(49, SECOND, "web1", "/usr/bin/knock", 2 * SECOND);
  pk_audit_join_get_stats(join, &stats);
  cr_expect_eq(stats.kept, 1);
  cr_expect_eq(stats.joined, 2);
  cr_expect_eq(stats.evicted, 0);
  cr_expect_eq(stats.missed, 0);
}

Test(audit_join, another_host_number_or_time_is_another_event)
{
  _take_caller(49, SECOND, "web1", "/usr/bin/knock", SECOND);
  _expect_image(49, SECOND, "web2", "", SECOND);
  _expect_image(50, SECOND, "web1", "", SECOND);
  _expect_image(49, SECOND + 1000, "web1", "", SECOND);
  _expect_image(49, SECOND, "", "", SECOND);
}

Test(audit_join, after_ten_seconds_of_arrival_time_nothing_is_joined)
{
  _take_caller(49, SECOND, "web1", "/usr/bin/knock", SECOND);
  _expect_image(49, SECOND, "web1", "/usr/bin/knock", 11 * SECOND);
  _expect_image(49, SECOND, "web1", "", 11 * SECOND + 1);
}

Test(audit_join, what_is_no_audit_record_is_left_alone)
{
  PkEvent event;

  _take_caller(0, SECOND, "web1", "/usr/bin/knock", SECOND);
  pk_event_init(&event);
  event.kind = PK_EVENT_KNOCK_CLIENT;
  event.time_usec = SECOND;
  pk_audit_join_take(join, &event, PK_SLICE("web1"), SECOND);
  cr_expect_eq(pk_event_get_text(&event, PK_TEXT_IMAGE).len, 0);
}

Test(audit_join, what_the_command_knows_by_itself_stays)
{
  PkEvent event;

  _take_caller(49, SECOND, "web1", "/usr/bin/knock", SECOND);
  _init_record(&event, 49, SECOND);
  event.kind = PK_EVENT_KNOCK_CLIENT;
  pk_event_set_text(&event, PK_TEXT_IMAGE, "/x", 2);
  pk_audit_join_take(join, &event, PK_SLICE("web1"), SECOND);
  cr_expect(pk_slice_equals(pk_event_get_text(&event, PK_TEXT_IMAGE), PK_SLICE("/x")));
}

Test(audit_join, a_flood_of_records_makes_old_ones_give_way_and_is_counted)
{
  PkAuditJoinStats stats;

  for (guint64 record = 1; record <= 10000; record++)
    _take_caller(record, SECOND, "web1", "/usr/bin/knock", SECOND + (gint64) record);
  _expect_image(10000, SECOND, "web1", "/usr/bin/knock", SECOND + 10000);
  _expect_image(1, SECOND, "web1", "", SECOND + 10000);
  pk_audit_join_get_stats(join, &stats);
  cr_expect_eq(stats.kept, 10000);
  cr_expect_geq(stats.evicted, 10000 - 1024);
}

Test(audit_join, texts_of_any_length_fit)
{
  gchar image[2000];
  PkEvent event;

  memset(image, 'x', sizeof(image));
  _init_record(&event, 49, SECOND);
  pk_event_set_text(&event, PK_TEXT_IMAGE, image, sizeof(image));
  pk_event_set_text(&event, PK_TEXT_USER, image, sizeof(image));
  pk_audit_join_take(join, &event, pk_slice(image, sizeof(image)), SECOND);
  _init_record(&event, 49, SECOND);
  event.kind = PK_EVENT_KNOCK_CLIENT;
  pk_audit_join_take(join, &event, pk_slice(image, sizeof(image)), SECOND);
  cr_expect_eq(pk_event_get_text(&event, PK_TEXT_IMAGE).len, PK_SHORT_TEXT_BYTES_MAX);
  cr_expect_eq(pk_event_get_text(&event, PK_TEXT_USER).len, 64);
}
