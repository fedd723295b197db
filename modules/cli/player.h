/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_CLI_PLAYER_H_INCLUDED
#define PK_CLI_PLAYER_H_INCLUDED

#include "cli/line-zone.h"
#include "cli/reader.h"
#include "cli/watermark.h"

/* So many events are read before the first of them is played; each more makes a step of pk_engine_fetch(). */
#define PK_PLAYER_UPCOMING_MAX (PK_AHEAD_STEPS + 1)
/* RFC 5424 has no longer ones; what is longer is cut. */
#define PK_PLAYER_HOST_BYTES_MAX 255

/* Plays log files as if a relay received them: gives their events with the
 * time at which each arrived, and ticks.  Whoever calls has the engine. */

/* An event, for pk_engine_observe_ahead(); event, host and scope are valid during
 * the call, ahead is of the player's engine.  FALSE: play no more. */
typedef gboolean (*PkPlayFunc)(const PkEvent *event, PkSlice host, PkSlice scope, const PkAhead *ahead,
                               gint64 arrival_usec, gpointer user_data);
/* For pk_engine_expire(); before the event that arrived at that time, so that a
 * candidate that has settled is judged without it. */
typedef void (*PkTickFunc)(gint64 arrival_usec, gpointer user_data);

/* An event that was read, and is not played yet: the engine is told first what is to come. */
typedef struct _PkUpcoming
{
  PkEvent event;
  guint input; /* number of the file that it is from */
  gsize host_len;
  gchar host[PK_PLAYER_HOST_BYTES_MAX];
  PkAhead ahead;
} PkUpcoming;

typedef struct _PkPlayer
{
  const PkArguments *arguments; /* borrowed */
  PkEngine *engine;             /* borrowed */
  PkPlayFunc play_func;
  PkTickFunc tick_func;
  gpointer user_data;
  /* FALSE: one tick for each event that is a second or more after the last.
   * TRUE: also those between, one a second as in a relay, for two hours of quiet. */
  gboolean tick_every_second;
  PkReader reader; /* counts lines and inputs */
  PkLineZone zone;
  PkRecogniser *recogniser;            /* owned */
  PkUnknownPrefixes *unknown_prefixes; /* owned */
  PkAllow *allow;                      /* owned */
  PkWatermark watermark;
  gint64 ticked_usec;                          /* arrival time of the last tick; 0: none */
  gint64 last_time_usec;                       /* of the last line that had a time; 0: none had */
  guint64 results[PK_N_SCAN_RESULTS];          /* lines */
  guint64 kinds[PK_N_EVENT_KINDS];             /* lines */
  guint64 allowed;                             /* lines whose source is on the allow list */
  guint64 without_time;                        /* lines that got the time of the line before */
  guint inputs_begun;                          /* files of which an event was seen */
  guint inputs_behind;                         /* files that begin more than a day before what was read */
  PkUpcoming upcoming[PK_PLAYER_UPCOMING_MAX]; /* a ring */
  guint first, n;                              /* of it */
} PkPlayer;

/* arguments and engine, which is told what is to come, are borrowed until
 * pk_player_clear().  FALSE with *error set; *self then needs no clearing. */
gboolean pk_player_init(PkPlayer *self, const PkArguments *arguments, PkEngine *engine, PkPlayFunc play_func,
                        PkTickFunc tick_func, gpointer user_data, GError **error);
void pk_player_clear(PkPlayer *self);

/* Reads path, see pk_reader_read(). */
gboolean pk_player_read(PkPlayer *self, const gchar *path, GError **error);
/* Reads all inputs in order, and names those that fail on standard error. */
void pk_player_read_inputs(PkPlayer *self, const GPtrArray *inputs);
/* Nothing more will arrive: ticks until what is left was judged, and the
 * cooldowns and the minute of max-alerts have ended. */
void pk_player_finish(PkPlayer *self);

/* What an analyst must know of the input, on standard error: firewalls whose
 * words are not known, and files in the wrong order. */
void pk_player_warn(const PkPlayer *self);

#endif
