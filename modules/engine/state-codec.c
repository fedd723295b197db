/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/state-codec.h"

#include "engine/signs.h"
#include "scan/address.h"

/* kind, number of records, bytes */
#define SECTION_HEADER_BYTES (1 + 4 + 8)
#define FIRST_CAPACITY 4096
/* Of a table, as it is in memory, so much goes into one section: some 0.2 ms. */
#define SECTION_RECORD_BYTES (128 * 1024)

/* How the address that follows is written. */
enum
{
  ADDR_NONE = 0, /* all zero */
  ADDR_V4,
  ADDR_V6
};

/* ---- writing --------------------------------------------------------------- */

void
pk_state_writer_reserve(PkStateWriter *self, gsize n)
{
  gsize capacity = MAX(self->capacity, FIRST_CAPACITY);

  while (capacity - self->len < n)
    capacity *= 2;
  if (capacity == self->capacity)
    return;
  self->data = g_realloc(self->data, capacity);
  self->capacity = capacity;
}

void
pk_state_writer_clear(PkStateWriter *self)
{
  g_clear_pointer(&self->data, g_free);
  self->len = self->capacity = 0;
}

void
pk_state_put_bytes(PkStateWriter *self, gconstpointer data, gsize len)
{
  pk_state_writer_reserve(self, len);
  if (len)
    memcpy(self->data + self->len, data, len);
  self->len += len;
}

void
pk_state_put_addr(PkStateWriter *self, const PkAddr *addr)
{
  if (pk_addr_is_v4(addr))
    {
      pk_state_put_u8(self, ADDR_V4);
      pk_state_put_bytes(self, addr->bytes + 12, 4);
    }
  else if (pk_addr_is_unspecified(addr))
    pk_state_put_u8(self, ADDR_NONE);
  else
    {
      pk_state_put_u8(self, ADDR_V6);
      pk_state_put_bytes(self, addr->bytes, sizeof(addr->bytes));
    }
}

void
pk_state_put_port(PkStateWriter *self, const PkPort *port)
{
  pk_state_put_u8(self, port->protocol);
  pk_state_put_u8(self, port->icmp_type);
  pk_state_put_u8(self, port->icmp_code);
  pk_state_put_u16(self, port->port);
}

static void
_put_text_of(PkStateWriter *self, const gchar *text, gsize len)
{
  pk_state_put_u16(self, (guint) len);
  pk_state_put_bytes(self, text, len);
}

void
pk_state_put_text(PkStateWriter *self, const gchar *text)
{
  _put_text_of(self, text, MIN(strlen(text), G_MAXUINT16));
}

void
pk_state_put_alert(PkStateWriter *self, const PkAlert *alert)
{
  pk_state_put_bytes(self, alert->id, sizeof(alert->id));
  pk_state_put_u8(self, alert->branch);
  pk_state_put_u8(self, alert->confidence);
  pk_state_put_u32(self, alert->signs);
  pk_state_put_text(self, alert->evidence);
  pk_state_put_u8(self, alert->of_event != 0);
  pk_state_put_u8(self, alert->has_source != 0);
  pk_state_put_u8(self, alert->has_dest != 0);
  pk_state_put_addr(self, &alert->source);
  pk_state_put_addr(self, &alert->dest);
  pk_state_put_u8(self, alert->n_other_dests);
  for (guint i = 0; i < alert->n_other_dests; i++)
    pk_state_put_addr(self, &alert->other_dests[i]);
  pk_state_put_u8(self, alert->n_attempts);
  for (guint i = 0; i < alert->n_attempts; i++)
    pk_state_put_port(self, &alert->attempts[i]);
  pk_state_put_u8(self, alert->distinct_ports);
  pk_state_put_u32(self, alert->total_packets);
  pk_state_put_u32(self, alert->retransmits);
  pk_state_put_u32(self, alert->repeats);
  pk_state_put_time(self, alert->window_start_usec);
  pk_state_put_time(self, alert->window_end_usec);
  pk_state_put_time(self, alert->arrival_usec);
  pk_state_put_text(self, alert->scope);
  pk_state_put_u8(self, alert->n_hosts);
  for (guint i = 0; i < alert->n_hosts; i++)
    pk_state_put_text(self, alert->hosts[i]);
}

