/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_ADDRESS_H_INCLUDED
#define PK_ADDRESS_H_INCLUDED

#include <string.h>

#include "port-knock/pk-types.h"

/* Text to addresses, ports, protocols and numbers, and back.  Parsers accept
 * the whole slice or nothing; on FALSE the output is untouched. */

/* Longest canonical text, with the terminating NUL. */
#define PK_ADDR_TEXT_BYTES 46

/* IPv4 dotted decimal without leading zeros, or any RFC 4291 form of IPv6
 * without zone.  ::ffff:a.b.c.d and a.b.c.d are the same address. */
gboolean pk_addr_parse(PkSlice text, PkAddr *ret_addr);
/* Dotted decimal at the beginning of text; returns how many bytes it took, or 0.
 * What follows is for the caller to judge. */
gsize pk_addr_scan_v4(PkSlice text, PkAddr *ret_addr);

/* RFC 5952 text (IPv4 mapped as dotted decimal), NUL terminated; returns its length. */
gsize pk_addr_format(const PkAddr *addr, gchar ret_text[PK_ADDR_TEXT_BYTES]);

/* Inline: windows compare addresses for every hit. */
static inline gboolean
pk_addr_equals(const PkAddr *a, const PkAddr *b)
{
  return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

gboolean pk_addr_is_v4(const PkAddr *addr);
gboolean pk_addr_is_unspecified(const PkAddr *addr); /* 0.0.0.0 and :: */
gboolean pk_addr_is_multicast(const PkAddr *addr);   /* and 255.255.255.255 */
gboolean pk_addr_is_local(const PkAddr *addr);       /* loopback or link-local: means something else on every host */

/* Decimal digits only, at most max. */
gboolean pk_number_parse(PkSlice text, guint64 max, guint64 *ret_number);
/* 0..65535 */
gboolean pk_port_parse(PkSlice text, guint16 *ret_port);

/* "TCP", "udp", "ICMPv6", "47": a name in any case or an IANA number. */
gboolean pk_protocol_parse(PkSlice text, guint8 *ret_protocol);
/* Lower-case name, static storage, or NULL where only the number is known. */
const gchar *pk_protocol_name(guint8 protocol);

#endif
