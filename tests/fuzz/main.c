/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"

/* Runs a fuzz target without libFuzzer, as one of make check's tests: on every
 * file of the samples and seeds, on each of their lines, and on lines cut off
 * anywhere.  Then says how many files there were in Criterion's words, for
 * run-test. */

/* Cutting every line of every file anywhere would take minutes. */
#ifndef FUZZ_LINES_CUT_PER_FILE
#define FUZZ_LINES_CUT_PER_FILE 20
#endif

/* A target with seeds of its own names their folder. */
#ifndef FUZZ_FOLDERS
#define FUZZ_FOLDERS "samples", "captures", "fuzz/seeds"
#endif

static void
_run(const gchar *data, gsize len)
{
  guint8 *copy = g_malloc(len);

  if (len)
    memcpy(copy, data, len);
  LLVMFuzzerTestOneInput(copy, len);
  g_free(copy);
}

static void
_run_line(const gchar *line, gsize len, gboolean cut)
{
  gsize end;

  for (end = cut ? 0 : len; end <= len; end++)
    _run(line, end);
}

static void
_run_text(const gchar *text, gsize len)
{
  const gchar *end = text + len;
  const gchar *line_end;
  gint n = 0;

  _run(text, len);
  for (; text < end; text = line_end + 1)
    {
      line_end = memchr(text, '\n', end - text);
      if (!line_end)
        line_end = end;
      _run_line(text, line_end - text, n++ < FUZZ_LINES_CUT_PER_FILE);
    }
}

static guint
_run_folder(const gchar *path)
{
  GDir *dir = g_dir_open(path, 0, NULL);
  const gchar *name;
  guint n = 0;

  while (dir && (name = g_dir_read_name(dir)))
    {
      gchar *file = g_build_filename(path, name, NULL);
      gchar *text;
      gsize len;

      if (g_file_get_contents(file, &text, &len, NULL))
        {
          _run_text(text, len);
          g_free(text);
          n++;
        }
      g_free(file);
    }
  if (dir)
    g_dir_close(dir);
  return n;
}

int
main(void)
{
  const gchar *source = g_getenv("PK_SOURCE_DIR");
  const gchar *const folders[] = { FUZZ_FOLDERS };
  guint n = 0;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS(folders); i++)
    {
      gchar *path = g_build_filename(source ? source : ".", "tests", folders[i], NULL);

      n += _run_folder(path);
      g_free(path);
    }
  printf("[====] Synthesis: Tested: %u | Passing: %u | Failing: 0 | Crashing: 0\n", n, n);
  return 0;
}
