/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>
#include <json-c/json.h>

#include "case-file.h"
#include "port-knock/pk-engine.h"
#include "scan/guard-page.h"
#include "scan/slice.h"

static const gchar *const RESULTS[PK_N_SCAN_RESULTS] = {
  [PK_SCAN_NO_MATCH] = "no-match",   [PK_SCAN_MATCH] = "match", [PK_SCAN_IGNORED] = "ignored",
  [PK_SCAN_MALFORMED] = "malformed", [PK_SCAN_OWN] = "own",     [PK_SCAN_UNKNOWN_PREFIX] = "unknown-prefix",
  [PK_SCAN_CONTEXT] = "context",
};

/* 2026-11-23 00:00 UTC: what an RFC 3164 stamp without year is measured by. */
static const PkClock CLOCK = { .now_usec = G_GINT64_CONSTANT(1795392000000000) };

static PkRecogniser *recogniser;

static void
_begin(void)
{
  PkOptions options;

  pk_options_init(&options);
  cr_assert(pk_options_check(&options, NULL));
  recogniser = pk_recogniser_new(&options, NULL);
  pk_options_clear(&options);
}

static void
_end(void)
{
  pk_recogniser_free(recogniser);
}

TestSuite(samples, .init = _begin, .fini = _end);

static gchar *
_folder(void)
{
  const gchar *source = g_getenv("PK_SOURCE_DIR");

  return g_build_filename(source ? source : ".", "tests", "samples", NULL);
}

static GArray *
_read(const gchar *dialect)
{
  gchar *folder = _folder();
  gchar *name = g_strconcat(dialect, ".case", NULL);
  gchar *path = g_build_filename(folder, name, NULL);
  GError *error = NULL;
  GArray *cases = case_file_read(path, &error);

  cr_expect(cases, "%s: %s", dialect, error ? error->message : "");
  g_clear_error(&error);
  g_free(path);
  g_free(name);
  g_free(folder);
  return cases;
}

static void
_for_each_case(void (*func)(const gchar *dialect, const Case *sample))
{
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);

  for (gsize i = 0; i < n; i++)
    {
      GArray *cases = _read(dialects[i]->name);

      for (guint k = 0; cases && k < cases->len; k++)
        func(dialects[i]->name, &g_array_index(cases, Case, k));
      if (cases)
        case_file_free(cases);
    }
}

static PkScanResult
_recognise(const gchar *data, gsize len, PkEvent *event)
{
  PkLine line;

  pk_line_parse(data, len, &CLOCK, &line);
  return pk_recognise(recogniser, &line, event);
}

static GString *
_to_json(const PkEvent *event)
{
  GString *text = g_string_new(NULL);

  pk_event_append_json(event, text);
  return text;
}

static void
_check_event(const gchar *dialect, const Case *sample, const PkEvent *event)
{
  GString *found = _to_json(event);
  json_object *found_object = json_tokener_parse(found->str);
  json_object *expected_object = json_tokener_parse(sample->expected);

  cr_expect(json_object_equal(found_object, expected_object), "%s.case:%u: is\n%s\nnot\n%s", dialect,
            sample->line_number, found->str, sample->expected);
  cr_expect_str_eq(event->dialect->name, dialect, "%s.case:%u: %s claims the line", dialect, sample->line_number,
                   event->dialect->name);
  json_object_put(found_object);
  json_object_put(expected_object);
  g_string_free(found, TRUE);
}

static void
_check_case(const gchar *dialect, const Case *sample)
{
  PkEvent event;
  PkScanResult result = _recognise(sample->raw, strlen(sample->raw), &event);

  if (case_is_match(sample) && result == PK_SCAN_MATCH)
    _check_event(dialect, sample, &event);
  else
    cr_expect_str_eq(sample->expected, RESULTS[result], "%s.case:%u: is %s, not %s", dialect, sample->line_number,
                     RESULTS[result], sample->expected);
}

Test(samples, every_sample_comes_to_exactly_what_it_says)
{
  _for_each_case(_check_case);
}

Test(samples, every_row_has_something_that_it_claims_and_something_that_it_does_not)
{
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);

  for (gsize i = 0; i < n; i++)
    {
      GArray *cases = _read(dialects[i]->name);
      guint matches = 0;

      for (guint k = 0; cases && k < cases->len; k++)
        matches += case_is_match(&g_array_index(cases, Case, k)) ? 1 : 0;
      cr_expect(matches > 0, "%s: no sample that it claims", dialects[i]->name);
      cr_expect(cases && cases->len > matches, "%s: no look-alike", dialects[i]->name);
      if (cases)
        case_file_free(cases);
    }
}

static gboolean
_is_row(const gchar *file_name)
{
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);
  gboolean found = FALSE;

  for (gsize i = 0; i < n; i++)
    {
      gchar *expected = g_strconcat(dialects[i]->name, ".case", NULL);

      found |= g_str_equal(expected, file_name);
      g_free(expected);
    }
  return found;
}

Test(samples, every_sample_file_belongs_to_a_row)
{
  gchar *folder = _folder();
  GDir *dir = g_dir_open(folder, 0, NULL);
  const gchar *name;

  cr_assert(dir, "%s", folder);
  while ((name = g_dir_read_name(dir)))
    if (g_str_has_suffix(name, ".case"))
      cr_expect(_is_row(name), "%s belongs to no row", name);
  g_dir_close(dir);
  g_free(folder);
}

/* A crash is what this test would see. */
static void
_truncate_case(const gchar *dialect, const Case *sample)
{
  gsize len = strlen(sample->raw);
  GuardPage page = guard_page_new(sample->raw, len);
  gchar *end = (gchar *) page.text.data + len;

  (void) dialect;
  for (gsize cut = 0; cut <= len; cut++)
    {
      PkEvent event;

      memcpy(end - cut, sample->raw, cut);
      if (_recognise(end - cut, cut, &event) == PK_SCAN_MATCH)
        g_string_free(_to_json(&event), TRUE);
      memcpy(end - len, sample->raw, len);
      _recognise(end - cut, cut, &event);
    }
  guard_page_free(&page);
}

Test(samples, nothing_reads_past_the_end_of_a_line_that_is_cut_anywhere)
{
  _for_each_case(_truncate_case);
}
