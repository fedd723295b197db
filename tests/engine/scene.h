/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TESTS_SCENE_H_INCLUDED
#define PK_TESTS_SCENE_H_INCLUDED

#include <criterion/criterion.h>

#include "engine/window.h"

/* One window with default options, and what came of it.  Times are in
 * milliseconds after START, and arrive at once unless a test says otherwise. */

#define START G_GINT64_CONSTANT(1795305600000000)

typedef struct _Scene
{
  PkOptions options;
  PkRule rule;
  PkWindow window;
  guint64 block[PK_WINDOW_BLOCK_BYTES(PK_HITS_MAX) / sizeof(guint64)];
  PkOutcome outcome; /* of everything since it was last cleared */
} Scene;

static Scene scene;

static inline void
scene_set(const gchar *name, const gchar *value)
{
  cr_assert(pk_options_set(&scene.options, name, value, NULL), "%s %s", name, value);
  cr_assert(pk_options_check(&scene.options, NULL));
  pk_rule_init(&scene.rule, &scene.options);
}

static inline void
scene_empty(void)
{
  pk_window_init(&scene.window, scene.block, PK_HITS_MAX);
}

static inline void
scene_begin(void)
{
  pk_options_init(&scene.options);
  cr_assert(pk_options_check(&scene.options, NULL));
  pk_rule_init(&scene.rule, &scene.options);
  scene_empty();
  pk_outcome_init(&scene.outcome);
}

static inline void
scene_end(void)
{
  pk_options_clear(&scene.options);
}

static inline PkHit
scene_make(gint64 msec, guint8 dest, guint16 port)
{
  PkHit hit = { .time_usec = START + msec * 1000, .arrival_usec = START + msec * 1000, .packets = 1 };

  hit.dest = (PkAddr){ { [10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = dest } };
  hit.port = (PkPort){ .protocol = PK_PROTO_TCP, .port = port };
  return hit;
}

static inline PkHit
scene_make_from(gint64 msec, guint16 port, guint16 source_port)
{
  PkHit hit = scene_make(msec, 1, port);

  hit.source_port = source_port;
  hit.flags = PK_HIT_HAS_SOURCE_PORT;
  return hit;
}

static inline void
scene_put(PkHit hit)
{
  pk_window_add(&scene.window, &scene.rule, &hit, &scene.outcome);
}

static inline void
scene_knock(gint64 msec, guint16 port)
{
  scene_put(scene_make(msec, 1, port));
}

static inline void
scene_knock_arriving(gint64 msec, gint64 arrival_msec, guint16 port)
{
  PkHit hit = scene_make(msec, 1, port);

  hit.arrival_usec = START + arrival_msec * 1000;
  scene_put(hit);
}

/* n knocks at once, on the ports from first on. */
static inline void
scene_knock_many(gint64 msec, guint n, guint16 first)
{
  for (guint i = 0; i < n; i++)
    scene_knock(msec, (guint16) (first + i));
}

static inline void
scene_tick(gint64 msec)
{
  gint64 arrival_usec = START + msec * 1000;

  while (pk_window_deadline(&scene.window, &scene.rule) <= arrival_usec)
    pk_window_expire(&scene.window, &scene.rule, arrival_usec, &scene.outcome);
}

static inline guint
scene_count_open(void)
{
  guint n = 0;

  for (guint i = 0; i < scene.window.n; i++)
    n += !(pk_window_hit(&scene.window, i)->flags & PK_HIT_CONSUMED);
  return n;
}

/* The ports of a judgement as text. */
static inline const gchar *
scene_ports(guint judgement)
{
  static gchar text[512];
  const PkAlert *alert = &scene.outcome.judgements[judgement].alert;
  gsize len = 0;

  cr_assert_lt(judgement, scene.outcome.n_judgements);
  text[0] = '\0';
  for (guint i = 0; i < alert->n_attempts; i++)
    len += (gsize) g_snprintf(text + len, sizeof(text) - len, "%s%u", i ? "," : "", alert->attempts[i].port);
  return text;
}

#define EXPECT_JUDGED(n) cr_expect_eq(scene.outcome.n_judgements, (n), "judged %u", scene.outcome.n_judgements)

#endif
