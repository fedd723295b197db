/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/truth.h"

#include "port-knock/pk-options.h"
#include "scan/address.h"
#include "scan/slice.h"

#include <json.h>
#include <math.h>
#include <string.h>

#define SECONDS_MAX 1e9
#define PORTS_MAX 65536

typedef struct _PkTruthFormat
{
  gboolean by_file;
  /* Fills row, of which only sources exists, from one line.  NULL, or what is wrong with it. */
  const gchar *(*read)(const gchar *line, PkTruthRow *row);
} PkTruthFormat;

static const gchar *const CLASS_NAMES[PK_N_TRUTH_CLASSES] = { "knock", "scan", "benign", "spa" };

const gchar *
pk_truth_class_name(PkTruthClass class)
{
  return CLASS_NAMES[class];
}

/* ---- what the formats share ------------------------------------------------------ */

static const gchar *
_set_label(PkTruthRow *row, const gchar *label)
{
  for (guint i = 0; i < PK_N_TRUTH_CLASSES; i++)
    if (g_str_equal(label, CLASS_NAMES[i]))
      {
        row->class = i;
        row->kind = g_strdup(label);
        return NULL;
      }
  return "the label is none of knock, scan, benign, spa";
}

static const gchar *
_set_file(PkTruthRow *row, const gchar *file)
{
  if (file[0] == '\0' || pk_slice_find_char(pk_slice_from_string(file), '/') >= 0)
    return "no base name of a log file";
  row->file = g_strdup(file);
  return NULL;
}

static const gchar *
_add_source(PkTruthRow *row, const gchar *text)
{
  PkAddr source;

  if (!pk_addr_parse(pk_slice_from_string(text), &source))
    return "a source is no address";
  g_array_append_val(row->sources, source);
  return NULL;
}

static const gchar *
_require_source(const PkTruthRow *row)
{
  return row->sources->len == 0 && row->class == PK_TRUTH_KNOCK ? "a knock without a source" : NULL;
}

/* ---- a JSON object for each file ------------------------------------------------- */

static const gchar *
_get_string(json_object *object, const gchar *name)
{
  json_object *value;

  if (!json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, json_type_string))
    return NULL;
  return json_object_get_string(value);
}

/* NULL where it is missing or null. */
static json_object *
_get_array(json_object *object, const gchar *name)
{
  json_object *value;

  if (!json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, json_type_array))
    return NULL;
  return value;
}

static gchar *
_join_ports(json_object *array)
{
  GString *ports = g_string_new(NULL);
  gsize n = array ? json_object_array_length(array) : 0;

  for (gsize i = 0; i < n; i++)
    g_string_append_printf(ports, "%s%s", i ? "," : "", json_object_get_string(json_object_array_get_idx(array, i)));
  return g_string_free(ports, FALSE);
}

static const gchar *
_add_json_sources(PkTruthRow *row, json_object *array)
{
  gsize n = array ? json_object_array_length(array) : 0;
  const gchar *wrong = NULL;

  for (gsize i = 0; i < n && !wrong; i++)
    {
      json_object *source = json_object_array_get_idx(array, i);

      wrong = json_object_is_type(source, json_type_string) ? _add_source(row, json_object_get_string(source))
                                                            : "a source is no address";
    }
  return wrong ? wrong : _require_source(row);
}

static const gchar *
_read_object(json_object *object, PkTruthRow *row)
{
  const gchar *file = _get_string(object, "file");
  const gchar *label = _get_string(object, "label");
  const gchar *wrong;

  if (!file || !label)
    return "no file, or no label";
  wrong = _set_file(row, file);
  if (!wrong)
    wrong = _set_label(row, label);
  row->ports = _join_ports(_get_array(object, "true_sequence"));
  return wrong ? wrong : _add_json_sources(row, _get_array(object, "src"));
}

static const gchar *
_read_json(const gchar *line, PkTruthRow *row)
{
  json_object *object = json_tokener_parse(line);
  const gchar *wrong = "no JSON object";

  if (json_object_is_type(object, json_type_object))
    wrong = _read_object(object, row);
  json_object_put(object);
  return wrong;
}

/* ---- the same with tabs ----------------------------------------------------------- */

