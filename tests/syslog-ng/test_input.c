/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "input.h"

#include "scan/slice.h"

#include "apphook.h"
#include "scratch-buffers.h"

#include <criterion/criterion.h>

#define RECEIVED_SEC 1795467974 /* 2026-11-23T21:06:14Z */
#define NVL(text) (text) ? (text) : ""

TestSuite(input, .init = app_startup, .fini = app_shutdown);

/* A message as a source leaves it, and the line that it must be; NULL: absent. */
typedef struct _Case
{
  const gchar *header, *program, *message;
  const gchar *line_program, *line_host, *line_text;
} Case;

static const Case CASES[] = {
  /* network() */
  { "kernel: ", "kernel", "[UFW BLOCK] IN=eth0", "kernel", "relay", "[UFW BLOCK] IN=eth0" },
  { "/usr/sbin/knockd[8]: ", "/usr/sbin/knockd", "Stage 1", "knockd", "relay", "Stage 1" },
  { "[UFW ", NULL, "BLOCK] IN=eth0", NULL, "relay", "[UFW BLOCK] IN=eth0" },
  { "[ ", NULL, " 12.3] [UFW BLOCK] IN=eth0", NULL, "relay", "[  12.3] [UFW BLOCK] IN=eth0" },
  { "DROP ", "DROP", "IN=eth0 OUT=", NULL, "relay", "DROP IN=eth0 OUT=" },
  { "date=2026-11-23 ", "date=2026-11-23", "time=12:32:48", NULL, "relay", "date=2026-11-23 time=12:32:48" },
  { ": ", NULL, "%ASA-4-106023: Deny", NULL, "relay", ": %ASA-4-106023: Deny" },
  { "knockd:", "knockd", "amd64 <none> 0.8-2", NULL, "relay", "knockd:amd64 <none> 0.8-2" },
  { "1 ", "1", "2026-11-23T21:06:14Z fw1 kernel - - - [UFW BLOCK]", "kernel", "fw1", "[UFW BLOCK]" },
  { "1 ", "1", "1674604848.42 MX84 flows", NULL, "relay", "1 1674604848.42 MX84 flows" },
  { "hello", "hello", "", NULL, "relay", "hello" },
  /* syslog(), and the kernel's own log */
  { NULL, "kernel", "[UFW BLOCK] IN=eth0", "kernel", "relay", "[UFW BLOCK] IN=eth0" },
  { NULL, "RT_FLOW", "", "RT_FLOW", "relay", "" },
  { NULL, NULL, "<4>Nov 23 21:06:14 fw1 kernel: text", "kernel", "fw1", "text" },
  /* flags(no-parse) */
  { NULL, NULL, "<4>1 2026-11-23T21:06:14Z fw1 kernel - - - text", "kernel", "fw1", "text" },
  { NULL, NULL, "IN=eth0 OUT=", NULL, "relay", "IN=eth0 OUT=" },
  { NULL, NULL, "", NULL, "relay", "" },
  /* what syslog-ng could not parse; and a text that only mentions it */
  { NULL, "syslog-ng", "Error processing log message: <Event a='b'>", NULL, "relay", "<Event a='b'>" },
  { NULL, "syslog-ng", "Error processing log message: <4>1 - fw1 kernel - - [UFW BLOC>@<K] IN=eth0", "kernel", "fw1",
    "[UFW BLOCK] IN=eth0" },
  { NULL, "other", "Error processing log message: x", "other", "relay", "Error processing log message: x" },
};

static LogMessage *
_new_message(const Case *c)
{
  LogMessage *msg = log_msg_new_empty();

  msg->timestamps[LM_TS_RECVD].ut_sec = RECEIVED_SEC;
  msg->timestamps[LM_TS_STAMP].ut_sec = RECEIVED_SEC - 1;
  msg->timestamps[LM_TS_STAMP].ut_usec = 5;
  log_msg_set_value(msg, LM_V_HOST, "relay", -1);
  log_msg_set_value(msg, LM_V_PROGRAM, NVL(c->program), -1);
  log_msg_set_value(msg, LM_V_MESSAGE, c->message, -1);
  /* Last: syslog-ng drops it when PROGRAM changes. */
  log_msg_set_value(msg, LM_V_LEGACY_MSGHDR, NVL(c->header), -1);
  return msg;
}

