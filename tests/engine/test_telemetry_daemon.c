/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>
#include <json-c/json.h>

#include "port-knock/pk-engine.h"
#include "scan/slice.h"

/* Labelled lines of daemons and look-alikes that lie beside some checkouts, one
 * JSON object a line: raw, and expect with the fields that the line must give. */

static gboolean
_is_wanted(json_object *row)
{
  static const gchar *const types[] = { "syslog/knockd",  "syslog5424/knockd", "file/knockd.log",
                                        "syslog/fwknopd", "syslog/systemd",    "syslog/negative" };
  const gchar *type = json_object_get_string(json_object_object_get(row, "source_type"));

  for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
    if (g_strcmp0(type, types[i]) == 0)
      return TRUE;
  return FALSE;
}

static PkScanResult
_recognise(const PkRecogniser *recogniser, json_object *row, PkEvent *event)
{
  const gchar *raw = json_object_get_string(json_object_object_get(row, "raw"));
  const PkClock clock = { .now_usec = G_GINT64_CONSTANT(1795392000000000) };
  PkLine line;

  pk_line_parse(raw, strlen(raw), &clock, &line);
  return pk_recognise(recogniser, &line, event);
}

/* The label of a field against the event's field of another name, as text.  A
 * label of null means that the event has no such field. */
static void
_check_field(const gchar *id, json_object *expect, const gchar *label, json_object *found, const gchar *field)
{
  json_object *wanted, *value;

  if (!json_object_object_get_ex(expect, label, &wanted))
    return;
  value = json_object_object_get(found, field);
  cr_expect_str_eq(value ? json_object_get_string(value) : "", wanted ? json_object_get_string(wanted) : "", "%s: %s",
                   id, field);
}

/* "tcp/22,udp/1194" against 22 and 1194. */
static void
_check_ports(const gchar *id, json_object *expect, json_object *found)
{
  json_object *ports = json_object_object_get(expect, "ports"), *open_port = json_object_object_get(found, "open_port");
  gchar **words = g_strsplit(open_port ? json_object_get_string(open_port) : "", ",", -1);

  cr_expect_eq(g_strv_length(words), json_object_array_length(ports), "%s: open_port", id);
  for (gsize i = 0; i < g_strv_length(words) && i < json_object_array_length(ports); i++)
    {
      gchar *end = g_strdup_printf("/%s", json_object_get_string(json_object_array_get_idx(ports, i)));

      cr_expect(g_str_has_suffix(words[i], end), "%s: %s, not %s", id, words[i], end);
      g_free(end);
    }
  g_strfreev(words);
}

static void
_check_fields(const gchar *id, json_object *expect, const PkEvent *event)
{
  GString *text = g_string_new(NULL);
  json_object *found;

  pk_event_append_json(event, text);
  found = json_tokener_parse(text->str);
  _check_field(id, expect, "detection_branch", found, "detection_branch");
  _check_field(id, expect, "source_ip", found, "src_ip");
  _check_field(id, expect, "door", found, "door");
  _check_field(id, expect, "stage", found, "stage");
  _check_field(id, expect, "expires", found, "expires");
  /* The labels leave out what fwknopd runs. */
  if (json_object_object_get(expect, "command_line"))
    _check_field(id, expect, "command_line", found, "command_line");
  _check_field(id, expect, "user", found, "user");
  _check_ports(id, expect, found);
  json_object_put(found);
  g_string_free(text, TRUE);
}

static void
_check_row(const PkRecogniser *recogniser, json_object *row)
{
  const gchar *id = json_object_get_string(json_object_object_get(row, "id"));
  json_object *expect = json_object_object_get(row, "expect");
  gboolean is_finding = json_object_object_get(expect, "detection_branch") != NULL;
  PkEvent event;
  PkScanResult result = _recognise(recogniser, row, &event);

  cr_expect_eq(result == PK_SCAN_MATCH, is_finding, "%s: result %d", id, result);
  if (result == PK_SCAN_MATCH && is_finding)
    _check_fields(id, expect, &event);
}

static guint
_check_lines(const PkRecogniser *recogniser, const gchar *contents)
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

Test(telemetry_daemon, every_labelled_daemon_line_and_look_alike_is_taken_for_what_it_is)
{
  gchar *contents = _read_samples();
  PkRecogniser *recogniser;
  PkOptions options;

  if (!contents)
    cr_skip("no labelled daemon lines beside this checkout");
  pk_options_init(&options);
  cr_assert(pk_options_check(&options, NULL));
  recogniser = pk_recogniser_new(&options, NULL);
  cr_expect_gt(_check_lines(recogniser, contents), 0);
  pk_recogniser_free(recogniser);
  pk_options_clear(&options);
  g_free(contents);
}
