/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/knocks.h"

/* Who owns a state file, and when it is written at all. */

static gchar *folder, *path, *beside;

static void
_begin(void)
{
  folder = g_dir_make_tmp("port-knock-state.XXXXXX", NULL);
  cr_assert_not_null(folder);
  path = g_build_filename(folder, "x.state", NULL);
  beside = g_strconcat(path, ".lock", NULL);
}

static void
_end(void)
{
  g_remove(path);
  g_remove(beside);
  g_rmdir(folder);
  g_free(beside);
  g_free(path);
  g_free(folder);
}

TestSuite(state_lock, .init = _begin, .fini = _end);

static PkStateLock *
_lock(void)
{
  GError *error = NULL;
  PkStateLock *lock = pk_state_lock_new(path, &error);

  cr_assert_not_null(lock, "%s", error ? error->message : "");
  return lock;
}

static void
_expect_no_lock(gint code, const gchar *part)
{
  GError *error = NULL;

  cr_assert_null(pk_state_lock_new(path, &error));
  cr_expect(g_error_matches(error, PK_STATE_ERROR, code), "%s", error->message);
  cr_expect_not_null(strstr(error->message, beside), "%s", error->message);
  cr_expect_not_null(strstr(error->message, part), "%s", error->message);
  g_clear_error(&error);
}

Test(state_lock, only_one_owns_a_file)
{
  PkStateLock *lock = _lock();

  _expect_no_lock(PK_STATE_ERROR_LOCKED, "another process has locked");
  pk_state_lock_free(lock);
  pk_state_lock_free(_lock());
}

Test(state_lock, another_process_is_locked_out_until_this_one_ends)
{
  gint to_parent[2], to_child[2], status;
  gchar byte = 0;
  pid_t child;

  cr_assert_eq(pipe(to_parent), 0);
  cr_assert_eq(pipe(to_child), 0);
  child = fork();
  if (child == 0)
    {
      /* So that its read ends when the parent does. */
      close(to_child[1]);
      byte = pk_state_lock_new(path, NULL) != NULL;
      _exit(write(to_parent[1], &byte, 1) == 1 && read(to_child[0], &byte, 1) == 1 ? 0 : 1);
    }
  cr_assert_eq(read(to_parent[0], &byte, 1), 1);
  cr_assert_eq(byte, 1);
  _expect_no_lock(PK_STATE_ERROR_LOCKED, "another process has locked");
  cr_assert_eq(write(to_child[1], &byte, 1), 1);
  cr_assert_eq(waitpid(child, &status, 0), child);
  pk_state_lock_free(_lock());
}

Test(state_lock, what_is_in_its_place_is_not_followed_and_the_file_is_for_its_owner)
{
  GStatBuf status;

  pk_state_lock_free(_lock());
  cr_assert_eq(g_stat(beside, &status), 0);
  cr_expect_eq(status.st_mode & 0777, 0600);
  g_remove(beside);
  cr_assert_eq(symlink("/dev/null", beside), 0);
  _expect_no_lock(PK_STATE_ERROR_IO, "Too many levels of symbolic links");
}

Test(state_lock, a_missing_folder_is_told)
{
  g_rmdir(folder);
  _expect_no_lock(PK_STATE_ERROR_IO, "No such file or directory");
}

/* ---- what the system does not let be read ---------------------------------------- */

Test(state_lock, a_file_that_cannot_be_opened_now_is_not_refused)
{
  struct rlimit limit, few;
  PkEngine *engine = knocks_new_engine(NULL, NULL);
  GError *error = NULL;
  PkOptions options;
  guint64 bytes;

  knocks_init_options(&options, NULL);
  cr_assert(pk_engine_save(engine, path, PK_SLICE(""), KNOCKS_START, &bytes, NULL));
  cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
  few = (struct rlimit){ 0, limit.rlim_max };
  cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
  cr_expect_null(pk_engine_new_from_file(&options, path, PK_SLICE(""), KNOCKS_START, &error));
  cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
  cr_expect(g_error_matches(error, PK_STATE_ERROR, PK_STATE_ERROR_IO), "%s", error->message);
  cr_expect_not_null(strstr(error->message, "Too many open files"), "%s", error->message);
  g_clear_error(&error);
  pk_options_clear(&options);
  pk_engine_unref(engine);
}