gsize
pk_state_begin_section(PkStateWriter *self, guint8 kind)
{
  gsize section = self->len;

  pk_state_put_u8(self, kind);
  pk_state_put_u32(self, 0);
  pk_state_put_u64(self, 0);
  return section;
}

typedef struct _Writing
{
  PkStateWriter *writer;
  const PkStateRow *row;
  guint32 n;
} Writing;

static void
_put_record(guint64 key, gconstpointer record, gpointer user_data)
{
  Writing *self = user_data;

  pk_state_put_u64(self->writer, key);
  self->row->put(self->writer, record);
  self->n++;
}

gboolean
pk_state_put_recent(PkStateWriter *self, const PkStateRow *row, PkRecent *recent)
{
  gsize section = pk_state_begin_section(self, (guint8) row->kind);
  Writing writing = { self, row, 0 };
  gboolean more = pk_recent_walk(recent, (guint) (SECTION_RECORD_BYTES / row->record_bytes), _put_record, &writing);

  pk_state_end_section(self, section, writing.n);
  return more;
}

void
pk_state_end_section(PkStateWriter *self, gsize section, guint32 n_records)
{
  guint32 n = GUINT32_TO_LE(n_records);
  guint64 bytes = GUINT64_TO_LE((guint64) (self->len - section - SECTION_HEADER_BYTES));

  memcpy(self->data + section + 1, &n, sizeof(n));
  memcpy(self->data + section + 1 + sizeof(n), &bytes, sizeof(bytes));
}

/* ---- reading --------------------------------------------------------------- */

gboolean
pk_state_next_section(PkStateReader *self, PkStateSection *ret_section)
{
  PkStateKind kind;
  guint64 bytes;

  if (self->at == self->end)
    return FALSE;
  kind = (PkStateKind) pk_state_get_u8(self);
  ret_section->kind = kind;
  ret_section->n_records = pk_state_get_u32(self);
  bytes = pk_state_get_u64(self);
  if (self->failed || kind < PK_STATE_COMMON || kind >= PK_STATE_KINDS_END || bytes > (guint64) (self->end - self->at))
    {
      pk_state_fail(self);
      return FALSE;
    }
  ret_section->records = (PkStateReader){ .at = self->at, .end = self->at + bytes };
  self->at += bytes;
  return TRUE;
}

guint32
pk_state_get_max(PkStateReader *self, guint n_bytes, guint32 max)
{
  guint64 value = pk_state_get(self, n_bytes);

  if (value <= max)
    return (guint32) value;
  pk_state_fail(self);
  return 0;
}

gboolean
pk_state_get_boolean(PkStateReader *self)
{
  return pk_state_get_max(self, 1, 1) != 0;
}

gint64
pk_state_get_time(PkStateReader *self)
{
  gint64 usec = (gint64) pk_state_get(self, 8);

  if (usec >= -PK_STATE_TIME_USEC_MAX && usec <= PK_STATE_TIME_USEC_MAX)
    return usec;
  pk_state_fail(self);
  return 0;
}

void
pk_state_get_bytes(PkStateReader *self, gpointer ret_data, gsize len)
{
  if ((gsize) (self->end - self->at) < len)
    {
      pk_state_fail(self);
      memset(ret_data, 0, len);
      return;
    }
  memcpy(ret_data, self->at, len);
  self->at += len;
}

void
pk_state_get_addr(PkStateReader *self, PkAddr *ret_addr)
{
  guint32 form = pk_state_get_max(self, 1, ADDR_V6);

  memset(ret_addr, 0, sizeof(*ret_addr));
  if (form == ADDR_V4)
    {
      ret_addr->bytes[10] = ret_addr->bytes[11] = 0xff;
      pk_state_get_bytes(self, ret_addr->bytes + 12, 4);
    }
  else if (form == ADDR_V6)
    pk_state_get_bytes(self, ret_addr->bytes, sizeof(ret_addr->bytes));
}

static gboolean
_is_protocol(guint8 protocol)
{
  return protocol == PK_PROTO_TCP || protocol == PK_PROTO_UDP || protocol == PK_PROTO_ICMP ||
         protocol == PK_PROTO_ICMPV6;
}

