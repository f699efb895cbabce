/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "lib/clock.h"

static int64_t usec_of(clockid_t clock)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(clock, &ts), 0);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Between two looks of the C library at the same clock. */
static void test_monotonic(void **state)
{
	int64_t before = usec_of(CLOCK_MONOTONIC), between = clock_monotonic_usec();

	(void)state;
	assert_true(before <= between);
	assert_true(between <= usec_of(CLOCK_MONOTONIC));
}

static void test_realtime(void **state)
{
	int64_t between = clock_realtime_usec(), after = usec_of(CLOCK_REALTIME);

	(void)state;
	assert_true(between > INT64_C(1000000000) * 1000000); /* not in 1970 */
	/* Somebody may set the clock in between, but hardly by much. */
	assert_true(after - between < 60 * 1000000);
	assert_true(between - after < 60 * 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monotonic),
		cmocka_unit_test(test_realtime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
