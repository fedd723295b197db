/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SIGNS_H_INCLUDED
#define PK_SIGNS_H_INCLUDED

#include "port-knock/pk-types.h"

/* What speaks against a candidate being a knock.  One table of small pure
 * rules; a candidate with any sign has confidence low. */

typedef enum
{
  PK_SIGN_SCANNER = 0, /* the source was found scanning within scan-memory() */
  PK_SIGN_RETRIES,     /* more attempts than max-packets() for a legal number of ports */
  PK_SIGN_UNSETTLED,   /* judged because a hit slid out while the source went on without a pause */
  PK_N_SIGNS
} PkSign;

/* What the rules look at. */
typedef struct _PkSignFacts
{
  gboolean scanner;
  gboolean unsettled;
  guint attempts;
  guint max_packets; /* option */
} PkSignFacts;

/* Bit set of PkSign. */
guint32 pk_signs_find(const PkSignFacts *facts);

/* As in `evidence`; static storage. */
const gchar *pk_sign_name(PkSign sign);

#endif
