/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "port-knock/pk-options.h"

static PkOptions options;

static void
_begin(void)
{
  pk_options_init(&options);
}

static void
_end(void)
{
  pk_options_clear(&options);
}

TestSuite(options, .init = _begin, .fini = _end);

static gint
_get(const PkOption *option)
{
  return *(gint *) G_STRUCT_MEMBER_P(&options, option->offset);
}

static const PkOption *
_row(const gchar *name)
{
  gsize n;
  const PkOption *table = pk_option_table(&n);

  for (gsize i = 0; i < n; i++)
    if (g_str_equal(table[i].name, name))
      return &table[i];
  cr_assert_fail("no option %s", name);
  return NULL;
}

static void
_set(const gchar *name, const gchar *value)
{
  GError *error = NULL;

  cr_expect(pk_options_set(&options, name, value, &error), "%s %s: %s", name, value, error ? error->message : "");
  g_clear_error(&error);
}

static void
_expect_error(gboolean ok, GError *error, gint code, const gchar *message)
{
  cr_expect(!ok, "it is accepted, instead of: %s", message);
  cr_assert_not_null(error);
  cr_expect(g_error_matches(error, PK_OPTION_ERROR, code), "code %d", error->code);
  cr_expect_str_eq(error->message, message);
  g_error_free(error);
}

static void
_expect_refused(const gchar *name, const gchar *value, const gchar *message)
{
  GError *error = NULL;
  PkOptions before = options;
  gboolean ok = pk_options_set(&options, name, value, &error);

  _expect_error(ok, error, PK_OPTION_ERROR_VALUE, message);
  cr_expect_arr_eq(&options, &before, sizeof(before), "%s was changed by a value that was refused", name);
}

static void
_expect_conflict(const gchar *message)
{
  GError *error = NULL;
  gboolean ok = pk_options_check(&options, &error);

  _expect_error(ok, error, PK_OPTION_ERROR_CONFLICT, message);
}

static void
_expect_fine(void)
{
  GError *error = NULL;

  cr_expect(pk_options_check(&options, &error), "%s", error ? error->message : "");
  g_clear_error(&error);
}

/* ---- single values --------------------------------------------------------- */

/* The ranges and defaults of the design, once more. */
static const struct
{
  const gchar *name;
  gint min, max, value;
} RANGES[] = {
  { "window", 1, 3600, 30 },          { "settle", 1, 3600, 10 },
  { "min-ports", 2, 32, 3 },          { "max-ports", 2, 31, 8 },
  { "min-packets", 2, 32, 3 },        { "max-packets", 2, 31, 12 },
  { "min-duration", 0, 3600, 0 },     { "scan-memory", 60, 86400, 3600 },
  { "cooldown", 0, 86400, 300 },      { "max-sources", 1024, 16777216, 262144 },
  { "max-windows", 64, 16777216, 0 }, { "max-alerts", 1, 10000, 60 },
  { "save-interval", 0, 3600, 60 },   { "heartbeat", 0, 86400, 0 },
};

Test(options, every_range_holds_at_both_ends)
{
  for (gsize i = 0; i < G_N_ELEMENTS(RANGES); i++)
    {
      const PkOption *option = _row(RANGES[i].name);
      gint64 outside[] = { (gint64) RANGES[i].min - 1, (gint64) RANGES[i].max + 1 };
      gint inside[] = { RANGES[i].min, RANGES[i].max };
      gchar text[32];

      cr_expect_eq(_get(option), RANGES[i].value, "%s: default %d", option->name, _get(option));
      for (guint j = 0; j < 2; j++)
        {
          g_snprintf(text, sizeof(text), "%d", inside[j]);
          _set(option->name, text);
          cr_expect_eq(_get(option), inside[j]);
          g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT, outside[j]);
          cr_expect(!pk_options_set(&options, option->name, text, NULL), "%s takes %s", option->name, text);
          cr_expect_eq(_get(option), inside[j]);
        }
    }
}

