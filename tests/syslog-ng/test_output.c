/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "append.h"
#include "output.h"

#include "apphook.h"
#include "scratch-buffers.h"
#include "stats/stats.h"

#include <criterion/criterion.h>

static void
_tear_down(void)
{
  scratch_buffers_explicit_gc();
  app_shutdown();
}

TestSuite(output, .init = app_startup, .fini = _tear_down);

static PkOutput output;

static void
_fill_event(PkEvent *event)
{
  gsize n;

  pk_event_init(event);
  event->dialect = pk_dialects(&n)[0];
  event->kind = PK_EVENT_FIREWALL_DENY;
  event->branch = PK_BRANCH_FIREWALL_PORT_DENIED;
  event->protocol = PK_PROTO_TCP;
  event->has = PK_HAS_SOURCE | PK_HAS_DEST | PK_HAS_SOURCE_PORT | PK_HAS_DEST_PORT | PK_HAS_PROTOCOL | PK_HAS_LENGTH;
  event->source = event->dest = (PkAddr){ { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7 } };
  event->source_port = 40000;
  event->dest_port = 7000;
  event->length = 60;
  pk_event_set_text(event, PK_TEXT_ACTION_WORD, "BLOCK", 5);
}

static gboolean
_append_pair(NVHandle handle, const gchar *name, const gchar *value, gssize len, LogMessageValueType type,
             gpointer user_data)
{
  g_string_append_printf(user_data, "%s=(%d)%.*s\n", name, (gint) type, (gint) len, value);
  return FALSE;
}

/* Everything that a message holds once it got the event. */
static gchar *
_describe(gboolean can_append, gsize text_len, const gchar *name, const gchar *value)
{
  LogMessage *msg = log_msg_new_empty();
  gchar *text = g_strnfill(text_len, 'x');
  GString *pairs = g_string_new(NULL);
  PkEvent event;

  log_msg_set_value(msg, LM_V_MESSAGE, text, (gssize) text_len);
  if (name)
    log_msg_set_value_by_name(msg, name, value, -1);
  _fill_event(&event);
  output.can_append = output.may_grow = can_append;
  pk_output_set_event(&output, msg, &event, (PkSlice){ NULL, 0 }, TRUE);
  log_msg_values_foreach(msg, _append_pair, pairs);
  g_free(text);
  log_msg_unref(msg);
  return g_string_free(pairs, FALSE);
}

static void
_expect_same(gsize text_len, const gchar *name, const gchar *value)
{
  gchar *appended = _describe(TRUE, text_len, name, value), *expected = _describe(FALSE, text_len, name, value);

  cr_expect_str_eq(appended, expected, "text of %u bytes, %s", (guint) text_len, name ? name : "no other value");
  g_free(appended);
  g_free(expected);
}

Test(output, appending_is_what_this_syslog_ng_does_itself)
{
  cr_expect(pk_append_is_exact());
  pk_output_init(&output, ".knock.");
  cr_expect(output.can_append);
}

Test(output, a_table_of_any_size_gets_the_same_values)
{
  gchar *pairs;

  pk_output_init(&output, ".knock.");
  for (gsize len = 0; len < 1200; len++)
    _expect_same(len, NULL, NULL);
  pairs = _describe(TRUE, 10, NULL, NULL);
  cr_expect(strstr(pairs, ".knock.src_ip=(0)192.0.2.7\n"), "%s", pairs);
  cr_expect(strstr(pairs, ".knock.length=(4)60\n"), "%s", pairs);
  g_free(pairs);
}

Test(output, values_that_were_there_are_replaced)
{
  pk_output_init(&output, ".knock.");
  for (gsize len = 0; len < 1200; len += 7)
    {
      _expect_same(len, ".knock.src_ip", "x");
      _expect_same(len, ".knock.src_ip", "a value that is longer than any address");
      _expect_same(len, ".knock.kind", "");
    }
}

/* As where a template names them before the parser is initialised. */
Test(output, handles_may_have_any_order)
{
  log_msg_get_value_handle(".early.proto");
  log_msg_get_value_handle(".early.src_ip");
  log_msg_get_value_handle(".early.kind");
  pk_output_init(&output, ".early.");
  for (gsize len = 0; len < 1200; len += 7)
    {
      _expect_same(len, NULL, NULL);
      _expect_same(len, "other", "value");
    }
}

Test(output, prefixes_may_be_long_or_of_structured_data)
{
  gchar *prefix = g_strnfill(200, 'p');

  pk_output_init(&output, prefix);
  _expect_same(100, NULL, NULL);
  pk_output_init(&output, ".SDATA.knock.");
  cr_expect_not(output.can_append);
  g_free(prefix);
}

/* As main() does with stats(level(1)). */
static void
_run_with_counters(void)
{
  StatsOptions options;

  stats_options_defaults(&options);
  options.level = 1;
  stats_reinit(&options);
  app_running();
}

Test(output, what_a_message_takes_for_its_fields_is_counted_until_it_is_gone)
{
  LogMessage *msg;
  PkEvent event;
  guint32 table_bytes, message_bytes;
  gssize counted;

  _run_with_counters();
  pk_output_init(&output, ".knock.");
  pk_output_start(&output);
  cr_assert(output.memory, "the counter has another name");
  counted = (gssize) stats_counter_get(output.memory);
  msg = log_msg_new_empty();
  table_bytes = msg->payload->size;
  message_bytes = msg->allocated_bytes;
  _fill_event(&event);
  pk_output_set_event(&output, msg, &event, (PkSlice){ NULL, 0 }, TRUE);
  cr_expect_gt(msg->payload->size, table_bytes);
  cr_expect_lt(msg->payload->size, 2 * table_bytes, "by what is needed");
  cr_expect_eq(msg->allocated_bytes, message_bytes + msg->payload->size - table_bytes);
  cr_expect_eq((gssize) stats_counter_get(output.memory), counted + msg->allocated_bytes);
  log_msg_unref(msg);
  cr_expect_eq((gssize) stats_counter_get(output.memory), counted);
}
