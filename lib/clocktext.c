/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/clocktext.h"

#include <stdio.h>
#include <string.h>

#define DAY 86400

/* The calendar repeats every 400 years. Counted from the first of March the leap day is the last of its year. */
#define ERA_DAYS  146097
#define TO_1970	  719468 /* days from 0000-03-01 to 1970-01-01 */
#define YEAR_LAST 9999

/* Days since 1970-01-01 of a day of a year from 1970 on. */
static int64_t days_of(int64_t year, int month, int day)
{
	int shifted = (month + 9) % 12; /* March is 0 */

	year -= month < 3;
	return year / 400 * ERA_DAYS + year % 400 * 365 + year % 400 / 4 - year % 400 / 100 +
	       (153 * shifted + 2) / 5 + day - 1 - TO_1970;
}

const char *clock_text(int64_t sec, char buf[static CLOCK_TEXT])
{
	unsigned int rest = (unsigned int)(sec % DAY) % DAY;
	int64_t year, day, days = sec / DAY;
	int month = 12;

	memcpy(buf, "-", 2);
	if (sec < 0 || sec >= days_of(YEAR_LAST + 1, 1, 1) * DAY)
		return buf;
	/* A first guess that is never too late. */
	year = 1970 + days / 366;
	while (days_of(year + 1, 1, 1) <= days)
		year++;
	while (days_of(year, month, 1) > days)
		month--;
	day = days - days_of(year, month, 1) + 1;
	/* The remainders say to the compiler how long they can become. */
	(void)snprintf(buf, CLOCK_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ",
		       (unsigned int)year % 10000, (unsigned int)month % 100,
		       (unsigned int)day % 100, rest / 3600, rest / 60 % 60, rest % 60);
	return buf;
}

bool clock_parse(const char *text, const char *form, int64_t *ret_sec)
{
	static const char names[] = "YMDhms";
	int v[sizeof(names) - 1] = { 0 };
	int64_t day, next;

	for (; *form; form++, text++) {
		const char *name = strchr(names, *form);
		bool digit = *text >= '0' && *text <= '9';

		if (name ? !digit : *text != *form)
			return false;
		if (name)
			v[name - names] = v[name - names] * 10 + *text - '0';
	}
	if (*text && (text[0] != '\n' || text[1]))
		return false;
	if (v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[3] > 23 || v[4] > 59 || v[5] > 59)
		return false;
	day = days_of(v[0], v[1], v[2]);
	next = days_of(v[0] + v[1] / 12, v[1] % 12 + 1, 1);
	if (v[2] < 1 || day >= next)
		return false;
	*ret_sec = day * DAY + v[3] * 3600 + v[4] * 60 + v[5];
	return true;
}
