/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "fuzz/fuzz.h"
#include "scan/address.h"
#include "scan/glob.h"
#include "scan/slice.h"
#include "scan/timestamp.h"
#include "scan/verdict-words.h"

/* One text as each of the values that a line can hold: addresses, numbers, time
 * stamps, verdicts, and what lists of rows are compared with.  What was read and
 * is written must read as the same again, whatever stands behind it. */

#define TEXT_BYTES_MAX 4096

static void
_check_address(PkSlice text)
{
  PkAddr addr, again;
  gchar buf[PK_ADDR_TEXT_BYTES];
  gsize len;

  g_assert_true(pk_addr_scan_v4(text, &addr) <= text.len);
  if (!pk_addr_parse(text, &addr))
    return;
  len = pk_addr_format(&addr, buf);
  g_assert_true(len > 0 && len < sizeof(buf) && buf[len] == '\0');
  g_assert_true(pk_addr_parse((PkSlice){ buf, len }, &again) && pk_addr_equals(&addr, &again));
}

static void
_check_numbers(PkSlice text)
{
  guint64 number;
  guint16 port;
  guint8 protocol;

  if (pk_number_parse(text, 1000000, &number))
    g_assert_true(number <= 1000000 && text.len > 0);
  if (pk_port_parse(text, &port))
    g_assert_true(pk_number_parse(text, G_MAXUINT64, &number) && number == port);
  if (pk_protocol_parse(text, &protocol) && pk_protocol_name(protocol))
    g_assert_true(pk_protocol_parse(pk_slice_from_string(pk_protocol_name(protocol)), &protocol));
}

static void
_check_usec(gint64 usec)
{
  gchar buf[PK_TIMESTAMP_TEXT_BYTES];
  gsize len = pk_timestamp_format(usec, buf);
  gboolean has_zone;
  gint64 again;

  g_assert_true(len < sizeof(buf) && buf[len] == '\0');
  if (len == 0)
    return;
  g_assert_true(pk_timestamp_parse_iso((PkSlice){ buf, len }, &again, &has_zone) == len && has_zone);
  g_assert_true(ABS(usec - again) < 1000);
}

static void
_check_stamps(PkSlice text)
{
  gboolean has_zone;
  gint64 usec;
  gsize len;

  len = pk_timestamp_parse_iso(text, &usec, &has_zone);
  g_assert_true(len <= text.len);
  if (len > 0)
    _check_usec(usec);
  len = pk_timestamp_parse_bsd(text, G_GINT64_CONSTANT(1767225600000000), 3600, &usec);
  g_assert_true(len <= text.len);
  if (len > 0)
    _check_usec(usec);
}

static void
_check_words(PkSlice text)
{
  PkSlice word;

  if (pk_verdict_words_read(text, &word) != PK_VERDICT_NONE)
    g_assert_true(word.data >= text.data && word.data + word.len <= text.data + text.len && word.len > 0);
  pk_glob_list_fits("*a*b*c*|*/bin/*sh|python*|cmd", text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  PkSlice text = { (const gchar *) data, MIN(size, TEXT_BYTES_MAX) };

  _check_address(text);
  _check_numbers(text);
  _check_stamps(text);
  _check_words(text);
  return 0;
}
