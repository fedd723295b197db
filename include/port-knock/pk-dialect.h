/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_DIALECT_H_INCLUDED
#define PK_DIALECT_H_INCLUDED

#include "port-knock/pk-records.h"
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
  PK_SCAN_UNKNOWN_PREFIX, /* a log prefix, the event's action word, that says neither deny nor accept */
  PK_SCAN_OWN,            /* this module wrote it */
  PK_SCAN_CONTEXT,        /* the event is filled, and is nothing by itself: shown to nobody, but the engine wants it */
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
  const struct _PkTupleIndex *tuple_index; /* of the row's tuple; NULL: is made for each line */
  gsize netfilter_body;                    /* offset of the kernel's own part in the text; 0: is looked for */
} PkScanContext;

/* Reads line as self describes.  event was cleared by pk_event_init() and has
 * dialect and the line's time set; its contents matter only on PK_SCAN_MATCH,
 * but for what says why it is none.  Must be reentrant, keep no state, read no byte outside line. */
typedef PkScanResult (*PkScanFunc)(const PkDialect *self, const PkScanContext *context, const PkLine *line,
                                   PkEvent *event);

#define PK_DIALECT_PROGRAMS_MAX 4
#define PK_DIALECT_NEEDLES_MAX 48
#define PK_DIALECT_WORDS_MAX 64
/* A needle is found by its 4-byte grams at every second position. */
#define PK_NEEDLE_BYTES_MIN 5

/* A row is tried on a line when the line's program is one of programs, or its
 * text holds one of needles; and, if words are given, its text also holds one
 * of them.  scan says which of the specs it reads. */
struct _PkDialect
{
  const gchar *name;  /* stable id: shown as `dialect`, names tests/samples/<name>.case */
  const gchar *title; /* for people: "UFW" */
  PkScanFunc scan;
  const gchar *programs[PK_DIALECT_PROGRAMS_MAX]; /* exact, case-sensitive */
  const gchar *needles[PK_DIALECT_NEEDLES_MAX];   /* literal, case-sensitive, PK_NEEDLE_BYTES_MIN or longer */
  const gchar *words[PK_DIALECT_WORDS_MAX];       /* the same without regard to ASCII case; before a costly shape */
  const struct _PkNetfilterSpec *netfilter;
  const struct _PkTextSpec *text;
  const PkEventLogSpec *event_log;
  const PkAuditSpec *audit;
  const PkCommandSpec *command;
  const PkPackageSpec *package;
  const struct _PkTupleSpec *tuple; /* what keys mean, for each of the shapes that follow */
  const struct _PkKvSpec *kv;
  const struct _PkCsvSpec *csv;
  const struct _PkJsonSpec *json;
  const struct _PkPatternSpec *pattern;
};

/* ---- netfilter LOG lines: scan/scan-netfilter.c --------------------------- */

#define PK_NETFILTER_STARTS_MAX 8
#define PK_NETFILTER_RULES_MAX 12

/* Applies to a prefix that begins with start and ends with end.  Either may be
 * NULL, which fits anything; '#' in them stands for one or more digits. */
typedef struct _PkNetfilterRule
{
  const gchar *start, *end;
  PkVerdict verdict;
  const gchar *word; /* what action_word shows */
} PkNetfilterRule;

/* The kernel logs what the administrator wrote as log prefix, and that text
 * alone says whether the packet was denied.  The prefix is what stands before
 * "IN=", without kernel time, without trailing blanks, and without ` DESCR="`
 * and what follows it.  The user's own prefixes are asked first, then rules in
 * their order, then, if words is set, the verdict words of scan-netfilter.c. */
typedef struct _PkNetfilterSpec
{
  const gchar *starts[PK_NETFILTER_STARTS_MAX];  /* of the row's prefixes, '#' as above; none: any prefix */
  PkNetfilterRule rules[PK_NETFILTER_RULES_MAX]; /* ends with a rule without start and end */
  gboolean words;
  gboolean record_time; /* the prefix holds "20/Jun/2022:16:20:14 +0200" */
} PkNetfilterSpec;

/* ---- sentences with holes: scan/scan-text.c ------------------------------- */

/* Where a pattern may be believed. */
typedef enum
{
  PK_TEXT_OWN_PROGRAM = 0, /* only from one of the row's programs */
  PK_TEXT_OWN_FILE,        /* also in a line that begins with the daemon's own "[YYYY-MM-DD HH:MM] " */
  PK_TEXT_ANYWHERE         /* unmistakable: from any program */
} PkTextWhere;

/* pattern is literal text with holes, and fits a text only as a whole:
 *
 *   {source}  an address                    {dest}     an address, or a network, which is not kept
 *   {door}    free text                     {command}  free text: a command line, which is read for what it opens
 *                                           {change}   the same; must change the firewall
 *   {stage}   digits                        {expires}  digits: Unix time
 *   {ports}   "tcp/22,udp/1194"             {user}     a word
 *   {number}  digits, not kept              {word}     a word, not kept
 *   {any}     free text, not kept
 *
 * What stands before the first free hole is matched from left to right, what
 * stands after the last one from right to left.  Two free holes at most; the
 * literal that separates them is taken at its last occurrence.  Time is linear
 * in the text. */
