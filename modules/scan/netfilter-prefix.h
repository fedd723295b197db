/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_NETFILTER_PREFIX_H_INCLUDED
#define PK_NETFILTER_PREFIX_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* The log prefix of a netfilter line: what the administrator wrote, and what
 * it says.  See PkNetfilterSpec. */
typedef struct _PkNetfilterPrefix
{
  PkSlice raw;  /* as logged, with trailing blanks: what the user's own prefixes are compared with */
  PkSlice text; /* trimmed, without text for people: what rows are compared with */
  gboolean from_program;
  gboolean quoted; /* a sentence of another program: "sshd: Invalid user DROP IN=..." */
} PkNetfilterPrefix;

/* before is what stands before the kernel's own part of the line.  Kernel time
 * goes to event.  Where before is empty, the program (or what an RFC 5424
 * parser took for structured data) may be the prefix. */
void pk_netfilter_prefix_read(const PkLine *line, PkSlice before, PkEvent *event, PkNetfilterPrefix *ret_prefix);

/* program is the kernel, or a daemon that writes what the kernel hands to it. */
gboolean pk_netfilter_prefix_is_writer(PkSlice program);

/* "[ 1131.517207]" at the beginning of text, which goes into event; returns its length, 0 if there is none. */
gsize pk_netfilter_prefix_take_uptime(PkSlice text, PkEvent *event);

/* No program, structured data, or header in the text has a part in what line's prefix is: all of it stands between
 * the kernel's time and body. */
gboolean pk_netfilter_prefix_stands_alone(const PkLine *line, gsize body);

gboolean pk_netfilter_prefix_belongs(const PkNetfilterPrefix *self, const PkNetfilterSpec *spec);

/* *ret_word is what action_word shows; empty for PK_VERDICT_NONE. */
PkVerdict pk_netfilter_prefix_judge(const PkNetfilterPrefix *self, const PkNetfilterSpec *spec,
                                    const PkScanContext *context, PkSlice *ret_word);

/* Sets event's time from "20/Jun/2022:16:20:14 +0200" in the prefix, if there is one. */
void pk_netfilter_prefix_read_time(const PkNetfilterPrefix *self, PkEvent *event);

#endif
