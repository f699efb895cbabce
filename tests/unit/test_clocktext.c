/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/clocktext.h"

/* The C library's calendar, day by day and at odd seconds, until 9999. */
static void test_as_the_library_has_it(void **state)
{
	const int64_t end = INT64_C(253402300800);
	char text[CLOCK_TEXT], want[64];
	int64_t back = -1;

	(void)state;
	for (int64_t sec = 0; sec < end; sec += INT64_C(86400) * 11 + 10007) {
		time_t t = (time_t)sec;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		assert_true(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
		assert_string_equal(clock_text(sec, text), want);
		assert_true(strftime(want, sizeof(want), "%Y-%m-%d %H:%M:%S", &tm) > 0);
		assert_true(clock_parse(want, CLOCK_FORM_PLAIN, &back));
		assert_int_equal(back, sec);
		assert_true(strftime(want, sizeof(want), "%Y%m%d%H%M%S\n", &tm) > 0);
		assert_true(clock_parse(want, CLOCK_FORM_DIGITS, &back));
		assert_int_equal(back, sec);
	}
}

static void test_edges(void **state)
{
	static const struct {
		int64_t sec;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ 951868799, "2000-02-29T23:59:59Z" },
		{ INT32_MAX, "2038-01-19T03:14:07Z" },
		{ INT64_C(2147483648), "2038-01-19T03:14:08Z" },
		{ UINT32_MAX, "2106-02-07T06:28:15Z" },
		{ INT64_C(4107542399), "2100-02-28T23:59:59Z" },
		{ INT64_C(4107542400), "2100-03-01T00:00:00Z" },
		{ INT64_C(253402300799), "9999-12-31T23:59:59Z" },
		{ INT64_C(253402300800), "-" },
		{ INT64_MAX, "-" },
		{ -1, "-" },
		{ INT64_MIN, "-" },
	};
	char text[CLOCK_TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(clock_text(rows[i].sec, text), rows[i].text);
}

static void test_what_is_no_time(void **state)
{
	static const char *const digits[] = {
		"",
		"2026112420291",
		"202611242029177",
		"2026-11-24 20:29:17",
		"20261124202917\r\n",
		"20261124202917\n\n",
		" 20261124202917",
		"20261124202917 ",
		"2026112420291x",
		"+0261124202917",
		"20260024202917",
		"20261324202917",
		"20261100202917",
		"20261131202917",
		"20250229000000",
		"21000229000000",
		"20261124242917",
		"20261124206017",
		"20261124202960",
		"19691231235959",
		"00000000000000",
	};
	static const char *const plain[] = {
		"20261124202917",   "2026-11-24T20:29:17", "2026-11-24 20:29:17Z",
		"2026-11-24 20:29", "2026-02-30 20:29:17",
	};
	int64_t sec = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(digits); i++)
		if (clock_parse(digits[i], CLOCK_FORM_DIGITS, &sec))
			fail_msg("\"%s\" was taken for %lld", digits[i], (long long)sec);
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (clock_parse(plain[i], CLOCK_FORM_PLAIN, &sec))
			fail_msg("\"%s\" was taken for %lld", plain[i], (long long)sec);
	assert_int_equal(sec, 7);
	assert_true(clock_parse("20240229000000", CLOCK_FORM_DIGITS, &sec));
	assert_true(clock_parse("99991231235959", CLOCK_FORM_DIGITS, &sec));
	assert_int_equal(sec, INT64_C(253402300799));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_the_library_has_it),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_what_is_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
