/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/shard-private.h"

/* Each step needs what the one before it has fetched: where a record is stands in the index, where a window is in the
 * record. */

void
pk_shard_prefetch(const PkShard *self, guint64 hash, guint64 memory)
{
  pk_sources_prefetch_slot(self->room.sources, hash);
  pk_recent_prefetch_bucket(self->memories, memory);
}

void
pk_shard_prefetch_source(const PkShard *self, guint64 hash, guint64 memory)
{
  pk_sources_prefetch_record(self->room.sources, hash);
  pk_recent_prefetch_record(self->memories, memory);
}

void
pk_shard_prefetch_window(const PkShard *self, guint64 hash)
{
  const PkSource *source = pk_sources_guess(self->room.sources, hash);

  if (source && source->has_window)
    pk_windows_prefetch(self->room.windows, pk_source_window(source));
}
