/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/names.h"

#include <sodium.h>

#include "engine/pages.h"
#include "scan/slice.h"

/* A name may stand in any of WAYS places of its set. */
#define SETS 128
#define WAYS 8
#define SLOT_BITS 10
#define GENERATION_BITS (PK_NAME_ID_BITS - SLOT_BITS)

G_STATIC_ASSERT(SETS *WAYS == 1 << SLOT_BITS);

typedef struct _Name
{
  gchar text[PK_NAME_BYTES];
  guint32 generation; /* 0: never used */
  guint32 used;       /* PkNames.uses when it was last asked for after another one */
  guint8 len;
} Name;

struct _PkNames
{
  const guint8 *secret;
  guint32 latest; /* slot of the name asked for last: mostly the next one too */
  guint32 uses;   /* goes round */
  Name names[SETS * WAYS];
};

G_STATIC_ASSERT(crypto_shorthash_KEYBYTES == 16);

PkNames *
pk_names_new(const guint8 *secret)
{
  PkNames *self = pk_pages_new(1, sizeof(*self));

  if (!self)
    return NULL;
  self->secret = secret;
  return self;
}

void
pk_names_free(PkNames *self)
{
  pk_pages_free(self, 1, sizeof(*self));
}

gsize
pk_names_bytes(void)
{
  return sizeof(PkNames);
}

static gboolean
_holds(const Name *self, PkSlice name)
{
  return self->generation && pk_slice_equals(pk_slice(self->text, self->len), name);
}

static PkNameId
_id_at(const PkNames *self, guint32 slot)
{
  return self->names[slot].generation << SLOT_BITS | slot;
}

static PkNameId
_use(PkNames *self, guint32 slot)
{
  self->latest = slot;
  self->names[slot].used = ++self->uses;
  return _id_at(self, slot);
}

/* The place that was not used for the longest time. */
static guint32
_find_place(const PkNames *self, guint32 first)
{
  guint32 place = first;

  for (guint32 slot = first + 1; slot < first + WAYS; slot++)
    if (self->uses - self->names[slot].used > self->uses - self->names[place].used)
      place = slot;
  return place;
}

static void
_replace(Name *self, PkSlice name)
{
  memcpy(self->text, name.data, name.len);
  self->text[name.len] = '\0';
  self->len = (guint8) name.len;
  self->generation = (self->generation + 1) & ((1u << GENERATION_BITS) - 1);
  if (self->generation == 0)
    self->generation = 1;
}

PkNameId
pk_names_get_id(PkNames *self, PkSlice name)
{
  guint8 hash[crypto_shorthash_BYTES];
  guint32 first, slot;

  name.len = MIN(name.len, PK_NAME_BYTES - 1);
  if (name.len == 0)
    return 0;
  if (_holds(&self->names[self->latest], name))
    return _id_at(self, self->latest);
  crypto_shorthash(hash, (const guchar *) name.data, name.len, self->secret);
  first = hash[0] % SETS * WAYS;
  for (slot = first; slot < first + WAYS; slot++)
    if (_holds(&self->names[slot], name))
      return _use(self, slot);
  slot = _find_place(self, first);
  _replace(&self->names[slot], name);
  return _use(self, slot);
}

const gchar *
pk_names_get_text(const PkNames *self, PkNameId id)
{
  const Name *name = &self->names[id & ((1 << SLOT_BITS) - 1)];

  return id && name->generation == id >> SLOT_BITS ? name->text : "";
}
