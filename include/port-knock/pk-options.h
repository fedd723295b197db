/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_OPTIONS_H_INCLUDED
#define PK_OPTIONS_H_INCLUDED

#include "port-knock/pk-types.h"

/* The engine's options and the table that describes them.  The table is the
 * only place where an option's name, range, default and help stand; the
 * configuration grammar, the command and the documentation read it.
 *
 * Not thread safe: options are set up by one thread and then only read. */

#define PK_OPTION_ERROR pk_option_error_quark()

typedef enum
{
  PK_OPTION_ERROR_UNKNOWN, /* no option of that name */
  PK_OPTION_ERROR_VALUE,   /* not of the option's type, or outside its range */
  PK_OPTION_ERROR_CONFLICT /* values that do not go together */
} PkOptionError;

GQuark pk_option_error_quark(void);

typedef struct _PkOptions
{
  guint32 given; /* bit n: row n of the table was set */
  gint window_seconds;
  gint settle_seconds;
  gint min_ports, max_ports;
  gint min_packets, max_packets;
  gint min_duration_seconds;
  gint scan_memory_seconds;
  gint confirm_window_seconds;
  gint cooldown_seconds;
  gint min_confidence; /* PkConfidence */
  gint max_sources;
  gint max_windows;       /* 0 until pk_options_check(): max_sources / 16 */
  gint max_alerts;        /* a minute */
  gint signs;             /* bit n: sign n of engine/signs.h counts */
  gint alert_on;          /* PK_ALERT_ON_* */
  gint ipv6_prefix;       /* bits */
  gint heartbeat_seconds; /* 0: none; the relay's, the engine reads no clock */
  gchar *known_sequences; /* path, owned; "": none; NULL: the list that is built in */
  GPtrArray *deny_prefix; /* of gchar *, owned; netfilter log prefixes */
  GPtrArray *accept_prefix;
  GPtrArray *allow;  /* of gchar *, owned; entries as in the file, engine/allow-line.h */
  gchar *allow_file; /* owned; NULL: none */
  gchar *state_file; /* a folder, owned; NULL: the host knows a place */
  gint save_interval_seconds;
  /* Not in the table, for the caller to set: one thread only, and the order of
   * alerts and who gives way do not depend on the random secret. */
  gboolean single_shard;
  gboolean with_fates; /* verdicts that are not reported are handed out, too */
} PkOptions;

typedef enum
{
  PK_OPTION_INTEGER,
  PK_OPTION_WORD,    /* one of words */
  PK_OPTION_WORDS,   /* any of words, separated by commas; see the help */
  PK_OPTION_STRINGS, /* may be given several times; each adds a string */
  PK_OPTION_ENTRIES, /* the same; each is an entry of the allow list */
  PK_OPTION_PATH     /* the name of a file, owned; NULL: not given */
} PkOptionType;

/* A row of the option table. */
typedef struct _PkOption
{
  const gchar *name; /* as in the configuration: "min-ports" */
  PkOptionType type;
  gint min, max;             /* INTEGER: inclusive; PATH: min is that of characters */
  gint default_value;        /* INTEGER: value; WORD: index into words; WORDS: bits */
  const gchar *unit;         /* "s", "a minute", ""; for help and messages */
  const gchar *const *words; /* WORD, WORDS: NULL terminated */
  const gchar *help;         /* one line */
  gsize offset;              /* of the member in PkOptions */
  gboolean for_hosts;        /* the engine does not read it: of hosts that go on running, not of the command */
} PkOption;

/* The table; *ret_n is the number of rows.  Static storage. */
const PkOption *pk_option_table(gsize *ret_n);

/* Sets every default. */
void pk_options_init(PkOptions *self);
/* Frees what the members own. */
void pk_options_clear(PkOptions *self);
/* dest is initialised by this call and owned by the caller. */
void pk_options_copy(const PkOptions *self, PkOptions *dest);

/* Sets one option from its text.  On FALSE *self is unchanged and *error says
 * the option, the value and what is permitted. */
gboolean pk_options_set(PkOptions *self, const gchar *name, const gchar *value, GError **error);

/* Checks the options against each other and derives what was left open.  Must
 * be called once before the options are given to an engine or a recogniser. */
gboolean pk_options_check(PkOptions *self, GError **error);

#endif
