/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every system call of the hand-over fails in turn. Before the switch the initramfs is whole and the
 * outcome is rescue; behind it only exec decides.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/handover.h"
#include "init/rescue.h"
#include "tests/fault/fixture.h"

static char *no_args[] = { NULL };

static bool exists(const char *path)
{
	char name[400];

	(void)snprintf(name, sizeof(name), "%s/%s", fixture.base, path);
	return access(name, F_OK) == 0;
}

static int hand_over(void)
{
	return handover(fixture.boot, no_args, no_args);
}

/* exec returns here, because it is pretended; that is the one failure of a hand-over that works. */
static void test_order(void **state)
{
	static const char *const order[] = { "mount /dev ", "mount /proc ", "mount /sys ",
					     "mount /run ", "chdir ",	    "mount . / ",
					     "chroot .",    "chdir /",	    "unlinkat ",
					     "exec " };
	int at = -1;

	(void)state;
	fixture_restart(&fixture, true);
	(void)hand_over();
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		int next = fakesys_find(order[i], (unsigned int)(at + 1));

		if (next <= at)
			fail_msg("%s is not behind the one before; log:\n%s", order[i],
				 fakesys_log());
		at = next;
	}
	assert_false(exists("old/init"));
	assert_false(exists("old/lib/module.ko"));
	assert_true(exists("old"));
	assert_true(exists("run/report.json"));
	assert_true(exists("run/state.json"));
	assert_true(exists("run/boot.log"));
}

static void test_arguments_reach_the_target(void **state)
{
	char one[] = "single", two[] = "3";
	char *args[] = { one, two, NULL };
	int at;

	(void)state;
	fixture_restart(&fixture, true);
	assert_true(handover(fixture.boot, args, no_args) < 0);
	at = fakesys_find("exec ", 0);
	assert_true(at >= 0);
	assert_string_equal("exec /sbin/init /sbin/init single 3", fakesys_line((unsigned int)at));
}

/* The calls up to the switch: a failure of one leaves the initramfs whole, and rescue can work. */
static bool before_switch(const char *line)
{
	return strncmp(line, "mount ", 6) == 0 || strncmp(line, "ch", 2) == 0;
}

static void test_each_call_fails(void **state)
{
	unsigned int calls;
	int fds;

	(void)state;
	fixture_restart(&fixture, true);
	fixture_systemd(&fixture);
	fds = fakesys_open_fds();
	(void)hand_over();
	assert_int_equal(fds, fakesys_open_fds());
	calls = fakesys_calls();
	assert_true(calls > 15);

	for (unsigned int nth = 1; nth <= calls; nth++) {
		const char *line;

		fixture_restart(&fixture, true);
		fixture_systemd(&fixture);
		fakesys_fail_nth(nth, EIO);
		assert_true(hand_over() < 0);
		line = fakesys_line(nth - 1);
		assert_non_null(strstr(fixture.boot->error, "unable to "));
		if (before_switch(line) != exists("old/lib/module.ko") &&
		    strncmp(line, "unlinkat", 8) != 0)
			fail_msg("call %u, \"%s\": the initramfs is %s; log:\n%s", nth, line,
				 exists("old/lib/module.ko") ? "whole" : "gone", fakesys_log());
		if (before_switch(line) == (fakesys_count("exec ") > 0))
			fail_msg("call %u, \"%s\": exec, or none; log:\n%s", nth, line,
				 fakesys_log());
		assert_int_equal(fds, fakesys_open_fds());
	}
}

/* Nothing is moved or deleted when the target is no mount of its own: it would be our own root. */
static void test_target_is_not_a_mount(void **state)
{
	char path[300];

	(void)state;
	fixture_restart(&fixture, true);
	(void)snprintf(path, sizeof(path), "%s/old/lib", fixture.base);
	fixture.boot->facts.target_dir = path;
	assert_int_equal(-EXDEV, hand_over());
	assert_int_equal(0, fakesys_calls());
	assert_true(exists("old/init"));
	assert_non_null(strstr(fixture.boot->error, "no root is mounted there"));
}

static void test_init_is_checked_again(void **state)
{
	(void)state;
	fixture_restart(&fixture, true);
	fixture.boot->facts.args.init = "/sbin/absent";
	assert_int_equal(-ENOENT, hand_over());
	assert_int_equal(0, fakesys_calls());
	assert_non_null(strstr(fixture.boot->error, "/sbin/absent"));
}

static void test_missing_directories(void **state)
{
	(void)state;
	fixture_restart(&fixture, true);
	fixture.boot->facts.target_dir = "/nonexistent/target";
	assert_int_equal(-ENOENT, hand_over());
	fixture.boot->facts.target_dir = fixture.target;
	fixture.boot->old_root = "/nonexistent/root";
	assert_int_equal(-ENOENT, hand_over());
	assert_int_equal(0, fakesys_calls());
}

