/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "dialects/dialects.h"
#include "scan/guard-page.h"
#include "scan/scan.h"
#include "scan/slice.h"

static PkScanResult
_scan(const PkDialect *row, PkSlice text, PkEvent *event)
{
  PkLine line = { .text = text };
  PkScanContext context = { 0 };

  pk_event_init(event);
  return pk_scan_command(row, &context, &line, event);
}

static void
_expect(const PkDialect *row, const gchar *text, const gchar *user, const gchar *command_line)
{
  PkEvent event;
  PkSlice found;

  cr_assert_eq(_scan(row, pk_slice_from_string(text), &event), PK_SCAN_MATCH, "%s", text);
  found = pk_event_get_text(&event, PK_TEXT_USER);
  cr_expect(pk_slice_equals(found, pk_slice_from_string(user)), "%s: user %.*s", text, (int) found.len, found.data);
  found = pk_event_get_text(&event, PK_TEXT_COMMAND_LINE);
  cr_expect(pk_slice_equals(found, pk_slice_from_string(command_line)), "%s: command %.*s", text, (int) found.len,
            found.data);
}

static void
_expect_result(const PkDialect *row, const gchar *text, PkScanResult expected)
{
  PkEvent event;
  PkScanResult result = _scan(row, pk_slice_from_string(text), &event);

  cr_expect_eq(result, expected, "%s gives %d, not %d", text, result, expected);
}

Test(command, sudo_tells_who_runs_what)
{
  _expect(&pk_dialect_sudo, "   alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/knock gate 7000", "alice",
          "/usr/bin/knock gate 7000");
  _expect(&pk_dialect_sudo, "a.b@example.net : PWD=/ ; USER=root ; ENV=X=1 ; COMMAND=/usr/bin/knock gate 7000",
          "a.b@example.net", "/usr/bin/knock gate 7000");
}

Test(command, what_sudo_refused_was_not_run)
{
  _expect_result(&pk_dialect_sudo, "alice : command not allowed ; PWD=/ ; COMMAND=/usr/bin/knock gate 7000",
                 PK_SCAN_IGNORED);
  _expect_result(&pk_dialect_sudo, "alice : user NOT in sudoers ; PWD=/ ; COMMAND=/usr/bin/knock gate 7000",
                 PK_SCAN_IGNORED);
  _expect_result(&pk_dialect_sudo, "alice: PWD=/ ; COMMAND=/usr/bin/knock gate 7000", PK_SCAN_IGNORED);
  _expect_result(&pk_dialect_sudo, "alice : PWD=/ ; COMMAND=", PK_SCAN_IGNORED);
  _expect_result(&pk_dialect_sudo, "alice : PWD=/ ; USER=root", PK_SCAN_NO_MATCH);
  _expect_result(&pk_dialect_sudo, "", PK_SCAN_NO_MATCH);
}

Test(command, a_folder_that_looks_like_a_command_hides_none)
{
  _expect(&pk_dialect_sudo, "alice : PWD=/tmp/ ; COMMAND=ls ; USER=root ; COMMAND=/usr/bin/knock gate 7000", "alice",
          "/usr/bin/knock gate 7000");
}

Test(command, cron_runs_lists_of_commands)
{
  _expect(&pk_dialect_cron, "(root) CMD (cd / && knock gate 7000)", "root", "cd / && knock gate 7000");
  _expect(&pk_dialect_cron, "(alice) CMD (   knock gate 7000 # (x))", "alice", "knock gate 7000 # (x)");
  _expect_result(&pk_dialect_cron, "(root) CMDOUT (knock gate 7000)", PK_SCAN_NO_MATCH);
  _expect_result(&pk_dialect_cron, "(root) CMD (run-parts /etc/cron.hourly)", PK_SCAN_IGNORED);
  _expect_result(&pk_dialect_cron, ") CMD (knock gate 7000)", PK_SCAN_IGNORED);
}

Test(command, snoopy_may_tell_the_file)
{
  PkEvent event;

  _expect(&pk_dialect_snoopy, "[uid:root(0)/root(0) cwd:/]: knock gate 7000", "root", "knock gate 7000");
  _expect(&pk_dialect_snoopy, "[cwd:/]: knock gate 7000", "", "knock gate 7000");
  cr_assert_eq(_scan(&pk_dialect_snoopy, PK_SLICE("[uid:0 filename:/usr/bin/knock]: x gate 7000"), &event),
               PK_SCAN_MATCH);
  cr_expect(pk_slice_equals(pk_event_get_text(&event, PK_TEXT_IMAGE), PK_SLICE("/usr/bin/knock")));
}

Test(command, no_byte_past_the_end_is_read)
{
  static const PkDialect *const ROWS[] = { &pk_dialect_sudo, &pk_dialect_cron, &pk_dialect_snoopy };
  static const gchar TEXT[] =
      " a : TTY=x ; COMMAND=/bin/knock gate 7000 (a) CMD (knock gate 7000) uid:a(1 filename:/x]: y";

  for (gsize i = 0; i < G_N_ELEMENTS(ROWS); i++)
    for (gsize len = 0; len < sizeof(TEXT); len++)
      {
        GuardPage page = guard_page_new(TEXT, len);
        PkEvent event;

        _scan(ROWS[i], page.text, &event);
        guard_page_free(&page);
      }
}
