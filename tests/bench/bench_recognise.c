/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

/* bench_recognise SAMPLES LOG: what pk_recognise() alone costs, as Markdown.
 * SAMPLES is tests/samples, whose denials are measured line by line; LOG holds
 * lines of which nothing is recognised.  Lines are parsed before the clock
 * starts.  A figure is the least of several rounds: whatever else runs on the
 * machine only ever adds. */

#include "case-file.h"
#include "port-knock/pk-engine.h"

#define ROUNDS 15
#define REPEATS 1000
#define LINES_MAX 20000

#define TARGET_NOBODY_NSEC 120.
#define TARGET_DENIAL_NSEC 600.
#define TARGET_NETFILTER_NSEC 300.

static const PkClock CLOCK = { .now_usec = G_GINT64_CONSTANT(1795392000000000) };

static PkRecogniser *recogniser;
static PkEvent event;

/* ---- measuring -------------------------------------------------------------- */

static gint64
_now_nsec(void)
{
  struct timespec now;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Nanoseconds for one of lines, read one after the other, repeats times. */
static gdouble
_measure(const PkLine *lines, guint n, guint repeats)
{
  gint64 best = G_MAXINT64;

  for (guint round = 0; round < ROUNDS; round++)
    {
      gint64 start = _now_nsec();

      for (guint i = 0; i < repeats; i++)
        for (guint k = 0; k < n; k++)
          pk_recognise(recogniser, &lines[k], &event);
      best = MIN(best, _now_nsec() - start);
    }
  return (gdouble) best / n / repeats;
}

static gint
_compare(gconstpointer a, gconstpointer b)
{
  gdouble left = *(const gdouble *) a, right = *(const gdouble *) b;

  return left < right ? -1 : left > right;
}

static gdouble
_median(GArray *values)
{
  g_array_sort(values, _compare);
  return values->len % 2
             ? g_array_index(values, gdouble, values->len / 2)
             : (g_array_index(values, gdouble, values->len / 2 - 1) + g_array_index(values, gdouble, values->len / 2)) /
                   2;
}

static void
_print_target(const gchar *what, gdouble nsec, gdouble target)
{
  g_print("| %s | %.0f | %.0f | %s |\n", what, nsec, target, nsec <= target ? "met" : "**not met**");
}

/* ---- lines that nobody claims -------------------------------------------------- */

static gboolean
_measure_ordinary(const gchar *path)
{
  GArray *lines = g_array_new(FALSE, FALSE, sizeof(PkLine));
  gsize bytes = 0;
  gchar *text;

  if (!g_file_get_contents(path, &text, NULL, NULL))
    return FALSE;
  for (gchar *at = text, *end; (end = strchr(at, '\n')) && lines->len < LINES_MAX; at = end + 1)
    {
      PkLine line;

      pk_line_parse(at, (gsize) (end - at), &CLOCK, &line);
      bytes += (gsize) (end - at);
      g_array_append_val(lines, line);
    }
  g_print("Lines that nobody claims: %u, %.0f bytes on average.\n\n", lines->len, (gdouble) bytes / MAX(lines->len, 1));
  g_print("| recognition alone | CPU ns a line | target | |\n|---|--:|--:|---|\n");
  _print_target("nobody claims it", _measure((const PkLine *) (gpointer) lines->data, lines->len, 5),
                TARGET_NOBODY_NSEC);
  g_array_free(lines, TRUE);
  g_free(text);
  return TRUE;
}

/* ---- denials ------------------------------------------------------------------ */

typedef struct _Row
{
  const PkDialect *dialect;
  gdouble nsec; /* median of its denials; 0: it has none */
  guint lines;
} Row;

static void
_measure_case(const Case *sample, GArray *figures)
{
  PkLine line;
  gdouble nsec;

  pk_line_parse(sample->raw, strlen(sample->raw), &CLOCK, &line);
  if (pk_recognise(recogniser, &line, &event) != PK_SCAN_MATCH || event.kind != PK_EVENT_FIREWALL_DENY)
    return;
  nsec = _measure(&line, 1, REPEATS);
  g_array_append_val(figures, nsec);
}

static Row
_measure_row(const gchar *folder, const PkDialect *dialect)
{
  gchar *path = g_strdup_printf("%s/%s.case", folder, dialect->name);
  GArray *figures = g_array_new(FALSE, FALSE, sizeof(gdouble));
  GArray *cases = case_file_read(path, NULL);
  Row row = { .dialect = dialect };

  for (guint i = 0; cases && i < cases->len; i++)
    _measure_case(&g_array_index(cases, Case, i), figures);
  row.lines = figures->len;
  row.nsec = figures->len ? _median(figures) : 0;
  if (cases)
    case_file_free(cases);
  g_array_free(figures, TRUE);
  g_free(path);
  return row;
}

static gdouble
_find_figure(const GArray *rows, const gchar *name)
{
  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal(g_array_index(rows, Row, i).dialect->name, name))
      return g_array_index(rows, Row, i).nsec;
  return 0;
}

static void
_print_rows(const GArray *rows)
{
  g_print("\n| dialect | denials | CPU ns a line |\n|---|--:|--:|\n");
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = &g_array_index(rows, Row, i);

      g_print("| `%s` | %u | %.0f |\n", row->dialect->name, row->lines, row->nsec);
    }
}

static void
_measure_denials(const gchar *folder)
{
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(Row)), *figures = g_array_new(FALSE, FALSE, sizeof(gdouble));
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);

  for (gsize i = 0; i < n; i++)
    {
      Row row = _measure_row(folder, dialects[i]);

      if (!row.lines)
        continue;
      g_array_append_val(rows, row);
      g_array_append_val(figures, row.nsec);
    }
  _print_target("a denial, median over dialects", figures->len ? _median(figures) : 0, TARGET_DENIAL_NSEC);
  _print_target("a denial, `netfilter`", _find_figure(rows, "netfilter"), TARGET_NETFILTER_NSEC);
  _print_target("a denial, `ufw`", _find_figure(rows, "ufw"), TARGET_NETFILTER_NSEC);
  _print_rows(rows);
  g_array_free(rows, TRUE);
  g_array_free(figures, TRUE);
}

/* ---- main --------------------------------------------------------------------- */

gint
main(gint argc, gchar **argv)
{
  PkOptions options;

  if (argc != 3)
    {
      g_printerr("usage: bench_recognise SAMPLES LOG\n");
      return 2;
    }
  pk_options_init(&options);
  recogniser = pk_options_check(&options, NULL) ? pk_recogniser_new(&options, NULL) : NULL;
  pk_options_clear(&options);
  if (!recogniser || !_measure_ordinary(argv[2]))
    {
      g_printerr("bench_recognise: %s cannot be read\n", argv[2]);
      return 1;
    }
  _measure_denials(argv[1]);
  pk_recogniser_free(recogniser);
  return 0;
}
