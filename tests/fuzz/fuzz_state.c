/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <string.h>

#include "engine/state-file.h"
#include "fuzz/fuzz.h"
#include "scan/slice.h"

/* State files.  An input is one as it stands; and, so that more than checksums
 * is tried, a list of changes to the body of a good one, under a checksum that
 * fits.  What is accepted has to work: time passes, packets and connections come,
 * alerts become text, and it can be saved and read again; whatever the time is
 * when it is read, before it was written or long after it. */

#define START_USEC G_GINT64_CONSTANT(1767225600000000)
#define ALERTS 16
#define CHANGE_BYTES 4
#define CHANGES_MAX 64
#define SECONDS (gint64) G_USEC_PER_SEC
#define DAYS (86400 * SECONDS)

/* When a file is read. */
static const gint64 NOW_USEC[] = {
  START_USEC + 20 * SECONDS,   START_USEC,
  START_USEC - 3600 * SECONDS, START_USEC + 3 * 3600 * SECONDS,
  START_USEC + 40 * DAYS,      START_USEC - 400 * DAYS,
  START_USEC - 20000 * DAYS,
};

static PkOptions *
_get_options(void)
{
  static PkOptions options;

  if (options.max_sources)
    return &options;
  pk_options_init(&options);
  g_assert_true(pk_options_set(&options, "max-sources", "1024", NULL));
  g_assert_true(pk_options_set(&options, "max-windows", "64", NULL));
  g_assert_true(pk_options_set(&options, "min-confidence", "low", NULL));
  g_assert_true(pk_options_set(&options, "max-alerts", "10000", NULL));
  g_assert_true(pk_options_check(&options, NULL));
  return &options;
}

/* ---- use of a table ---------------------------------------------------------------- */

static void
_print(const PkAlert *alerts, gsize n)
{
  GString *out = g_string_new(NULL);

  for (gsize i = 0; i < n; i++)
    {
      pk_alert_append_json(&alerts[i], NULL, out);
      pk_alert_append_logfmt(&alerts[i], NULL, out);
    }
  g_assert_true(g_utf8_validate(out->str, (gssize) out->len, NULL));
  g_string_free(out, TRUE);
}

static void
_expire(PkTable *table, gint64 arrival_usec)
{
  PkAlert alerts[ALERTS];
  gboolean more = TRUE;

  while (more)
    _print(alerts, pk_table_expire(table, arrival_usec, ALERTS, alerts, &more));
}

