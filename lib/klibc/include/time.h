/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>
#include_next <time.h>

typedef int clockid_t;

/*
 * Through the 64-bit calls of the kernel where time_t has 32 bits: a time after January 2038 that
 * does not fit is EOVERFLOW, never a wrong time. clock_gettime64() has it in full everywhere.
 */
int clock_gettime(clockid_t clock, struct timespec *ret_time);
int clock_settime(clockid_t clock, const struct timespec *time);

struct timespec64 {
	long long tv_sec;
	long long tv_nsec;
};

int clock_gettime64(clockid_t clock, struct timespec64 *ret_time);
int clock_settime64(clockid_t clock, const struct timespec64 *time);

struct tm {
	int tm_sec;
	int tm_min;
	int tm_hour;
	int tm_mday;
	int tm_mon;
	int tm_year;
	int tm_wday;
	int tm_yday;
	int tm_isdst;
	long tm_gmtoff;
	const char *tm_zone;
};

/* UTC alone: an initramfs has no time zones. */
struct tm *gmtime_r(const time_t *time, struct tm *ret_tm);
struct tm *gmtime(const time_t *time);
time_t timegm(struct tm *tm);
#define localtime_r gmtime_r
#define localtime   gmtime
#define mktime	    timegm
#define tzset()	    ((void)0)
