/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"
#include "fuzz/fuzz.h"
#include "fuzz/written.h"

/* One line, with whatever header it has: from bytes to event to JSON, which
 * must be one object whatever the bytes were. */

static PkRecogniser *
_recogniser(void)
{
  static PkRecogniser *self;
  PkOptions options;

  if (self)
    return self;
  pk_options_init(&options);
  g_assert_true(pk_options_set(&options, "deny-prefix", "fuzz", NULL));
  g_assert_true(pk_options_check(&options, NULL));
  self = pk_recogniser_new(&options, NULL);
  g_assert_nonnull(self);
  pk_options_clear(&options);
  return self;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const PkClock clock = { G_GINT64_CONSTANT(1767225600000000), 0 };
  GString *json = g_string_new(NULL);
  PkExplanation explanation;
  PkScanResult result;
  PkLine line;
  PkEvent event;

  pk_line_parse((const gchar *) data, size, &clock, &line);
  result = pk_recognise_explain(_recogniser(), &line, &event, &explanation);
  pk_explanation_append_json(&explanation, result, &event, json);
  written_check_json(json);
  if (result == PK_SCAN_MATCH)
    {
      g_string_truncate(json, 0);
      pk_event_append_json(&event, json);
      written_check_json(json);
    }
  g_string_free(json, TRUE);
  return 0;
}
