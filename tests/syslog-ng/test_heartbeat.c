/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "heartbeat.h"

#include "apphook.h"
#include "cfg.h"
#include "logmsg/tags.h"

#include <criterion/criterion.h>

#define SECOND ((gint64) G_USEC_PER_SEC)

static PkCounters _counters;
static PkOutput _output;
static PkHeartbeat _heartbeat;

static void
_set_up(void)
{
  PkStats shown = { 0 };

  app_startup();
  configuration = cfg_new_snippet();
  pk_output_init(&_output, ".knock.");
  pk_counters_register(&_counters, "p_test", "1", &shown);
}

static void
_tear_down(void)
{
  pk_counters_unregister(&_counters, "p_test", "1");
  cfg_free(configuration);
  app_shutdown();
}

TestSuite(heartbeat, .init = _set_up, .fini = _tear_down);

static LogMessage *
_next(gint64 now_usec)
{
  return pk_heartbeat_next(&_heartbeat, &_output, &_counters, "p_test", 1, now_usec);
}

static void
_expect(LogMessage *msg, const gchar *name, const gchar *value)
{
  cr_expect_str_eq(log_msg_get_value_by_name(msg, name, NULL), value, "%s: %s", name,
                   log_msg_get_value_by_name(msg, name, NULL));
}

static void
_drop(LogMessage *msg)
{
  cr_assert(msg);
  log_msg_unref(msg);
}

Test(heartbeat, is_none_by_default)
{
  pk_heartbeat_init(&_heartbeat, 0, &_counters);
  cr_expect_null(_next(1));
  cr_expect_null(_next(G_MAXINT64));
}

Test(heartbeat, comes_at_once_and_then_at_its_interval)
{
  pk_heartbeat_init(&_heartbeat, 60, &_counters);
  _drop(_next(5 * SECOND));
  cr_expect_null(_next(5 * SECOND));
  cr_expect_null(_next(65 * SECOND - 1));
  _drop(_next(65 * SECOND));
  cr_expect_null(_next(66 * SECOND));
}

Test(heartbeat, is_a_message_that_is_no_finding)
{
  LogMessage *msg;

  pk_heartbeat_init(&_heartbeat, 60, &_counters);
  msg = _next(SECOND);
  _expect(msg, "PROGRAM", "port-knock");
  _expect(msg, "HOST", g_get_host_name());
  _expect(msg, "MESSAGE",
          "port_knock_heartbeat parser=p_test reference=1 seconds=0 messages=0 recognised=0 hits=0 alerts=0 evicted=0 "
          "sources=0 windows=0");
  _expect(msg, ".knock.kind", "heartbeat");
  _expect(msg, ".knock.heartbeat_parser", "p_test");
  cr_expect(log_msg_is_tag_by_name(msg, "port-knock.heartbeat"));
  cr_expect(!log_msg_is_tag_by_name(msg, "port-knock.alert"));
  cr_expect(!log_msg_is_tag_by_name(msg, "port-knock"));
  _expect(msg, ".knock.severity", "");
  _expect(msg, ".knock.detection_branch", "");
  _drop(msg);
}

Test(heartbeat, counts_what_came_since_the_last)
{
  LogMessage *msg;

  pk_heartbeat_init(&_heartbeat, 60, &_counters);
  _drop(_next(SECOND));
  stats_counter_add(_counters.plain[PK_COUNTER_MESSAGES], 7);
  stats_counter_add(_counters.plain[PK_COUNTER_RECOGNISED], 5);
  stats_counter_inc(_counters.alerts[PK_CONFIDENCE_HIGH]);
  pk_counters_copy_engine(&_counters, &(PkStats){ .hits = 4, .evicted_windows = 2, .sources = 3, .windows = 1 });
  msg = _next(61 * SECOND);
  _expect(msg, "MESSAGE",
          "port_knock_heartbeat parser=p_test reference=1 seconds=60 messages=7 recognised=5 hits=4 alerts=1 evicted=2 "
          "sources=3 windows=1");
  _expect(msg, ".knock.heartbeat_messages", "7");
  _expect(msg, ".knock.heartbeat_windows", "1");
  _drop(msg);
  msg = _next(121 * SECOND);
  _expect(msg, ".knock.heartbeat_messages", "0");
  _expect(msg, ".knock.heartbeat_sources", "3");
  _drop(msg);
}

Test(heartbeat, of_a_parser_with_an_odd_name_has_no_other_pairs)
{
  LogMessage *msg;

  pk_heartbeat_init(&_heartbeat, 60, &_counters);
  msg = pk_heartbeat_next(&_heartbeat, &_output, &_counters, "p severity=high\n\"", 2, SECOND);
  _expect(msg, ".knock.heartbeat_parser", "p_severity_high__");
  _expect(msg, ".knock.heartbeat_reference", "2");
  _drop(msg);
}

Test(heartbeat, leaves_out_what_was_counted_before_a_reload)
{
  LogMessage *msg;

  stats_counter_add(_counters.plain[PK_COUNTER_MESSAGES], 7);
  pk_heartbeat_init(&_heartbeat, 60, &_counters);
  msg = _next(SECOND);
  _expect(msg, ".knock.heartbeat_messages", "0");
  _drop(msg);
}
