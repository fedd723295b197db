/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "settings.h"

#include <criterion/criterion.h>

static PkSettings settings;

static void
_set_up(void)
{
  pk_settings_init(&settings);
}

static void
_tear_down(void)
{
  pk_settings_clear(&settings);
}

TestSuite(settings, .init = _set_up, .fini = _tear_down);

static gboolean
_set(const gchar *name, const gchar *value)
{
  GList *values = g_list_append(NULL, (gpointer) value);
  gboolean ok = pk_settings_set(&settings, name, values, NULL);

  g_list_free(values);
  return ok;
}

Test(settings, start_with_the_defaults_of_the_manual)
{
  cr_expect_str_eq(settings.prefix, ".knock.");
  cr_expect_null(settings.persist_name);
  cr_expect_eq(settings.inject_mode, PK_INJECT_PASS_THROUGH);
  cr_expect_eq(settings.fields, PK_FIELDS_CORE);
  cr_expect_eq(settings.use_time, PK_USE_TIME_MESSAGE);
  cr_expect(settings.correlate);
  cr_expect_eq(settings.engine.window_seconds, 30);
}

Test(settings, take_the_options_of_the_engine_and_their_own)
{
  cr_expect(_set("window", "60"));
  cr_expect(_set("min_ports", "4"));
  cr_expect(_set("correlate", "no"));
  cr_expect(_set("use-time", "received"));
  cr_expect(_set("persist-name", "edge"));
  cr_expect_eq(settings.engine.window_seconds, 60);
  cr_expect_eq(settings.engine.min_ports, 4);
  cr_expect_not(settings.correlate);
  cr_expect_eq(settings.use_time, PK_USE_TIME_RECEIVED);
  cr_expect_str_eq(settings.persist_name, "edge");
}

Test(settings, refuse_a_bad_value_and_stay_as_they_are)
{
  GList *none = NULL;
  GError *error = NULL;

  cr_expect_not(_set("window", "0"));
  cr_expect_not(_set("prefix", ""));
  cr_expect_not(_set("prefix", "a b"));
  cr_expect_not(_set("fields", "most"));
  cr_expect_not(_set("no-such-option", "1"));
  cr_expect_not(pk_settings_set(&settings, "correlate", none, &error));
  cr_expect_str_eq(error->message, "correlate: \"\" is not permitted, it takes one of no, yes");
  g_clear_error(&error);
  cr_expect_eq(settings.engine.window_seconds, 30);
  cr_expect_str_eq(settings.prefix, ".knock.");
}

Test(settings, take_several_values_only_where_an_option_may_be_repeated)
{
  GList *values = g_list_append(g_list_append(NULL, (gpointer) "A: "), (gpointer) "B: ");

  cr_expect(pk_settings_set(&settings, "deny-prefix", values, NULL));
  cr_expect_eq(settings.engine.deny_prefix->len, 2);
  cr_expect_not(pk_settings_set(&settings, "prefix", values, NULL));
  g_list_free(values);
}

static gboolean
_set_many(const gchar *name, const gchar *const *texts, GError **error)
{
  GList *values = NULL;
  gboolean ok;

  for (; *texts; texts++)
    values = g_list_append(values, (gpointer) *texts);
  ok = pk_settings_set(&settings, name, values, error);
  g_list_free(values);
  return ok;
}

Test(settings, make_an_entry_of_the_values_of_allow)
{
  static const gchar *const GOOD[][5] = {
    { "192.0.2.1", "some reason" },
    { "192.0.2.2", "reason", "198.51.100.0/24" },
    { "192.0.2.3", "reason", "198.51.100.0/24", "2026-12-31" },
    { "192.0.2.4", "reason", "", "2026-12-31" },
    { "192.0.2.5 until=2026-12-31 reason" },
  };
  static const gchar *const ENTRIES[] = { "192.0.2.1 some reason", "192.0.2.2 dest=198.51.100.0/24 reason",
                                          "192.0.2.3 dest=198.51.100.0/24 until=2026-12-31 reason",
                                          "192.0.2.4 until=2026-12-31 reason", "192.0.2.5 until=2026-12-31 reason" };

  for (gsize i = 0; i < G_N_ELEMENTS(GOOD); i++)
    {
      cr_expect(_set_many("allow", GOOD[i], NULL));
      cr_assert_eq(settings.engine.allow->len, i + 1);
      cr_expect_str_eq(g_ptr_array_index(settings.engine.allow, i), ENTRIES[i]);
    }
}

