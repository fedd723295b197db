/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_BENCH_PLAY_H_INCLUDED
#define PK_BENCH_PLAY_H_INCLUDED

#include "port-knock/pk-engine.h"

/* A log in memory, and lines played to an engine as a relay does it: the header
 * is parsed before, by somebody else, and a timer ticks each second. */

typedef struct _Log
{
  gchar *text; /* owned */
  gsize bytes;
  GArray *lines; /* of PkLine, which borrow from text */
} Log;

/* FALSE: it cannot be read. */
gboolean log_read(Log *self, const gchar *path);
void log_clear(Log *self);

static inline const PkLine *
log_lines(const Log *self)
{
  return (const PkLine *) (gpointer) self->lines->data;
}

/* What stamps in a log are compared with: after all that workload.py writes, as far as that matters. */
PkClock log_clock(void);

/* A line's event that was not observed yet. */
typedef struct _Upcoming
{
  PkEvent event;
  PkSlice host;
  PkAhead ahead;
} Upcoming;

#define UPCOMING_MAX (PK_AHEAD_STEPS + 1)

typedef struct _Play
{
  PkRecogniser *recogniser; /* borrowed */
  PkEngine *engine;         /* borrowed */
  gint64 arrival_usec;      /* the highest time so far */
  gint64 ticked_usec;
  gboolean never_ticks; /* another thread does */
  guint64 recognised, alerts;
  Upcoming upcoming[UPCOMING_MAX]; /* a ring */
  guint first, n;                  /* of it */
} Play;

/* As the timer does it: some at a time until nothing is due. */
void play_tick(Play *self);
/* ahead NULL: the engine was not told. */
void play_event(Play *self, const PkEvent *event, PkSlice host, const PkAhead *ahead);
/* As a relay does it: each line by itself. */
void play_line(Play *self, const PkLine *line);
/* As a replay does it: the engine is told what is to come.  line is borrowed until play_settle(). */
void play_line_ahead(Play *self, const PkLine *line);
/* Until everything that was seen is judged. */
void play_settle(Play *self);

/* Options that were checked; what is wrong with them ends the process. */
PkEngine *new_engine(const PkOptions *options);
PkRecogniser *new_recogniser(const PkOptions *options);

#endif
