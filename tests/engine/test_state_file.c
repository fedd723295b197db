/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <glib/gstdio.h>
#include <unistd.h>

#include "engine/knocks.h"
#include "engine/signs.h"
#include "engine/state-codec.h"
#include "engine/state-file.h"

/* What a restart keeps, and what is refused. */

static Knocks knocks;
static gchar *folder, *path;

#define MACHINE PK_SLICE("machine-1")
#define KNOCKER knocks_v4(192, 0, 2, 1)
#define OTHER knocks_v4(192, 0, 2, 2)
#define SERVER knocks_v4(198, 51, 100, 2)
#define OTHER_SERVER knocks_v4(198, 51, 100, 3)

#define EXPECT_ALERTS(number) cr_assert_eq(knocks.n, (number), "%u alerts", knocks.n)

static const gchar *const SMALLEST[] = { "max-sources", "1024", "max-windows", "64", NULL };

static void
_begin(void)
{
  folder = g_dir_make_tmp("port-knock-state.XXXXXX", NULL);
  cr_assert_not_null(folder);
  path = g_build_filename(folder, "x.state", NULL);
  knocks.engine = knocks_new_engine(SMALLEST, NULL);
  knocks.n = 0;
}

static void
_end(void)
{
  GDir *dir = g_dir_open(folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name(dir)))
    {
      gchar *file = g_build_filename(folder, name, NULL);

      g_remove(file);
      g_free(file);
    }
  g_dir_close(dir);
  g_rmdir(folder);
  g_free(folder);
  g_free(path);
  pk_engine_unref(knocks.engine);
}

TestSuite(state_file, .init = _begin, .fini = _end);

static void
_save(PkEngine *engine)
{
  GError *error = NULL;
  guint64 bytes;
  gchar *data;
  gsize len;

  cr_assert(pk_engine_save(engine, path, MACHINE, knocks_time(knocks.now_msec), &bytes, &error), "%s",
            error ? error->message : "");
  cr_assert(g_file_get_contents(path, &data, &len, NULL));
  cr_expect_eq(bytes, len);
  g_free(data);
}

static PkEngine *
_load(const gchar *const *settings)
{
  GError *error = NULL;
  PkOptions options;
  PkEngine *engine;

  knocks_init_options(&options, settings);
  engine = pk_engine_new_from_file(&options, path, MACHINE, knocks_time(knocks.now_msec), &error);
  cr_assert_not_null(engine, "%s", error ? error->message : "");
  pk_options_clear(&options);
  return engine;
}

static void
_restart(const gchar *const *settings)
{
  _save(knocks.engine);
  pk_engine_unref(knocks.engine);
  knocks.engine = _load(settings);
}

static void
_send(guint16 port, gint64 msec)
{
  knocks_send(&knocks, KNOCKER, SERVER, port, msec);
}

static void
_accept(PkAddr source, PkAddr dest, gint64 msec)
{
  PkEvent event;

  knocks_init_accept(&event, source, dest, 22, msec);
  knocks_observe_from(&knocks, &event, "gw", "", msec);
}

static void
_say(const gchar *door, guint16 stage, gint64 msec)
{
  PkEvent event;

  knocks_init_daemon(&event, KNOCKER, SERVER, door, stage, msec);
  knocks_observe_from(&knocks, &event, "gate", "", msec);
}

/* ---- what is kept ------------------------------------------------------------- */

Test(state_file, a_half_finished_knock_is_found_after_a_restart)
{
  _send(7100, 0);
  _send(8200, 100);
  _restart(SMALLEST);
  _send(9300, 200);
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].n_attempts, 3);
}

Test(state_file, a_single_denial_is_kept_too)
{
  _send(7100, 0);
  _restart(SMALLEST);
  _send(8200, 100);
  _send(9300, 200);
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(1);
}

Test(state_file, what_was_not_sent_is_not_found)
{
  _send(7100, 0);
  _send(8200, 100);
  _restart(SMALLEST);
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(0);
}

Test(state_file, a_knock_that_is_due_comes_out_once)
{
  knocks_send_many(&knocks, KNOCKER, SERVER, 7100, 3, 0);
  _restart(SMALLEST);
  EXPECT_ALERTS(0);
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(1);
  knocks_tick(&knocks, 70000);
  EXPECT_ALERTS(1);
}

