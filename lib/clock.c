/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/clock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The kernel's 64-bit timespec, under a name of our own: klibc's time_t has 32 bits where long has. */
struct kernel_timespec64 {
	int64_t sec;
	int64_t nsec;
};

#if defined(__NR_clock_gettime64)
#define CLOCK_GETTIME __NR_clock_gettime64
#else
#define CLOCK_GETTIME __NR_clock_gettime
#endif

static int64_t clock_usec(int clock)
{
	struct kernel_timespec64 ts = { 0 };

	(void)syscall(CLOCK_GETTIME, clock, &ts);
	return ts.sec * 1000000 + ts.nsec / 1000;
}

int64_t clock_monotonic_usec(void)
{
	return clock_usec(CLOCK_MONOTONIC);
}

int64_t clock_realtime_usec(void)
{
	return clock_usec(CLOCK_REALTIME);
}

int clock_of_file(int fd, int64_t *ret_sec)
{
#ifdef __KLIBC__
	/* Its struct stat has seconds of a long. */
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MTIME, &st) < 0)
		return -errno;
	*ret_sec = st.stx_mtime.tv_sec;
#else
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_sec = st.st_mtime;
#endif
	return 0;
}
