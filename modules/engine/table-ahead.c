/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/table-private.h"

void
pk_table_look_ahead(PkTable *self, const PkSender *sender, PkAhead *ret_ahead)
{
  pk_table_identify(self, sender, &ret_ahead->source, &ret_ahead->memory);
  ret_ahead->steps_left = PK_AHEAD_STEPS;
  pk_shard_prefetch(pk_table_slot_of(self, ret_ahead->source)->shard, ret_ahead->source, ret_ahead->memory);
}

static void
_fetch(PkShard *shard, gpointer user_data)
{
  const PkAhead *ahead = user_data;

  if (ahead->steps_left == 2)
    pk_shard_prefetch_source(shard, ahead->source, ahead->memory);
  else
    pk_shard_prefetch_window(shard, ahead->source);
}

void
pk_table_fetch(PkTable *self, PkAhead *ahead)
{
  if (ahead->steps_left == 0)
    return;
  pk_table_try_shard(self, ahead->source, _fetch, ahead);
  ahead->steps_left--;
}