Test(state_file, scope_hosts_and_id_are_those_of_an_engine_that_went_on)
{
  PkAlert alerts[2];

  for (guint restarts = 0; restarts < 2; restarts++)
    {
      PkEvent event;

      for (guint i = 0; i < 3; i++)
        {
          knocks_init_event(&event, KNOCKER, SERVER, (guint16) (7000 + 1000 * i), i);
          knocks_observe_from(&knocks, &event, i == 2 ? "fw2" : "fw1", "tenant-a", i);
          if (restarts && i > 0)
            _restart(SMALLEST);
        }
      knocks_tick(&knocks, 20000);
      EXPECT_ALERTS(restarts + 1);
      alerts[restarts] = knocks.alerts[restarts];
      pk_engine_unref(knocks.engine);
      knocks.engine = knocks_new_engine(SMALLEST, NULL);
    }
  cr_expect_arr_eq(alerts[0].id, alerts[1].id, sizeof(alerts[0].id));
  cr_expect_str_eq(alerts[1].scope, "tenant-a");
  cr_expect_eq(alerts[1].n_hosts, 2);
  cr_expect_str_eq(alerts[1].hosts[0], "fw2");
  cr_expect_str_eq(alerts[1].hosts[1], "fw1");
}

Test(state_file, what_was_reported_is_not_reported_again)
{
  knocks_send_many(&knocks, KNOCKER, SERVER, 7100, 3, 0);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
  _restart(SMALLEST);
  knocks_send_many(&knocks, KNOCKER, SERVER, 7100, 3, 60000);
  knocks_tick(&knocks, 80000);
  EXPECT_ALERTS(1);
  _restart(SMALLEST);
  knocks_tick(&knocks, 400000);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].repeats, 1);
}

Test(state_file, a_knock_is_proven_after_a_restart)
{
  _accept(OTHER, OTHER_SERVER, 0);
  knocks_send_many(&knocks, KNOCKER, SERVER, 7100, 3, 200000);
  knocks_tick(&knocks, 220000);
  EXPECT_ALERTS(1);
  _restart(SMALLEST);
  _accept(KNOCKER, SERVER, 230000);
  knocks_tick(&knocks, 235000);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].confidence, PK_CONFIDENCE_CONFIRMED);
}

Test(state_file, a_service_that_is_open_to_anybody_proves_nothing_after_a_restart)
{
  _accept(OTHER, SERVER, 0);
  knocks_send_many(&knocks, KNOCKER, SERVER, 7100, 3, 200000);
  knocks_tick(&knocks, 220000);
  _restart(SMALLEST);
  _accept(KNOCKER, SERVER, 230000);
  knocks_tick(&knocks, 235000);
  EXPECT_ALERTS(1);
}

Test(state_file, what_waits_to_be_proven_is_kept)
{
  knocks_send_many(&knocks, KNOCKER, SERVER, 7100, 3, 0);
  _say("openSSH", 0, 100);
  _restart(SMALLEST);
  EXPECT_ALERTS(0);
  knocks_tick(&knocks, 1000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].confidence, PK_CONFIDENCE_CONFIRMED);
}

Test(state_file, an_open_door_without_a_knock_is_kept)
{
  _say("openSSH", 0, 0);
  knocks_tick(&knocks, 1000);
  _restart(SMALLEST);
  EXPECT_ALERTS(0);
  knocks_tick(&knocks, 5000);
  EXPECT_ALERTS(1);
  cr_expect_not_null(strstr(knocks.alerts[0].evidence, "door:openSSH"));
}

Test(state_file, a_stage_that_never_opens_is_told_after_a_restart)
{
  static const gchar *const settings[] = { "alert-on", "daemon", NULL };

  pk_engine_unref(knocks.engine);
  knocks.engine = knocks_new_engine(settings, NULL);
  _say("openSSH", 2, 0);
  knocks.n = 0;
  _restart(settings);
  knocks_tick(&knocks, 61000);
  EXPECT_ALERTS(1);
  cr_expect_eq(knocks.alerts[0].branch, PK_BRANCH_KNOCK_ATTEMPT_FAILED);
}

