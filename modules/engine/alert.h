/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_ALERT_H_INCLUDED
#define PK_ALERT_H_INCLUDED

#include "port-knock/pk-types.h"

/* The distinct (protocol, port) of an alert's attempts, in the order sent. */
guint pk_alert_list_ports(const PkAlert *alert, PkPort ret_ports[PK_HITS_MAX]);

/* Sets alert->id from its other members.
 *
 * The id is the first 8 bytes of SHA-256 over this layout, numbers in network
 * byte order, so that two relays, or a replay, that saw the same knock write
 * the same id:
 *
 *   1 byte   1, the version of this layout
 *   1 byte   length of scope
 *   n bytes  scope
 *   16 bytes source
 *   16 bytes destination, all zero when it is missing
 *   1 byte   number of ports
 *   for each distinct port, in the order sent:
 *     1 byte   protocol
 *     1 byte   ICMP type, 0 otherwise
 *     1 byte   ICMP code, 0 otherwise
 *     2 bytes  port, for ICMP the length of the packet
 *   8 bytes  window_start in whole seconds since the epoch, signed
 *
 * Test vectors, 192.0.2.1 knocking on TCP 7000, 8000, 9000 from 1795305600 s on:
 *   of 198.51.100.2, empty scope                1f49bb322b1a62d7
 *   of 198.51.100.2, scope tenant-a             c1ee846cb979c43a
 *   of a missing destination, empty scope       646a22a012f46f78
 * More are in tests/engine/test_alert.c. */
void pk_alert_identify(PkAlert *alert);

/* Adds "NAME:VALUE" to the evidence, or only "NAME" when value is empty.  What
 * is no letter, digit or one of "._/-" in value becomes "_", for it may be log
 * text.  Left out when there is no room. */
void pk_alert_add_evidence(PkAlert *alert, const gchar *name, PkSlice value);

#endif
