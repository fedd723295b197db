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

Test(settings, are_copied_deeply)
{
  PkSettings copy;

  cr_assert(_set("deny-prefix", "A: "));
  cr_assert(_set("persist-name", "edge"));
  pk_settings_copy(&settings, &copy);
  pk_settings_clear(&settings);
  cr_expect_str_eq(copy.persist_name, "edge");
  cr_expect_str_eq(copy.prefix, ".knock.");
  cr_expect_str_eq(g_ptr_array_index(copy.engine.deny_prefix, 0), "A: ");
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