Test(state_file, a_scanner_is_known_after_a_restart)
{
  static const gchar *const settings[] = { "min-confidence", "low", NULL };

  knocks_send_many(&knocks, KNOCKER, SERVER, 1, 20, 0);
  _restart(settings);
  knocks_send_many(&knocks, KNOCKER, OTHER_SERVER, 7100, 3, 200000);
  knocks_tick(&knocks, 220000);
  EXPECT_ALERTS(1);
  cr_expect(knocks.alerts[0].signs & 1u << PK_SIGN_SCANNER);
}

Test(state_file, what_was_held_back_is_told_after_a_restart)
{
  static const gchar *const settings[] = { "max-alerts", "1", NULL };

  pk_engine_unref(knocks.engine);
  knocks.engine = knocks_new_engine(settings, NULL);
  for (guint8 i = 1; i <= 3; i++)
    knocks_send_many(&knocks, knocks_v4(192, 0, 2, i), SERVER, 7100, 3, i);
  knocks_tick(&knocks, 20000);
  EXPECT_ALERTS(1);
  _restart(settings);
  knocks_tick(&knocks, 90000);
  EXPECT_ALERTS(2);
  cr_expect_eq(knocks.alerts[1].repeats, 2);
}

/* ---- other caps ----------------------------------------------------------------- */

static gboolean
_is_known(guint32 number, gint64 arrival_msec)
{
  guint before = knocks.n;
  PkEvent event;

  for (guint i = 1; i < 3; i++)
    {
      knocks_init_event(&event, knocks_v6(number), SERVER, (guint16) (7000 + 1000 * i), 29000);
      knocks_observe_from(&knocks, &event, "gw", "", arrival_msec);
    }
  knocks_tick(&knocks, arrival_msec + 11000);
  return knocks.n > before;
}

Test(state_file, where_it_does_not_fit_the_newest_stay)
{
  static const gchar *const large[] = { "max-sources", "20000", "max-windows", "5000", NULL };
  static const gchar *const settings[] = { "max-sources", "1024", "max-windows", "64", "max-alerts", "10000", NULL };

  pk_engine_unref(knocks.engine);
  knocks.engine = knocks_new_engine(large, NULL);
  for (guint32 i = 0; i < 4096; i++)
    knocks_send(&knocks, knocks_v6(i), SERVER, 7000, (gint64) i);
  _restart(settings);
  cr_expect_eq(knocks_stats(&knocks).sources, 1024);
  cr_expect(_is_known(4095, 40000));
  cr_expect(_is_known(3100, 60000));
  cr_expect_not(_is_known(3000, 80000));
  cr_expect_not(_is_known(0, 100000));
}

Test(state_file, windows_that_do_not_fit_leave_their_newest_hit)
{
  static const gchar *const large[] = { "max-sources", "20000", "max-windows", "5000", NULL };

  pk_engine_unref(knocks.engine);
  knocks.engine = knocks_new_engine(large, NULL);
  for (guint32 i = 0; i < 500; i++)
    for (guint port = 0; port < 2; port++)
      knocks_send(&knocks, knocks_v6(i), SERVER, (guint16) (7000 + port), (gint64) i);
  _restart(SMALLEST);
  cr_expect_eq(knocks_stats(&knocks).sources, 500);
  cr_expect_eq(knocks_stats(&knocks).windows, 64);
}

Test(state_file, everything_is_found_in_a_table_of_more_shards)
{
  static const gchar *const large[] = { "max-sources", "262144", "max-alerts", "10000", NULL };

  for (guint32 i = 0; i < 60; i++)
    knocks_send_many(&knocks, knocks_v6(i), SERVER, 7000, 2, (gint64) i);
  _restart(large);
  for (guint32 i = 0; i < 60; i++)
    knocks_send(&knocks, knocks_v6(i), SERVER, 9000, 1000);
  knocks_tick(&knocks, 60000);
  EXPECT_ALERTS(60);
}

/* ---- what is refused -------------------------------------------------------------- */

