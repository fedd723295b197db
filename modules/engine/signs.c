/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/signs.h"

typedef struct _Rule
{
  const gchar *name;
  gboolean (*applies)(const PkSignFacts *facts);
} Rule;

static gboolean
_is_scanner(const PkSignFacts *facts)
{
  return facts->scanner;
}

static gboolean
_has_retries(const PkSignFacts *facts)
{
  return facts->attempts > facts->max_packets;
}

static gboolean
_is_unsettled(const PkSignFacts *facts)
{
  return facts->unsettled;
}

/* clang-format off */
static const Rule RULES[PK_N_SIGNS] =
{
  [PK_SIGN_SCANNER] = { "scanner", _is_scanner },
  [PK_SIGN_RETRIES] = { "retries", _has_retries },
  [PK_SIGN_UNSETTLED] = { "unsettled", _is_unsettled },
};
/* clang-format on */

guint32
pk_signs_find(const PkSignFacts *facts)
{
  guint32 signs = 0;

  for (guint sign = 0; sign < PK_N_SIGNS; sign++)
    if (RULES[sign].applies(facts))
      signs |= 1u << sign;
  return signs;
}

const gchar *
pk_sign_name(PkSign sign)
{
  return RULES[sign].name;
}
