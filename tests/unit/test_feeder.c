/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "init/feeder.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

static void test_nobody_armed_it(void **state)
{
	struct feeder f;

	(void)state;
	fakesys_reset(NULL);
	feeder_open(&f, &fakesys, 0);
	feeder_tick(&f);
	assert_true(feeder_stop(&f));
	feeder_leave(&f);
	assert_int_equal(fakesys_calls(), 0);
}

/* systemd has it. */
static void test_busy(void **state)
{
	struct feeder f;

	(void)state;
	fakesys_reset(NULL);
	fakesys_fail_match("open /dev/watchdog", EBUSY);
	feeder_open(&f, &fakesys, 60);
	f.fed_usec -= 3600000000;
	feeder_tick(&f);
	assert_true(feeder_stop(&f));
	assert_int_equal(fakesys_calls(), 1);
}

static void test_feeds_and_stops(void **state)
{
	int before = fakesys_open_fds();
	struct feeder f;

	(void)state;
	fakesys_reset(NULL);
	feeder_open(&f, &fakesys, 60);
	feeder_tick(&f);
	assert_int_equal(fakesys_count("write"), 0); /* opening it has fed it */
	f.fed_usec -= 14 * 1000000;
	feeder_tick(&f);
	assert_int_equal(fakesys_count("write"), 0);
	f.fed_usec -= 2 * 1000000;
	feeder_tick(&f);
	feeder_tick(&f);
	assert_int_equal(fakesys_count("write /dev/watchdog 1"), 1);
	assert_true(feeder_stop(&f));
	assert_string_equal(fakesys_log(), "open /dev/watchdog 0000\nwrite /dev/watchdog 1\n"
					   "watchdog_stop /dev/watchdog\nwrite /dev/watchdog 1\n");
	assert_int_equal(fakesys_open_fds(), before);
}

static void test_nowayout(void **state)
{
	struct feeder f;

	(void)state;
	fakesys_reset(NULL);
	fakesys_fail_match("watchdog_stop", EBUSY);
	feeder_open(&f, &fakesys, 60);
	assert_false(feeder_stop(&f));
	assert_int_equal(fakesys_count("write"), 0); /* no magic close, and it stays open */
	assert_true(f.fd >= 0);
	feeder_leave(&f);
	/* A driver that does not know the request is stopped by the magic close. */
	fakesys_reset(NULL);
	fakesys_fail_match("watchdog_stop", EOPNOTSUPP);
	feeder_open(&f, &fakesys, 60);
	assert_true(feeder_stop(&f));
	assert_int_equal(fakesys_count("write /dev/watchdog 1"), 1);
}

static void test_sleep(void **state)
{
	struct feeder f;

	(void)state;
	fakesys_reset(NULL);
	feeder_open(&f, &fakesys, 60);
	f.fed_usec -= 60 * 1000000;
	assert_int_equal(feeder_sleep(&f, 2500), 0);
	assert_string_equal(fakesys_log(), "open /dev/watchdog 0000\nwrite /dev/watchdog 1\n"
					   "sleep_msec 1000\nsleep_msec 1000\nsleep_msec 500\n");
	fakesys_fail_nth(2, EINTR);
	assert_int_equal(feeder_sleep(&f, 9000), -EINTR);
	assert_int_equal(fakesys_count("sleep_msec"), 5);
	feeder_leave(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_armed_it), cmocka_unit_test(test_busy),
		cmocka_unit_test(test_feeds_and_stops), cmocka_unit_test(test_nowayout),
		cmocka_unit_test(test_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
