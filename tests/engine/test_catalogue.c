/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "port-knock/pk-engine.h"
#include "scan/slice.h"

/* Every message format of knockd and fwknopd, from a table that lies beside
 * some checkouts: daemon, source, level, format, branch, subtype, fields, parted
 * by tabs.  A format is filled in and must come to its branch and subtype. */

typedef struct _Format
{
  const gchar *daemon, *format, *branch;
  gchar *subtype;
} Format;

#define ADDRESS "192.0.2.77"

/* What a %s stands for is known by what follows it. */
static const gchar *
_choose_string(const gchar *after)
{
  return g_str_has_prefix(after, ", expires at") || g_str_has_prefix(after, " expires at") ? "tcp/22" : ADDRESS;
}

static gchar *
_fill_in(const gchar *format)
{
  GString *text = g_string_new(NULL);

  for (const gchar *at = format; *at; at++)
    if (at[0] != '%' || !at[1])
      g_string_append_c(text, *at);
    else if (*++at == 's')
      g_string_append(text, _choose_string(at + 1));
    else
      g_string_append(text, *at == 'c' ? "x" : "7");
  return g_string_free(text, FALSE);
}

/* How grave a message is stands in its level, which the text does not show, and
 * the table has a few rows at which a word in the text led it astray. */
static const gchar *
_without_level(const gchar *subtype, const gchar *format)
{
  if (g_str_has_prefix(format, "[*] ") || g_str_equal(subtype, "error") || g_str_equal(subtype, "debug"))
    return "other";
  return subtype;
}

static void
_check_format(const PkRecogniser *recogniser, const Format *self)
{
  const PkClock clock = { .now_usec = G_GINT64_CONSTANT(1795392000000000) };
  gchar *text = _fill_in(self->format),
        *raw = g_strdup_printf("<30>Nov 22 22:14:01 srv01 %s[7]: %s", self->daemon, text);
  PkLine line;
  PkEvent event;

  pk_line_parse(raw, strlen(raw), &clock, &line);
  cr_assert_eq(pk_recognise(recogniser, &line, &event), PK_SCAN_MATCH, "%s", raw);
  cr_expect_str_eq(pk_branch_name(event.branch), self->branch, "%s: is %s, not %s", raw, pk_branch_name(event.branch),
                   self->branch);
  cr_expect_str_eq(_without_level(event.subtype, self->format), _without_level(self->subtype, self->format),
                   "%s: is %s, not %s", raw, event.subtype, self->subtype);
  cr_expect_str_eq(event.dialect->name, self->daemon);
  g_free(text);
  g_free(raw);
}

/* "stage (-l)" is stage. */
static gchar *
_first_word(const gchar *subtype)
{
  return g_strndup(subtype, strcspn(subtype, " "));
}

/* One format has two rows: the same text at two levels, of which one is debug. */
static gboolean
_is_ambiguous(const Format *self)
{
  return g_str_equal(self->subtype, "debug") &&
         g_str_equal(self->format, "[%s] (stanza #%d) Error creating fko context: %s");
}

static guint
_check_line(const PkRecogniser *recogniser, const gchar *line)
{
  gchar **columns = g_strsplit(line, "\t", -1);
  guint n = 0;

  if (g_strv_length(columns) >= 6 && !g_str_equal(columns[0], "daemon"))
    {
      Format self = { columns[0], columns[3], columns[4], _first_word(columns[5]) };

      if (!_is_ambiguous(&self))
        _check_format(recogniser, &self);
      g_free(self.subtype);
      n = 1;
    }
  g_strfreev(columns);
  return n;
}

/* NULL where the material is not there. */
static gchar *
_read_catalogue(void)
{
  const gchar *shared = g_getenv("PK_SHARED"), *source = g_getenv("PK_SOURCE_DIR");
  gchar *path =
      shared ? g_build_filename(shared, "telemetry", "message_catalogue.tsv", NULL)
             : g_build_filename(source ? source : ".", "..", "shared", "telemetry", "message_catalogue.tsv", NULL);
  gchar *contents = NULL;

  g_file_get_contents(path, &contents, NULL, NULL);
  g_free(path);
  return contents;
}

static guint
_check_lines(const gchar *contents)
{
  gchar **lines = g_strsplit(contents, "\n", -1);
  PkRecogniser *recogniser;
  PkOptions options;
  guint n = 0;

  pk_options_init(&options);
  cr_assert(pk_options_check(&options, NULL));
  recogniser = pk_recogniser_new(&options, NULL);
  for (gsize i = 0; lines[i]; i++)
    n += _check_line(recogniser, lines[i]);
  pk_recogniser_free(recogniser);
  pk_options_clear(&options);
  g_strfreev(lines);
  return n;
}

Test(catalogue, every_message_format_comes_to_its_branch_and_subtype)
{
  gchar *contents = _read_catalogue();

  if (!contents)
    cr_skip("no table of message formats beside this checkout");
  cr_expect_gt(_check_lines(contents), 500);
  g_free(contents);
}