typedef struct _File
{
  guint8 *data;
  gsize len;
} File;

/* A file with something of every kind. */
static File
_make_file(void)
{
  File file;

  knocks_send_many(&knocks, KNOCKER, SERVER, 7100, 3, 0);
  _accept(OTHER, SERVER, 100);
  _say("openSSH", 1, 200);
  knocks_tick(&knocks, 20000);
  knocks_send_many(&knocks, OTHER, SERVER, 8000, 3, 21000);
  _say("openSSH", 0, 21100);
  _save(knocks.engine);
  cr_assert(g_file_get_contents(path, (gchar **) &file.data, &file.len, NULL));
  return file;
}

static void
_seal(File *file)
{
  pk_state_file_make_header(file->data + PK_STATE_HEADER_BYTES, file->len - PK_STATE_HEADER_BYTES, MACHINE, file->data);
}

/* Why it is refused; NULL: it is not. */
static gchar *
_parse(const guint8 *data, gsize len)
{
  guint8 *copy = g_memdup2(data, len); /* of that size, for sanitizers */
  gchar *reason = NULL;
  GError *error = NULL;
  PkOptions options;
  PkTable *table;

  knocks_init_options(&options, SMALLEST);
  table = pk_state_file_parse(&options, copy, len, MACHINE, knocks_time(knocks.now_msec), &error);
  cr_assert((table == NULL) == (error != NULL));
  if (table)
    pk_table_free(table);
  else
    {
      cr_expect(g_error_matches(error, PK_STATE_ERROR, PK_STATE_ERROR_REFUSED), "%s", error->message);
      reason = g_strdup(error->message);
    }
  g_clear_error(&error);
  pk_options_clear(&options);
  g_free(copy);
  return reason;
}

static void
_expect_reason(const guint8 *data, gsize len, const gchar *wanted)
{
  gchar *reason = _parse(data, len);

  cr_expect_str_eq(reason ? reason : "(accepted)", wanted);
  g_free(reason);
}

Test(state_file, a_file_cut_off_anywhere_is_refused)
{
  File file = _make_file();

  for (gsize len = 0; len < file.len; len++)
    {
      gchar *reason = _parse(file.data, len);

      cr_expect_not_null(reason, "%zu of %zu bytes are accepted", len, file.len);
      g_free(reason);
    }
  cr_expect_null(_parse(file.data, file.len));
  g_free(file.data);
}

Test(state_file, a_file_cut_off_anywhere_with_a_right_checksum_is_refused_but_between_sections)
{
  File file = _make_file();
  guint accepted = 0;
  gsize whole = file.len;

  for (file.len = PK_STATE_HEADER_BYTES; file.len < whole; file.len++)
    {
      gchar *reason;

      _seal(&file);
      reason = _parse(file.data, file.len);
      accepted += reason == NULL;
      g_free(reason);
    }
  /* One section of common things, and of each shard one for each kind. */
  cr_expect_eq(accepted, PK_STATE_KINDS_END - 2, "%u", accepted);
  g_free(file.data);
}

Test(state_file, a_file_with_any_byte_changed_is_refused)
{
  File file = _make_file();

  for (gsize i = 0; i < file.len; i++)
    for (guint bit = 0; bit < 8; bit += 3)
      {
        gchar *reason;

        file.data[i] ^= (guint8) (1u << bit);
        reason = _parse(file.data, file.len);
        cr_expect_not_null(reason, "byte %zu changed, and accepted", i);
        g_free(reason);
        file.data[i] ^= (guint8) (1u << bit);
      }
  g_free(file.data);
}

/* Whoever can make a checksum can make anything up, but not end the process. */
Test(state_file, any_byte_changed_with_a_right_checksum_is_refused_or_harmless)
{
  static const guint8 values[] = { 0, 1, 2, 3, 0x7f, 0x80, 0xff };
  File file = _make_file();
  guint refused = 0;

  for (gsize i = PK_STATE_HEADER_BYTES; i < file.len; i++)
    for (guint j = 0; j < G_N_ELEMENTS(values); j++)
      {
        guint8 before = file.data[i];
        gchar *reason;

        file.data[i] = values[j];
        _seal(&file);
        reason = _parse(file.data, file.len);
        refused += reason != NULL;
        g_free(reason);
        file.data[i] = before;
      }
  cr_expect_gt(refused, 1000, "%u", refused);
  g_free(file.data);
}

