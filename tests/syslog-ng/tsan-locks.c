/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

/* Preloaded into a syslog-ng that loads a module with the thread sanitizer: GLib
 * makes its locks of futexes and is not instrumented, so the sanitizer does not
 * know them as locks.  These stand in front of GLib's and tell it. */

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

typedef void (*LockFunc)(void *mutex);
typedef int (*TryLockFunc)(void *mutex);

void g_mutex_lock(void *mutex);
int g_mutex_trylock(void *mutex);
void g_mutex_unlock(void *mutex);
char *bindtextdomain(const char *domain, const char *folder);
char *bind_textdomain_codeset(const char *domain, const char *codeset);

/* Two threads may look for the same function at once; both find the same. */
static void *
_find(void **known, const char *name)
{
  void *func = __atomic_load_n(known, __ATOMIC_RELAXED);

  if (!func)
    {
      func = dlsym(RTLD_NEXT, name);
      __atomic_store_n(known, func, __ATOMIC_RELAXED);
    }
  return func;
}

void
g_mutex_lock(void *mutex)
{
  static void *known;

  ((LockFunc) _find(&known, "g_mutex_lock"))(mutex);
  __tsan_acquire(mutex);
}

int
g_mutex_trylock(void *mutex)
{
  static void *known;
  int locked = ((TryLockFunc) _find(&known, "g_mutex_trylock"))(mutex);

  if (locked)
    __tsan_acquire(mutex);
  return locked;
}

void
g_mutex_unlock(void *mutex)
{
  static void *known;

  __tsan_release(mutex);
  ((LockFunc) _find(&known, "g_mutex_unlock"))(mutex);
}

/* Under the sanitizer a reader of the C library's gettext keeps its lock, and who
 * would write waits for ever: the first error that GLib wants to translate, or
 * the start of gnutls.  Nothing is translated here. */
char *
bindtextdomain(const char *domain, const char *folder)
{
  (void) domain;
  (void) folder;
  return 0;
}

char *
bind_textdomain_codeset(const char *domain, const char *codeset)
{
  (void) domain;
  (void) codeset;
  return 0;
}
