/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "straw-man.h"

#include <string.h>

#define WINDOW_SECONDS 30
#define PORTS_MIN 3
#define PORTS_MAX 8
#define PACKETS_MAX 12
#define PORTS_KEPT 12
/* Of a table whose tables doubles when three quarters are taken. */
#define SLOTS_BEGIN (1u << 16)
/* "Nov 22 00:00:00 ": where the time of day stands in a stamp. */
#define TIME_OFFSET 7
#define STAMP_BYTES 16

typedef struct _Slot
{
  guint32 source; /* 0: free */
  guint32 first, last;
  guint16 packets, n_ports;
  guint16 ports[PORTS_KEPT];
  guint8 unused[24];
} Slot;

G_STATIC_ASSERT(sizeof(Slot) == 64);

typedef struct _Table
{
  Slot *slots;
  gsize n, used;
  guint64 found;
} Table;

static const gchar *
_read_number(const gchar *at, const gchar *end, guint32 *ret_number)
{
  guint32 number = 0;

  for (; at < end && g_ascii_isdigit(*at); at++)
    number = number * 10 + (guint32) (*at - '0');
  *ret_number = number;
  return at;
}

static const gchar *
_read_address(const gchar *at, const gchar *end, guint32 *ret_address)
{
  guint32 address = 0, byte;

  for (guint i = 0; i < 4; i++)
    {
      at = _read_number(at, end, &byte);
      address = address << 8 | byte;
      at++;
    }
  *ret_address = address;
  return at;
}

static guint32
_two_digits(const gchar *at)
{
  return (guint32) (at[0] - '0') * 10 + (guint32) (at[1] - '0');
}

static gsize
_place(const Table *self, guint32 source)
{
  gsize place = (gsize) ((source * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)) >> 24) & (self->n - 1);

  while (self->slots[place].source && self->slots[place].source != source)
    place = (place + 1) & (self->n - 1);
  return place;
}

static void
_judge(Table *self, const Slot *slot)
{
  if (slot->n_ports >= PORTS_MIN && slot->n_ports <= PORTS_MAX && slot->packets <= PACKETS_MAX)
    self->found++;
}

static void
_grow(Table *self)
{
  Table bigger = { .slots = g_new0(Slot, self->n * 2), .n = self->n * 2, .used = self->used, .found = self->found };

  for (gsize i = 0; i < self->n; i++)
    if (self->slots[i].source)
      bigger.slots[_place(&bigger, self->slots[i].source)] = self->slots[i];
  g_free(self->slots);
  *self = bigger;
}

static Slot *
_find(Table *self, guint32 source, guint32 now)
{
  Slot *slot;

  if (self->used * 4 > self->n * 3)
    _grow(self);
  slot = &self->slots[_place(self, source)];
  if (!slot->source)
    {
      *slot = (Slot){ .source = source, .first = now };
      self->used++;
    }
  return slot;
}

static void
_add(Table *self, guint32 source, guint32 port, guint32 now)
{
  Slot *slot = _find(self, source, now);
  guint i = 0;

  if (now - slot->first > WINDOW_SECONDS)
    {
      _judge(self, slot);
      *slot = (Slot){ .source = source, .first = now };
    }
  slot->last = now;
  slot->packets++;
  while (i < slot->n_ports && slot->ports[i] != port)
    i++;
  if (i == slot->n_ports && i < PORTS_KEPT)
    slot->ports[slot->n_ports++] = (guint16) port;
}

/* The end of the line, NULL when there is no such line any more. */
static const gchar *
_scan_line(const gchar *at, const gchar *end, guint32 *ret_source, guint32 *ret_port)
{
  const gchar *source = memmem(at, (gsize) (end - at), "SRC=", 4), *port;

  if (!source)
    return NULL;
  source = _read_address(source + 4, end, ret_source);
  port = memmem(source, (gsize) (end - source), "DPT=", 4);
  if (!port)
    return NULL;
  port = _read_number(port + 4, end, ret_port);
  return memchr(port, '\n', (gsize) (end - port));
}

void
straw_man_run(const gchar *text, gsize bytes, StrawManResult *ret_result)
{
  Table table = { .slots = g_new0(Slot, SLOTS_BEGIN), .n = SLOTS_BEGIN };
  const gchar *end = text + bytes, *at = text, *line_end;
  guint64 lines = 0;
  guint32 source, port, now;

  while (end - at > STAMP_BYTES && (line_end = _scan_line(at, end, &source, &port)))
    {
      const gchar *time = at + TIME_OFFSET;

      now = _two_digits(time) * 3600 + _two_digits(time + 3) * 60 + _two_digits(time + 6);
      _add(&table, source, port, now);
      at = line_end + 1;
      lines++;
    }
  for (gsize i = 0; i < table.n; i++)
    if (table.slots[i].source)
      _judge(&table, &table.slots[i]);
  *ret_result = (StrawManResult){ .lines = lines, .found = table.found, .table_bytes = table.n * sizeof(Slot) };
  g_free(table.slots);
}

guint64
straw_man_scan(const gchar *text, gsize bytes)
{
  const gchar *end = text + bytes, *at = text, *line_end;
  guint64 sum = 0;
  guint32 source, port;

  while ((line_end = _scan_line(at, end, &source, &port)))
    {
      sum += source + port;
      at = line_end + 1;
    }
  return sum;
}