Test(state_file, other_versions_machines_and_files_are_refused_by_name)
{
  File file = _make_file();

  _expect_reason((const guint8 *) "Hello, world! This is no state file, but as long as one", 55, "it is no state file");
  _expect_reason((const guint8 *) "port", 4, "it is no state file");
  _expect_reason((const guint8 *) "", 0, "it was cut off, or damaged");
  file.data[8] = PK_STATE_VERSION + 1;
  _expect_reason(file.data, file.len, "a newer version of port-knock wrote it");
  file.data[8] = PK_STATE_VERSION - 1;
  _expect_reason(file.data, file.len, "an older version of port-knock wrote it");
  pk_state_file_make_header(file.data + PK_STATE_HEADER_BYTES, file.len - PK_STATE_HEADER_BYTES, PK_SLICE("machine-2"),
                            file.data);
  _expect_reason(file.data, file.len, "it is another machine's");
  pk_state_file_make_header(file.data + PK_STATE_HEADER_BYTES, file.len - PK_STATE_HEADER_BYTES, PK_SLICE(""),
                            file.data);
  cr_expect_null(_parse(file.data, file.len));
  g_free(file.data);
}

static void
_expect_load_error(gint code, const gchar *part)
{
  GError *error = NULL;
  PkOptions options;

  knocks_init_options(&options, SMALLEST);
  cr_assert_null(pk_engine_new_from_file(&options, path, MACHINE, knocks_time(0), &error));
  cr_expect(g_error_matches(error, PK_STATE_ERROR, code), "%s", error->message);
  cr_expect_not_null(strstr(error->message, part), "%s", error->message);
  g_clear_error(&error);
  pk_options_clear(&options);
}

Test(state_file, a_file_that_is_not_there_is_told_apart)
{
  _expect_load_error(PK_STATE_ERROR_NONE, path);
}

Test(state_file, a_file_that_others_may_write_to_is_refused)
{
  _save(knocks.engine);
  cr_assert_eq(g_chmod(path, 0620), 0);
  _expect_load_error(PK_STATE_ERROR_REFUSED, "others than its owner may write to it");
  cr_assert_eq(g_chmod(path, 0602), 0);
  _expect_load_error(PK_STATE_ERROR_REFUSED, "others than its owner may write to it");
}

Test(state_file, a_file_of_another_user_is_refused)
{
  if (geteuid() != 0)
    cr_skip("only root can give a file away");
  _save(knocks.engine);
  cr_assert_eq(chown(path, 65534, 65534), 0);
  _expect_load_error(PK_STATE_ERROR_REFUSED, "it belongs to another user");
}

Test(state_file, what_is_no_regular_file_is_refused)
{
  gchar *target = g_build_filename(folder, "y.state", NULL);

  _save(knocks.engine);
  cr_assert_eq(g_rename(path, target), 0);
  cr_assert_eq(symlink(target, path), 0);
  _expect_load_error(PK_STATE_ERROR_REFUSED, "it is a symbolic link");
  g_remove(path);
  cr_assert_eq(mkfifo(path, 0600), 0);
  _expect_load_error(PK_STATE_ERROR_REFUSED, "it is no regular file");
  g_free(target);
}

/* ---- files -------------------------------------------------------------------------- */

Test(state_file, the_secrets_in_it_are_for_its_owner_only)
{
  GStatBuf status;

  _save(knocks.engine);
  cr_assert_eq(g_stat(path, &status), 0);
  cr_expect_eq(status.st_mode & 0777, 0600);
}

Test(state_file, a_save_replaces_what_another_one_left_behind)
{
  gchar *beside = g_strconcat(path, ".tmp", NULL);

  cr_assert_eq(symlink("/dev/full", beside), 0);
  _save(knocks.engine);
  cr_expect_not(g_file_test(beside, G_FILE_TEST_EXISTS));
  g_free(beside);
}

