/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What systemd is told at the hand-over, and another init is not. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/handover.h"
#include "lib/clock.h"
#include "tests/fault/fixture.h"

static char *no_args[] = { NULL };

static int hand_over(void)
{
	return handover(fixture.boot, no_args, no_args);
}

/* systemd is told of a first boot in the command line that it reads; of another one nothing is said. */
static void test_first_boot_reaches_the_target(void **state)
{
	static const char start[] = "systemd.condition-first-boot=1 ";
	char path[] = "PATH=/bin";
	char *env[] = { path, NULL };
	const char *line;

	(void)state;
	fixture_restart(&fixture, true);
	assert_true(handover(fixture.boot, no_args, env) < 0);
	assert_null(fakesys_exec_env("SYSTEMD_PROC_CMDLINE"));
	assert_string_equal("/bin", fakesys_exec_env("PATH"));
	fixture_restart(&fixture, true);
	fixture.boot->first_boot = true;
	assert_true(handover(fixture.boot, no_args, env) < 0);
	line = fakesys_exec_env("SYSTEMD_PROC_CMDLINE");
	assert_non_null(line);
	assert_int_equal(0, strncmp(line, start, strlen(start)));
	assert_null(strchr(line, '\n'));
	assert_true(strlen(line) > strlen(start)); /* this machine's own follows */
	assert_string_equal("/bin", fakesys_exec_env("PATH"));
}

/* systemd learns when the initramfs began; the file is read from its start, and is in no folder. */
static void test_systemd_is_told_of_our_start(void **state)
{
	const int64_t hour_usec = 3600000000;
	long long real, monotonic;
	char one[] = "single", *args[] = { one, NULL };
	int fds = fakesys_open_fds(), end = 0;

	(void)state;
	fixture_restart(&fixture, true);
	fixture_systemd(&fixture);
	report_add_stage(&fixture.boot->report,
			 &(struct report_stage){ .name = "early", .start_usec = 2500000 });
	assert_true(handover(fixture.boot, args, no_args) < 0);
	assert_int_equal(2, sscanf(fakesys_exec_state(), "initrd-timestamp=%lld %lld%n", &real,
				   &monotonic, &end));
	assert_string_equal("\n\n", fakesys_exec_state() + end);
	assert_int_equal(2500000, monotonic);
	assert_true(real > clock_realtime_usec() - clock_monotonic_usec() + 2500000 - hour_usec);
	assert_true(real < clock_realtime_usec() - clock_monotonic_usec() + 2500000 + hour_usec);
	assert_int_equal(
		1, fakesys_count("exec /sbin/init /sbin/init --switched-root --deserialize="));
	assert_non_null(strstr(fakesys_line((unsigned int)fakesys_find("exec ", 0)), " single"));
	assert_int_equal(fds, fakesys_open_fds());
}

/* Another init would not know what it means. */
static void test_another_init_is_told_nothing(void **state)
{
	char from[400], to[400];

	(void)state;
	fixture_restart(&fixture, true);
	(void)hand_over();
	assert_string_equal("exec /sbin/init /sbin/init",
			    fakesys_line((unsigned int)fakesys_find("exec ", 0)));
	fixture_restart(&fixture, true);
	(void)snprintf(from, sizeof(from), "%s/sbin/init", fixture.target);
	(void)snprintf(to, sizeof(to), "%s/sbin/not-systemd", fixture.target);
	assert_int_equal(0, rename(from, to));
	assert_int_equal(0, symlink("not-systemd", from));
	(void)hand_over();
	assert_string_equal("exec /sbin/init /sbin/init",
			    fakesys_line((unsigned int)fakesys_find("exec ", 0)));
}

/* Without the file, or with a part of it, systemd starts as it would without us. */
static void test_start_that_cannot_be_told(void **state)
{
	static const char *const calls[] = { "open ", "pwrite " };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int fds = fakesys_open_fds();

		fixture_restart(&fixture, true);
		fixture_systemd(&fixture);
		fakesys_fail_match(calls[i], EIO);
		(void)hand_over();
		assert_string_equal("exec /sbin/init /sbin/init",
				    fakesys_line((unsigned int)fakesys_find("exec ", 0)));
		assert_int_equal(fds, fakesys_open_fds());
	}
	fixture_restart(&fixture, true);
	fixture_systemd(&fixture);
	fakesys_short_writes(7);
	(void)hand_over();
	assert_string_equal("exec /sbin/init /sbin/init",
			    fakesys_line((unsigned int)fakesys_find("exec ", 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_boot_reaches_the_target),
		cmocka_unit_test(test_systemd_is_told_of_our_start),
		cmocka_unit_test(test_another_init_is_told_nothing),
		cmocka_unit_test(test_start_that_cannot_be_told),
	};

	return cmocka_run_group_tests(tests, fixture_setup_apart, fixture_teardown);
}
