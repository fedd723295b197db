/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

/* Names are only ever added, and n is set after the name is: who reads n may
 * read that many. */
struct _PkUnknownPrefixes
{
  gint adding; /* atomic: somebody does */
  gint n;      /* atomic */
  gint given;
  gchar names[PK_UNKNOWN_PREFIXES_MAX][PK_UNKNOWN_PREFIX_BYTES];
};

PkUnknownPrefixes *
pk_unknown_prefixes_new(void)
{
  return g_new0(PkUnknownPrefixes, 1);
}

void
pk_unknown_prefixes_free(PkUnknownPrefixes *self)
{
  g_free(self);
}

static void
_make_name(PkSlice prefix, gchar name[PK_UNKNOWN_PREFIX_BYTES])
{
  gsize len = MIN(prefix.len, PK_UNKNOWN_PREFIX_BYTES - 1);

  for (gsize i = 0; i < len; i++)
    name[i] = g_ascii_isprint(prefix.data[i]) ? prefix.data[i] : '?';
  name[len] = '\0';
}

static gboolean
_has(PkUnknownPrefixes *self, const gchar *name, gint n)
{
  for (gint i = 0; i < n; i++)
    if (g_str_equal(self->names[i], name))
      return TRUE;
  return FALSE;
}

static void
_add(PkUnknownPrefixes *self, const gchar *name)
{
  gint n = g_atomic_int_get(&self->n);

  if (n == PK_UNKNOWN_PREFIXES_MAX || _has(self, name, n))
    return;
  g_strlcpy(self->names[n], name, PK_UNKNOWN_PREFIX_BYTES);
  g_atomic_int_set(&self->n, n + 1);
}

void
pk_unknown_prefixes_take(PkUnknownPrefixes *self, const PkEvent *event)
{
  gint n = g_atomic_int_get(&self->n);
  gchar name[PK_UNKNOWN_PREFIX_BYTES];

  if (n == PK_UNKNOWN_PREFIXES_MAX)
    return;
  _make_name(pk_event_get_text(event, PK_TEXT_ACTION_WORD), name);
  if (_has(self, name, n) || !g_atomic_int_compare_and_exchange(&self->adding, 0, 1))
    return;
  _add(self, name);
  g_atomic_int_set(&self->adding, 0);
}

const gchar *
pk_unknown_prefixes_next(PkUnknownPrefixes *self)
{
  return self->given < g_atomic_int_get(&self->n) ? self->names[self->given++] : NULL;
}
