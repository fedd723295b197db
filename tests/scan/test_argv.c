/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/argv.h"
#include "scan/guard-page.h"
#include "scan/slice.h"

/* The arguments, each in angle brackets. */
static gchar *
_show(const PkArgv *argv)
{
  GString *text = g_string_new(NULL);

  for (gsize i = 0; i < argv->n; i++)
    {
      g_string_append_c(text, '<');
      g_string_append_len(text, argv->args[i].data, (gssize) argv->args[i].len);
      g_string_append_c(text, '>');
    }
  return g_string_free(text, FALSE);
}

static void
_expect_split(PkArgvStyle style, const gchar *command_line, const gchar *expected)
{
  PkArgv argv;
  gchar *shown;

  pk_argv_split(pk_slice_from_string(command_line), style, &argv);
  shown = _show(&argv);
  cr_expect_str_eq(shown, expected, "%s gives %s, not %s", command_line, shown, expected);
  g_free(shown);
}

static void
_expect_every_beginning_is_harmless(PkArgvStyle style, const gchar *command_line)
{
  PkArgv argv;

  for (gsize len = 0; len <= strlen(command_line); len++)
    {
      GuardPage page = guard_page_new(command_line, len);

      pk_argv_split(page.text, style, &argv);
      cr_expect_leq(argv.n, PK_ARGV_MAX);
      guard_page_free(&page);
    }
}

Test(argv, blanks_part_arguments_in_both_styles)
{
  for (gint style = PK_ARGV_WINDOWS; style <= PK_ARGV_JOINED; style++)
    {
      _expect_split((PkArgvStyle) style, "knock host 7000", "<knock><host><7000>");
      _expect_split((PkArgvStyle) style, "  knock \t host\n7000\r\n", "<knock><host><7000>");
      _expect_split((PkArgvStyle) style, "", "");
      _expect_split((PkArgvStyle) style, " \t ", "");
    }
}

Test(argv, windows_quotes_keep_blanks_and_are_taken_away)
{
  _expect_split(PK_ARGV_WINDOWS, "\"C:\\Program Files\\knock.exe\" \"a b\" c",
                "<C:\\Program Files\\knock.exe><a b><c>");
  _expect_split(PK_ARGV_WINDOWS, "x.exe a\" b \"c", "<x.exe><a b c>");
  _expect_split(PK_ARGV_WINDOWS, "x.exe \"\" \"", "<x.exe><><>");
  _expect_split(PK_ARGV_WINDOWS, "x.exe \"a\"\"b\" c", "<x.exe><a\"b><c>");
}

Test(argv, windows_backslashes_matter_only_before_a_quote)
{
  _expect_split(PK_ARGV_WINDOWS, "x.exe C:\\dir\\ \\\\host\\share", "<x.exe><C:\\dir\\><\\\\host\\share>");
  _expect_split(PK_ARGV_WINDOWS, "x.exe \\\"a b", "<x.exe><\"a><b>");
  _expect_split(PK_ARGV_WINDOWS, "x.exe \"a\\\\\" b", "<x.exe><a\\><b>");
  _expect_split(PK_ARGV_WINDOWS, "x.exe \"a\\\" b\"", "<x.exe><a\" b>");
  _expect_split(PK_ARGV_WINDOWS, "\"C:\\\" b", "<C:\\><b>");
}

Test(argv, joined_arguments_keep_quotes_that_enclose_nothing)
{
  _expect_split(PK_ARGV_JOINED, "echo it's \"half", "<echo><it's><\"half>");
  _expect_split(PK_ARGV_JOINED, "sh -c \"knock a 1\"", "<sh><-c><knock a 1>");
  _expect_split(PK_ARGV_JOINED, "sh -c 'say \"x y\" now'", "<sh><-c><say \"x y\" now>");
  _expect_split(PK_ARGV_JOINED, "a \"b\"c d\" e", "<a><b\"c d><e>");
  _expect_split(PK_ARGV_JOINED, "a \\ b", "<a><\\><b>");
  _expect_split(PK_ARGV_JOINED, "''", "<>");
}

Test(argv, more_arguments_or_bytes_than_fit_are_not_seen)
{
  GString *many = g_string_new("x");
  PkArgv argv;

  for (guint i = 0; i < 2 * PK_ARGV_MAX; i++)
    g_string_append(many, " y");
  pk_argv_split(pk_slice(many->str, many->len), PK_ARGV_WINDOWS, &argv);
  cr_expect_eq(argv.n, PK_ARGV_MAX);
  g_string_set_size(many, 4 * PK_ARGV_BYTES);
  memset(many->str, 'z', many->len);
  pk_argv_split(pk_slice(many->str, many->len), PK_ARGV_JOINED, &argv);
  cr_expect_eq(argv.n, 1);
  cr_expect_eq(argv.args[0].len, PK_ARGV_BYTES);
  memset(many->str, '\\', many->len);
  pk_argv_split(pk_slice(many->str, many->len), PK_ARGV_WINDOWS, &argv);
  cr_expect_eq(argv.used, PK_ARGV_BYTES);
  g_string_free(many, TRUE);
}

Test(argv, no_byte_past_the_end_is_read)
{
  static const gchar *const LINES[] = { "\"C:\\a b\\knock.exe\" \\\\\"x\\\" \"\" y\"\"z 'q r' 7000:udp",
                                        "sh -c \"knock 'a' 1\" it's \\" };

  for (gsize i = 0; i < G_N_ELEMENTS(LINES); i++)
    {
      _expect_every_beginning_is_harmless(PK_ARGV_WINDOWS, LINES[i]);
      _expect_every_beginning_is_harmless(PK_ARGV_JOINED, LINES[i]);
    }
}