/* A target without a directory for a mount does without it; it must not stay and hold the old root. */
static void test_target_lacks_a_mount_point(void **state)
{
	char path[400];

	(void)state;
	fixture_restart(&fixture, true);
	(void)snprintf(path, sizeof(path), "%s/sys", fixture.target);
	assert_int_equal(0, rmdir(path));
	(void)hand_over();
	assert_int_equal(0, mkdir(path, 0755));
	assert_int_equal(0, fakesys_count("mount /sys "));
	assert_int_equal(1, fakesys_count("umount /sys "));
	assert_int_equal(1, fakesys_count("exec "));
}

/* The old root is deleted only where the initramfs is one: memory. */
static void test_old_root_on_a_disk_stays(void **state)
{
	struct fixture on_disk;

	(void)state;
	fixture_make(&on_disk, "/var/tmp", "/dev/shm");
	fixture_restart(&on_disk, true);
	assert_true(handover(on_disk.boot, no_args, no_args) < 0);
	assert_int_equal(0, fakesys_count("unlinkat "));
	assert_int_equal(1, fakesys_count("exec "));
	assert_non_null(strstr(on_disk.boot->log.text, "its memory stays taken"));
	fixture_remove(&on_disk);
}

/* A boot that mounted and delivered nothing below /run/anteroot left no report. */
static void test_report_without_run_dir(void **state)
{
	char path[400];

	(void)state;
	fixture_restart(&fixture, true);
	(void)snprintf(path, sizeof(path), "%s/run", fixture.base);
	assert_int_equal(0, rmdir(path));
	(void)hand_over();
	assert_true(exists("run/state.json"));
	assert_true(exists("run/report.json"));
}

static void fill_error(void)
{
	struct reason r = REASON_INIT;

	(void)reason_set(&r, ENOENT, "find", "a root");
	(void)boot_fail(fixture.boot, &r, "write one");
}

static void test_rescue_says_and_reboots(void **state)
{
	const char *log = fixture.boot->log.text;
	int sleep, reboot;

	(void)state;
	fixture_restart(&fixture, true);
	fill_error();
	fixture.boot->facts.mounted[PART_DATA] = "vda5";
	fixture.boot->facts.root_mounted = true;
	assert_int_equal(EXIT_FAILURE, rescue(fixture.boot));
	sleep = fakesys_find("sleep_msec 10000", 0);
	reboot = fakesys_find("reboot ", 0);
	assert_true(sleep > fakesys_find("sync", 0));
	assert_true(reboot > sleep);
	assert_int_equal(2, fakesys_count("umount "));
	assert_non_null(strstr(log, "rescue: unable to find a root: No such file or directory"));
	assert_non_null(strstr(log, "rescue: what to do: write one"));
	assert_true(exists("run/state.json"));
	assert_int_equal(0, fakesys_count("run "));
}

static void assert_delay(bool has_panic, int64_t panic_sec, const char *line)
{
	fixture_restart(&fixture, true);
	fill_error();
	fixture.boot->facts.args.has_panic = has_panic;
	fixture.boot->facts.args.panic_sec = panic_sec;
	(void)rescue(fixture.boot);
	if (fakesys_count(line) != 1)
		fail_msg("no %s; log:\n%s", line, fakesys_log());
}

static void test_rescue_honours_panic(void **state)
{
	(void)state;
	assert_delay(false, 0, "sleep_msec 10000");
	assert_delay(true, 3, "sleep_msec 3000");
	assert_delay(true, -1, "sleep_msec 0");
	assert_delay(true, 0,
		     "sleep_msec 10000"); /* to the kernel: for ever. A device must come back. */
}

/* Whatever fails in rescue itself, it ends in a reboot. */
static void test_rescue_each_call_fails(void **state)
{
	unsigned int calls;

	(void)state;
	fixture_restart(&fixture, true);
	fill_error();
	(void)rescue(fixture.boot);
	calls = fakesys_calls();
	for (unsigned int nth = 1; nth <= calls; nth++) {
		fixture_restart(&fixture, true);
		fill_error();
		fakesys_fail_nth(nth, EIO);
		assert_int_equal(EXIT_FAILURE, rescue(fixture.boot));
		assert_int_equal(1, fakesys_count("reboot "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_arguments_reach_the_target),
		cmocka_unit_test(test_each_call_fails),
		cmocka_unit_test(test_target_is_not_a_mount),
		cmocka_unit_test(test_init_is_checked_again),
		cmocka_unit_test(test_missing_directories),
		cmocka_unit_test(test_target_lacks_a_mount_point),
		cmocka_unit_test(test_old_root_on_a_disk_stays),
		cmocka_unit_test(test_report_without_run_dir),
		cmocka_unit_test(test_rescue_says_and_reboots),
		cmocka_unit_test(test_rescue_honours_panic),
		cmocka_unit_test(test_rescue_each_call_fails),
	};

	return cmocka_run_group_tests(tests, fixture_setup_apart, fixture_teardown);
}
