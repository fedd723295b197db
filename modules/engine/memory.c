/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/memory.h"

#include <string.h>

/* Leaves the number of one of 64 bits. */
#define PORT_BIT_SHIFT 58
/* Ports that lie like these have a bit each. */
#define GOOD_PORTS 8

static guint64
_port_bit(const PkMemoryRule *rule, const PkPort *port)
{
  guint64 key =
      port->port | (guint64) port->protocol << 16 | (guint64) port->icmp_type << 24 | (guint64) port->icmp_code << 32;

  return G_GUINT64_CONSTANT(1) << (((key + 1) * rule->salt) >> PORT_BIT_SHIFT);
}

/* What n steps lie apart, forwards or backwards on the circle that the product goes round, is a bit's width or more. */
gboolean
pk_memory_is_good_salt(guint64 salt)
{
  const guint steps[] = { 1, 10, 100, 1000 };

  for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
    for (guint64 n = 1; n < GOOD_PORTS; n++)
      {
        guint64 ahead = n * steps[i] * salt;

        if (MIN(ahead, -ahead) >> PORT_BIT_SHIFT == 0)
          return FALSE;
      }
  return TRUE;
}

static guint32
_dest_bit(const PkMemoryRule *rule, const PkAddr *dest)
{
  guint64 high, low;

  memcpy(&high, dest->bytes, sizeof(high));
  memcpy(&low, dest->bytes + sizeof(high), sizeof(low));
  return 1u << (((high * 31 + low + 1) * rule->salt) >> 59);
}

static void
_forget(PkMemory *self, const PkMemoryRule *rule, guint32 now_sec)
{
  if (!pk_seconds_are_within(self->seen_sec, now_sec, rule->seconds))
    {
      self->ports[0] = self->ports[1] = 0;
      self->dests[0] = self->dests[1] = 0;
      self->begun_sec = now_sec;
      self->seen_sec = 0;
    }
  else if (!pk_seconds_are_within(self->begun_sec, now_sec, rule->seconds))
    {
      self->ports[1] = self->ports[0];
      self->dests[1] = self->dests[0];
      self->ports[0] = 0;
      self->dests[0] = 0;
      self->begun_sec = now_sec;
    }
}

void
pk_memory_add(PkMemory *self, const PkMemoryRule *rule, const PkPort *port, const PkAddr *dest, guint32 now_sec)
{
  _forget(self, rule, now_sec);
  self->ports[0] |= _port_bit(rule, port);
  self->dests[0] |= _dest_bit(rule, dest);
  self->seen_sec = MAX(self->seen_sec, MAX(now_sec, 1));
}

void
pk_memory_add_scan(PkMemory *self, guint32 now_sec)
{
  self->scan_sec = MAX(now_sec, 1);
}

void
pk_memory_add_sequence(PkMemory *self, guint32 now_sec)
{
  self->sequence_sec = MAX(now_sec, 1);
}

static guint
_count_bits(guint64 bits)
{
  return (guint) __builtin_popcountll(bits);
}

guint
pk_memory_count_other_ports(const PkMemory *self, const PkMemoryRule *rule, const PkPort *ports, guint n)
{
  guint64 own = 0;

  for (guint i = 0; i < n; i++)
    own |= _port_bit(rule, &ports[i]);
  return _count_bits((self->ports[0] | self->ports[1]) & ~own);
}

guint
pk_memory_count_other_dests(const PkMemory *self, const PkMemoryRule *rule, const PkAddr *dest)
{
  return _count_bits((self->dests[0] | self->dests[1]) & ~_dest_bit(rule, dest));
}

gboolean
pk_memory_is_scanner(const PkMemory *self, const PkMemoryRule *rule, guint32 now_sec)
{
  return pk_seconds_are_within(self->scan_sec, now_sec, rule->seconds) ||
         (pk_seconds_are_within(self->seen_sec, now_sec, rule->seconds) &&
          _count_bits(self->ports[0] | self->ports[1]) >= rule->scanner_ports_min);
}

gboolean
pk_memory_had_sequence(const PkMemory *self, const PkMemoryRule *rule, guint32 now_sec)
{
  return pk_seconds_are_within(self->sequence_sec, now_sec, rule->seconds);
}