static PkSender
_make_sender(guint8 number)
{
  return (PkSender){ .address = { { [10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = number } },
                     .host = PK_SLICE("fw1") };
}

static const PkAddr SERVER = { { [10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = 2 } };

static void
_send(PkTable *table, guint8 number, guint16 port, gint64 usec)
{
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
  PkSender sender = _make_sender(number);
  PkHit hit = { .time_usec = usec, .arrival_usec = usec, .packets = 1, .dest = SERVER };

  hit.port = (PkPort){ .protocol = PK_PROTO_TCP, .port = port };
  _print(alerts, pk_table_observe(table, &sender, &hit, NULL, NULL, alerts));
}

static void
_tell(PkTable *table, guint8 number, gint64 usec, PkEvidence evidence)
{
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
  PkSender sender = _make_sender(number);

  evidence.time_usec = evidence.arrival_usec = usec;
  _print(alerts, pk_table_take_evidence(table, &sender, &evidence, alerts));
}

/* Something of every kind: by the end a knock is reported, one has settled, one is half finished. */
static void
_play(PkTable *table, gint64 usec)
{
  const PkPort ssh = { .protocol = PK_PROTO_TCP, .port = 22 };

  for (guint8 number = 1; number < 6; number++)
    for (guint16 i = 0; i < (number == 3 ? 12 : number); i++)
      _send(table, number, (guint16) (7000 + 137 * i), usec + i);
  _expire(table, usec + 15 * G_USEC_PER_SEC);
  usec += 16 * G_USEC_PER_SEC;
  _tell(table, 9, usec, (PkEvidence){ .is_accept = TRUE, .dest = SERVER, .port = ssh });
  _tell(table, 7, usec, (PkEvidence){ .stage = 2, .door = PK_SLICE("ssh") });
  _tell(table, 4, usec, (PkEvidence){ .is_accept = TRUE, .dest = SERVER, .port = ssh });
  _tell(table, 8, usec, (PkEvidence){ .is_open = TRUE, .door = PK_SLICE("web") });
  pk_table_add_listener(table, PK_SLICE("fw1"), &SERVER, &ssh, usec);
  for (guint16 i = 0; i < 4; i++)
    _send(table, 8, (guint16) (9000 + 137 * i), usec + i);
  _expire(table, usec + 1);
}

/* ---- bytes ------------------------------------------------------------------------- */

static gboolean
_append(const guint8 *data, gsize len, gpointer user_data, GError **error)
{
  g_byte_array_append(user_data, data, (guint) len);
  return TRUE;
}

/* With room for a header before it. */
static GByteArray *
_write(PkTable *table, gint64 now_usec)
{
  GByteArray *file = g_byte_array_new();

  g_byte_array_set_size(file, PK_STATE_HEADER_BYTES);
  g_assert_true(pk_table_write(table, now_usec, _append, file, NULL));
  return file;
}

static PkTable *
_parse_sealed(GByteArray *file, gint64 now_usec)
{
  pk_state_file_make_header(file->data + PK_STATE_HEADER_BYTES, file->len - PK_STATE_HEADER_BYTES, PK_SLICE(""),
                            file->data);
  return pk_state_file_parse(_get_options(), file->data, file->len, PK_SLICE(""), now_usec, NULL);
}

static void
_use(PkTable *table, gint64 now_usec)
{
  GByteArray *file;
  PkTable *again;

  if (!table)
    return;
  _expire(table, now_usec);
  _play(table, now_usec + 3 * SECONDS);
  file = _write(table, now_usec + 30 * SECONDS);
  again = _parse_sealed(file, now_usec);
  g_assert_nonnull(again);
  _expire(again, now_usec + DAYS);
  pk_table_free(again);
  g_byte_array_unref(file);
  pk_table_free(table);
}

/* Made once; the secrets in it are others in each run. */
static const GByteArray *
_get_good_file(void)
{
  static GByteArray *file;
  PkTable *table;

  if (file)
    return file;
  table = pk_table_new(_get_options(), NULL);
  g_assert_nonnull(table);
  _play(table, START_USEC);
  file = _write(table, START_USEC + 17 * SECONDS);
  pk_table_free(table);
  return file;
}

/* Two bytes of place, one that says what to do there, one with what. */
static void
_change(GByteArray *file, const guint8 change[CHANGE_BYTES])
{
  guint body = file->len - PK_STATE_HEADER_BYTES;
  guint place = PK_STATE_HEADER_BYTES + (change[0] | change[1] << 8) % MAX(body, 1);
  guint n = MIN(change[3], file->len - MIN(place, file->len));
  guint8 copy[G_MAXUINT8];

  if (n == 0)
    return;
  if (change[2] % 4 == 0)
    file->data[place] = change[3];
  else if (change[2] % 4 == 1)
    file->data[place] ^= change[3];
  else if (change[2] % 4 == 2)
    g_byte_array_remove_range(file, place, n);
  else
    {
      memcpy(copy, file->data + place, n);
      g_byte_array_append(file, copy, n);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const GByteArray *good = _get_good_file();
  gint64 now_usec = NOW_USEC[size ? data[size - 1] % G_N_ELEMENTS(NOW_USEC) : 0];
  GByteArray *file;

  _use(pk_state_file_parse(_get_options(), data, size, PK_SLICE(""), now_usec, NULL), now_usec);
  /* A part of a change would change nothing. */
  if (size % CHANGE_BYTES != 0)
    return 0;
  file = g_byte_array_sized_new(good->len);
  g_byte_array_append(file, good->data, good->len);
  for (gsize i = 0; i < CHANGES_MAX && (i + 1) * CHANGE_BYTES <= size; i++)
    _change(file, data + i * CHANGE_BYTES);
  _use(_parse_sealed(file, now_usec), now_usec);
  g_byte_array_unref(file);
  return 0;
}
