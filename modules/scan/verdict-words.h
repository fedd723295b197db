/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_VERDICT_WORDS_H_INCLUDED
#define PK_VERDICT_WORDS_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* What a short text that an administrator wrote says about a packet: "DROP",
 * "nft-drop:", "LOGDROP", "SFW2-INext-ACC-TCP", "not allowed".
 *
 * Words are runs of ASCII letters, compared without regard to case.  A verdict
 * word counts by itself or in a usual compound ("IPTDROP", "rejectlog"), never
 * inside another word ("raindrop", "unblock", "dropbox").  Of several, the last
 * counts: a name comes first and the verdict after it ("INET-BLOCK permitted").
 * A negation before it turns it round ("not allowed" denies). */

/* PK_VERDICT_NONE: no verdict word.  Otherwise *ret_word is the word as it
 * stands in text, with its negation. */
PkVerdict pk_verdict_words_read(PkSlice text, PkSlice *ret_word);

#endif
