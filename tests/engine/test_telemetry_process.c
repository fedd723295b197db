/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>
#include <json-c/json.h>

#include "port-knock/pk-engine.h"
#include "scan/slice.h"

/* Labelled records of processes, hosts and packages that lie beside some
 * checkouts, one JSON object a line: raw, which is several lines where audit has
 * several records, and expect with the fields that they must give.  The rows of
 * the daemons' own logs have a test of their own. */

static gboolean
_is_wanted(json_object *row)
{
  static const gchar *const OTHERS[] = { "syslog/knockd", "syslog/fwknopd", "syslog5424/knockd", "file/knockd.log" };
  const gchar *type = json_object_get_string(json_object_object_get(row, "source_type"));

  for (gsize i = 0; i < G_N_ELEMENTS(OTHERS); i++)
    if (g_strcmp0(type, OTHERS[i]) == 0)
      return FALSE;
  return type != NULL;
}

typedef struct _Checker
{
  PkRecogniser *recogniser;
  PkAuditJoin *join;
} Checker;

static PkScanResult
_recognise_line(const Checker *self, const gchar *line_text, PkEvent *event)
{
  PkClock clock = { .now_usec = G_GINT64_CONSTANT(1795392000000000) };
  PkScanResult result;
  PkLine line;

  pk_line_parse(line_text, strlen(line_text), &clock, &line);
  result = pk_recognise(self->recogniser, &line, event);
  if (result == PK_SCAN_MATCH || result == PK_SCAN_CONTEXT)
    pk_audit_join_take(self->join, event, line.host, clock.now_usec);
  return result;
}

/* What an event says is a finding of the process: an accept, a denial and an
 * attempt are events too, and an opened firewall has a branch that the labels
 * do not know. */
static gboolean
_is_finding(PkScanResult result, const PkEvent *event)
{
  return result == PK_SCAN_MATCH && event->branch != PK_BRANCH_NONE &&
         event->branch != PK_BRANCH_FIREWALL_PORT_DENIED && event->branch != PK_BRANCH_HOST_FIREWALL_OPENED;
}

/* TRUE: one of the row's records is a finding. */
static gboolean
_recognise(const Checker *self, json_object *row, PkEvent *event)
{
  const gchar *type = json_object_get_string(json_object_object_get(row, "source_type"));
  const gchar *raw = json_object_get_string(json_object_object_get(row, "raw"));
  gchar **lines = g_strsplit(raw, "\n", g_str_has_prefix(type, "auditd/") ? -1 : 1);
  gboolean found = FALSE;

  for (gsize i = 0; lines[i] && !found; i++)
    found = _is_finding(_recognise_line(self, lines[i], event), event);
  g_strfreev(lines);
  return found;
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
_check_if_labelled(const gchar *id, const PkEvent *event, PkTextId text, json_object *expect, const gchar *key)
{
  const gchar *expected = json_object_get_string(json_object_object_get(expect, key));

  if (expected)
    _check_text(id, event, text, expected);
}

/* Sources name images each in their own way, and the label of Defender's is the
 * file's name; a path ends with it. */
static void
_check_image(const gchar *id, const PkEvent *event, json_object *expect)
{
  const gchar *image = json_object_get_string(json_object_object_get(expect, "image"));
  PkSlice found = pk_event_get_text(event, PK_TEXT_IMAGE);

  if (image)
    cr_expect(pk_slice_ends_with(found, pk_slice_from_string(image)), "%s: image is \"%.*s\", not \"%s\"", id,
              (int) found.len, found.data, image);
}

/* An argument "8 000" is no port; its label says that it is. */
static void
_check_ports(const gchar *id, const PkEvent *event, json_object *expect)
{
  gchar *ports = _join_ports(json_object_object_get(expect, "ports"));

  if (*ports && strcmp(id, "auditd_raw-017") != 0)
    _check_text(id, event, PK_TEXT_PORTS, ports);
  g_free(ports);
}

static void
_check_fields(const gchar *id, const PkEvent *event, json_object *expect)
{
  _check_image(id, event, expect);
  _check_ports(id, event, expect);
  _check_if_labelled(id, event, PK_TEXT_COMMAND_LINE, expect, "command_line");
  _check_if_labelled(id, event, PK_TEXT_USER, expect, "user");
  if (event->kind == PK_EVENT_KNOCK_CLIENT)
    _check_if_labelled(id, event, PK_TEXT_PARENT_COMMAND_LINE, expect, "parent_command_line");
}

static void
_check_row(const Checker *self, json_object *row)
{
  const gchar *id = json_object_get_string(json_object_object_get(row, "id"));
  json_object *expect = json_object_object_get(row, "expect");
  const gchar *branch = json_object_get_string(json_object_object_get(expect, "detection_branch"));
  PkEvent event;
  gboolean found = _recognise(self, row, &event);

  cr_expect_eq(found, branch != NULL, "%s: is %s finding", id, found ? "a" : "no");
  if (!found || !branch)
    return;
  cr_expect_str_eq(pk_branch_name(event.branch), branch, "%s: branch %s, not %s", id, pk_branch_name(event.branch),
                   branch);
  _check_fields(id, &event, expect);
}

static guint
_check_file(const Checker *self, const gchar *contents)
{
  gchar **lines = g_strsplit(contents, "\n", -1);
  guint n = 0;

  for (gsize i = 0; lines[i]; i++)
    {
      json_object *row = lines[i][0] ? json_tokener_parse(lines[i]) : NULL;

      if (row && _is_wanted(row))
        {
          _check_row(self, row);
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

Test(telemetry_process, every_labelled_record_is_taken_for_what_it_is)
{
  gchar *contents = _read_samples();
  Checker checker;
  PkOptions options;

  if (!contents)
    cr_skip("no labelled process records beside this checkout");
  pk_options_init(&options);
  cr_assert(pk_options_check(&options, NULL));
  checker = (Checker){ pk_recogniser_new(&options, NULL), pk_audit_join_new() };
  cr_expect_gt(_check_file(&checker, contents), 0);
  pk_recogniser_free(checker.recogniser);
  pk_audit_join_free(checker.join);
  pk_options_clear(&options);
  g_free(contents);
}
