/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "case-file.h"

static void
_clear_case(gpointer data)
{
  Case *self = data;

  g_free(self->raw);
  g_free(self->expected);
}

/* One line of the file; FALSE: a block has more or fewer lines than it may. */
static gboolean
_add_line(GArray *cases, Case *block, const gchar *text, guint line_number)
{
  if (!*text && block->raw)
    {
      if (!block->expected)
        return FALSE;
      g_array_append_val(cases, *block);
      *block = (Case){ 0 };
    }
  else if (*text && !block->raw && !g_str_has_prefix(text, "# "))
    {
      block->raw = g_strdup(text);
      block->line_number = line_number;
    }
  else if (*text && block->raw)
    {
      if (block->expected)
        return FALSE;
      block->expected = g_strdup(text);
    }
  return TRUE;
}

static GArray *
_read_lines(gchar **lines, guint *ret_bad_line)
{
  GArray *cases = g_array_new(FALSE, FALSE, sizeof(Case));
  Case block = { 0 };
  guint n = g_strv_length(lines);

  g_array_set_clear_func(cases, _clear_case);
  *ret_bad_line = 0;
  for (guint i = 0; i <= n && !*ret_bad_line; i++)
    if (!_add_line(cases, &block, i < n ? lines[i] : "", i + 1))
      *ret_bad_line = i + 1;
  _clear_case(&block);
  return cases;
}

GArray *
case_file_read(const gchar *path, GError **error)
{
  gchar *contents, **lines;
  GArray *cases;
  guint bad_line;

  if (!g_file_get_contents(path, &contents, NULL, error))
    return NULL;
  lines = g_strsplit(contents, "\n", -1);
  g_free(contents);
  cases = _read_lines(lines, &bad_line);
  g_strfreev(lines);
  if (!bad_line)
    return cases;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s:%u: a block is comments, a raw line and what is expected",
              path, bad_line);
  case_file_free(cases);
  return NULL;
}

void
case_file_free(GArray *cases)
{
  g_array_unref(cases);
}

gboolean
case_is_match(const Case *self)
{
  return self->expected[0] == '{';
}