typedef struct _PkTextPattern
{
  const gchar *pattern;
  PkBranch branch;
  const gchar *subtype;
  const gchar *door_action; /* NULL: what {command} says, if anything */
  PkTextWhere where;
} PkTextPattern;

typedef struct _PkTextSpec
{
  PkEventKind kind;
  const gchar *programs[PK_DIALECT_PROGRAMS_MAX]; /* the row's own, beside those that make it be tried */
  const PkTextPattern *patterns;                  /* in the order tried; ends with a NULL pattern */
} PkTextSpec;

/* ---- keys with values: scan/tuple.c ---------------------------------------- */

/* What the value of a key says.  The first value that says something counts;
 * "" and "-" say nothing. */
typedef enum
{
  PK_TUPLE_SOURCE = 0,       /* address; a host name is none, and not malformed */
  PK_TUPLE_SOURCE_PORT,      /* number; a service name is none */
  PK_TUPLE_SOURCE_WITH_PORT, /* "a:p", "a/p", "a(p)", "a#p", "a.p", "[a]:p", "a", ":p"; what follows is not looked at */
  PK_TUPLE_DEST,
  PK_TUPLE_DEST_PORT,
  PK_TUPLE_DEST_WITH_PORT,
  PK_TUPLE_PROTOCOL,    /* name or number, also with something after it: "tcp/https", "6(0)" */
  PK_TUPLE_ACTION,      /* compared with PkTupleSpec.words; a value that is none of them says nothing */
  PK_TUPLE_ACTION_ELSE, /* the same, where no PK_TUPLE_ACTION says anything */
  PK_TUPLE_COUNT,       /* packets that the line stands for */
  PK_TUPLE_ICMP_TYPE,
  PK_TUPLE_ICMP_CODE,
  PK_TUPLE_ICMP,      /* both in one: "8/0", "icmp/8/0", "type 8, code 0" */
  PK_TUPLE_TCP_FLAGS, /* "SYN ACK", "SA", "0x02", "2" */
  PK_TUPLE_TIME,      /* Unix time in s, ms, us or ns, or ISO 8601 with a zone; others are not used */
  PK_TUPLE_LENGTH,    /* bytes of the IP packet */
  PK_TUPLE_REQUIRE,   /* must be there, and be one of values if these are given, or it is not a line of the row */
  PK_TUPLE_ONLY,      /* if there, must be one of values, or the line is ignored */
  PK_TUPLE_EXCEPT,    /* if it is one of values, the line is ignored */
  PK_TUPLE_NO_DENY,   /* if it is one of values, a deny is none of a packet (level 7, IPS): ignored */
  PK_N_TUPLE_TARGETS
} PkTupleTarget;

/* With its terminating NUL. */
#define PK_TUPLE_KEY_BYTES 48
#define PK_TUPLE_KEYS_MAX 255
/* Keys of PK_TUPLE_REQUIRE are among the first of a row. */
#define PK_TUPLE_REQUIRE_MAX 64

/* A list of values is one string, "deny|denied|reset*|*packet*dropped*": each
 * is compared without regard to ASCII case with the whole value, and a star in
 * it stands for any text.  A list that begins with "!" is of all the others. */
typedef struct _PkTupleKey
{
  gchar key[PK_TUPLE_KEY_BYTES]; /* exact, case-sensitive; may be there more than once, with several targets */
  PkTupleTarget target;
  const gchar *values; /* any other value says nothing; NULL: every value does */
} PkTupleKey;

typedef struct _PkTupleWord
{
  const gchar *values;
  PkVerdict verdict; /* PK_VERDICT_NEITHER: known, and says nothing about a packet; the line is ignored */
} PkTupleWord;

typedef struct _PkTupleSpec
{
  const PkTupleKey *keys;   /* ends with an empty key; at most PK_TUPLE_KEYS_MAX */
  const PkTupleWord *words; /* in the order tried; ends with values NULL */
  guint32 optional;         /* of PK_HAS_SOURCE and PK_HAS_DEST, which every line must name otherwise */
  gboolean icmp_in_ports;   /* the ports of an ICMP line are its type and code */
  /* Keys of other makers: lower-case letters and digits only, "srcip" stands for "src_ip", "Src-IP",
   * "SrcIP(1003)" and for the end of a path, "event.src.ip", of which no part but the last is one of foreign. */
  gboolean loose;
  const gchar *foreign;
  gboolean strict; /* no match without both addresses, protocol and, where it has ports, the destination's */
} PkTupleSpec;

/* ---- key=value: scan/scan-kv.c ----------------------------------------------- */

