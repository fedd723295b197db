/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/table.h"

#include <math.h>
#include <sodium.h>

#include "engine/shard.h"
#include "scan/slice.h"

#define SHARDS_MAX 16
/* A shard is worth a lock of its own from here on, and big enough then for
 * sources to spread evenly. */
#define SHARD_SOURCES_MIN 1024
#define SHARD_WINDOWS_MIN 256
#define REPORTS 4096
/* A scope and a log host, as long as names can be, and what joins them. */
#define SCOPE_BYTES_MAX (2 * PK_NAME_BYTES)

/* A cache line of its own, so that workers do not disturb each other. */
typedef struct _Slot
{
  GMutex lock;
  PkShard *shard;
  gchar padding[48];
} Slot;

struct _PkTable
{
  PkShardConfig config;
  PkCaps caps;
  guint n_slots;
  gsize bytes;
  Slot slots[SHARDS_MAX];
};

static guint
_count_shards(const PkOptions *options)
{
  guint n = options->single_shard ? 1 : SHARDS_MAX;

  while (n > 1 &&
         ((guint) options->max_sources / n < SHARD_SOURCES_MIN || (guint) options->max_windows / n < SHARD_WINDOWS_MIN))
    n /= 2;
  return n;
}

/* A shard's part of max, and eight standard deviations: the cap for all is
 * kept by PkCaps, so that no shard gives way before the table is full. */
static guint
_share(gint max, guint n)
{
  guint share = (guint) max / n;

  return n == 1 ? share : share + (guint) (8 * sqrt(share)) + 1;
}

static void
_configure(PkTable *self, const PkOptions *options)
{
  guint n = _count_shards(options);

  pk_rule_init(&self->config.rule, options);
  self->config.scan_memory_usec = (gint64) options->scan_memory_seconds * G_USEC_PER_SEC;
  self->config.cooldown_usec = (gint64) options->cooldown_seconds * G_USEC_PER_SEC;
  self->config.min_confidence = (PkConfidence) options->min_confidence;
  self->config.sources = _share(options->max_sources, n);
  self->config.windows = _share(options->max_windows, n);
  self->config.reports = REPORTS / n;
  self->caps.max_sources = options->max_sources;
  self->caps.max_windows = options->max_windows;
  self->caps.max_alerts = options->max_alerts;
  self->n_slots = n;
  self->bytes = sizeof(*self) + n * pk_shard_bytes(&self->config);
}

static gboolean
_create_shards(PkTable *self, GError **error)
{
  for (guint i = 0; i < self->n_slots; i++)
    {
      g_mutex_init(&self->slots[i].lock);
      self->slots[i].shard = pk_shard_new(&self->config, &self->caps);
      if (!self->slots[i].shard)
        {
          g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE,
                      "max-sources: %d with max-windows %d takes %" G_GSIZE_FORMAT
                      " MB, which the system does not give",
                      self->caps.max_sources, self->caps.max_windows, self->bytes >> 20);
          return FALSE;
        }
    }
  return TRUE;
}

PkTable *
pk_table_new(const PkOptions *options, GError **error)
{
  PkTable *self;

  if (sodium_init() < 0)
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE,
                  "the system gives no random bytes, which the table's hash needs");
      return NULL;
    }
  self = g_new0(PkTable, 1);
  _configure(self, options);
  randombytes_buf(self->config.secret, sizeof(self->config.secret));
  /* With one shard only the names that give way depend on a secret; all zero, they do not. */
  if (!options->single_shard)
    randombytes_buf(self->config.names_secret, sizeof(self->config.names_secret));
  if (!_create_shards(self, error))
    g_clear_pointer(&self, pk_table_free);
  return self;
}

void
pk_table_free(PkTable *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    {
      g_clear_pointer(&self->slots[i].shard, pk_shard_free);
      g_mutex_clear(&self->slots[i].lock);
    }
  g_free(self);
}

/* Senders choose source and scope, so the hash is keyed. */
static guint64
_hash_source(const PkTable *self, const PkAddr *source, PkSlice scope)
{
  guint8 bytes[sizeof(*source) + SCOPE_BYTES_MAX];
  guint64 hash;

  scope.len = MIN(scope.len, SCOPE_BYTES_MAX);
  memcpy(bytes, source, sizeof(*source));
  if (scope.len)
    memcpy(bytes + sizeof(*source), scope.data, scope.len);
  crypto_shorthash((guchar *) &hash, bytes, sizeof(*source) + scope.len, self->config.secret);
  return hash;
}

/* By the high bits: a shard's own index uses the low ones. */
static Slot *
_slot_of(PkTable *self, guint64 hash)
{
  return &self->slots[(hash >> 48) % self->n_slots];
}

