/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TUPLE_H_INCLUDED
#define PK_TUPLE_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* What a row's tuple comes to, so that not each line has to find it out. */
typedef struct _PkTupleIndex
{
  guint8 first[256]; /* by a key's hash: the first of the spec's keys that has it, from 1; 0: none */
  guint8 last[256];
  guint64 required; /* keys of PK_TUPLE_REQUIRE, by number */
} PkTupleIndex;

/* g_free() frees it. */
PkTupleIndex *pk_tuple_index_new(const PkTupleSpec *spec);

/* Makes a firewall's event out of (key, value) pairs.  A shape splits a line
 * into pairs, whatever they are written like, and the row's PkTupleSpec says
 * what the keys mean.
 *
 *   pk_tuple_init(&tuple, self->tuple, context->tuple_index, event);
 *   while (... && pk_tuple_put(&tuple, key, value))
 *     ;
 *   return pk_tuple_finish(&tuple);
 *
 * Nothing is allocated; slices are borrowed until pk_tuple_finish(). */
typedef struct _PkTuple
{
  const PkTupleSpec *spec;
  PkEvent *event;
  const PkTupleIndex *index;
  guint64 required;       /* keys of PK_TUPLE_REQUIRE that are yet to come, by number */
  guint32 named;          /* PK_HAS_SOURCE, PK_HAS_DEST: by a host name */
  guint8 seen_icmp;       /* 1: type, 2: code */
  const gchar *malformed; /* what cannot be, for people; NULL: nothing */
  gboolean no_deny;
  gboolean has_count;
  gboolean has_time;
  PkScanResult rejected; /* PK_SCAN_MATCH: it is not */
  PkVerdict verdict, else_verdict;
  PkSlice word, else_word;
  PkTupleIndex own_index; /* where none was given */
} PkTuple;

/* index is of spec, and borrowed; NULL: none was made. */
void pk_tuple_init(PkTuple *self, const PkTupleSpec *spec, const PkTupleIndex *index, PkEvent *event);

/* A key that the spec does not list is nothing.  FALSE: the line is no match,
 * whatever else it holds. */
gboolean pk_tuple_put(PkTuple *self, PkSlice key, PkSlice value);

/* The same, as a PkPairFunc. */
gboolean pk_tuple_put_pair(gpointer tuple, PkSlice key, PkSlice value);

/* Forgets what an attempt left in event. */
void pk_tuple_start_anew(PkEvent *event);

/* What a syslog header may have taken from the beginning of the text: _program,
 * _host, _msgid. */
void pk_tuple_put_header(PkTuple *self, const PkLine *line);

/* For shapes in which something other than a value says it; goes before values. */
void pk_tuple_set_verdict(PkTuple *self, PkVerdict verdict, PkSlice word);

PkScanResult pk_tuple_finish(PkTuple *self);

/* Whether value is one of list; see PkTupleKey. */
gboolean pk_tuple_value_in(const gchar *list, PkSlice value);

#endif
