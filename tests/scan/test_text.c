/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/address.h"
#include "scan/guard-page.h"
#include "scan/scan.h"

/* A daemon of our own: one pattern for each thing that patterns can do. */
static const PkTextPattern patterns[] = {
  { "{source} opens {door}", PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED, "first", "open", PK_TEXT_OWN_FILE },
  { "({any}) {door}: at {stage}", PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "two-free", NULL, PK_TEXT_OWN_FILE },
  { "{any}at {stage}{any}!", PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "typed-between", NULL, PK_TEXT_OWN_FILE },
  { "from {source}.", PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS, "last-literal", NULL, PK_TEXT_ANYWHERE },
  { "{source} -> {dest} {ports} until {expires}", PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED, "typed", NULL, PK_TEXT_ANYWHERE },
  { "{door} runs {change}", PK_BRANCH_KNOCK_DAEMON_RUNNING, "change", NULL, PK_TEXT_OWN_FILE },
  { "{door} runs {command}", PK_BRANCH_KNOCK_DAEMON_RUNNING, "command", NULL, PK_TEXT_OWN_PROGRAM },
  { "literal", PK_BRANCH_KNOCK_DAEMON_RUNNING, "literal", NULL, PK_TEXT_OWN_PROGRAM },
  { NULL, PK_BRANCH_NONE, NULL, NULL, PK_TEXT_OWN_PROGRAM },
};
static const PkTextSpec spec = {
  .kind = PK_EVENT_KNOCK_DAEMON,
  .programs = { "also" },
  .patterns = patterns,
};
static const PkDialect dialect = {
  .name = "test",
  .scan = pk_scan_text,
  .programs = { "own" },
  .text = &spec,
};

static PkEvent event;

static PkScanResult
_scan(const gchar *program, const gchar *text)
{
  static const PkScanContext none = { 0 };
  GuardPage page = guard_page_new(text, strlen(text));
  PkLine line = { .program = pk_slice_from_string(program), .text = page.text };
  PkScanResult result;

  pk_event_init(&event);
  event.dialect = &dialect;
  event.time_usec = 7;
  result = dialect.scan(&dialect, &none, &line, &event);
  guard_page_free(&page);
  return result;
}

static void
_is(const gchar *text, const gchar *subtype)
{
  PkScanResult result = _scan("own", text);

  if (!subtype)
    cr_expect_eq(result, PK_SCAN_NO_MATCH, "%s is %s", text, event.subtype);
  else
    cr_expect(result == PK_SCAN_MATCH && g_str_equal(event.subtype, subtype), "%s is not %s", text, subtype);
}

static void
_has_text(PkTextId id, const gchar *text)
{
  PkSlice found = pk_event_get_text(&event, id);

  cr_expect(pk_slice_equals(found, pk_slice_from_string(text)), "\"%.*s\", not \"%s\"", (int) found.len, found.data,
            text);
}

static void
_has_source(const gchar *text)
{
  gchar found[PK_ADDR_TEXT_BYTES] = "";

  if (event.has & PK_HAS_SOURCE)
    pk_addr_format(&event.source, found);
  cr_expect_str_eq(found, text);
}

Test(text, a_pattern_fits_a_text_only_as_a_whole)
{
  _is("literal", "literal");
  _is("literal ", "literal");
  _is("literally", NULL);
  _is("a literal", NULL);
  _is("litera", NULL);
  _is("", NULL);
}

Test(text, an_address_ends_where_the_literal_after_it_begins)
{
  _is("2001:db8::77 opens the door", "first");
  _has_source("2001:db8::77");
  _has_text(PK_TEXT_DOOR, "the door");
  cr_expect_str_eq(event.door_action, "open");
  _is("198.51.100.7 198.51.100.8 opens x", NULL);
  _is("198.51.100.777 opens x", NULL);
  _is("client.example.net opens x", NULL);
  _is("from 198.51.100.7.", "last-literal");
  _has_source("198.51.100.7");
}

