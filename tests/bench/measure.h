/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_BENCH_MEASURE_H_INCLUDED
#define PK_BENCH_MEASURE_H_INCLUDED

#include <glib.h>
#include <time.h>
#include <unistd.h>

/* What bench_engine measures with.  Each figure is printed as one JSON object
 * on a line of its own: {"what": ..., ...}. */

/* Processor time of the calling thread. */
static inline gint64
measure_cpu_nsec(void)
{
  struct timespec now;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline gint64
measure_wall_nsec(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What of this process is in memory now; 0: the system does not tell. */
static inline gsize
measure_resident_bytes(void)
{
  gchar *text, *after;
  gsize pages;

  if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
    return 0;
  g_ascii_strtoull(text, &after, 10);
  pages = g_ascii_strtoull(after, NULL, 10);
  g_free(text);
  return pages * (gsize) sysconf(_SC_PAGESIZE);
}

#endif
