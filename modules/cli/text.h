/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_TEXT_H_INCLUDED
#define PK_CLI_TEXT_H_INCLUDED

#include "port-knock/pk-types.h"

/* One line for people, without its end:
 *
 *   2026-03-01T10:00:00.000Z medium 198.51.100.7 -> 192.0.2.10 ports 7000/tcp,8000/tcp in 0.001 s ...
 *
 * Meant to be read, not parsed: it may change.  Log text in it is escaped, so
 * that it cannot steer a terminal. */
/* As it is printed; what is no printable ASCII is escaped. */
void pk_text_append_escaped(GString *out, const gchar *value, gsize len);
void pk_alert_append_text(const PkAlert *alert, const PkEvent *event, GString *out);

#endif