static void
_expect_slice(PkSlice slice, const gchar *expected, const Case *c, const gchar *what)
{
  cr_expect(pk_slice_equals(slice, pk_slice_from_string(NVL(expected))), "%s of \"%s\" + \"%s\": \"%.*s\"", what,
            NVL(c->header), c->message, (int) slice.len, slice.data);
}

Test(input, gives_the_line_that_the_source_took_apart)
{
  for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++)
    {
      const Case *c = &CASES[i];
      LogMessage *msg = _new_message(c);
      PkLine line;

      pk_input_borrow(msg, pk_slice_from_string(c->message), FALSE, &line);
      _expect_slice(line.program, c->line_program, c, "program");
      _expect_slice(line.host, c->line_host, c, "host");
      _expect_slice(line.text, c->line_text, c, "text");
      log_msg_unref(msg);
      scratch_buffers_explicit_gc();
    }
}

Test(input, takes_the_stamp_of_the_message_unless_the_line_has_one)
{
  const Case stamped = { NULL, NULL, "<4>1 2026-11-23T20:00:00.25Z fw1 kernel - - - text", NULL, NULL, NULL };
  const Case plain = { "kernel: ", "kernel", "text", NULL, NULL, NULL };
  LogMessage *with = _new_message(&stamped), *without = _new_message(&plain);
  PkLine line;

  pk_input_borrow(with, pk_slice_from_string(stamped.message), FALSE, &line);
  cr_expect_eq(line.time_usec, (RECEIVED_SEC - 3974) * G_GINT64_CONSTANT(1000000) + 250000);
  pk_input_borrow(without, pk_slice_from_string(plain.message), FALSE, &line);
  cr_expect_eq(line.time_usec, (RECEIVED_SEC - 1) * G_GINT64_CONSTANT(1000000) + 5);
  log_msg_unref(with);
  log_msg_unref(without);
}

Test(input, carries_msgid_and_structured_data)
{
  const Case c = { NULL, "RT_FLOW", "", NULL, NULL, NULL };
  LogMessage *msg = _new_message(&c);
  PkLine line;

  log_msg_set_value(msg, LM_V_MSGID, "RT_FLOW_SESSION_DENY", -1);
  log_msg_set_value_by_name(msg, ".SDATA.junos@2636.source-address", "192.0.2.1", -1);
  pk_input_borrow(msg, pk_slice(NULL, 0), FALSE, &line);
  cr_expect(pk_slice_equals(line.msgid, PK_SLICE("RT_FLOW_SESSION_DENY")));
  cr_expect(pk_slice_equals(line.sdata, PK_SLICE("[junos@2636 source-address=\"192.0.2.1\"]")), "%.*s",
            (int) line.sdata.len, line.sdata.data);
  log_msg_unref(msg);
  scratch_buffers_explicit_gc();
}

Test(input, reads_no_more_than_64_kib)
{
  static const gchar *const HEADERS[] = { "kernel: ", "[UFW ", "" };
  GString *text = g_string_new(NULL);

  g_string_set_size(text, 3 * PK_LINE_BYTES_MAX);
  memset(text->str, 'x', text->len);
  for (gsize i = 0; i < G_N_ELEMENTS(HEADERS); i++)
    {
      const Case c = { HEADERS[i], i == 0 ? "kernel" : NULL, text->str, NULL, NULL, NULL };
      LogMessage *msg = _new_message(&c);
      PkLine line;

      pk_input_borrow(msg, pk_slice(text->str, text->len), FALSE, &line);
      cr_expect_eq(line.text.len, PK_LINE_BYTES_MAX);
      log_msg_unref(msg);
      scratch_buffers_explicit_gc();
    }
  g_string_free(text, TRUE);
}
