/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

/* Preloaded into a syslog-ng: the time of day is as many microseconds off as the
 * file that PK_TEST_CLOCK names has in its first eight bytes, whenever it is
 * asked for, and so are the kernel's stamps of what is received, which syslog-ng
 * has used since 4.2.  The monotonic clock is left alone. */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *off_usec;

__attribute__((constructor)) static void
_map(void)
{
  const char *path = getenv("PK_TEST_CLOCK");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  void *page;

  if (fd < 0)
    abort();
  page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (page == MAP_FAILED)
    abort();
  off_usec = page;
}

static int64_t
_shown_nsec(const struct timespec *real)
{
  return (int64_t) real->tv_sec * 1000000000 + real->tv_nsec + (off_usec ? *off_usec * 1000 : 0);
}

static int64_t
_now_nsec(void)
{
  struct timespec now;

  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  return _shown_nsec(&now);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
  int64_t nsec;

  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
    return (int) syscall(SYS_clock_gettime, clock, now);
  nsec = _now_nsec();
  now->tv_sec = nsec / 1000000000;
  now->tv_nsec = nsec % 1000000000;
  return 0;
}

int
gettimeofday(struct timeval *now, void *zone)
{
  int64_t nsec = _now_nsec();

  (void) zone;
  now->tv_sec = nsec / 1000000000;
  now->tv_usec = nsec % 1000000000 / 1000;
  return 0;
}

time_t
time(time_t *now)
{
  time_t seconds = _now_nsec() / 1000000000;

  if (now)
    *now = seconds;
  return seconds;
}

static void
_move_stamp(struct cmsghdr *control)
{
  struct timespec stamp;
  int64_t nsec;

  memcpy(&stamp, CMSG_DATA(control), sizeof(stamp));
  nsec = _shown_nsec(&stamp);
  stamp.tv_sec = nsec / 1000000000;
  stamp.tv_nsec = nsec % 1000000000;
  memcpy(CMSG_DATA(control), &stamp, sizeof(stamp));
}

ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
  ssize_t received = syscall(SYS_recvmsg, fd, message, flags);
  struct cmsghdr *control = received < 0 ? NULL : CMSG_FIRSTHDR(message);

  for (; control; control = CMSG_NXTHDR(message, control))
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS)
      _move_stamp(control);
  return received;
}
