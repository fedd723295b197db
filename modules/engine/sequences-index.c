/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "engine/sequences-private.h"

/* Half empty, so that a search for a port that is in no sequence ends soon. */
#define SLOTS_PER_PORT 2
#define SLOTS_MIN 64

static guint64
_key(const PkPort *port)
{
  return ((guint64) port->protocol << 32 | (guint64) port->icmp_type << 24 | (guint64) port->icmp_code << 16 |
          port->port) +
         1;
}

/* Only what is in the user's file gets into the table, so that the hash needs no secret. */
static guint
_first_slot(const PkSequenceIndex *self, guint64 key)
{
  return (guint) ((key * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)) >> 32) & self->slot_mask;
}

static PkSequenceSlot *
_find_slot(const PkSequenceIndex *self, guint64 key)
{
  guint i = _first_slot(self, key);

  while (self->slots[i].key != 0 && self->slots[i].key != key)
    i = (i + 1) & self->slot_mask;
  return &self->slots[i];
}

guint32
pk_sequence_index_find(const PkSequenceIndex *self, const PkPort *port)
{
  const PkSequenceSlot *slot = _find_slot(self, _key(port));

  return slot->key ? slot->id : PK_PORT_ID_NONE;
}

const guint16 *
pk_sequence_index_holders(const PkSequenceIndex *self, guint32 id, guint *ret_n)
{
  *ret_n = self->starts[id + 1] - self->starts[id];
  return self->holders + self->starts[id];
}

static void
_name_ports(PkSequenceIndex *self, PkSequence *sequence)
{
  for (guint i = 0; i < sequence->n; i++)
    {
      guint64 key = _key(&sequence->ports[i]);
      PkSequenceSlot *slot = _find_slot(self, key);

      if (slot->key == 0)
        *slot = (PkSequenceSlot){ .key = key, .id = self->n_ports++ };
      sequence->ids[i] = slot->id;
    }
}

/* A sequence that repeats a port holds it once. */
static gboolean
_is_first_of_its_id(const PkSequence *sequence, guint i)
{
  for (guint j = 0; j < i; j++)
    if (sequence->ids[j] == sequence->ids[i])
      return FALSE;
  return TRUE;
}

/* The longest first, then as listed. */
static gint
_compare_places(gconstpointer a, gconstpointer b, gpointer sequences)
{
  guint16 place_a = *(const guint16 *) a, place_b = *(const guint16 *) b;
  guint n_a = g_array_index((GArray *) sequences, PkSequence, place_a).n;
  guint n_b = g_array_index((GArray *) sequences, PkSequence, place_b).n;

  if (n_a != n_b)
    return n_a > n_b ? -1 : 1;
  return (gint) place_a - (gint) place_b;
}

static guint16 *
_order_by_length(GArray *sequences)
{
  GArray *places = g_array_sized_new(FALSE, FALSE, sizeof(guint16), sequences->len);

  for (guint i = 0; i < sequences->len; i++)
    {
      guint16 place = (guint16) i;

      g_array_append_val(places, place);
    }
  g_array_sort_with_data(places, _compare_places, sequences);
  return (guint16 *) (gpointer) g_array_free(places, FALSE);
}

static void
_count_holders(PkSequenceIndex *self, GArray *sequences)
{
  for (guint i = 0; i < sequences->len; i++)
    {
      const PkSequence *sequence = &g_array_index(sequences, PkSequence, i);

      for (guint j = 0; j < sequence->n; j++)
        self->starts[sequence->ids[j] + 1] += _is_first_of_its_id(sequence, j);
    }
  for (guint id = 0; id < self->n_ports; id++)
    self->starts[id + 1] += self->starts[id];
}

static void
_fill_holders(PkSequenceIndex *self, GArray *sequences)
{
  guint16 *places = _order_by_length(sequences);
  guint32 *ends = g_memdup2(self->starts, (self->n_ports + 1) * sizeof(guint32));

  self->holders = g_new(guint16, self->starts[self->n_ports] + 1);
  for (guint i = 0; i < sequences->len; i++)
    {
      const PkSequence *sequence = &g_array_index(sequences, PkSequence, places[i]);

      for (guint j = 0; j < sequence->n; j++)
        if (_is_first_of_its_id(sequence, j))
          self->holders[ends[sequence->ids[j]]++] = places[i];
    }
  g_free(ends);
  g_free(places);
}

void
pk_sequence_index_build(PkSequenceIndex *self, GArray *sequences)
{
  guint n_slots = SLOTS_MIN, n = 0;

  for (guint i = 0; i < sequences->len; i++)
    n += g_array_index(sequences, PkSequence, i).n;
  while (n_slots < n * SLOTS_PER_PORT)
    n_slots *= 2;
  self->slot_mask = n_slots - 1;
  self->slots = g_new0(PkSequenceSlot, n_slots);
  for (guint i = 0; i < sequences->len; i++)
    _name_ports(self, &g_array_index(sequences, PkSequence, i));
  self->starts = g_new0(guint32, self->n_ports + 1);
  _count_holders(self, sequences);
  _fill_holders(self, sequences);
}

void
pk_sequence_index_clear(PkSequenceIndex *self)
{
  g_clear_pointer(&self->slots, g_free);
  g_clear_pointer(&self->starts, g_free);
  g_clear_pointer(&self->holders, g_free);
}
