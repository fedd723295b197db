/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <glib/gstdio.h>
#include <unistd.h>

#include "engine/knocks.h"

/* An engine that is saved and loaded again and again, or moved as a reload does
 * it, does event by event what one does that never was, on random streams of
 * everything that reaches an engine. */

#define STREAMS 120
#define STEPS 300

typedef struct _Stream
{
  GRand *rand;
  gint64 msec;
  gchar *path;
  const gchar *const *settings;
  Knocks plain, restarted;
  guint alerts, restarts;
} Stream;

static const gchar *const SMALL[] = {
  "max-sources",
  "1024",
  "max-windows",
  "64",
  "min-confidence",
  "low",
  "max-alerts",
  "30",
  "alert-on",
  "window,daemon,host",
  "signs",
  "all",
  "ipv6-prefix",
  "64",
  "cooldown",
  "60",
  "confirm-window",
  "60",
  NULL,
};
/* Several shards. */
static const gchar *const LARGE[] = {
  "max-sources", "20000",    "max-windows", "5000", "min-confidence", "low", "max-alerts", "30", "signs",
  "all",         "cooldown", "0",           NULL,
};

static gint
_choose(Stream *self, gint n)
{
  return g_rand_int_range(self->rand, 0, n);
}

/* ---- events -------------------------------------------------------------------- */

static PkAddr
_choose_source(Stream *self)
{
  PkAddr address;

  switch (_choose(self, 8))
    {
    case 0:
      address = knocks_v6((guint32) _choose(self, 3));
      address.bytes[7] = (guint8) _choose(self, 2);
      return address;
    case 1:
      return knocks_v4(127, 0, 0, 1);
    default:
      return knocks_v4(192, 0, 2, (guint8) (1 + _choose(self, 6)));
    }
}

static PkAddr
_choose_dest(Stream *self)
{
  return knocks_v4(198, 51, 100, (guint8) (1 + _choose(self, 3)));
}

static void
_make_denial(Stream *self, PkEvent *event)
{
  knocks_init_event(event, _choose_source(self), _choose_dest(self), (guint16) (7000 + 100 * _choose(self, 8)),
                    self->msec - (_choose(self, 5) ? 0 : _choose(self, 3000)));
  event->count = _choose(self, 4) ? 1 : 3;
  if (_choose(self, 2))
    {
      event->has |= PK_HAS_SOURCE_PORT;
      event->source_port = (guint16) (40000 + _choose(self, 4));
    }
  if (_choose(self, 3) == 0)
    {
      event->has |= PK_HAS_UPTIME;
      event->uptime_usec = self->msec * 1000;
    }
  if (_choose(self, 6) == 0)
    {
      event->protocol = PK_PROTO_ICMP;
      event->has |= PK_HAS_ICMP;
      event->icmp_type = 8;
      event->length = (guint16) (100 + _choose(self, 5));
    }
  if (_choose(self, 10) == 0)
    event->has &= ~(guint32) PK_HAS_DEST;
  if (_choose(self, 12) == 0)
    pk_event_set_text(event, PK_TEXT_ALLOWED, "ours", 4);
}

static void
_make_accept(Stream *self, PkEvent *event)
{
  knocks_init_event(event, _choose_source(self), _choose_dest(self), (guint16) (22 + _choose(self, 3)), self->msec);
  event->kind = PK_EVENT_FIREWALL_ACCEPT;
  event->branch = PK_BRANCH_NONE;
}

static void
_make_daemon(Stream *self, PkEvent *event)
{
  gboolean opens = _choose(self, 2);

  knocks_init_event(event, _choose_source(self), _choose_dest(self), 0, self->msec);
  event->kind = PK_EVENT_KNOCK_DAEMON;
  event->branch = opens ? PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED : PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS;
  event->has = PK_HAS_SOURCE | (opens ? 0 : PK_HAS_STAGE);
  event->stage = (guint16) (opens ? 0 : 1 + _choose(self, 3));
  event->door_action = opens ? _choose(self, 3) ? "open" : "close" : NULL;
  pk_event_set_text(event, PK_TEXT_DOOR, _choose(self, 2) ? "ssh" : "web", 3);
  if (opens && _choose(self, 2))
    pk_event_set_text(event, PK_TEXT_OPEN_PORT, "tcp/22", 6);
}

static void
_make_host_event(Stream *self, PkEvent *event)
{
  gboolean listens = _choose(self, 2);

  knocks_init_event(event, _choose_source(self), _choose_dest(self), (guint16) (22 + _choose(self, 3)), self->msec);
  event->kind = listens ? PK_EVENT_NEW_LISTENER : PK_EVENT_HOST_FIREWALL_OPENED;
  event->branch = listens ? PK_BRANCH_NONE : PK_BRANCH_HOST_FIREWALL_OPENED;
}