static const gchar *
_add_listed_sources(PkTruthRow *row, const gchar *list)
{
  gchar **words = g_strsplit(list, ",", -1);
  const gchar *wrong = NULL;

  for (guint i = 0; words[i] && !wrong; i++)
    wrong = _add_source(row, words[i]);
  g_strfreev(words);
  return wrong ? wrong : _require_source(row);
}

static const gchar *
_read_tabs(const gchar *line, PkTruthRow *row)
{
  gchar **words = g_strsplit(line, "\t", 5);
  const gchar *wrong = "fewer than file, label, sources and ports, with tabs between";

  if (g_strv_length(words) >= 4)
    {
      row->ports = g_strdup(g_str_equal(words[3], "-") ? "" : words[3]);
      wrong = _set_file(row, words[0]);
      if (!wrong)
        wrong = _set_label(row, words[1]);
      if (!wrong)
        wrong = _add_listed_sources(row, words[2]);
    }
  g_strfreev(words);
  return wrong;
}

/* ---- a line for each knock in one log ---------------------------------------------- */

enum
{
  WORD_SOURCE,
  WORD_KIND,
  WORD_START,
  WORD_END,
  WORD_N_PORTS,
  WORD_N_PACKETS,
  WORD_PORTS,
  N_WORDS
};

static void
_set_kind(PkTruthRow *row, const gchar *kind)
{
  row->kind = g_strdup(kind);
  row->class = PK_TRUTH_KNOCK;
  for (guint i = PK_TRUTH_KNOCK + 1; i < PK_N_TRUTH_CLASSES; i++)
    {
      gsize len = strlen(CLASS_NAMES[i]);

      if (g_str_has_prefix(kind, CLASS_NAMES[i]) && (kind[len] == '\0' || kind[len] == ':'))
        row->class = i;
    }
}

static gboolean
_parse_seconds(const gchar *text, gdouble *ret_seconds)
{
  gchar *end;
  gdouble seconds = g_ascii_strtod(text, &end);

  if (end == text || *end != '\0' || !isfinite(seconds) || ABS(seconds) > SECONDS_MAX)
    return FALSE;
  *ret_seconds = seconds;
  return TRUE;
}

static const gchar *
_set_span(PkTruthRow *row, const gchar *start, const gchar *end)
{
  gdouble end_seconds;

  if (!_parse_seconds(start, &row->start_seconds) || !_parse_seconds(end, &end_seconds))
    return "START or END are no seconds";
  return end_seconds < row->start_seconds ? "END is before START" : NULL;
}

static const gchar *
_check_counts(gchar *const *words)
{
  guint64 n_ports, n_packets;
  gchar **ports = g_strsplit(words[WORD_PORTS], ",", -1);
  guint listed = g_strv_length(ports);

  g_strfreev(ports);
  if (!pk_number_parse(pk_slice_from_string(words[WORD_N_PORTS]), PORTS_MAX, &n_ports) ||
      !pk_number_parse(pk_slice_from_string(words[WORD_N_PACKETS]), G_MAXUINT32, &n_packets))
    return "NPORTS or NPACKETS are no numbers";
  return n_ports != listed ? "there are not NPORTS ports" : NULL;
}

static const gchar *
_read_words_of(gchar *const *words, PkTruthRow *row)
{
  const gchar *wrong = _add_source(row, words[WORD_SOURCE]);

  if (!wrong)
    wrong = _set_span(row, words[WORD_START], words[WORD_END]);
  if (!wrong)
    wrong = _check_counts(words);
  _set_kind(row, words[WORD_KIND]);
  row->ports = g_strdup(words[WORD_PORTS]);
  return wrong;
}

static const gchar *
_read_words(const gchar *line, PkTruthRow *row)
{
  gchar **words = g_strsplit(line, " ", N_WORDS + 1);
  const gchar *wrong = "not the seven words SRC KIND START END NPORTS NPACKETS PORTS";

  if (g_strv_length(words) == N_WORDS)
    wrong = _read_words_of(words, row);
  g_strfreev(words);
  return wrong;
}

/* ---- files ------------------------------------------------------------------------- */