void
pk_state_get_port(PkStateReader *self, gboolean may_be_none, PkPort *ret_port)
{
  /* Ports are compared as bytes: its padding has to be zero as well. */
  memset(ret_port, 0, sizeof(*ret_port));
  ret_port->protocol = pk_state_get_u8(self);
  ret_port->icmp_type = pk_state_get_u8(self);
  ret_port->icmp_code = pk_state_get_u8(self);
  ret_port->port = pk_state_get_u16(self);
  if (!_is_protocol(ret_port->protocol) && !(may_be_none && ret_port->protocol == PK_PROTO_NONE))
    pk_state_fail(self);
}

void
pk_state_get_text(PkStateReader *self, gchar *ret_text, gsize bytes)
{
  gsize len = pk_state_get_max(self, 2, (guint32) (bytes - 1));

  pk_state_get_bytes(self, ret_text, len);
  ret_text[len] = '\0';
  if (memchr(ret_text, '\0', len))
    pk_state_fail(self);
  if (self->failed)
    ret_text[0] = '\0';
}

static void
_get_counts(PkStateReader *self, PkAlert *alert)
{
  alert->distinct_ports = pk_state_get_max(self, 1, PK_HITS_MAX);
  alert->total_packets = pk_state_get_u32(self);
  alert->retransmits = pk_state_get_u32(self);
  alert->repeats = pk_state_get_u32(self);
}

static void
_get_places(PkStateReader *self, PkAlert *alert)
{
  alert->has_source = pk_state_get_boolean(self);
  alert->has_dest = pk_state_get_boolean(self);
  pk_state_get_addr(self, &alert->source);
  pk_state_get_addr(self, &alert->dest);
  alert->n_other_dests = pk_state_get_max(self, 1, PK_ALERT_OTHER_DESTS_MAX);
  for (guint i = 0; i < alert->n_other_dests; i++)
    pk_state_get_addr(self, &alert->other_dests[i]);
  alert->n_attempts = pk_state_get_max(self, 1, PK_HITS_MAX);
  for (guint i = 0; i < alert->n_attempts; i++)
    pk_state_get_port(self, FALSE, &alert->attempts[i]);
}

void
pk_state_get_alert(PkStateReader *self, PkAlert *ret_alert)
{
  memset(ret_alert, 0, sizeof(*ret_alert));
  pk_state_get_bytes(self, ret_alert->id, sizeof(ret_alert->id));
  ret_alert->branch = (PkBranch) pk_state_get_max(self, 1, PK_N_BRANCHES - 1);
  ret_alert->confidence = (PkConfidence) pk_state_get_max(self, 1, PK_N_CONFIDENCES - 1);
  ret_alert->signs = pk_state_get_max(self, 4, PK_SIGNS_ALL);
  pk_state_get_text(self, ret_alert->evidence, sizeof(ret_alert->evidence));
  ret_alert->of_event = pk_state_get_boolean(self);
  _get_places(self, ret_alert);
  _get_counts(self, ret_alert);
  ret_alert->window_start_usec = pk_state_get_time(self);
  ret_alert->window_end_usec = pk_state_get_time(self);
  ret_alert->arrival_usec = pk_state_get_time(self);
  pk_state_get_text(self, ret_alert->scope, sizeof(ret_alert->scope));
  ret_alert->n_hosts = pk_state_get_max(self, 1, PK_ALERT_HOSTS_MAX);
  for (guint i = 0; i < ret_alert->n_hosts; i++)
    pk_state_get_text(self, ret_alert->hosts[i], sizeof(ret_alert->hosts[i]));
}

void
pk_state_get_recent(PkStateSection *section, const PkStateRow *row, const PkStateClock *clock, PkStateChoice choose,
                    gpointer user_data)
{
  PkStateReader *records = &section->records;
  gpointer record = g_malloc0(row->record_bytes);
  guint64 evicted = 0;

  for (guint32 i = 0; i < section->n_records && !records->failed; i++)
    {
      guint64 key = pk_state_get_u64(records);

      memset(record, 0, row->record_bytes);
      row->get(records, record);
      if (!records->failed && row->fit(record, clock))
        memcpy(pk_recent_take(choose(key, row->kind, user_data), key, &evicted), record, row->record_bytes);
    }
  g_free(record);
}