Test(options, every_row_of_the_table_is_complete)
{
  gsize n;
  const PkOption *table = pk_option_table(&n);

  for (gsize i = 0; i < n; i++)
    {
      cr_expect_gt(strlen(table[i].name), 0);
      cr_expect_gt(strlen(table[i].help), 10, "%s", table[i].name);
      cr_expect_null(strpbrk(table[i].help, "\n"), "%s: help is one line", table[i].name);
      cr_expect_not_null(table[i].unit);
      cr_expect_eq(table[i].type == PK_OPTION_WORD || table[i].type == PK_OPTION_WORDS, table[i].words != NULL, "%s",
                   table[i].name);
      cr_expect_lt(table[i].offset, sizeof(PkOptions));
      for (gsize j = 0; j < i; j++)
        cr_expect_str_neq(table[i].name, table[j].name);
    }
}

Test(options, only_whole_numbers_are_numbers)
{
  static const gchar *const bad[] = { "",
                                      " ",
                                      "x",
                                      "5x",
                                      "5.0",
                                      "5.5",
                                      "1e1",
                                      "0x10",
                                      " 5",
                                      "5 ",
                                      "5\n",
                                      "--5",
                                      "five",
                                      "5,0",
                                      "5s",
                                      "\xd9\xa5",
                                      "NaN",
                                      "inf",
                                      "99999999999999999999999",
                                      "-99999999999999999999999",
                                      "4294967301",
                                      "18446744073709551621" };

  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    {
      cr_expect(!pk_options_set(&options, "window", bad[i], NULL), "\"%s\"", bad[i]);
      cr_expect_eq(options.window_seconds, 30);
    }
}

Test(options, a_refusal_says_option_value_and_range)
{
  _expect_refused("window", "0", "window: \"0\" is not permitted, it takes a whole number from 1 to 3600 (seconds)");
  _expect_refused("max-alerts", "many",
                  "max-alerts: \"many\" is not permitted, it takes a whole number from 1 to 10000 (a minute)");
  _expect_refused("min-confidence", "certain",
                  "min-confidence: \"certain\" is not permitted, it takes one of low, medium, high, confirmed");
}

Test(options, an_unknown_option_is_refused_by_name)
{
  static const gchar *const names[] = { "", "windows", "Window", "window ", "min_ports", "-window" };

  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    {
      GError *error = NULL;
      gchar *message = g_strdup_printf("%s: there is no such option", names[i]);
      gboolean ok = pk_options_set(&options, names[i], "5", &error);

      _expect_error(ok, error, PK_OPTION_ERROR_UNKNOWN, message);
      g_free(message);
    }
}

Test(options, words_are_taken_as_they_are_written)
{
  static const gchar *const words[] = { "low", "medium", "high", "confirmed" };
  static const gchar *const bad[] = { "", "Low", "LOW", "low ", "lo", "0", "1" };

  for (gint i = 0; i < 4; i++)
    {
      _set("min-confidence", words[i]);
      cr_expect_eq(options.min_confidence, i);
    }
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    cr_expect(!pk_options_set(&options, "min-confidence", bad[i], NULL), "\"%s\"", bad[i]);
}

Test(options, an_error_may_be_ignored)
{
  cr_expect(!pk_options_set(&options, "window", "x", NULL));
  cr_expect(!pk_options_set(&options, "nothing", "x", NULL));
  _set("settle", "20");
  _set("window", "10");
  cr_expect(!pk_options_check(&options, NULL));
}

/* ---- prefixes -------------------------------------------------------------- */

Test(options, prefixes_add_up_in_their_order)
{
  _set("deny-prefix", "DROP ");
  _set("deny-prefix", "[X] ");
  _set("accept-prefix", "OK");
  cr_expect_eq(options.deny_prefix->len, 2);
  cr_expect_str_eq(g_ptr_array_index(options.deny_prefix, 0), "DROP ");
  cr_expect_str_eq(g_ptr_array_index(options.deny_prefix, 1), "[X] ");
  cr_expect_eq(options.accept_prefix->len, 1);
  _expect_fine();
}

