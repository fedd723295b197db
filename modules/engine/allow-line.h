/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_ALLOW_LINE_H_INCLUDED
#define PK_ALLOW_LINE_H_INCLUDED

#include "port-knock/pk-types.h"

/* One entry of an allow list, as it stands in the file of allow-file() and in
 * allow(): a line of UTF-8 text without control characters but tabs,
 *
 *   NETWORK [dest=NETWORK] [until=YYYY-MM-DD] REASON
 *
 * A network is an IPv4 or IPv6 address, alone or with a prefix length; bits
 * after the prefix must be 0, because what was meant by "10.1.2.3/8" is
 * anybody's guess.  Every IPv4 or IPv6 source is permitted only together with a
 * smaller destination.  The reason is the rest of the line. */

#define PK_ALLOW_LINE_BYTES_MAX 1024

/* An address as a number, IPv4 as ::ffff:a.b.c.d; bits after length are 0. */
typedef struct _PkNetwork
{
  guint64 high, low;
  guint8 length; /* 0..128; of IPv4 96..128 */
} PkNetwork;

typedef struct _PkAllowLine
{
  PkNetwork source;
  PkNetwork dest; /* if has_dest */
  gboolean has_dest;
  gint64 until_usec; /* the first moment at which it does not count any more; G_MAXINT64: never */
  PkSlice reason;    /* borrowed from the line; at most PK_SHORT_TEXT_BYTES_MAX */
} PkAllowLine;

/* The network of this one address. */
PkNetwork pk_network_from_addr(const PkAddr *addr);
gboolean pk_network_is_v4(const PkNetwork *self);
/* By address, then the wider first: what lies within a network follows it. */
gint pk_network_compare(const PkNetwork *self, const PkNetwork *other);
/* Whether all of other lies in self, as runs of bits: ::/0 has all of IPv4 in it. */
gboolean pk_network_covers(const PkNetwork *self, const PkNetwork *other);
/* "192.0.2.0/24"; an address alone without its length. */
void pk_network_append(const PkNetwork *self, GString *out);

/* On FALSE *ret_line is untouched and *error says what is wrong and what is
 * permitted, without the place. */
gboolean pk_allow_line_parse(PkSlice text, PkAllowLine *ret_line, GError **error);

#endif
