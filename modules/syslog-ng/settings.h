/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SYSLOG_NG_SETTINGS_H_INCLUDED
#define PK_SYSLOG_NG_SETTINGS_H_INCLUDED

#include "port-knock/pk-options.h"

/* What stands between the brackets of port-knock(): the engine's options and
 * those that only make sense inside syslog-ng.  Both kinds are set from text
 * and refused with the same wording: option, value, what is permitted. */

#define PK_SETTINGS_DEFAULT_PREFIX ".knock."

typedef enum
{
  PK_INJECT_PASS_THROUGH = 0, /* alerts go on in the log path, after the message that completed them */
  PK_INJECT_INTERNAL          /* alerts come out of the internal() source */
} PkInjectMode;

typedef enum
{
  PK_FIELDS_CORE = 0,
  PK_FIELDS_ALL,
  PK_FIELDS_NONE /* a recognised message gets its tag only */
} PkFieldsMode;

typedef enum
{
  PK_USE_TIME_MESSAGE = 0,
  PK_USE_TIME_RECEIVED
} PkUseTime;

typedef struct _PkSettings
{
  PkOptions engine;
  gchar *prefix;       /* owned; of every name-value pair */
  gchar *persist_name; /* owned; NULL: the parser's name */
  gint inject_mode;    /* PkInjectMode */
  gint fields;         /* PkFieldsMode */
  gint use_time;       /* PkUseTime */
  gint correlate;      /* gboolean; FALSE: recognise and tag only */
} PkSettings;

void pk_settings_init(PkSettings *self);
void pk_settings_clear(PkSettings *self);
/* dest is initialised by this call. */
void pk_settings_copy(const PkSettings *self, PkSettings *dest);

/* Sets one option, of either kind; '_' in name counts as '-'.  values are
 * strings, borrowed; only options that may be repeated take more than one, and
 * allow() network, reason, destination and date.  On FALSE *error names the
 * option, the value and what is permitted. */
gboolean pk_settings_set(PkSettings *self, const gchar *name, GList *values, GError **error);

/* TRUE when both hold the same options of the engine: state can be handed over
 * as it is.  The allow list is not the engine's. */
gboolean pk_settings_engine_equals(const PkOptions *self, const PkOptions *other);

/* What was set, as one line for the log: "settle(5) deny-prefix(2 values)";
 * "defaults" if nothing was.  New string. */
gchar *pk_settings_describe(const PkSettings *self);

#endif