Test(text, a_free_hole_may_hold_what_the_pattern_is_made_of)
{
  _is("198.51.100.7 opens x opens y: at 3", "first");
  _has_text(PK_TEXT_DOOR, "x opens y: at 3");
  _is("(a) b) c: at 1: at 2", "two-free");
  _has_text(PK_TEXT_DOOR, "c: at 1");
  cr_expect_eq(event.stage, 2);
}

Test(text, of_two_free_holes_the_last_separator_parts_them)
{
  _is("x at 1 y at 23 z!", "typed-between");
  cr_expect_eq(event.stage, 23);
  _is("x at 1 y at z!", NULL);
}

Test(text, typed_holes_hold_what_they_may)
{
  _is("198.51.100.7 -> 203.0.113.5 tcp/22,udp/53 until 1795385647", "typed");
  cr_expect(event.has & PK_HAS_DEST);
  cr_expect_eq(event.expires_sec, 1795385647);
  _has_text(PK_TEXT_OPEN_PORT, "tcp/22,udp/53");
  _is("198.51.100.7 -> 0.0.0.0/0 tcp/22 until 1795385647", "typed");
  cr_expect_not(event.has & PK_HAS_DEST);
  _is("198.51.100.7 -> any tcp/22 until 99999999999", NULL);
  _is("198.51.100.7 -> any tcp/22 until x", NULL);
  _is("198.51.100.7 -> any  until 1", NULL);
}

Test(text, a_command_is_read_for_what_it_opens)
{
  _is("x runs iptables -A INPUT -s 198.51.100.7 -p tcp --dport 22 -j ACCEPT", "change");
  _has_source("198.51.100.7");
  _has_text(PK_TEXT_OPEN_PORT, "tcp/22");
  cr_expect_str_eq(event.door_action, "open");
  _is("x runs echo 198.51.100.7", "command");
  _has_source("");
  _has_text(PK_TEXT_COMMAND_LINE, "echo 198.51.100.7");
  cr_expect_null(event.door_action);
}

Test(text, a_pattern_that_fails_late_leaves_nothing_behind)
{
  _is("99.99.99.999 opens x runs echo", "command");
  cr_expect_eq(event.has, 0);
  cr_expect_eq(event.time_usec, 7);
  cr_expect_eq(event.dialect, &dialect);
  _has_text(PK_TEXT_DOOR, "99.99.99.999 opens x");
}

Test(text, what_is_believed_depends_on_who_says_it)
{
  cr_expect_eq(_scan("also", "literal"), PK_SCAN_MATCH);
  cr_expect_eq(_scan("other", "literal"), PK_SCAN_NO_MATCH);
  cr_expect_eq(_scan("other", "from 198.51.100.7."), PK_SCAN_MATCH);
  cr_expect_eq(_scan("", "[2026-11-22 22:11] 198.51.100.7 opens x"), PK_SCAN_MATCH);
  cr_expect_eq(_scan("", "[2026-11-22 22:11] literal"), PK_SCAN_NO_MATCH);
  cr_expect_eq(_scan("", "[2026-11-22 22:1x] 198.51.100.7 opens x"), PK_SCAN_NO_MATCH);
  cr_expect_eq(_scan("other", "[2026-11-22 22:11] 198.51.100.7 opens x"), PK_SCAN_NO_MATCH);
  cr_expect_eq(_scan("", "198.51.100.7 opens x"), PK_SCAN_NO_MATCH);
}

Test(text, nothing_reads_past_the_end_of_a_text_that_is_cut_anywhere)
{
  static const gchar text[] = "198.51.100.7 -> 203.0.113.5 tcp/22 until 1795385647";

  for (gsize len = 0; len < sizeof(text); len++)
    {
      gchar *cut = g_strndup(text, len);

      _scan("own", cut);
      g_free(cut);
    }
}

Test(text, a_long_text_takes_no_more_than_its_length)
{
  GString *text = g_string_new(NULL);

  while (text->len < PK_LINE_BYTES_MAX)
    g_string_append(text, "at : a runs ");
  _scan("own", text->str);
  g_string_free(text, TRUE);
}