Test(settings, refuse_values_of_allow_that_would_mean_something_else)
{
  static const gchar *const BAD[][6] = {
    { "192.0.2.1 192.0.2.2", "reason" },
    { "192.0.2.1", "reason", "192.0.2.2 more" },
    { "192.0.2.1", "reason", "192.0.2.2", "2026-12-31 more" },
    { "192.0.2.1", "dest=192.0.2.2 reason" },
    { "192.0.2.1", "until=2026-12-31 reason" },
    { "192.0.2.1", " \t dest=192.0.2.2 reason" },
    { "192.0.2.1", "until=2026-12-31 reason", "192.0.2.2" },
    { "", "192.0.2.1 reason" },
    { "192.0.2.1", "" },
    { "192.0.2.1", "reason", "", "", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(BAD); i++)
    {
      GError *error = NULL;

      cr_expect_not(_set_many("allow", BAD[i], &error), "%s", BAD[i][0]);
      cr_assert_not_null(error);
      cr_expect(g_str_has_prefix(error->message, "allow: "), "%s", error->message);
      g_error_free(error);
    }
  cr_expect_eq(settings.engine.allow->len, 0);
}

Test(settings, take_another_allow_list_for_the_same_engine)
{
  PkSettings before;

  pk_settings_copy(&settings, &before);
  cr_assert(_set("allow", "192.0.2.1 reason"));
  cr_assert(_set("allow-file", "/nowhere/allow"));
  cr_expect(pk_settings_engine_equals(&before.engine, &settings.engine));
  pk_settings_clear(&before);
}

Test(settings, take_another_place_of_the_state_file_for_the_same_engine)
{
  PkSettings before;

  pk_settings_copy(&settings, &before);
  cr_assert(_set("state-file", "/nowhere"));
  cr_assert(_set("save-interval", "5"));
  cr_expect(pk_settings_engine_equals(&before.engine, &settings.engine));
  pk_settings_clear(&before);
}

Test(settings, are_copied_deeply)
{
  PkSettings copy;

  cr_assert(_set("deny-prefix", "A: "));
  cr_assert(_set("persist-name", "edge"));
  cr_assert(_set("allow", "192.0.2.1 reason"));
  cr_assert(_set("allow-file", "/nowhere/allow"));
  pk_settings_copy(&settings, &copy);
  pk_settings_clear(&settings);
  cr_expect_str_eq(copy.persist_name, "edge");
  cr_expect_str_eq(copy.prefix, ".knock.");
  cr_expect_str_eq(g_ptr_array_index(copy.engine.deny_prefix, 0), "A: ");
  cr_expect_str_eq(g_ptr_array_index(copy.engine.allow, 0), "192.0.2.1 reason");
  cr_expect_str_eq(copy.engine.allow_file, "/nowhere/allow");
  pk_settings_clear(&copy);
  pk_settings_init(&settings);
}

Test(settings, compare_every_option_of_the_engine)
{
  static const gchar *const CHANGES[][2] = {
    { "window", "31" },
    { "min-confidence", "high" },
    { "max-sources", "2048" },
    { "deny-prefix", "A: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS(CHANGES); i++)
    {
      PkSettings before;

      pk_settings_copy(&settings, &before);
      cr_expect(pk_settings_engine_equals(&before.engine, &settings.engine));
      cr_assert(_set(CHANGES[i][0], CHANGES[i][1]));
      cr_expect_not(pk_settings_engine_equals(&before.engine, &settings.engine), "%s", CHANGES[i][0]);
      pk_settings_clear(&before);
    }
}

Test(settings, compare_nothing_that_the_engine_does_not_read)
{
  PkSettings before;

  pk_settings_copy(&settings, &before);
  cr_assert(_set("heartbeat", "60"));
  cr_assert(_set("allow", "192.0.2.1 reason"));
  cr_expect(pk_settings_engine_equals(&before.engine, &settings.engine));
  pk_settings_clear(&before);
}

static void
_expect_description(const gchar *expected)
{
  gchar *text = pk_settings_describe(&settings);

  cr_expect_str_eq(text, expected, "%s", text);
  g_free(text);
}

Test(settings, are_described_by_what_was_set)
{
  _expect_description("defaults");
  cr_assert(_set("window", "60"));
  cr_assert(_set("min-confidence", "high"));
  cr_assert(_set("alert-on", "window,host"));
  cr_assert(_set("known-sequences", "/nowhere/doors.json"));
  cr_assert(_set("deny-prefix", "A: "));
  cr_assert(_set("deny-prefix", "B: "));
  cr_assert(_set("fields", "all"));
  cr_assert(_set("prefix", "knock."));
  cr_assert(_set("persist-name", "edge"));
  _expect_description("window(60) min-confidence(high) alert-on(window,host) known-sequences(/nowhere/doors.json) "
                      "deny-prefix(2 values) fields(all) prefix(knock.) persist-name(edge)");
}
