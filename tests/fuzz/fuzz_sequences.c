/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/sequences.h"
#include "fuzz/fuzz.h"

/* A file of known sequences; what could be read is then searched for. */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  GError *error = NULL;
  PkSequences *known = pk_sequences_new_from_text((const gchar *) data, size, "fuzz", &error);
  PkPort ports[PK_HITS_MAX];
  PkSequenceMatch match;

  g_assert_true((known == NULL) == (error != NULL));
  g_clear_error(&error);
  if (!known)
    return 0;
  for (guint i = 0; i < PK_HITS_MAX; i++)
    ports[i] = (PkPort){ .protocol = PK_PROTO_TCP, .port = (guint16) (i < size ? data[i] : i) };
  if (pk_sequences_match(known, ports, PK_HITS_MAX, PK_HITS_MAX - 1, &match))
    g_assert_true(match.first <= match.last && match.last < PK_HITS_MAX);
  pk_sequences_unref(known);
  return 0;
}