Test(state_file, a_save_that_fails_says_where_and_why_and_leaves_the_file)
{
  gchar *missing = g_build_filename(folder, "missing", "x.state", NULL);
  GError *error = NULL;
  guint64 bytes;

  cr_expect_not(pk_engine_save(knocks.engine, missing, MACHINE, knocks_time(0), &bytes, &error));
  cr_expect(g_error_matches(error, PK_STATE_ERROR, PK_STATE_ERROR_IO));
  cr_expect_not_null(strstr(error->message, missing), "%s", error->message);
  cr_expect_not_null(strstr(error->message, "No such file or directory"), "%s", error->message);
  g_clear_error(&error);
  g_free(missing);
}

Test(state_file, a_file_that_is_set_aside_is_found_there)
{
  gchar *aside = NULL, *wanted = g_strconcat(path, ".refused", NULL);
  GError *error = NULL;

  _save(knocks.engine);
  cr_expect(pk_state_set_aside(path, ".refused", &aside, &error));
  cr_expect_str_eq(aside, wanted);
  cr_expect(g_file_test(wanted, G_FILE_TEST_IS_REGULAR));
  cr_expect_not(pk_state_set_aside(path, ".refused", &aside, &error));
  cr_expect_not_null(strstr(error->message, path), "%s", error->message);
  g_clear_error(&error);
  g_free(aside);
  g_free(wanted);
}

/* ---- values ------------------------------------------------------------------------- */

#define EXPECT_FAILS(call)                                                                                             \
  do                                                                                                                   \
    {                                                                                                                  \
      PkStateReader reader = { .at = writer.data, .end = writer.data + writer.len };                                   \
                                                                                                                       \
      call;                                                                                                            \
      cr_expect(reader.failed, #call);                                                                                 \
      pk_state_writer_clear(&writer);                                                                                  \
    }                                                                                                                  \
  while (0)

Test(state_file, values_out_of_range_are_refused)
{
  PkStateWriter writer = { 0 };
  gchar text[4];
  PkPort port;
  PkAddr addr;

  pk_state_put_time(&writer, G_MAXINT64);
  EXPECT_FAILS(pk_state_get_time(&reader));
  pk_state_put_time(&writer, G_MININT64);
  EXPECT_FAILS(pk_state_get_time(&reader));
  pk_state_put_u8(&writer, 2);
  EXPECT_FAILS(pk_state_get_boolean(&reader));
  pk_state_put_text(&writer, "four");
  EXPECT_FAILS(pk_state_get_text(&reader, text, sizeof(text)));
  pk_state_put_u16(&writer, 2);
  pk_state_put_bytes(&writer, "a\0", 2);
  EXPECT_FAILS(pk_state_get_text(&reader, text, sizeof(text)));
  port = (PkPort){ .protocol = 99, .port = 1 };
  pk_state_put_port(&writer, &port);
  EXPECT_FAILS(pk_state_get_port(&reader, TRUE, &port));
  port = (PkPort){ .protocol = PK_PROTO_NONE };
  pk_state_put_port(&writer, &port);
  EXPECT_FAILS(pk_state_get_port(&reader, FALSE, &port));
  pk_state_put_u8(&writer, 3);
  EXPECT_FAILS(pk_state_get_addr(&reader, &addr));
  pk_state_put_u16(&writer, 1);
  EXPECT_FAILS(pk_state_get_u32(&reader));
}

Test(state_file, values_are_little_endian_and_packed)
{
  static const guint8 wanted[] = { 0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 2, 0, 'h', 'i', 1, 192, 0, 2, 1, 0 };
  PkStateWriter writer = { 0 };
  PkAddr addr = KNOCKER, none = { { 0 } };

  pk_state_put_u8(&writer, 0x01);
  pk_state_put_u16(&writer, 0x0203);
  pk_state_put_u32(&writer, 0x04050607);
  pk_state_put_text(&writer, "hi");
  pk_state_put_addr(&writer, &addr);
  pk_state_put_addr(&writer, &none);
  cr_assert_eq(writer.len, sizeof(wanted));
  cr_expect_arr_eq(writer.data, wanted, sizeof(wanted));
  pk_state_writer_clear(&writer);
}
