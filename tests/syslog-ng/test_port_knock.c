/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock.h"

#include "apphook.h"
#include "cfg.h"
#include "scratch-buffers.h"

#include <criterion/criterion.h>

/* The parser between a test and a pipe that keeps what comes out. */
typedef struct _Bench
{
  LogParser *parser;
  LogPipe *sink;
} Bench;

static GPtrArray *_received;
static guint _asked_for_flow_control;

static void
_keep(LogPipe *s, LogMessage *msg, const LogPathOptions *path_options)
{
  _asked_for_flow_control += path_options->flow_control_requested;
  g_ptr_array_add(_received, log_msg_ref(msg));
  log_msg_drop(msg, path_options, AT_PROCESSED);
}

static void
_set_up(void)
{
  app_startup();
  configuration = cfg_new_snippet();
  _received = g_ptr_array_new_with_free_func((GDestroyNotify) log_msg_unref);
}

static void
_tear_down(void)
{
  g_ptr_array_unref(_received);
  scratch_buffers_explicit_gc();
  cfg_free(configuration);
  app_shutdown();
}

TestSuite(port_knock, .init = _set_up, .fini = _tear_down);

static void
_connect(Bench *self, LogParser *parser)
{
  self->parser = parser;
  self->parser->name = g_strdup("p_test");
  self->sink = log_pipe_new(configuration);
  self->sink->queue = _keep;
  log_pipe_append(&parser->super, self->sink);
  cr_assert(log_pipe_init(self->sink));
}

static void
_disconnect(Bench *self)
{
  log_pipe_deinit(&self->parser->super);
  log_pipe_deinit(self->sink);
  log_pipe_unref(&self->parser->super);
  log_pipe_unref(self->sink);
}

static LogParser *
_new_parser(const gchar *settle)
{
  LogParser *parser = port_knock_parser_new(configuration);

  cr_assert(pk_options_set(&port_knock_parser_settings(parser)->engine, "settle", settle, NULL));
  cr_assert(pk_options_set(&port_knock_parser_settings(parser)->engine, "known-sequences", "", NULL));
  return parser;
}

static LogMessage *
_new_denial(guint port, gint64 sec)
{
  LogMessage *msg = log_msg_new_local();
  gchar *text =
      g_strdup_printf("[UFW BLOCK] IN=eth0 OUT= MAC= SRC=192.0.2.1 DST=198.51.100.7 LEN=60 TOS=0x00 PREC=0x00 "
                      "TTL=63 ID=1 DF PROTO=TCP SPT=%u DPT=%u WINDOW=64240 RES=0x00 SYN URGP=0 ",
                      40000 + port, port);

  msg->timestamps[LM_TS_STAMP].ut_sec = sec;
  log_msg_set_value(msg, LM_V_HOST, "fw1", -1);
  log_msg_set_value(msg, LM_V_PROGRAM, "kernel", -1);
  log_msg_set_value(msg, LM_V_MESSAGE, text, -1);
  g_free(text);
  return msg;
}

static void
_send(Bench *self, LogMessage *msg)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT_NOACK;

  log_pipe_queue(&self->parser->super, msg, &path_options);
}

static LogMessage *
_get(guint i)
{
  return g_ptr_array_index(_received, i);
}

static const gchar *
_field(guint i, const gchar *name)
{
  return log_msg_get_value_by_name(_get(i), name, NULL);
}

/* Three denials, and a fourth that comes after settle(). */
static void
_knock(Bench *bench)
{
  gint64 sec = g_get_real_time() / G_USEC_PER_SEC;

  for (guint i = 0; i < 3; i++)
    _send(bench, _new_denial(7000 + 1000 * i, sec));
  _send(bench, _new_denial(7777, sec + 10));
}

Test(port_knock, sends_an_alert_after_the_message_that_completed_it)
{
  Bench bench;

  _connect(&bench, _new_parser("5"));
  cr_assert(log_pipe_init(&bench.parser->super));
  _knock(&bench);
  cr_assert_eq(_received->len, 5);
  cr_expect_str_eq(_field(3, ".knock.dest_port"), "7777");
  cr_expect(log_msg_is_tag_by_name(_get(3), "port-knock"));
  cr_expect(log_msg_is_tag_by_name(_get(4), "port-knock.alert"));
  cr_expect_str_eq(_field(4, ".knock.port_sequence"), "7000,8000,9000");
  cr_expect_str_eq(_field(4, "PROGRAM"), "port-knock");
  cr_expect_str_eq(_field(4, "HOST"), "fw1");
  cr_expect_eq(_asked_for_flow_control, 1, "only the alert, so that a full queue does not drop it");
  _disconnect(&bench);
}

