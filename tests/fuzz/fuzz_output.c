/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "dialects/dialects.h"
#include "fuzz/fuzz.h"
#include "fuzz/written.h"
#include "port-knock/pk-engine.h"
#include "scan/slice.h"

/* Events and alerts with any text in every place, as JSON and as logfmt: what
 * comes out must be one object, and one line of name=value. */

typedef struct _Bytes
{
  const uint8_t *data;
  size_t size;
} Bytes;

/* Numbers come off the end, so that texts stay in one piece. */
static guint64
_take_number(Bytes *self, gsize bytes)
{
  guint64 number = 0;

  for (; bytes > 0 && self->size > 0; bytes--)
    number = number << 8 | self->data[--self->size];
  return number;
}

static PkAddr
_take_addr(Bytes *self)
{
  PkAddr addr = { { 0 } };

  for (gsize i = 0; i < sizeof(addr.bytes); i += 8)
    {
      guint64 number = _take_number(self, 8);

      memcpy(addr.bytes + i, &number, 8);
    }
  return addr;
}

/* What lies before the next line end, or the rest. */
static PkSlice
_take_text(Bytes *self)
{
  PkSlice rest = pk_slice((const gchar *) self->data, self->size);
  gssize end = pk_slice_find_char(rest, '\n');
  gsize len = end < 0 ? rest.len : (gsize) end;

  self->data += end < 0 ? len : len + 1;
  self->size -= end < 0 ? len : len + 1;
  return pk_slice(rest.data, len);
}

static void
_fill_event(PkEvent *event, Bytes *bytes)
{
  pk_event_init(event);
  event->kind = PK_EVENT_NONE + 1 + (guint) _take_number(bytes, 1) % (PK_N_EVENT_KINDS - 1);
  event->branch = (guint) _take_number(bytes, 1) % PK_N_BRANCHES;
  event->dialect = &pk_dialect_knockd;
  event->has = (guint32) _take_number(bytes, 2);
  event->time_usec = (gint64) _take_number(bytes, 7);
  event->expires_sec = (gint64) _take_number(bytes, 5);
  event->source = _take_addr(bytes);
  event->dest = _take_addr(bytes);
  event->source_port = (guint16) _take_number(bytes, 2);
  event->dest_port = (guint16) _take_number(bytes, 2);
  event->protocol = (guint8) _take_number(bytes, 1);
  event->tcp_flags = (guint8) _take_number(bytes, 1);
  for (guint i = 0; i < PK_N_TEXTS; i++)
    {
      PkSlice text = _take_text(bytes);

      pk_event_set_text(event, i, text.data, text.len);
    }
}

static void
_take_name(gchar name[PK_NAME_BYTES], Bytes *bytes)
{
  PkSlice text = _take_text(bytes);

  memset(name, 0, PK_NAME_BYTES);
  if (text.len)
    memcpy(name, text.data, MIN(text.len, PK_NAME_BYTES - 1));
}

static void
_fill_attempts(PkAlert *alert, Bytes *bytes)
{
  alert->n_attempts = (guint) _take_number(bytes, 1) % (PK_HITS_MAX + 1);
  for (guint i = 0; i < alert->n_attempts; i++)
    alert->attempts[i] = (PkPort){ .protocol = (guint8) _take_number(bytes, 1),
                                   .icmp_type = (guint8) _take_number(bytes, 1),
                                   .icmp_code = (guint8) _take_number(bytes, 1),
                                   .port = (guint16) _take_number(bytes, 2) };
}

static void
_fill_alert(PkAlert *alert, Bytes *bytes)
{
  memset(alert, 0, sizeof(*alert));
  alert->branch = (guint) _take_number(bytes, 1) % PK_N_BRANCHES;
  alert->confidence = (guint) _take_number(bytes, 1) % PK_N_CONFIDENCES;
  alert->signs = (guint32) _take_number(bytes, 4);
  alert->has_source = (gboolean) _take_number(bytes, 1) & 1;
  alert->has_dest = (gboolean) _take_number(bytes, 1) & 1;
  alert->source = _take_addr(bytes);
  alert->dest = _take_addr(bytes);
  alert->n_other_dests = (guint) _take_number(bytes, 1) % (PK_ALERT_OTHER_DESTS_MAX + 1);
  alert->window_start_usec = (gint64) _take_number(bytes, 7);
  alert->window_end_usec = (gint64) _take_number(bytes, 7);
  alert->repeats = (guint) _take_number(bytes, 4);
  _fill_attempts(alert, bytes);
  _take_name(alert->evidence, bytes);
  _take_name(alert->scope, bytes);
  alert->n_hosts = (guint) _take_number(bytes, 1) % (PK_ALERT_HOSTS_MAX + 1);
  for (guint i = 0; i < alert->n_hosts; i++)
    _take_name(alert->hosts[i], bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static PkEvent event;
  GString *out = g_string_new(NULL);
  Bytes bytes = { data, size };
  PkAlert alert;

  _fill_alert(&alert, &bytes);
  _fill_event(&event, &bytes);
  pk_event_append_json(&event, out);
  written_check_json(out);
  for (alert.of_event = FALSE; alert.of_event <= TRUE; alert.of_event++)
    {
      g_string_truncate(out, 0);
      pk_alert_append_json(&alert, alert.of_event ? &event : NULL, out);
      written_check_json(out);
      g_string_truncate(out, 0);
      pk_alert_append_logfmt(&alert, alert.of_event ? &event : NULL, out);
      written_check_logfmt(out);
    }
  g_string_free(out, TRUE);
  return 0;
}
