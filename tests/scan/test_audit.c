/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "dialects/dialects.h"
#include "scan/guard-page.h"
#include "scan/scan.h"
#include "scan/slice.h"

#define HEAD "msg=audit(1795386214.545:49): "
#define STAMP_USEC G_GINT64_CONSTANT(1795386214545000)

static PkScanResult
_scan_as(const gchar *program, PkSlice text, PkEvent *event)
{
  PkLine line = { .program = pk_slice_from_string(program), .text = text, .time_usec = 1 };
  PkScanContext context = { 0 };

  pk_event_init(event);
  event->time_usec = line.time_usec;
  return pk_scan_audit(&pk_dialect_auditd, &context, &line, event);
}

static PkScanResult
_scan(const gchar *text, PkEvent *event)
{
  return _scan_as(NULL, pk_slice_from_string(text), event);
}

static void
_expect_result(const gchar *text, PkScanResult expected)
{
  PkEvent event;
  PkScanResult result = _scan(text, &event);

  cr_expect_eq(result, expected, "%s gives %d, not %d", text, result, expected);
}

static void
_expect_text(const PkEvent *event, PkTextId id, const gchar *expected)
{
  PkSlice found = pk_event_get_text(event, id);

  cr_expect(pk_slice_equals(found, pk_slice_from_string(expected)), "text %d is \"%.*s\", not \"%s\"", id,
            (int) found.len, found.data, expected);
}

static void
_expect_command(const gchar *text, const gchar *command_line)
{
  PkEvent event;

  cr_assert_eq(_scan(text, &event), PK_SCAN_MATCH, "%s", text);
  _expect_text(&event, PK_TEXT_COMMAND_LINE, command_line);
}

Test(audit, a_command_is_recognised_by_its_arguments_alone)
{
  PkEvent event;

  cr_assert_eq(_scan("type=EXECVE " HEAD "argc=3 a0=\"knock\" a1=\"192.0.2.1\" a2=\"7000\"", &event), PK_SCAN_MATCH);
  cr_expect_eq(event.kind, PK_EVENT_KNOCK_CLIENT);
  cr_expect_eq(event.time_usec, STAMP_USEC);
  cr_expect_eq(event.record, 49);
  cr_expect(event.has & PK_HAS_RECORD);
  _expect_text(&event, PK_TEXT_PROCESS, "knock");
  _expect_text(&event, PK_TEXT_IMAGE, "");
}

Test(audit, arguments_are_quoted_or_hexadecimal_or_in_pieces)
{
  _expect_command("type=EXECVE " HEAD "argc=3 a0=\"knock\" a1=\"gate\" a2=37303030", "knock gate 7000");
  _expect_command("type=EXECVE " HEAD "argc=3 a0=\"knock\" a1=\"gate\" a2=\"7000\"", "knock gate 7000");
  _expect_command("type=EXECVE " HEAD "argc=3 a0=\"sh\" a1=\"-c\" a2=6B6E6F636B20672037303030", "sh -c knock g 7000");
  _expect_command("type=EXECVE " HEAD "argc=3 a0=\"sh\" a1=\"-c\" a2_len=22 a2[0]=6B6E6F636B a2[1]=20672037303030",
                  "sh -c knock g 7000");
  _expect_command("type=EXECVE " HEAD "argc=3 a0=knock a1=(null) a2=\"7000\" a3=\"8000\"", "knock (null) 7000 8000");
  _expect_command("type=EXECVE " HEAD "argc=3 a0=\"knock\" a1=\"gate\" a2=\"7000", "knock gate 7000");
  _expect_command("type=EXECVE " HEAD "argc=3 a0=\"knock\" a1=\"gate\" a2=\"7000\"\x1d"
                  "A3=\"x\"",
                  "knock gate 7000");
}

Test(audit, the_kernel_and_journald_name_records_their_own_way)
{
  PkEvent event;

  _expect_result("audit: type=1309 audit(1795386214.545:49): argc=3 a0=\"knock\" a1=\"gate\" a2=\"7000\"",
                 PK_SCAN_MATCH);
  _expect_result("node=web1 type=EXECVE " HEAD "argc=3 a0=\"knock\" a1=\"gate\" a2=\"7000\"", PK_SCAN_MATCH);
  cr_expect_eq(_scan_as("audit", PK_SLICE("EXECVE argc=3 a0=\"knock\" a1=\"gate\" a2=\"7000\""), &event),
               PK_SCAN_MATCH);
  cr_expect_not(event.has & PK_HAS_RECORD);
  cr_expect_eq(event.time_usec, 1);
  cr_expect_eq(_scan_as("x", PK_SLICE("EXECVE argc=3 a0=\"knock\" a1=\"gate\" a2=\"7000\""), &event), PK_SCAN_NO_MATCH);
}