static const PkTruthFormat FORMAT_JSON = { TRUE, _read_json };
static const PkTruthFormat FORMAT_TABS = { TRUE, _read_tabs };
static const PkTruthFormat FORMAT_WORDS = { FALSE, _read_words };

static const PkTruthFormat *
_recognise_format(const gchar *line)
{
  if (line[0] == '{')
    return &FORMAT_JSON;
  return pk_slice_find_char(pk_slice_from_string(line), '\t') >= 0 ? &FORMAT_TABS : &FORMAT_WORDS;
}

static PkTruthRow *
_new_row(void)
{
  PkTruthRow *row = g_new0(PkTruthRow, 1);

  row->sources = g_array_new(FALSE, FALSE, sizeof(PkAddr));
  return row;
}

static void
_free_row(gpointer data)
{
  PkTruthRow *row = data;

  g_free(row->file);
  g_free(row->kind);
  g_free(row->ports);
  g_array_unref(row->sources);
  g_free(row);
}

static const PkTruthRow *
_find_name(const PkTruth *self, PkSlice name)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      const PkTruthRow *row = self->rows->pdata[i];

      if (row->file && pk_slice_equals(name, pk_slice_from_string(row->file)))
        return row;
    }
  return NULL;
}

static const gchar *
_read_row(PkTruth *self, const PkTruthFormat *format, const gchar *line)
{
  PkTruthRow *row = _new_row();
  const gchar *wrong = format->read(line, row);

  if (!wrong && row->file && _find_name(self, pk_slice_from_string(row->file)))
    wrong = "the file was labelled before";
  if (wrong)
    _free_row(row);
  else
    g_ptr_array_add(self->rows, row);
  return wrong;
}

static gboolean
_read_lines(PkTruth *self, const gchar *path, gchar *const *lines, GError **error)
{
  const PkTruthFormat *format = NULL;

  for (guint i = 0; lines[i]; i++)
    {
      const gchar *line = g_strchomp(lines[i]);
      const gchar *wrong;

      if (line[0] == '\0' || line[0] == '#')
        continue;
      if (!format)
        format = _recognise_format(line);
      self->by_file = format->by_file;
      wrong = _read_row(self, format, line);
      if (wrong)
        {
          g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "%s:%u: %s", path, i + 1, wrong);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
_read_contents(PkTruth *self, const gchar *path, const gchar *contents, gsize len, GError **error)
{
  gchar **lines;
  gboolean ok;

  if (strlen(contents) != len)
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "%s: holds a NUL byte, it is no text", path);
      return FALSE;
    }
  lines = g_strsplit(contents, "\n", -1);
  ok = _read_lines(self, path, lines, error);
  g_strfreev(lines);
  return ok;
}

gboolean
pk_truth_read(const gchar *path, PkTruth *ret_truth, GError **error)
{
  PkTruth self = { .rows = g_ptr_array_new_with_free_func(_free_row) };
  gchar *contents = NULL;
  gboolean ok = FALSE;
  gsize len;

  if (g_file_get_contents(path, &contents, &len, error))
    ok = _read_contents(&self, path, contents, len, error);
  g_free(contents);
  if (ok)
    *ret_truth = self;
  else
    pk_truth_clear(&self);
  return ok;
}

void
pk_truth_clear(PkTruth *self)
{
  g_ptr_array_unref(self->rows);
}

/* "a.ktime.log" to "a.log"; a copy without a change where there is one word only. */
static gchar *
_drop_inner_ending(const gchar *name)
{
  gchar **words = g_strsplit(name, ".", -1);
  guint n = g_strv_length(words);
  gchar *shorter = NULL;

  if (n > 2)
    {
      g_free(words[n - 2]);
      words[n - 2] = words[n - 1];
      words[n - 1] = NULL;
      shorter = g_strjoinv(".", words);
    }
  g_strfreev(words);
  return shorter ? shorter : g_strdup(name);
}

const PkTruthRow *
pk_truth_find_file(const PkTruth *self, const gchar *path)
{
  gchar *name = g_path_get_basename(path);
  gchar *shorter = _drop_inner_ending(name);
  const PkTruthRow *row = _find_name(self, pk_slice_from_string(name));

  if (!row)
    row = _find_name(self, pk_slice_from_string(shorter));
  g_free(name);
  g_free(shorter);
  return row;
}
