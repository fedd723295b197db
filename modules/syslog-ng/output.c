/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "output.h"

#include "scratch-buffers.h"

#include <syslog.h>

#define MESSAGE_TAG "port-knock"
#define ALERT_TAG "port-knock.alert"
#define HEARTBEAT_TAG "port-knock.heartbeat"

static void
_init_field(PkOutput *self, const gchar *prefix, PkFieldId id)
{
  static const LogMessageValueType TYPES[] = {
    [PK_FIELD_STRING] = LM_VT_STRING,
    [PK_FIELD_INTEGER] = PK_SNG_VT_INTEGER,
    [PK_FIELD_DOUBLE] = LM_VT_DOUBLE,
  };
  gchar *name = g_strconcat(prefix, pk_field_name(id), NULL);

  self->types[id] = TYPES[pk_field_type(id)];
  pk_appendable_init(&self->fields[id], log_msg_get_value_handle(name), name, self->types[id]);
  g_free(name);
}

void
pk_output_init(PkOutput *self, const gchar *prefix)
{
  for (PkFieldId i = 0; i < PK_N_FIELDS; i++)
    _init_field(self, prefix, i);
  self->may_grow = FALSE;
  self->can_append = !log_msg_is_handle_sdata(self->fields[0].handle) && pk_append_is_exact();
  self->message_tag = log_tags_get_by_name(MESSAGE_TAG);
  self->alert_tag = log_tags_get_by_name(ALERT_TAG);
  self->heartbeat_tag = log_tags_get_by_name(HEARTBEAT_TAG);
  self->prefix = prefix;
}

void
pk_output_start(PkOutput *self)
{
  self->memory = pk_sng_get_memory_counter();
  g_atomic_int_set(&self->may_grow, TRUE);
}

typedef struct _Sink
{
  const PkOutput *output;
  LogMessage *msg;
} Sink;

static void
_set_field(PkFieldId id, const gchar *value, gsize len, gpointer user_data)
{
  const Sink *sink = user_data;

  log_msg_set_value_with_type(sink->msg, sink->output->fields[id].handle, value, (gssize) len, sink->output->types[id]);
}

/* What log_msg_set_value_with_type() does beyond adding the value is for values
 * that are built in or structured data, for a payload that is shared, for tracing,
 * and for a table that is full; and to count changes, since 4.9, which setting the
 * tag has done already. */
static gboolean
_can_append(const PkOutput *output, const LogMessage *msg)
{
  return output->can_append && !trace_flag && (msg->flags & LF_STATE_OWN_PAYLOAD);
}

typedef struct _RunSink
{
  const PkAppendable *fields;
  gboolean is_complete;
  PkAppendRun run;
} RunSink;

static void
_collect_field(PkFieldId id, const gchar *value, gsize len, gpointer user_data)
{
  RunSink *sink = user_data;

  if (!pk_append_value(&sink->run, &sink->fields[id], value, len))
    sink->is_complete = FALSE;
}

/* As log_msg_set_value_with_type() does.  The message's own count is what is taken
 * off again with it, so the two must not part. */
static void
_account(const PkOutput *self, LogMessage *msg, guint32 bytes)
{
  if (bytes == 0 || !self->memory)
    return;
  msg->allocated_bytes += bytes;
  stats_counter_add(self->memory, bytes);
}

static gboolean
_append_run(const PkOutput *self, LogMessage *msg, const PkAppendRun *run)
{
  guint32 bytes = msg->payload->size;

  if (!pk_append_run(&msg->payload, run, g_atomic_int_get(&self->may_grow)))
    return FALSE;
  _account(self, msg, msg->payload->size - bytes);
  return TRUE;
}

static gboolean
_append_event(const PkOutput *self, LogMessage *msg, const PkEvent *event, PkSlice scope, gboolean all)
{
  RunSink sink;

  sink.fields = self->fields;
  sink.is_complete = TRUE;
  pk_append_begin(&sink.run);
  pk_event_each_field(event, scope, all, _collect_field, &sink);
  return sink.is_complete && _append_run(self, msg, &sink.run);
}

void
pk_output_set_tag(const PkOutput *self, LogMessage *msg)
{
  log_msg_set_tag_by_id(msg, self->message_tag);
}

void
pk_output_set_event(const PkOutput *self, LogMessage *msg, const PkEvent *event, PkSlice scope, gboolean all)
{
  Sink sink = { self, msg };

  pk_output_set_tag(self, msg);
  if (!_can_append(self, msg) || !_append_event(self, msg, event, scope, all))
    pk_event_each_field(event, scope, all, _set_field, &sink);
}

static void
_set_text(LogMessage *msg, const PkAlert *alert, const PkEvent *event)
{
  ScratchBuffersMarker marker;
  GString *text = scratch_buffers_alloc_and_mark(&marker);

  pk_alert_append_logfmt(alert, event, text);
  log_msg_set_value(msg, LM_V_MESSAGE, text->str, (gssize) text->len);
  scratch_buffers_reclaim_marked(marker);
}

static void
_set_stamp(LogMessage *msg, gint64 time_usec)
{
  UnixTime *stamp = &msg->timestamps[LM_TS_STAMP];

  /* The zone stays that of now, the local one. */
  stamp->ut_sec = time_usec / G_USEC_PER_SEC;
  stamp->ut_usec = (guint32) (time_usec % G_USEC_PER_SEC);
}

LogMessage *
pk_output_new_alert(const PkOutput *self, const PkAlert *alert, const PkEvent *event)
{
  static const guint16 LEVELS[PK_N_CONFIDENCES] = {
    [PK_CONFIDENCE_LOW] = LOG_NOTICE,
    [PK_CONFIDENCE_MEDIUM] = LOG_WARNING,
    [PK_CONFIDENCE_HIGH] = LOG_ERR,
    [PK_CONFIDENCE_CONFIRMED] = LOG_CRIT,
  };
  LogMessage *msg = log_msg_new_local();
  Sink sink = { self, msg };

  msg->pri = LOG_AUTH | LEVELS[alert->confidence];
  _set_stamp(msg, alert->window_end_usec);
  log_msg_set_value(msg, LM_V_PROGRAM, PK_OUTPUT_PROGRAM, -1);
  if (alert->n_hosts > 0)
    log_msg_set_value(msg, LM_V_HOST, alert->hosts[0], -1);
  _set_text(msg, alert, event);
  log_msg_set_tag_by_id(msg, self->alert_tag);
  pk_alert_each_field(alert, event, _set_field, &sink);
  return msg;
}