Test(port_knock, has_fields_of_every_kind)
{
  LogMessageValueType type;
  Bench bench;

  _connect(&bench, _new_parser("5"));
  cr_assert(log_pipe_init(&bench.parser->super));
  _knock(&bench);
  log_msg_get_value_by_name_with_type(_get(0), ".knock.src_ip", NULL, &type);
  cr_expect_eq(type, LM_VT_STRING);
  log_msg_get_value_by_name_with_type(_get(0), ".knock.dest_port", NULL, &type);
  cr_expect_eq(type, PK_SNG_VT_INTEGER);
  log_msg_get_value_by_name_with_type(_get(4), ".knock.knock_duration_sec", NULL, &type);
  cr_expect_eq(type, LM_VT_DOUBLE);
  _disconnect(&bench);
}

Test(port_knock, does_not_write_to_a_message_that_others_hold)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT_NOACK;
  LogMessage *msg = _new_denial(7000, 1795467974);
  Bench bench;

  _connect(&bench, _new_parser("5"));
  cr_assert(log_pipe_init(&bench.parser->super));
  log_msg_write_protect(msg);
  log_pipe_queue(&bench.parser->super, log_msg_ref(msg), &path_options);
  cr_assert_eq(_received->len, 1);
  cr_expect_neq(_get(0), msg);
  cr_expect_str_eq(_field(0, ".knock.dest_port"), "7000");
  cr_expect_str_eq(log_msg_get_value_by_name(msg, ".knock.dest_port", NULL), "");
  log_msg_unref(msg);
  _disconnect(&bench);
}

/* Leaves less room in the message's table than the fields need. */
static void
_fill_table(LogMessage *msg)
{
  gchar name[16], value[64] = { 0 };

  for (guint i = 0; nv_table_alloc_check(msg->payload, 2 * sizeof(value)); i++)
    {
      g_snprintf(name, sizeof(name), "filler.%u", i);
      log_msg_set_value_by_name(msg, name, value, sizeof(value));
    }
}

Test(port_knock, accounts_for_the_memory_that_its_fields_need)
{
  LogMessage *msg = _new_denial(7000, 1795467974);
  gsize table_bytes, allocated_bytes;
  Bench bench;

  _connect(&bench, _new_parser("5"));
  cr_assert(log_pipe_init(&bench.parser->super));
  _fill_table(msg);
  table_bytes = msg->payload->size;
  allocated_bytes = msg->allocated_bytes;
  _send(&bench, msg);
  cr_assert_eq(_get(0), msg);
  cr_expect_gt(msg->payload->size, table_bytes);
  cr_expect_eq(msg->allocated_bytes - allocated_bytes, msg->payload->size - table_bytes);
  cr_expect_str_eq(_field(0, ".knock.dest_port"), "7000");
  _disconnect(&bench);
}

Test(port_knock, hands_on_as_it_is_what_it_does_not_recognise)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT_NOACK;
  LogMessage *msg = log_msg_new_local();
  Bench bench;

  _connect(&bench, _new_parser("5"));
  cr_assert(log_pipe_init(&bench.parser->super));
  log_msg_set_value(msg, LM_V_MESSAGE, "hello", -1);
  log_msg_write_protect(msg);
  log_pipe_queue(&bench.parser->super, log_msg_ref(msg), &path_options);
  cr_assert_eq(_received->len, 1);
  cr_expect_eq(_get(0), msg, "not even copied");
  log_msg_unref(msg);
  _disconnect(&bench);
}

Test(port_knock, gives_a_clone_every_option_and_windows_of_its_own)
{
  LogParser *original = _new_parser("5");
  Bench bench;
  LogParser *clone;

  cr_assert(pk_options_set(&port_knock_parser_settings(original)->engine, "min-ports", "2", NULL));
  _connect(&bench, original);
  cr_assert(log_pipe_init(&original->super));
  clone = (LogParser *) log_pipe_clone(&original->super);
  clone->name = g_strdup("p_test");
  cr_expect_eq(port_knock_parser_settings(clone)->engine.min_ports, 2);
  cr_expect_eq(port_knock_parser_settings(clone)->engine.settle_seconds, 5);
  cr_expect(log_pipe_init(&clone->super), "its key differs");
  log_pipe_deinit(&clone->super);
  log_pipe_unref(&clone->super);
  _disconnect(&bench);
}

Test(port_knock, refuses_options_that_do_not_go_together)
{
  LogParser *parser = _new_parser("60");
  Bench bench;

  _connect(&bench, parser);
  cr_expect_not(log_pipe_init(&parser->super));
  log_pipe_deinit(bench.sink);
  log_pipe_unref(&parser->super);
  log_pipe_unref(bench.sink);
}

Test(port_knock, can_be_started_again_under_the_same_key)
{
  Bench bench;

  _connect(&bench, _new_parser("5"));
  for (gint i = 0; i < 3; i++)
    {
      cr_expect(log_pipe_init(&bench.parser->super));
      cr_expect(log_pipe_deinit(&bench.parser->super));
    }
  _disconnect(&bench);
}
