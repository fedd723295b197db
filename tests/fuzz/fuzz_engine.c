/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "port-knock/pk-engine.h"
#include "fuzz/fuzz.h"
#include "fuzz/written.h"

/* Lines of a log through recognition, windows and verdicts into alerts as text.
 * A line's first byte moves arrival time on, so that windows settle in between;
 * tables are as small as options allow, so that they fill up. */

#define EXPIRE_ITEMS 16

typedef struct _Fixture
{
  PkOptions options;
  PkRecogniser *recogniser; /* borrowed */
  PkEngine *engine;         /* NULL before the first line that is recognised: most inputs have none */
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
_fixture_init(Fixture *self)
{
  PkOptions *options = &self->options;

  pk_options_init(options);
  g_assert_true(pk_options_set(options, "max-sources", "1024", NULL));
  g_assert_true(pk_options_set(options, "max-windows", "64", NULL));
  g_assert_true(pk_options_set(options, "min-confidence", "low", NULL));
  g_assert_true(pk_options_check(options, NULL));
  self->recogniser = _get_recogniser(options);
  g_assert_true(self->recogniser);
  self->engine = NULL;
  self->arrival_usec = G_GINT64_CONSTANT(1767225600000000);
  self->out = g_string_new(NULL);
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
  if (!self->engine)
    self->engine = pk_engine_new(&self->options, NULL);
  g_assert_true(self->engine);
  _print(self, alerts,
         pk_engine_observe(self->engine, &event, line.host, (PkSlice){ NULL, 0 }, self->arrival_usec, alerts));
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
      _feed(&fixture, text, line_end - text);
      _expire(&fixture);
      text = line_end + 1;
    }
  fixture.arrival_usec += G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC;
  _expire(&fixture);
  _fixture_clear(&fixture);
  return 0;
}
