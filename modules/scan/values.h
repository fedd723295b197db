/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_VALUES_H_INCLUDED
#define PK_VALUES_H_INCLUDED

#include "port-knock/pk-types.h"

/* Values as firewalls write them, for the tuple.  Parsers leave their output
 * untouched on FALSE. */

gboolean pk_value_is_number(PkSlice value);
/* How many digits value begins with. */
gsize pk_value_count_digits(PkSlice value);

/* "999.1.2.3", "2001:db8:::1": no address, but no host name either. */
gboolean pk_value_is_broken_address(PkSlice value);
/* Without brackets, zone and the mask of a single host. */
PkSlice pk_value_strip_address(PkSlice value);
/* How much of "address:port" and the like is the address. */
gsize pk_value_measure_address(PkSlice value);

/* "tcp", "6", "tcp/https", "6(0)", "T". */
gboolean pk_value_parse_protocol(PkSlice value, guint8 *ret_protocol);

/* An ICMP type or code; of names only those of an echo, which may be a knock: "request" (pf), "echo" (IPFilter). */
gboolean pk_value_parse_icmp(PkSlice value, guint8 *ret_number);

/* "SYN ACK", "SA", "S.", "0x02", "2" as PK_TCP_*; 0: none is known. */
guint8 pk_value_parse_tcp_flags(PkSlice value);

/* Unix time in s, ms, us or ns, seconds with a fraction, or ISO 8601 with a zone. */
gboolean pk_value_parse_time(PkSlice value, gint64 *ret_usec);

#endif
