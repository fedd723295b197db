/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_NAMES_H_INCLUDED
#define PK_NAMES_H_INCLUDED

#include "port-knock/pk-types.h"

/* Log hosts, remembered once and referred to by number.  Bounded: a
 * name that is not used gives way to a new one, and its number then stands for
 * no name; for another one only after 16,383 names had that place.  Not thread
 * safe. */

#define PK_NAME_ID_BITS 24
typedef guint32 PkNameId; /* 0: no name */

typedef struct _PkNames PkNames;

/* NULL when there is not that much memory.  secret: 16 random bytes, borrowed for the life of self; names are chosen
 * by senders. */
PkNames *pk_names_new(const guint8 *secret);
void pk_names_free(PkNames *self);
gsize pk_names_bytes(void);

/* A name longer than PK_NAME_BYTES - 1 is cut.  An empty one is 0. */
PkNameId pk_names_get_id(PkNames *self, PkSlice name);
/* "" when the name was forgotten; valid until the next pk_names_get_id(). */
const gchar *pk_names_get_text(const PkNames *self, PkNameId id);

#endif