Test(options, a_prefix_has_one_to_127_bytes)
{
  gchar *longest = g_strnfill(127, 'p'), *longer = g_strnfill(128, 'p');

  _set("deny-prefix", longest);
  cr_expect(!pk_options_set(&options, "deny-prefix", longer, NULL));
  _expect_refused("deny-prefix", "", "deny-prefix: \"\" is not permitted, it takes 1 to 127 characters");
  cr_expect_eq(options.deny_prefix->len, 1);
  g_free(longest);
  g_free(longer);
}

Test(options, a_prefix_cannot_be_given_for_ever)
{
  guint n = 0;
  gchar text[16];

  while (n < 100000 && g_snprintf(text, sizeof(text), "p%u", n) && pk_options_set(&options, "deny-prefix", text, NULL))
    n++;
  cr_expect_eq(n, 256);
}

Test(options, a_prefix_in_both_lists_is_refused)
{
  _set("deny-prefix", "FW: ");
  _set("accept-prefix", "FW:");
  _expect_fine();
  _set("accept-prefix", "FW: ");
  _expect_conflict("accept-prefix: \"FW: \" is not permitted, deny-prefix has it too");
}

/* ---- allow list, paths ------------------------------------------------------- */

Test(options, entries_of_the_allow_list_add_up)
{
  _set("allow", "192.0.2.0/24 one");
  _set("allow", "192.0.2.0/24 dest=198.51.100.1 two");
  cr_expect_eq(options.allow->len, 2);
  cr_expect_str_eq(g_ptr_array_index(options.allow, 1), "192.0.2.0/24 dest=198.51.100.1 two");
  _expect_fine();
}

Test(options, a_bad_entry_is_refused_with_the_option_s_name)
{
  _expect_refused("allow", "10.1.2.3/8 x",
                  "allow: \"10.1.2.3/8\" is no network, it has bits set after its prefix; permitted would be "
                  "10.0.0.0/8");
  _expect_refused("allow", "# x",
                  "allow: \"#\" is no network: an IPv4 or IPv6 address is permitted, alone or with a prefix length");
  cr_expect_eq(options.allow->len, 0);
}

Test(options, an_entry_twice_is_refused)
{
  _set("allow", "192.0.2.0/24 one");
  _set("allow", "192.0.2.0/24 two");
  _expect_conflict("allow: \"192.0.2.0/24\" is permitted once");
}

Test(options, of_paths_the_last_counts)
{
  gchar *longest = g_strnfill(4095, 'p'), *longer = g_strnfill(4096, 'p');

  cr_expect_null(options.allow_file);
  _set("allow-file", "a");
  _set("allow-file", longest);
  cr_expect(!pk_options_set(&options, "allow-file", longer, NULL));
  _expect_refused("allow-file", "", "allow-file: \"\" is not permitted, it takes 1 to 4095 characters");
  cr_expect_str_eq(options.allow_file, longest);
  _expect_fine();
  g_free(longest);
  g_free(longer);
}

/* ---- values that do not go together ---------------------------------------- */

Test(options, the_defaults_go_together)
{
  _expect_fine();
  cr_expect_eq(options.max_windows, 16384);
}

Test(options, settle_is_at_most_the_window)
{
  _set("window", "20");
  _set("settle", "20");
  _expect_fine();
  _set("settle", "21");
  _expect_conflict("settle: 21 is not permitted, it must be at most window, which is 20");
}

Test(options, min_duration_is_at_most_the_window)
{
  _set("min-duration", "30");
  _expect_fine();
  _set("min-duration", "31");
  _expect_conflict("min-duration: 31 is not permitted, it must be at most window, which is 30");
}