/* Sanitizers take more memory than the limit. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/* As large as a file may be, but with nothing in it. */
Test(state_lock, a_file_for_which_there_is_no_memory_is_not_refused)
{
  struct rlimit limit, little;
  GError *error = NULL;
  PkOptions options;

  knocks_init_options(&options, NULL);
  cr_assert(g_file_set_contents(path, "", 0, NULL));
  cr_assert_eq(chmod(path, 0600), 0);
  cr_assert_eq(truncate(path, (off_t) 3 << 30), 0);
  cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
  little = (struct rlimit){ (rlim_t) 2 << 30, limit.rlim_max };
  cr_assert_eq(setrlimit(RLIMIT_AS, &little), 0);
  cr_expect_null(pk_engine_new_from_file(&options, path, PK_SLICE(""), KNOCKS_START, &error));
  cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
  cr_expect(g_error_matches(error, PK_STATE_ERROR, PK_STATE_ERROR_IO), "%s", error->message);
  g_clear_error(&error);
  pk_options_clear(&options);
}

#endif

/* ---- whether there is anything to save ------------------------------------------- */

static Knocks knocks;
static guint64 changes;

#define KNOCKER knocks_v4(192, 0, 2, 1)
#define SERVER knocks_v4(198, 51, 100, 2)

static void
_expect_change(gboolean wanted, const gchar *what)
{
  guint64 now = pk_engine_count_changes(knocks.engine);

  cr_expect_eq(now != changes, wanted, "%s", what);
  changes = now;
}

static void
_observe(PkEvent *event, PkEventKind kind, PkBranch branch, gint64 msec)
{
  event->kind = kind;
  event->branch = branch;
  knocks_observe_from(&knocks, event, "gw", "", msec);
}

Test(state_lock, whatever_is_kept_counts_as_a_change_and_nothing_else)
{
  static const gchar *const settings[] = { "alert-on", "window,daemon,host", NULL };
  PkEvent event;

  knocks.engine = knocks_new_engine(settings, NULL);
  changes = pk_engine_count_changes(knocks.engine);
  knocks_tick(&knocks, 0);
  _expect_change(FALSE, "a tick in which nothing is due");
  knocks_send_many(&knocks, KNOCKER, SERVER, 7100, 3, 0);
  _expect_change(TRUE, "hits");
  knocks_tick(&knocks, 1000);
  _expect_change(FALSE, "a tick before it settled");
  knocks_tick(&knocks, 20000);
  _expect_change(TRUE, "a verdict");
  knocks_init_event(&event, KNOCKER, SERVER, 22, 21000);
  _observe(&event, PK_EVENT_FIREWALL_ACCEPT, PK_BRANCH_NONE, 21000);
  _expect_change(TRUE, "an accept that may prove it");
  knocks_init_event(&event, knocks_v4(192, 0, 2, 9), SERVER, 443, 22000);
  _observe(&event, PK_EVENT_FIREWALL_ACCEPT, PK_BRANCH_NONE, 22000);
  _expect_change(TRUE, "an open service");
  knocks_init_event(&event, KNOCKER, SERVER, 2222, 23000);
  _observe(&event, PK_EVENT_NEW_LISTENER, PK_BRANCH_NONE, 23000);
  _expect_change(TRUE, "a listener");
  knocks_init_event(&event, KNOCKER, SERVER, 0, 24000);
  _observe(&event, PK_EVENT_HOST_FIREWALL_OPENED, PK_BRANCH_HOST_FIREWALL_OPENED, 24000);
  _expect_change(TRUE, "a finding");
  knocks_tick(&knocks, 30000);
  _expect_change(TRUE, "what was on hold");
  knocks_tick(&knocks, 1000000);
  _expect_change(TRUE, "cooldowns that ended");
  knocks_tick(&knocks, 2000000);
  _expect_change(FALSE, "a tick after all of it");
  pk_engine_unref(knocks.engine);
}

Test(state_lock, an_engine_with_other_options_is_a_change)
{
  PkEngine *engine = knocks_new_engine(NULL, NULL), *moved = knocks_new_engine(NULL, engine);

  cr_expect_neq(pk_engine_count_changes(engine), pk_engine_count_changes(moved));
  pk_engine_unref(engine);
  pk_engine_unref(moved);
}