Test(audit, a_stamp_that_is_none_leaves_the_lines_time)
{
  static const gchar *const STAMPS[] = { "msg=audit(x.545:49)",
                                         "msg=audit(1795386214:49)",
                                         "msg=audit(1795386214.545:)",
                                         "msg=audit(1795386214.5450:1)",
                                         "msg=audit(1795386214.545:1",
                                         "audit",
                                         "" };

  for (gsize i = 0; i < G_N_ELEMENTS(STAMPS); i++)
    {
      gchar *text = g_strdup_printf("type=EXECVE %s: argc=3 a0=\"knock\" a1=\"gate\" a2=\"7000\"", STAMPS[i]);
      PkEvent event;

      cr_expect_eq(_scan(text, &event), PK_SCAN_MATCH, "%s", text);
      cr_expect_not(event.has & PK_HAS_RECORD, "%s", text);
      cr_expect_eq(event.time_usec, 1, "%s", text);
      g_free(text);
    }
}

#define CALLER " a0=2 a1=3 a2=ff ppid=1 pid=2 auid=1000 uid=1000 gid=0 comm=\"hping3\" exe="

Test(audit, a_system_call_that_starts_a_program_is_context)
{
  PkEvent event;

  cr_assert_eq(_scan("type=SYSCALL " HEAD "arch=c000003e syscall=59" CALLER "\"/usr/bin/knock\"", &event),
               PK_SCAN_CONTEXT);
  cr_expect_eq(event.kind, PK_EVENT_NONE);
  cr_expect_eq(event.record, 49);
  _expect_text(&event, PK_TEXT_IMAGE, "/usr/bin/knock");
  _expect_text(&event, PK_TEXT_USER, "uid=1000");
  cr_assert_eq(_scan("type=1300 audit(1.0:1): arch=c00000b7 syscall=221" CALLER "2F746D702F6120622F78", &event),
               PK_SCAN_CONTEXT);
  _expect_text(&event, PK_TEXT_IMAGE, "/tmp/a b/x");
  _expect_result("type=SYSCALL " HEAD "arch=c000003e syscall=322" CALLER "\"/x\"", PK_SCAN_CONTEXT);
  _expect_result("type=SYSCALL " HEAD "arch=x86_64 syscall=execve" CALLER "\"/x\"", PK_SCAN_CONTEXT);
}

Test(audit, other_system_calls_are_ignored)
{
  _expect_result("type=SYSCALL " HEAD "arch=c00000b7 syscall=59" CALLER "\"/x\"", PK_SCAN_IGNORED);
  _expect_result("type=SYSCALL " HEAD "arch=deadbeef syscall=59" CALLER "\"/x\"", PK_SCAN_IGNORED);
  _expect_result("type=SYSCALL " HEAD "arch=c000003e syscall=0" CALLER "\"/x\"", PK_SCAN_IGNORED);
  _expect_result("type=SYSCALL arch=c000003e syscall=59" CALLER "\"/x\"", PK_SCAN_IGNORED);
  _expect_result("type=SYSCALL " HEAD, PK_SCAN_IGNORED);
}

Test(audit, a_raw_socket_is_evidence_of_hping3_only)
{
  PkEvent event;

  cr_assert_eq(_scan("type=SYSCALL " HEAD "arch=c000003e syscall=41" CALLER "\"/usr/sbin/hping3\"", &event),
               PK_SCAN_MATCH);
  cr_expect_eq(event.branch, PK_BRANCH_NONE);
  cr_expect_str_eq(event.subtype, "raw_socket");
  _expect_text(&event, PK_TEXT_PROCESS, "hping3");
  _expect_result("type=SYSCALL " HEAD "arch=c000003e syscall=41" CALLER "\"/usr/bin/ping\"", PK_SCAN_IGNORED);
  _expect_result("type=SYSCALL " HEAD "arch=c000003e syscall=41 a0=2 a1=1 exe=\"/usr/sbin/hping3\"", PK_SCAN_IGNORED);
  _expect_result("type=SYSCALL " HEAD "arch=c000003e syscall=41 a0=1 a1=3 exe=\"/usr/sbin/hping3\"", PK_SCAN_IGNORED);
}