Test(options, max_ports_is_at_least_min_ports)
{
  _set("min-ports", "5");
  _set("max-ports", "5");
  _expect_fine();
  _set("max-ports", "4");
  _expect_conflict("max-ports: 4 is not permitted, it must be at least min-ports, which is 5");
}

Test(options, min_packets_is_at_least_min_ports)
{
  _set("min-packets", "2");
  _expect_conflict("min-packets: 2 is not permitted, it must be at least min-ports, which is 3");
}

Test(options, max_packets_is_at_least_min_packets)
{
  _set("min-packets", "10");
  _set("max-packets", "9");
  _expect_conflict("max-packets: 9 is not permitted, it must be at least min-packets, which is 10");
}

Test(options, max_windows_is_at_most_max_sources)
{
  _set("max-sources", "1024");
  _set("max-windows", "1024");
  _expect_fine();
  _set("max-windows", "1025");
  _expect_conflict("max-windows: 1025 is not permitted, it must be at most max-sources, which is 1024");
}

/* ---- derived defaults ------------------------------------------------------ */

Test(options, a_short_window_alone_shortens_settle)
{
  _set("window", "5");
  _expect_fine();
  cr_expect_eq(options.settle_seconds, 5);
}

Test(options, min_ports_alone_moves_what_was_not_given)
{
  for (gint ports = 2; ports <= 31; ports++)
    {
      gchar text[16];

      pk_options_clear(&options);
      pk_options_init(&options);
      g_snprintf(text, sizeof(text), "%d", ports);
      _set("min-ports", text);
      _expect_fine();
      cr_expect_eq(options.max_ports, MAX(8, ports));
      cr_expect_eq(options.min_packets, MAX(3, ports));
      cr_expect_eq(options.max_packets, MAX(12, ports));
    }
}

Test(options, min_packets_alone_moves_max_packets)
{
  _set("min-packets", "20");
  _expect_fine();
  cr_expect_eq(options.max_packets, 20);
}

Test(options, max_windows_is_a_sixteenth_of_max_sources)
{
  _set("max-sources", "1024");
  _expect_fine();
  cr_expect_eq(options.max_windows, 64);
  _set("max-sources", "16777216");
  _expect_fine();
  cr_expect_eq(options.max_windows, 1048576);
}

Test(options, a_value_that_was_given_is_never_moved)
{
  _set("settle", "10");
  _set("window", "5");
  _expect_conflict("settle: 10 is not permitted, it must be at most window, which is 5");
  cr_expect_eq(options.settle_seconds, 10);
}

Test(options, checking_twice_changes_nothing)
{
  PkOptions before;

  _set("min-ports", "12");
  _expect_fine();
  before = options;
  _expect_fine();
  cr_expect_arr_eq(&before, &options, sizeof(before));
}

/* ---- copies ---------------------------------------------------------------- */

Test(options, a_copy_is_equal_and_its_own)
{
  PkOptions copy;

  _set("window", "77");
  _set("deny-prefix", "DROP");
  _set("allow-file", "file");
  pk_options_copy(&options, &copy);
  _set("allow-file", "other");
  _set("deny-prefix", "MORE");
  _set("window", "78");
  cr_expect_eq(copy.window_seconds, 77);
  cr_expect_str_eq(copy.allow_file, "file");
  cr_expect_eq(copy.given & options.given, copy.given);
  cr_expect_eq(copy.deny_prefix->len, 1);
  cr_expect_str_eq(g_ptr_array_index(copy.deny_prefix, 0), "DROP");
  cr_expect_neq(g_ptr_array_index(copy.deny_prefix, 0), g_ptr_array_index(options.deny_prefix, 0));
  cr_expect(pk_options_set(&copy, "deny-prefix", "OTHER", NULL));
  pk_options_clear(&copy);
}

Test(options, clearing_twice_is_harmless)
{
  pk_options_clear(&options);
  pk_options_clear(&options);
}
