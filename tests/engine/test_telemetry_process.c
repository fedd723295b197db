/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>
#include <json-c/json.h>

#include "port-knock/pk-engine.h"
#include "scan/slice.h"

/* Labelled process records that lie beside some checkouts, one JSON object a
 * line: raw, and expect with the fields that the record must give.  Rows of
 * Sysmon's process starts are checked, but for PowerShell's: its scripts are no
 * commands. */

static gboolean
_is_wanted(json_object *row)
{
  const gchar *type = json_object_get_string(json_object_object_get(row, "source_type"));
  json_object *expect = json_object_object_get(row, "expect");
  const gchar *image = json_object_get_string(json_object_object_get(expect, "image"));

  return (g_strcmp0(type, "winxml/1") == 0 || g_strcmp0(type, "sysmon_linux/1") == 0) &&
         !(image && g_str_has_suffix(image, "\\powershell.exe"));
}

static PkScanResult
_recognise(const PkRecogniser *recogniser, json_object *row, PkEvent *event)
{
  const gchar *raw = json_object_get_string(json_object_object_get(row, "raw"));
  PkClock clock = { .now_usec = G_GINT64_CONSTANT(1795392000000000) };
  PkLine line;

  pk_line_parse(raw, strlen(raw), &clock, &line);
  return pk_recognise(recogniser, &line, event);
}

static gchar *
_join_ports(json_object *ports)
{
  GString *text = g_string_new(NULL);

  for (gsize i = 0; i < json_object_array_length(ports); i++)
    g_string_append_printf(text, "%s%d", i ? "," : "", json_object_get_int(json_object_array_get_idx(ports, i)));
  return g_string_free(text, FALSE);
}

static void
_check_text(const gchar *id, const PkEvent *event, PkTextId text, const gchar *expected)
{
  PkSlice found = pk_event_get_text(event, text);

  cr_expect(pk_slice_equals(found, pk_slice_from_string(expected)), "%s: text %d is \"%.*s\", not \"%s\"", id, text,
            (int) found.len, found.data, expected ? expected : "");
}

static void
_check_fields(const gchar *id, const PkEvent *event, json_object *expect)
{
  gchar *ports = _join_ports(json_object_object_get(expect, "ports"));

  _check_text(id, event, PK_TEXT_IMAGE, json_object_get_string(json_object_object_get(expect, "image")));
  _check_text(id, event, PK_TEXT_COMMAND_LINE, json_object_get_string(json_object_object_get(expect, "command_line")));
  _check_text(id, event, PK_TEXT_USER, json_object_get_string(json_object_object_get(expect, "user")));
  _check_text(id, event, PK_TEXT_PARENT_IMAGE, json_object_get_string(json_object_object_get(expect, "parent_image")));
  _check_text(id, event, PK_TEXT_PARENT_COMMAND_LINE,
              json_object_get_string(json_object_object_get(expect, "parent_command_line")));
  _check_text(id, event, PK_TEXT_PORTS, ports);
  g_free(ports);
}

static void
_check_row(const PkRecogniser *recogniser, json_object *row)
{
  const gchar *id = json_object_get_string(json_object_object_get(row, "id"));
  json_object *expect = json_object_object_get(row, "expect");
  const gchar *branch = json_object_get_string(json_object_object_get(expect, "detection_branch"));
  PkEvent event;
  PkScanResult result = _recognise(recogniser, row, &event);

  if (!branch)
    {
      cr_expect_neq(result, PK_SCAN_MATCH, "%s: is taken for a finding", id);
      return;
    }
  cr_expect_eq(result, PK_SCAN_MATCH, "%s: result %d", id, result);
  if (result != PK_SCAN_MATCH)
    return;
  cr_expect_str_eq(pk_branch_name(event.branch), branch, "%s: branch %s, not %s", id, pk_branch_name(event.branch),
                   branch);
  _check_fields(id, &event, expect);
}

static guint
_check_file(const PkRecogniser *recogniser, const gchar *contents)
{
  gchar **lines = g_strsplit(contents, "\n", -1);
  guint n = 0;

  for (gsize i = 0; lines[i]; i++)
    {
      json_object *row = lines[i][0] ? json_tokener_parse(lines[i]) : NULL;

      if (row && _is_wanted(row))
        {
          _check_row(recogniser, row);
          n++;
        }
      json_object_put(row);
    }
  g_strfreev(lines);
  return n;
}

/* NULL where the material is not there. */
static gchar *
_read_samples(void)
{
  const gchar *shared = g_getenv("PK_SHARED"), *source = g_getenv("PK_SOURCE_DIR");
  gchar *path = shared ? g_build_filename(shared, "telemetry", "samples.jsonl", NULL)
                       : g_build_filename(source ? source : ".", "..", "shared", "telemetry", "samples.jsonl", NULL);
  gchar *contents = NULL;

  g_file_get_contents(path, &contents, NULL, NULL);
  g_free(path);
  return contents;
}

Test(telemetry_process, every_labelled_process_start_is_taken_for_what_it_is)
{
  gchar *contents = _read_samples();
  PkRecogniser *recogniser;
  PkOptions options;

  if (!contents)
    cr_skip("no labelled process records beside this checkout");
  pk_options_init(&options);
  cr_assert(pk_options_check(&options, NULL));
  recogniser = pk_recogniser_new(&options, NULL);
  cr_expect_gt(_check_file(recogniser, contents), 0);
  pk_recogniser_free(recogniser);
  pk_options_clear(&options);
  g_free(contents);
}
