/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/commands.h"

#include "cli/line-zone.h"
#include "cli/story.h"

#include "port-knock/pk-engine.h"
#include "scan/address.h"

typedef struct _PkExplain
{
  PkLineZone zone;
  PkRecogniser *recogniser; /* owned */
  PkAuditJoin *audit_join;  /* owned */
  PkAllow *allow;           /* owned */
  PkOutput *output;         /* borrowed */
  PkEvent event;
} PkExplain;

/* A line without stamp is taken to be of now. */
static void
_mark_allowed(PkExplain *self)
{
  pk_allow_mark(self->allow, &self->event, self->event.time_usec ? self->event.time_usec : self->zone.clock.now_usec);
}

static gboolean
_explain_line(PkSlice data, gpointer user_data)
{
  PkExplain *self = user_data;
  PkExplanation explanation;
  PkScanResult result;
  PkLine line;

  pk_line_zone_parse(&self->zone, data, &line);
  result = pk_recognise_explain(self->recogniser, &line, &self->event, &explanation);
  if (result == PK_SCAN_MATCH)
    _mark_allowed(self);
  if (result == PK_SCAN_MATCH || result == PK_SCAN_CONTEXT)
    pk_audit_join_take(self->audit_join, &self->event, line.host, self->event.time_usec);
  pk_explanation_append_json(&explanation, result, &self->event, self->output->pending);
  g_string_append_c(self->output->pending, '\n');
  return pk_output_flush_full(self->output);
}

static gboolean
_flush(gpointer user_data)
{
  PkExplain *self = user_data;

  return pk_output_flush(self->output);
}

static PkExit
_explain_inputs(PkExplain *self, const GPtrArray *inputs)
{
  PkReader reader;
  PkExit code;

  pk_reader_init(&reader, _explain_line, _flush, self);
  pk_read_inputs(&reader, inputs);
  pk_output_flush(self->output);
  code = pk_exit_code(&reader, self->output);
  pk_reader_clear(&reader);
  return code;
}

static gboolean
_set_up(PkExplain *self, const PkOptions *options, GError **error)
{
  self->recogniser = pk_recogniser_new(options, error);
  if (!self->recogniser)
    return FALSE;
  self->audit_join = pk_audit_join_new();
  self->allow = pk_allow_new(options, error);
  return self->allow != NULL;
}

static void
_tear_down(PkExplain *self)
{
  pk_line_zone_clear(&self->zone);
  g_clear_pointer(&self->allow, pk_allow_unref);
  g_clear_pointer(&self->audit_join, pk_audit_join_free);
  g_clear_pointer(&self->recogniser, pk_recogniser_free);
}

PkExit
pk_explain(const PkArguments *arguments, PkOutput *output)
{
  PkExplain self = { .output = output };
  PkExit code = PK_EXIT_NOTHING_DONE;
  GError *error = NULL;

  if (!pk_addr_is_unspecified(&arguments->source))
    return pk_story(arguments, output);
  pk_line_zone_init(&self.zone, arguments, g_get_real_time());
  if (_set_up(&self, &arguments->engine, &error))
    code = _explain_inputs(&self, arguments->inputs);
  else
    {
      g_printerr("port-knock: %s\n", error->message);
      g_error_free(error);
    }
  _tear_down(&self);
  return code;
}