Test(audit, a_new_configuration_file_is_a_finding)
{
  _expect_result("type=PATH " HEAD "item=1 name=\"/etc/knockd.conf\" nametype=CREATE", PK_SCAN_MATCH);
  _expect_result("type=1302 audit(1.0:1): item=1 name=2F746D702F6B6E6F636B642D7920782E636F6E66 nametype=CREATE",
                 PK_SCAN_MATCH);
  _expect_result("type=PATH " HEAD "item=1 name=\"/etc/knockd.conf\" nametype=NORMAL", PK_SCAN_IGNORED);
  _expect_result("type=PATH " HEAD "item=1 name=\"/etc/knock\" nametype=CREATE", PK_SCAN_IGNORED);
  _expect_result("type=PATH " HEAD "nametype=CREATE", PK_SCAN_IGNORED);
}

Test(audit, records_that_a_source_joined_are_read_together)
{
  PkEvent event;

  cr_assert_eq(_scan("type=SYSCALL " HEAD "arch=c000003e syscall=59" CALLER "\"/usr/bin/knock\"\n"
                     "type=EXECVE " HEAD "argc=3 a0=\"x\" a1=\"gate\" a2=\"7000\"\ntype=CWD " HEAD "cwd=\"/\"",
                     &event),
               PK_SCAN_MATCH);
  _expect_text(&event, PK_TEXT_IMAGE, "/usr/bin/knock");
  _expect_text(&event, PK_TEXT_COMMAND_LINE, "x gate 7000");
}

Test(audit, other_records_and_texts_are_nothing)
{
  _expect_result("", PK_SCAN_NO_MATCH);
  _expect_result("\n\n", PK_SCAN_NO_MATCH);
  _expect_result("type=", PK_SCAN_NO_MATCH);
  _expect_result("type=EXECVE", PK_SCAN_NO_MATCH);
  _expect_result("type=EXECVE ", PK_SCAN_IGNORED);
  _expect_result("type=CWD " HEAD "cwd=\"/usr/bin/knock gate 7000\"", PK_SCAN_NO_MATCH);
  _expect_result("subtype=EXECVE " HEAD "argc=3 a0=\"knock\" a1=\"gate\" a2=\"7000\"", PK_SCAN_NO_MATCH);
  _expect_result("type=EXECVE " HEAD "argc=1 a0=\"knock gate 7000\"", PK_SCAN_IGNORED);
  _expect_result("type=EXECVE " HEAD "a1=\"gate\" a0[1]=6B6E6F636B a2=\"7000\"", PK_SCAN_IGNORED);
}

Test(audit, more_arguments_than_fit_are_not_seen)
{
  GString *text = g_string_new("type=EXECVE " HEAD "argc=9999 a0=\"knock\" a1=\"gate\" a2=\"7000\"");
  PkEvent event;

  for (guint i = 3; i < 3000; i++)
    g_string_append_printf(text, " a%u=\"0123456789\"", i);
  cr_assert_eq(_scan(text->str, &event), PK_SCAN_MATCH);
  _expect_text(&event, PK_TEXT_PORTS, "7000");
  g_string_free(text, TRUE);
}

Test(audit, no_byte_past_the_end_is_read)
{
  static const gchar *const TEXTS[] = {
    "node=x type=SYSCALL " HEAD "arch=c000003e syscall=41" CALLER "\"/usr/sbin/hping3\"\x1d"
    "ARCH=x86_64",
    "type=EXECVE " HEAD "argc=3 a0=\"sh\" a1=\"-c\" a2_len=22 a2[0]=6B6E6F636B a2[1]=20672037303030\ntype=PATH " HEAD
    "name=2F746D70 nametype=CREATE",
  };

  for (gsize i = 0; i < G_N_ELEMENTS(TEXTS); i++)
    for (gsize len = 0; len <= strlen(TEXTS[i]); len++)
      {
        GuardPage page = guard_page_new(TEXTS[i], len);
        PkEvent event;

        _scan_as("audit", page.text, &event);
        guard_page_free(&page);
      }
}