gsize
pk_table_observe(PkTable *self, const PkAddr *source, PkSlice scope, PkSlice host, const PkHit *hit,
                 PkAlert *ret_alerts)
{
  PkArrival arrival = {
    .hash = _hash_source(self, source, scope), .source = *source, .scope = scope, .host = host, .hit = *hit
  };
  Slot *slot = _slot_of(self, arrival.hash);
  gsize n;

  g_mutex_lock(&slot->lock);
  n = pk_shard_observe(slot->shard, &arrival, ret_alerts);
  g_mutex_unlock(&slot->lock);
  return n;
}

static gboolean
_expire_one(Slot *slot, gint64 arrival_usec, PkAlert *ret_alerts, gsize *ret_n)
{
  gboolean done;

  g_mutex_lock(&slot->lock);
  done = pk_shard_expire(slot->shard, arrival_usec, ret_alerts, ret_n);
  g_mutex_unlock(&slot->lock);
  return done;
}

gsize
pk_table_expire(PkTable *self, gint64 arrival_usec, gsize max_items, PkAlert *ret_alerts, gboolean *ret_more)
{
  gsize n = 0, items = 0;

  for (guint i = 0; i < self->n_slots; i++)
    for (;;)
      {
        gsize written;

        if (items == max_items)
          {
            *ret_more = TRUE;
            return n;
          }
        if (!_expire_one(&self->slots[i], arrival_usec, ret_alerts + n, &written))
          break;
        n += written;
        items++;
      }
  *ret_more = FALSE;
  return n;
}

void
pk_table_get_stats(PkTable *self, PkStats *ret_stats)
{
  PkStats stats = { 0 };

  for (guint i = 0; i < self->n_slots; i++)
    {
      g_mutex_lock(&self->slots[i].lock);
      pk_shard_add_stats(self->slots[i].shard, &stats);
      g_mutex_unlock(&self->slots[i].lock);
    }
  stats.sources = (guint64) g_atomic_int_get(&self->caps.sources);
  stats.windows = (guint64) g_atomic_int_get(&self->caps.windows);
  stats.reserved_bytes = self->bytes;
  *ret_stats = stats;
}

/* ---- moving --------------------------------------------------------------- */

/* Where a source, or a report, is in the old table. */
typedef struct _Place
{
  gint64 age_usec; /* arrival time of the last hit; or when the cooldown ends */
  guint64 hash;
  PkShard *shard;
  guint32 index;
} Place;

static gint
_compare_newest_first(gconstpointer a, gconstpointer b)
{
  const Place *left = a, *right = b;

  return left->age_usec == right->age_usec ? 0 : left->age_usec < right->age_usec ? 1 : -1;
}

static GArray *
_list_sources(PkTable *self)
{
  GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));

  for (guint i = 0; i < self->n_slots; i++)
    for (guint32 index = 0; index < pk_shard_end(self->slots[i].shard); index++)
      {
        Place place = { .shard = self->slots[i].shard, .index = index };

        if (pk_shard_get_key(place.shard, index, &place.hash, &place.age_usec))
          g_array_append_val(places, place);
      }
  g_array_sort(places, _compare_newest_first);
  return places;
}

/* The oldest first, so that lists that are ordered by age come out right. */
static void
_copy_sources(PkTable *self, PkTable *old)
{
  GArray *places = _list_sources(old);

  for (guint i = MIN(places->len, (guint) self->caps.max_sources); i > 0; i--)
    {
      const Place *place = &g_array_index(places, Place, i - 1);

      pk_shard_copy_source(place->shard, place->index, _slot_of(self, place->hash)->shard);
    }
  g_array_unref(places);
}

static GArray *
_list_reports(PkTable *self)
{
  GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));

  for (guint i = 0; i < self->n_slots; i++)
    for (guint32 index = 0; index < pk_shard_count_reports(self->slots[i].shard); index++)
      {
        Place place = { .shard = self->slots[i].shard, .index = index };

        place.hash = pk_shard_get_report_key(place.shard, index, &place.age_usec);
        g_array_append_val(places, place);
      }
  g_array_sort(places, _compare_newest_first);
  return places;
}

/* In the order in which they end, as each shard keeps them. */
static void
_copy_reports(PkTable *self, PkTable *old)
{
  GArray *places = _list_reports(old);

  for (guint i = places->len; i > 0; i--)
    {
      const Place *place = &g_array_index(places, Place, i - 1);

      pk_shard_copy_report(place->shard, place->index, _slot_of(self, place->hash)->shard);
    }
  g_array_unref(places);
}

PkTable *
pk_table_new_from(PkTable *old, const PkOptions *options, GError **error)
{
  PkTable *self = pk_table_new(options, error);

  if (!self)
    return NULL;
  memcpy(self->config.secret, old->config.secret, sizeof(self->config.secret));
  memcpy(self->config.names_secret, old->config.names_secret, sizeof(self->config.names_secret));
  self->caps.minute = old->caps.minute;
  self->caps.alerts = old->caps.alerts;
  _copy_sources(self, old);
  _copy_reports(self, old);
  for (guint i = 0; i < old->n_slots; i++)
    pk_shard_copy_stats(old->slots[i].shard, self->slots[0].shard);
  return self;
}
