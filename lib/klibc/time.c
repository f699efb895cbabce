/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clocks and the calendar: klibc has gettimeofday() and settimeofday() alone. */
#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef __NR_clock_gettime64
#define GETTIME __NR_clock_gettime64
#define SETTIME __NR_clock_settime64
#else
#define GETTIME __NR_clock_gettime
#define SETTIME __NR_clock_settime
#endif

int clock_gettime64(clockid_t clock, struct timespec64 *ret_time)
{
	return (int)syscall(GETTIME, (long)clock, ret_time);
}

int clock_settime64(clockid_t clock, const struct timespec64 *time)
{
	return (int)syscall(SETTIME, (long)clock, time);
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	struct timespec64 now;

	if (clock_gettime64(clock, &now) < 0)
		return -1;
	if ((time_t)now.tv_sec != now.tv_sec) {
		errno = EOVERFLOW;
		return -1;
	}
	ret_time->tv_sec = (time_t)now.tv_sec;
	ret_time->tv_nsec = (long)now.tv_nsec;
	return 0;
}

int clock_settime(clockid_t clock, const struct timespec *time)
{
	struct timespec64 wanted = { .tv_sec = time->tv_sec, .tv_nsec = time->tv_nsec };

	return clock_settime64(clock, &wanted);
}

/* Days since 1970-01-01 of the first of March of a year, so that the leap day comes last. */
static long long march_days(long long year)
{
	long long era = (year >= 0 ? year : year - 399) / 400;
	long long in_era = year - era * 400;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 - 719468;
}

/* Days from the first of March to the first of a month, March being 0. */
static int month_days(int month)
{
	return (153 * month + 2) / 5;
}

struct tm *gmtime_r(const time_t *time, struct tm *ret_tm)
{
	long long seconds = *time;
	long long days = seconds / 86400;
	long rest = (long)(seconds % 86400);

	if (rest < 0) {
		rest += 86400;
		days--;
	}

	/* Eras of 400 years, then the year within, both from the first of March. */
	long long shifted = days + 719468;
	long long era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int in_era = (int)(shifted - era * 146097);
	long long year =
		(in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365 + era * 400;
	int day = (int)(days - march_days(year));
	int month = (5 * day + 2) / 153;

	day -= month_days(month);
	month += month < 10 ? 2 : -10;
	if (month < 2)
		year++;

	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	static const short before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };

	*ret_tm = (struct tm){
		.tm_sec = (int)(rest % 60),
		.tm_min = (int)(rest / 60 % 60),
		.tm_hour = (int)(rest / 3600),
		.tm_mday = day + 1,
		.tm_mon = month,
		.tm_year = (int)(year - 1900),
		.tm_wday = (int)(((days + 4) % 7 + 7) % 7),
		.tm_yday = before[month] + day + (leap && month > 1),
		.tm_zone = "UTC",
	};
	return ret_tm;
}

struct tm *gmtime(const time_t *time)
{
	static struct tm result;

	return gmtime_r(time, &result);
}

time_t timegm(struct tm *tm)
{
	long long months = (long long)tm->tm_year * 12 + tm->tm_mon - 2;
	long long year = (months >= 0 ? months : months - 11) / 12;
	int month = (int)(months - year * 12);
	long long days = march_days(year + 1900) + month_days(month) + tm->tm_mday - 1;
	time_t result = (time_t)(((days * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec);

	gmtime_r(&result, tm);
	return result;
}
