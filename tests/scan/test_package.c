/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "dialects/dialects.h"
#include "scan/guard-page.h"
#include "scan/scan.h"
#include "scan/slice.h"

static PkScanResult
_scan(const PkDialect *row, const gchar *host, const gchar *program, PkSlice text, PkEvent *event)
{
  PkLine line = { .host = pk_slice_from_string(host), .program = pk_slice_from_string(program), .text = text };
  PkScanContext context = { 0 };

  pk_event_init(event);
  return pk_scan_package(row, &context, &line, event);
}

static void
_expect(const PkDialect *row, const gchar *host, const gchar *program, const gchar *text, PkScanResult expected)
{
  PkEvent event;
  PkScanResult result = _scan(row, host, program, pk_slice_from_string(text), &event);

  cr_expect_eq(result, expected, "%s gives %d, not %d", text, result, expected);
  if (result == PK_SCAN_MATCH)
    cr_expect_eq(event.kind, PK_EVENT_KNOCK_TOOL_INSTALLED);
}

Test(package, words_that_a_parser_took_for_a_header_are_put_back)
{
  _expect(&pk_dialect_dpkg, "install", NULL, "knockd:amd64 <none> 0.8-2", PK_SCAN_MATCH);
  _expect(&pk_dialect_dpkg, "status", NULL, "installed knockd:amd64 0.8-2", PK_SCAN_MATCH);
  _expect(&pk_dialect_dpkg, NULL, NULL, "2026-11-22 21:55:27 install knockd:amd64 <none> 0.8-2", PK_SCAN_MATCH);
  _expect(&pk_dialect_dpkg, NULL, NULL, "install knockd:amd64 <none> 0.8-2", PK_SCAN_MATCH);
  _expect(&pk_dialect_rpm, NULL, "Installed", "knock-server-0.8-3.el7.x86_64", PK_SCAN_MATCH);
  _expect(&pk_dialect_rpm, NULL, "yum", "Installed: knock-server-0.8-3.el7.x86_64", PK_SCAN_MATCH);
  _expect(&pk_dialect_apt, NULL, "Install", "a:amd64 (1), fwknop-client:amd64 (2)", PK_SCAN_MATCH);
}

Test(package, other_words_and_other_packages_are_nothing)
{
  _expect(&pk_dialect_dpkg, "remove", NULL, "knockd:amd64 0.8-2 <none>", PK_SCAN_NO_MATCH);
  _expect(&pk_dialect_dpkg, "install", NULL, "libpcap0.8:amd64 knockd:amd64", PK_SCAN_NO_MATCH);
  _expect(&pk_dialect_dpkg, NULL, NULL, "please install knockd:amd64", PK_SCAN_NO_MATCH);
  _expect(&pk_dialect_dpkg, NULL, NULL, "reinstall knockd:amd64", PK_SCAN_NO_MATCH);
  _expect(&pk_dialect_rpm, NULL, "Erased", "knock-server-0.8-3.el7.x86_64", PK_SCAN_NO_MATCH);
  _expect(&pk_dialect_rpm, NULL, "Installed", "knock-knock-0.8", PK_SCAN_NO_MATCH);
  _expect(&pk_dialect_apt, NULL, "Install", "a:amd64 (1, knockd:amd64), b:amd64 (2)", PK_SCAN_NO_MATCH);
  _expect(&pk_dialect_apt, NULL, "Install", "", PK_SCAN_NO_MATCH);
}

Test(package, a_command_line_counts_only_if_it_installs)
{
  _expect(&pk_dialect_apt, NULL, "Commandline", "apt-get install knockd", PK_SCAN_MATCH);
  _expect(&pk_dialect_apt, NULL, NULL, "Commandline: apt install -y fwknop-server", PK_SCAN_MATCH);
  _expect(&pk_dialect_apt, NULL, "Commandline", "apt-get purge knockd", PK_SCAN_IGNORED);
}

Test(package, no_byte_past_the_end_is_read)
{
  static const PkDialect *const ROWS[] = { &pk_dialect_dpkg, &pk_dialect_apt, &pk_dialect_rpm, &pk_dialect_pacman };
  static const gchar TEXT[] =
      "Commandline: Install: a (1), knockd Installed: knock-server-1 |install|knockd| [ALPM] installed knockd";

  for (gsize i = 0; i < G_N_ELEMENTS(ROWS); i++)
    for (gsize len = 0; len < sizeof(TEXT); len++)
      {
        GuardPage page = guard_page_new(TEXT, len);
        PkEvent event;

        _scan(ROWS[i], "install", "Installed", page.text, &event);
        guard_page_free(&page);
      }
}
