/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/table-private.h"

#include <sodium.h>

#include "engine/alert.h"
#include "scan/address.h"
#include "scan/slice.h"

/* What things are found by: hashes with a secret, as senders choose most of what goes into them. */

/* A scope and a log host, as long as names can be, and what joins them. */
#define SCOPE_BYTES_MAX (2 * PK_NAME_BYTES)

static guint64
_hash(const PkTable *self, gconstpointer bytes, gsize len)
{
  guint64 hash;

  crypto_shorthash((guchar *) &hash, bytes, len, self->config.secret);
  return hash;
}

/* Senders choose source and scope, so the hash is keyed. */
static guint64
_hash_address(const PkTable *self, const PkAddr *address, PkSlice scope)
{
  guint8 bytes[sizeof(*address) + SCOPE_BYTES_MAX];

  scope.len = MIN(scope.len, SCOPE_BYTES_MAX);
  memcpy(bytes, address, sizeof(*address));
  if (scope.len)
    memcpy(bytes + sizeof(*address), scope.data, scope.len);
  return _hash(self, bytes, sizeof(*address) + scope.len);
}

static PkAddr
_mask(const PkAddr *address, guint bits)
{
  PkAddr masked = { { 0 } };

  memcpy(masked.bytes, address->bytes, bits / 8);
  if (bits % 8)
    masked.bytes[bits / 8] = address->bytes[bits / 8] & (guint8) (0xff << (8 - bits % 8));
  return masked;
}

/* All addresses of a network lie in one shard, with what is remembered of the
 * network; and who sends from many addresses of one fills that shard only. */
void
pk_table_identify(const PkTable *self, const PkSender *sender, guint64 *ret_hash, guint64 *ret_memory)
{
  PkAddr network;

  *ret_hash = *ret_memory = _hash_address(self, &sender->address, sender->scope);
  if (pk_addr_is_v4(&sender->address) || self->ipv6_prefix == 128)
    return;
  network = _mask(&sender->address, self->ipv6_prefix);
  *ret_memory = _hash_address(self, &network, sender->scope);
  *ret_hash = (*ret_hash & ~PK_SHARD_MASK) | (*ret_memory & PK_SHARD_MASK);
}

guint64
pk_table_hash_dest(const PkTable *self, const PkAddr *dest)
{
  return _hash(self, dest, sizeof(*dest));
}

guint64
pk_table_hash_sequence(const PkTable *self, const PkAlert *alert)
{
  PkPort ports[PK_HITS_MAX];
  guint n = pk_alert_list_ports(alert, ports);
  guint8 bytes[PK_HITS_MAX * 5];
  gsize len = 0;

  for (guint i = 0; i < n; i++)
    {
      bytes[len++] = ports[i].protocol;
      bytes[len++] = ports[i].icmp_type;
      bytes[len++] = ports[i].icmp_code;
      bytes[len++] = (guint8) (ports[i].port >> 8);
      bytes[len++] = (guint8) ports[i].port;
    }
  return _hash(self, bytes, len);
}

guint64
pk_table_hash_service(const PkTable *self, const PkEvidence *evidence)
{
  guint8 bytes[sizeof(PkAddr) + 3];

  memcpy(bytes, &evidence->dest, sizeof(PkAddr));
  bytes[sizeof(PkAddr)] = evidence->port.protocol;
  bytes[sizeof(PkAddr) + 1] = (guint8) (evidence->port.port >> 8);
  bytes[sizeof(PkAddr) + 2] = (guint8) evidence->port.port;
  return _hash(self, bytes, sizeof(bytes));
}

/* Of the host by its name in the log, or by its address. */
guint64
pk_table_hash_listener(const PkTable *self, PkSlice host, const PkAddr *address, const PkPort *port)
{
  guint8 bytes[sizeof(PkAddr) + 4 + PK_NAME_BYTES] = { 'l', port->protocol, (guint8) (port->port >> 8),
                                                       (guint8) port->port };

  if (address)
    memcpy(bytes + 4, address, sizeof(*address));
  else
    pk_slice_copy(host, (gchar *) bytes + 4 + sizeof(PkAddr), PK_NAME_BYTES);
  return _hash(self, bytes, sizeof(bytes));
}
