/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "port-knock/pk-engine.h"
#include "fuzz/fuzz.h"
#include "fuzz/written.h"

/* Lines of a log through recognition, windows and verdicts into alerts as text.
 * A line's first byte moves arrival time on, so that windows settle in between;
 * tables are as small as options allow, so that they fill up.  One byte there
 * stands for new sources by the thousand, another for a change of options, as at
 * a reload. */

#define EXPIRE_ITEMS 16
#define BYTE_FLOOD 0xff
#define BYTE_MOVE 0xfe
#define FLOOD_STEP 8

typedef struct _Fixture
{
  PkRecogniser *recogniser; /* borrowed */
  PkEngine *engine;         /* NULL before something is observed: most inputs have nothing */
  PkOptions options;        /* of engine */
  guint flooded;            /* sources so far */
  gint64 arrival_usec;
  GString *out;
} Fixture;

/* The same for all inputs: making one costs more than most of them. */
static PkRecogniser *
_get_recogniser(const PkOptions *options)
{
  static PkRecogniser *recogniser;

  if (!recogniser)
    recogniser = pk_recogniser_new(options, NULL);
  return recogniser;
}

static void
_set(PkOptions *options, const gchar *name, const gchar *value)
{
  g_assert_true(pk_options_set(options, name, value, NULL));
}

static void
_fixture_init(Fixture *self)
{
  pk_options_init(&self->options);
  _set(&self->options, "max-sources", "1024");
  _set(&self->options, "max-windows", "64");
  _set(&self->options, "min-confidence", "low");
  g_assert_true(pk_options_check(&self->options, NULL));
  self->recogniser = _get_recogniser(&self->options);
  g_assert_true(self->recogniser);
  self->engine = NULL;
  self->flooded = 0;
  self->arrival_usec = G_GINT64_CONSTANT(1767225600000000);
  self->out = g_string_new(NULL);
}

static PkEngine *
_get_engine(Fixture *self)
{
  if (!self->engine)
    self->engine = pk_engine_new(&self->options, NULL);
  g_assert_true(self->engine);
  return self->engine;
}

static void
_fixture_clear(Fixture *self)
{
  pk_engine_unref(self->engine);
  pk_options_clear(&self->options);
  g_string_free(self->out, TRUE);
}

static void
_print(Fixture *self, const PkAlert *alerts, gsize n)
{
  gsize i;

  for (i = 0; i < n; i++)
    {
      g_string_truncate(self->out, 0);
      pk_alert_append_json(&alerts[i], NULL, self->out);
      written_check_json(self->out);
      g_string_truncate(self->out, 0);
      pk_alert_append_logfmt(&alerts[i], NULL, self->out);
      written_check_logfmt(self->out);
    }
}

static void
_expire(Fixture *self)
{
  PkAlert alerts[EXPIRE_ITEMS];
  gboolean more = self->engine != NULL;

  while (more)
    _print(self, alerts, pk_engine_expire(self->engine, self->arrival_usec, EXPIRE_ITEMS, alerts, &more));
}

static void
_feed(Fixture *self, const gchar *data, gsize len)
{
  const PkClock clock = { self->arrival_usec, 0 };
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
  PkLine line;
  PkEvent event;

  pk_line_parse(data, len, &clock, &line);
  if (pk_recognise(self->recogniser, &line, &event) != PK_SCAN_MATCH)
    return;
  _print(self, alerts,
         pk_engine_observe(_get_engine(self), &event, line.host, (PkSlice){ NULL, 0 }, self->arrival_usec, alerts));
}

/* The second byte says how many, the third how many ports each tries, and of which family they are. */
static void
_flood(Fixture *self, const guint8 *data, gsize len)
{
  guint n = (len > 1 ? data[1] : 1) * FLOOD_STEP, n_ports = (len > 2 ? data[2] % 4 : 0) + 1;
  gboolean is_v6 = len > 2 && (data[2] & 0x80);
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
  gsize n_dialects;
  PkEvent event;

  pk_event_init(&event);
  event.dialect = pk_dialects(&n_dialects)[0];
  event.kind = PK_EVENT_FIREWALL_DENY;
  event.branch = PK_BRANCH_FIREWALL_PORT_DENIED;
  event.protocol = PK_PROTO_TCP;
  event.has = PK_HAS_SOURCE | PK_HAS_DEST | PK_HAS_DEST_PORT | PK_HAS_PROTOCOL;
  event.time_usec = self->arrival_usec;
  event.dest = (PkAddr){ { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7 } };
  for (guint i = 0; i < n * n_ports; i++)
    {
      guint source = self->flooded + i % n;

      event.source = is_v6 ? (PkAddr){ { [0] = 0x20, [1] = 1, [2] = 0x0d, [3] = 0xb8 } } : event.dest;
      event.source.bytes[is_v6 ? 7 : 13] = (guint8) (source >> 8);
      event.source.bytes[15] = (guint8) source;
      event.dest_port = (guint16) (1000 + i / n * 1000 + source % 3);
      _print(self, alerts,
             pk_engine_observe(_get_engine(self), &event, (PkSlice){ NULL, 0 }, (PkSlice){ NULL, 0 },
                               self->arrival_usec, alerts));
    }
  self->flooded += n;
}

static void
_move(Fixture *self, const guint8 *data, gsize len)
{
  PkEngine *old = _get_engine(self);

  _set(&self->options, "max-sources", len > 1 && data[1] % 2 ? "2048" : "1024");
  _set(&self->options, "ipv6-prefix", len > 1 && data[1] & 2 ? "48" : "64");
  _set(&self->options, "window", len > 1 && data[1] & 4 ? "60" : "30");
  g_assert_true(pk_options_check(&self->options, NULL));
  self->engine = pk_engine_new_from(old, &self->options, NULL);
  g_assert_true(self->engine != NULL);
  pk_engine_unref(old);
}

static void
_take(Fixture *self, const gchar *text, gsize len)
{
  guint8 first = len ? (guint8) *text : 0;

  if (first == BYTE_FLOOD)
    _flood(self, (const guint8 *) text, len);
  else if (first == BYTE_MOVE)
    _move(self, (const guint8 *) text, len);
  else
    _feed(self, text, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const gchar *text = (const gchar *) data;
  const gchar *end = text + size;
  Fixture fixture;

  _fixture_init(&fixture);
  while (text < end)
    {
      const gchar *line_end = memchr(text, '\n', end - text);

      if (!line_end)
        line_end = end;
      fixture.arrival_usec += (guint8) *text * (G_USEC_PER_SEC / 16);
      _take(&fixture, text, line_end - text);
      _expire(&fixture);
      text = line_end + 1;
    }
  fixture.arrival_usec += G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC;
  _expire(&fixture);
  _fixture_clear(&fixture);
  return 0;
}
