/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_PAIRS_H_INCLUDED
#define PK_PAIRS_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* Lines as (key, value) pairs, for whoever wants more of them than a tuple.
 * Slices are valid during the call.  FALSE: no more, please. */
typedef gboolean (*PkPairFunc)(gpointer user_data, PkSlice key, PkSlice value);

void pk_pairs_kv(PkSlice text, const PkKvSpec *spec, PkPairFunc func, gpointer user_data);
void pk_pairs_csv(PkSlice text, const PkCsvSpec *spec, PkPairFunc func, gpointer user_data);

/* The first JSON object of text, of which a header may stand before it.  Keys
 * are paths: "jsonPayload.connection.src_ip", "ports.0"; numbers and booleans
 * are given as they are written, null is not given.  Bounded in bytes, depth
 * and values.  FALSE: there is no whole object. */
gboolean pk_pairs_json(PkSlice text, PkPairFunc func, gpointer user_data);

/* CEF, LEEF 1.0 and 2.0 from where they begin in text.  The header's fields
 * are _format ("CEF", "LEEF"), _vendor, _product, _version, _class, and of CEF
 * _name and _severity.  Escapes in values stay.  FALSE: neither. */
gboolean pk_pairs_cef(PkSlice text, PkPairFunc func, gpointer user_data);

/* The parameters of RFC 5424 structured data; the ids of elements are given as
 * _id.  FALSE: text does not begin with an element. */
gboolean pk_pairs_sdata(PkSlice text, PkPairFunc func, gpointer user_data);

#endif