static void
_make_event(Stream *self, PkEvent *event)
{
  gint kind = _choose(self, 20);

  if (kind < 14)
    _make_denial(self, event);
  else if (kind < 16)
    _make_accept(self, event);
  else if (kind < 18)
    _make_daemon(self, event);
  else
    _make_host_event(self, event);
}

/* ---- comparison ------------------------------------------------------------------ */

static gint
_compare(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const gchar *const *) a, *(const gchar *const *) b);
}

/* The order of alerts of one moment is nobody's business. */
static gchar *
_tell(Knocks *knocks)
{
  GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
  gchar *text;

  for (guint i = 0; i < MIN(knocks->n, (guint) G_N_ELEMENTS(knocks->alerts)); i++)
    {
      GString *json = g_string_new(NULL);

      pk_alert_append_json(&knocks->alerts[i], NULL, json);
      g_ptr_array_add(texts, g_string_free(json, FALSE));
    }
  g_ptr_array_sort(texts, _compare);
  g_ptr_array_add(texts, NULL);
  text = g_strjoinv("\n", (gchar **) texts->pdata);
  g_ptr_array_unref(texts);
  knocks->n = 0;
  return text;
}

static gboolean
_agree(Stream *self, guint seed, guint step)
{
  guint n = self->plain.n;
  gchar *plain = _tell(&self->plain), *restarted = _tell(&self->restarted);
  gboolean same = strcmp(plain, restarted) == 0;

  self->alerts += n;
  cr_expect(same, "seed %u, step %u, %u restarts:\nwithout:\n%s\nwith:\n%s", seed, step, self->restarts, plain,
            restarted);
  g_free(plain);
  g_free(restarted);
  return same;
}

static void
_restart(Stream *self)
{
  GError *error = NULL;
  PkOptions options;
  guint64 bytes;
  PkEngine *engine = self->restarted.engine ? self->restarted.engine : pk_engine_ref(self->plain.engine);

  knocks_init_options(&options, self->settings);
  cr_assert(pk_engine_save(engine, self->path, PK_SLICE(""), &bytes, &error), "%s", error ? error->message : "");
  pk_engine_unref(engine);
  self->restarted.engine = pk_engine_new_from_file(&options, self->path, PK_SLICE(""), &error);
  cr_assert_not_null(self->restarted.engine, "%s", error ? error->message : "");
  self->restarts++;
  pk_options_clear(&options);
}

static void
_reload(Stream *self)
{
  PkEngine *moved = knocks_new_engine(self->settings, self->restarted.engine);

  pk_engine_unref(self->restarted.engine);
  self->restarted.engine = moved;
}

static void
_step(Stream *self)
{
  const gchar *host = _choose(self, 2) ? "fw1" : "fw2", *scope = _choose(self, 4) ? "" : "tenant";
  PkEvent event;

  self->msec += _choose(self, 10) ? _choose(self, 400) : _choose(self, 20000);
  if (_choose(self, 5) == 0)
    {
      knocks_tick(&self->plain, self->msec);
      knocks_tick(&self->restarted, self->msec);
      return;
    }
  _make_event(self, &event);
  knocks_observe_from(&self->plain, &event, host, scope, self->msec);
  knocks_observe_from(&self->restarted, &event, host, scope, self->msec);
}

/* The second engine begins as a copy of the first, with its secrets. */
static guint
_run(guint seed, const gchar *const *settings, gchar *path)
{
  Stream stream = { .rand = g_rand_new_with_seed(seed), .path = path, .settings = settings };

  stream.plain.engine = knocks_new_engine(settings, NULL);
  _restart(&stream);
  for (guint step = 0; step < STEPS; step++)
    {
      _step(&stream);
      if (!_agree(&stream, seed, step))
        break;
      if (_choose(&stream, 30) == 0)
        _restart(&stream);
      if (_choose(&stream, 30) == 0)
        _reload(&stream);
    }
  pk_engine_unref(stream.plain.engine);
  pk_engine_unref(stream.restarted.engine);
  g_rand_free(stream.rand);
  return stream.alerts;
}

static void
_run_all(const gchar *const *settings, guint first_seed)
{
  gchar *folder = g_dir_make_tmp("port-knock-state.XXXXXX", NULL), *path;
  guint alerts = 0;

  cr_assert_not_null(folder);
  path = g_build_filename(folder, "x.state", NULL);
  for (guint seed = first_seed; seed < first_seed + STREAMS; seed++)
    alerts += _run(seed, settings, path);
  cr_log_info("%u alerts", alerts);
  cr_expect_gt(alerts, STREAMS * 5, "%u alerts say nothing", alerts);
  g_remove(path);
  g_rmdir(folder);
  g_free(path);
  g_free(folder);
}

Test(state_stream, an_engine_that_was_restarted_goes_on_as_if_it_had_not_been)
{
  _run_all(SMALL, 1);
}

Test(state_stream, so_does_one_of_several_shards)
{
  _run_all(LARGE, 1000);
}