/* A value is quoted ("..." with backslash escapes, which stay) or ends before
 * one of ends.  A key is the run of other bytes before equals, without
 * brackets and without what ends with a colon before it.  That, and a word
 * that stands alone, is the value of a key "_word". */
typedef struct _PkKvSpec
{
  const gchar *head; /* a pattern, see PkPattern, that stands before the pairs; NULL: none */
  gchar equals;      /* '=' or ':' */
  const gchar *ends; /* up to five bytes: " ", ", ", ";"; without a blank, keys and values may hold some */
} PkKvSpec;

/* ---- columns: scan/scan-csv.c ------------------------------------------------- */

/* Columns are numbered from 1, and the number is the key: {"8", PK_TUPLE_SOURCE}.
 * A value may be quoted as in RFC 4180. */
typedef struct _PkCsvSpec
{
  gchar separator;   /* a blank stands for any number of them */
  const gchar *head; /* a pattern, see PkPattern, that stands before column 1; NULL: none */
  /* Of which the first that is there begins with the separator before column
   * anchor_column; nothing is read before that.  None: column 1 begins the text. */
  const gchar *anchors[4];
  guint anchor_column;
  /* What follows this column depends on it: the keys of those columns are its value, a colon, and the number,
   * {"4:19", PK_TUPLE_SOURCE}.  0: none. */
  guint variant_column;
} PkCsvSpec;

/* ---- JSON: scan/scan-json.c ---------------------------------------------------- */

/* Keys are paths: "jsonPayload.connection.src_ip".  The elements of an array
 * have the path of the array.  A row of pk_scan_json() needs no spec. */
typedef struct _PkJsonSpec
{
  const gchar *columns; /* for pk_scan_json_columns(): values whose path ends with this are CSV, each a record; the
                           first deny counts, without one the first accept */
} PkJsonSpec;

/* ---- sentences of firewalls: scan/scan-pattern.c ------------------------------- */

#define PK_PATTERN_LEADS_MAX 8
#define PK_PATTERN_HEADS_MAX 4
#define PK_PATTERN_FINDS_MAX 4
#define PK_PATTERN_HOLE_BYTES_MAX 1024

/* pattern is literal text with holes, matched from its beginning; text may go
 * on after its end.  {key} hands what it holds to the row's tuple under that
 * key: one that the row does not list is not kept, as {any}.  It ends before
 * the first occurrence of the literal that follows, at the end of a pattern
 * with the text.  A hole holds at least a byte.
 *
 *   {key!}  holds no blank; at the end of a pattern it ends with the word
 *   {key#}  the same, digits     {key@}  the same, an address     {key%}  the same, a protocol
 *   {key*}  may hold more than up to the next literal, if the rest fits only then; one in a pattern
 *   {end}   the end of the text
 *   {key=value}  no hole: the sentence says so in other words
 *
 * A hole holds PK_PATTERN_HOLE_BYTES_MAX bytes at most.  Beside its holes a
 * pattern's tuple has those of the lead and the head, _program, _host and
 * _msgid.  A pattern that stands elsewhere than at the beginning of a text
 * begins with a literal. */
typedef struct _PkPattern
{
  const gchar *id; /* only where the lead's {id} is this, or ends with it after "-" or "_"; NULL: any */
  const gchar *pattern;
  PkVerdict verdict; /* PK_VERDICT_NONE: what the tuple's own words say; PK_VERDICT_NEITHER: ignored */
  const gchar *word; /* action_word of verdict */
} PkPattern;

typedef struct _PkPatternSpec
{
  /* What stands before the sentence, anywhere in the text: "%ASA-{id}: ".  {id} holds no blank.  None: sentences
   * begin with the text.  Where none fits, a syslog parser may have taken it for the program, which then is {id}. */
  const gchar *leads[PK_PATTERN_LEADS_MAX];
  const gchar *heads[PK_PATTERN_HEADS_MAX]; /* what stands before the lead, in the order tried; none: anything */
  /* {prefix} of the head is what the administrator wrote: it is judged as netfilter's prefixes are, and without a
   * verdict the line is one of an unknown prefix. */
  gboolean prefix;
  const PkPattern *patterns; /* in the order tried; ends with pattern NULL */
  /* What may stand somewhere in the text beside the sentence: "(type {type#}, code {code#})". */
  const gchar *finds[PK_PATTERN_FINDS_MAX];
  gboolean bare;          /* a relay may have taken the lead away: then sentences of any id may begin the text */
  PkScanResult otherwise; /* a lead, but no pattern of its id: any result but a match */
} PkPatternSpec;

/* ---- filling an event ----------------------------------------------------- */

/* Clears everything but the text bytes. */
void pk_event_init(PkEvent *self);
/* Copies; cut to what is permitted for that text.  The first call for an id wins. */
void pk_event_set_text(PkEvent *self, PkTextId id, const gchar *data, gsize len);
/* Empty when absent; valid as long as self. */
PkSlice pk_event_get_text(const PkEvent *self, PkTextId id);

#endif
