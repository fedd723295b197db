/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/registry.h"

#include "engine/prefix-memo.h"
#include "port-knock/pk-engine.h"
#include "dialects/dialects.h"
#include "scan/slice.h"

/* clang-format off */
static const PkDialect *const DIALECTS[] =
{
#define PK_DIALECT(name) &pk_dialect_##name,
#include "dialects/dialects.def"
#undef PK_DIALECT
};
/* clang-format on */

G_STATIC_ASSERT(G_N_ELEMENTS(DIALECTS) <= PK_NEEDLES_ROWS_MAX);

#define PROGRAM_SLOTS 64

typedef struct _Program
{
  PkSlice name; /* borrowed from the row */
  guint row;
} Program;

struct _PkRegistry
{
  PkNeedles *needles;
  PkNeedles *words;
  PkRowSet with_words; /* rows that ask for one */
  /* The first rows, as long as they ask for a kernel's log prefix and for nothing else. */
  PkRowSet prefixes;               /* for one of their own */
  PkRowSet any_prefix;             /* for whatever there is */
  GArray *programs[PROGRAM_SLOTS]; /* of Program, by _slot(); NULL: none */
};

const PkDialect *const *
pk_dialects(gsize *ret_n)
{
  *ret_n = G_N_ELEMENTS(DIALECTS);
  return DIALECTS;
}

static guint
_slot(PkSlice program)
{
  return ((guint) program.len * 31 + (guchar) program.data[0] * 7 + (guchar) program.data[program.len - 1]) %
         PROGRAM_SLOTS;
}

static void
_add_program(PkRegistry *self, const gchar *name, guint row)
{
  Program program = { .name = pk_slice_from_string(name), .row = row };
  GArray **slot = &self->programs[_slot(program.name)];

  if (!*slot)
    *slot = g_array_new(FALSE, FALSE, sizeof(Program));
  g_array_append_val(*slot, program);
}

static void
_add_row(PkRegistry *self, const PkDialect *dialect, guint row)
{
  for (gsize i = 0; i < G_N_ELEMENTS(dialect->programs) && dialect->programs[i]; i++)
    _add_program(self, dialect->programs[i], row);
  for (gsize i = 0; i < G_N_ELEMENTS(dialect->needles) && dialect->needles[i]; i++)
    pk_needles_add(self->needles, dialect->needles[i], row);
  for (gsize i = 0; i < G_N_ELEMENTS(dialect->words) && dialect->words[i]; i++)
    pk_needles_add(self->words, dialect->words[i], row);
  if (dialect->words[0])
    pk_row_set_add(&self->with_words, row);
}

static gboolean
_asks_for_prefix_only(const PkDialect *dialect)
{
  return dialect->netfilter && !dialect->programs[0] && !dialect->words[0];
}

static void
_find_prefix_rows(PkRegistry *self, const PkDialect *const *dialects, gsize n)
{
  for (guint row = 0; row < n && _asks_for_prefix_only(dialects[row]); row++)
    pk_row_set_add(dialects[row]->netfilter->starts[0] ? &self->prefixes : &self->any_prefix, row);
}

PkRegistry *
pk_registry_new(const PkDialect *const *dialects, gsize n)
{
  PkRegistry *self = g_new0(PkRegistry, 1);

  self->needles = pk_needles_new(FALSE);
  self->words = pk_needles_new(TRUE);
  for (guint row = 0; row < n; row++)
    _add_row(self, dialects[row], row);
  _find_prefix_rows(self, dialects, n);
  pk_needles_compile(self->needles);
  pk_needles_compile(self->words);
  return self;
}

void
pk_registry_free(PkRegistry *self)
{
  for (gsize i = 0; i < PROGRAM_SLOTS; i++)
    g_clear_pointer(&self->programs[i], g_array_unref);
  pk_needles_free(self->needles);
  pk_needles_free(self->words);
  g_free(self);
}

static void
_select_by_program(const PkRegistry *self, PkSlice program, PkRowSet *rows)
{
  const GArray *slot = self->programs[_slot(program)];

  for (guint i = 0; slot && i < slot->len; i++)
    {
      const Program *entry = &g_array_index(slot, Program, i);

      if (pk_slice_equals(entry->name, program))
        pk_row_set_add(rows, entry->row);
    }
}

/* Of the rows that ask for a word, those stay that have one. */
static void
_drop_without_word(const PkRegistry *self, PkSlice text, PkRowSet *rows)
{
  PkRowSet found = { 0 };

  pk_needles_search(self->words, text, &found);
  for (gsize i = 0; i < G_N_ELEMENTS(rows->bits); i++)
    rows->bits[i] &= found.bits[i] | ~self->with_words.bits[i];
}

void
pk_registry_find_leads(const PkRegistry *self, const PkLine *line, PkRowSet *ret_rows)
{
  *ret_rows = (PkRowSet){ 0 };
  if (line->program.len)
    _select_by_program(self, line->program, ret_rows);
  pk_needles_search(self->needles, line->text, ret_rows);
}

void
pk_registry_select(const PkRegistry *self, const PkLine *line, PkRowSet *ret_rows)
{
  pk_registry_find_leads(self, line, ret_rows);
  if (pk_row_set_meets(ret_rows, &self->with_words))
    _drop_without_word(self, line->text, ret_rows);
}

void
pk_registry_select_prefixes(const PkRegistry *self, const PkLine *line, gsize body, PkRowSet *ret_rows)
{
  PkRowSet found = { 0 };

  pk_needles_search(self->needles, pk_slice(line->text.data, MIN(body + PK_PREFIX_OVERLAP_BYTES, line->text.len)),
                    &found);
  for (gsize i = 0; i < G_N_ELEMENTS(found.bits); i++)
    ret_rows->bits[i] = (found.bits[i] & self->prefixes.bits[i]) | self->any_prefix.bits[i];
}
