/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/printable.h"

void
pk_append_utf8(GString *out, const gchar *text, gsize len)
{
  const gchar *bad;

  while (!g_utf8_validate_len(text, len, &bad))
    {
      g_string_append_len(out, text, bad - text);
      g_string_append_printf(out, "\\x%02x", (guint) (guchar) *bad);
      len -= (gsize) (bad - text) + 1;
      text = bad + 1;
    }
  g_string_append_len(out, text, (gssize) len);
}
