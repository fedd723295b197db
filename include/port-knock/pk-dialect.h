/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_DIALECT_H_INCLUDED
#define PK_DIALECT_H_INCLUDED

#include "port-knock/pk-types.h"

/* What a dialect is: a constant row that says how to tell its lines and how to
 * read them.  Rows live in modules/dialects/, one file per vendor or daemon,
 * and are listed in modules/dialects/dialects.def in the order in which they
 * are tried.  Rows are data; the shapes that read lines are functions, written
 * once each in modules/scan/. */

typedef enum
{
  PK_SCAN_NO_MATCH = 0,   /* not a line of this row: try the next */
  PK_SCAN_MATCH,          /* the event is filled */
  PK_SCAN_IGNORED,        /* a line of this row that says nothing about a knock */
  PK_SCAN_MALFORMED,      /* a line of this row, but broken or impossible */
  PK_SCAN_UNKNOWN_PREFIX, /* netfilter with a log prefix that says neither deny nor accept */
  PK_SCAN_OWN,            /* this module wrote it */
  PK_N_SCAN_RESULTS
} PkScanResult;

typedef enum
{
  PK_VERDICT_NONE = 0, /* the prefix says nothing */
  PK_VERDICT_DENY,
  PK_VERDICT_ACCEPT,
  PK_VERDICT_NEITHER /* known, and no verdict: "[UFW AUDIT]" */
} PkVerdict;

/* The user's own log prefixes: deny-prefix() and accept-prefix(). */
typedef struct _PkPrefix
{
  const gchar *text; /* borrowed from the options; literal and case-sensitive */
  gsize len;
  PkVerdict verdict;
} PkPrefix;

/* What a shape may know beside the row and the line. */
typedef struct _PkScanContext
{
  const PkPrefix *prefixes; /* longest first, so that the first match wins */
  gsize n_prefixes;
} PkScanContext;

/* Reads line as self describes.  event was cleared by pk_event_init() and has
 * dialect and the line's time set; its contents matter only on PK_SCAN_MATCH.
 * Must be reentrant, keep no state, read no byte outside line. */
typedef PkScanResult (*PkScanFunc)(const PkDialect *self, const PkScanContext *context, const PkLine *line,
                                   PkEvent *event);

#define PK_DIALECT_PROGRAMS_MAX 4
#define PK_DIALECT_NEEDLES_MAX 24
#define PK_DIALECT_WORDS_MAX 8
/* A needle is found by its 4-byte grams at every second position. */
#define PK_NEEDLE_BYTES_MIN 5

/* A row is tried on a line when the line's program is one of programs, or its
 * text holds one of needles; and, if words are given, its text also holds one
 * of them.  Exactly one of kv, text and xml is what scan reads. */
struct _PkDialect
{
  const gchar *name;  /* stable id: shown as `dialect`, names tests/samples/<name>.case */
  const gchar *title; /* for people: "UFW" */
  PkScanFunc scan;
  const gchar *programs[PK_DIALECT_PROGRAMS_MAX]; /* exact, case-sensitive */
  const gchar *needles[PK_DIALECT_NEEDLES_MAX];   /* literal, case-sensitive, PK_NEEDLE_BYTES_MIN or longer */
  const gchar *words[PK_DIALECT_WORDS_MAX];       /* ASCII case-insensitive; a cheap test before a costly shape */
  const struct _PkNetfilterSpec *netfilter;
  const struct _PkTextSpec *text;
  const struct _PkXmlSpec *xml;
};

/* ---- filling an event ----------------------------------------------------- */

/* Clears everything but the text bytes. */
void pk_event_init(PkEvent *self);
/* Copies; cut to what is permitted for that text.  The first call for an id wins. */
void pk_event_set_text(PkEvent *self, PkTextId id, const gchar *data, gsize len);
/* Empty when absent; valid as long as self. */
PkSlice pk_event_get_text(const PkEvent *self, PkTextId id);

#endif
