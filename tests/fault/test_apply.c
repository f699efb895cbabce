/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every system call of a boot up to the hand-over fails in turn, and the outcome is the one that the
 * operation declares: rescue, the other slot, or a warning and the boot goes on.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init/apply.h"
#include "tests/fault/fixture.h"

enum outcome { OUT_WARNED, OUT_OTHER_SLOT, OUT_RESCUE, OUT_UNNOTICED };

/* What the failure of a call means; the first row that fits its line counts. Nothing else is left
 * unnoticed: a call that no row names must cause a warning. */
static const struct {
	const char *line;
	enum outcome outcome;
} declared[] = {
	{ "mount proc ", OUT_RESCUE },		{ "mount sysfs ", OUT_RESCUE },
	{ "mount devtmpfs ", OUT_RESCUE },	{ "mount tmpfs ", OUT_RESCUE },
	{ "mount /dev/vda2 ", OUT_OTHER_SLOT },
};

static enum outcome declared_for(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(declared); i++)
		if (strncmp(line, declared[i].line, strlen(declared[i].line)) == 0)
			return declared[i].outcome;
	return OUT_WARNED;
}

/* A delivery that fails half-way must not leave its temporary file in the target. */
static void assert_nothing_half_written(void)
{
	char command[600];

	(void)snprintf(command, sizeof(command),
		       "test -z \"$(find '%s' '%s' -name '.*.anteroot')\"", fixture.target,
		       fixture.base);
	assert_int_equal(0, system(command)); /* NOLINT: names are our own */
}

static enum outcome outcome_of(int result, size_t usual_warnings)
{
	const struct boot *b = fixture.boot;

	if (result < 0) {
		assert_true(b->error[0] != '\0');
		assert_non_null(strstr(b->error, "unable to "));
		return OUT_RESCUE;
	}
	assert_true(b->facts.root_mounted);
	if (b->facts.n_failed > 0) {
		assert_string_equal("A", b->facts.failed[0].slot);
		assert_string_equal("B", b->facts.root_slot);
		return OUT_OTHER_SLOT;
	}
	assert_string_equal("A", b->facts.root_slot);
	return b->report.n_warnings > usual_warnings ? OUT_WARNED : OUT_UNNOTICED;
}

static void fail_each(bool writable)
{
	unsigned int calls;
	size_t usual;
	int fds;

	fixture_restart(&fixture, writable);
	fds = fakesys_open_fds();
	if (fixture_play(&fixture) != APPLY_NEXT)
		fail_msg("%s; log:\n%s", fixture.boot->error, fakesys_log());
	assert_int_equal(fds, fakesys_open_fds());
	usual = fixture.boot->report.n_warnings;
	calls = fakesys_calls();
	assert_true(calls > 40);

	for (unsigned int nth = 1; nth <= calls; nth++) {
		enum outcome expected, got;
		const char *line;

		fixture_restart(&fixture, writable);
		fakesys_fail_nth(nth, EIO);
		got = outcome_of(fixture_play(&fixture), usual);
		line = fakesys_line(nth - 1);
		assert_non_null(line);
		expected = declared_for(line);
		if (got != expected)
			fail_msg("call %u, \"%s\": outcome %d, declared %d; log:\n%s", nth, line,
				 (int)got, (int)expected, fakesys_log());
		assert_int_equal(fds, fakesys_open_fds());
		if (strncmp(line, "unlinkat", 8) != 0)
			assert_nothing_half_written();
	}
}

static void test_each_call_fails_writable_root(void **state)
{
	(void)state;
	fail_each(true);
}

static void test_each_call_fails_read_only_root(void **state)
{
	(void)state;
	fail_each(false);
}

/* Both slots fail to mount: rescue, and both reasons are in the message. */
static void test_both_roots_fail(void **state)
{
	(void)state;
	fixture_restart(&fixture, true);
	fakesys_fail_match("mount /dev/vda2 ", EIO);
	fakesys_fail_match("mount /dev/vda3 ", EUCLEAN);
	assert_true(fixture_play(&fixture) < 0);
	assert_non_null(
		strstr(fixture.boot->error, "vda2: unable to mount /dev/vda2: Input/output error"));
	assert_non_null(strstr(fixture.boot->error, "vda3: unable to mount /dev/vda3: "));
	assert_non_null(fixture.boot->hint);
}

/* A root whose init is not there is taken off again before the other is mounted over it. */
static void test_root_without_init_is_unmounted(void **state)
{
	int first, off, second;

	(void)state;
	fixture_restart(&fixture, true);
	fixture.boot->facts.args.init = "/sbin/absent";
	assert_true(fixture_play(&fixture) < 0);
	first = fakesys_find("mount /dev/vda2 ", 0);
	off = fakesys_find("umount ", (unsigned int)first);
	second = fakesys_find("mount /dev/vda3 ", (unsigned int)off);
	assert_true(first >= 0 && off > first && second > off);
	assert_non_null(strstr(fixture.boot->error, "/sbin/absent"));
}

/* The disk is full: every delivery fails, the boot does not, and the old files are whole. */
static void test_full_disk(void **state)
{
	char path[300], text[16] = "";
	FILE *file;

	(void)state;
	fixture_restart(&fixture, true);
	fakesys_fail_match("write ", ENOSPC);
	assert_int_equal(APPLY_NEXT, fixture_play(&fixture));
	assert_true(fixture.boot->report.n_warnings > 0);
	assert_nothing_half_written();
	(void)snprintf(path, sizeof(path), "%s/etc/hostname", fixture.target);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	assert_int_equal(0, fclose(file));
	assert_string_equal("old\n", text);
}

/* A second delivery of the same configuration changes nothing: no write, no rename. */
static void test_second_boot_writes_nothing(void **state)
{
	const struct report *report = &fixture.boot->report;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give files the owner that they are delivered with */
	fixture_restart(&fixture, true);
	assert_int_equal(APPLY_NEXT, fixture_play(&fixture));
	assert_true(fakesys_count("renameat ") >= 3);
	fixture_again(&fixture, true);
	assert_int_equal(APPLY_NEXT, fixture_play(&fixture));
	assert_int_equal(0, fakesys_count("write "));
	assert_int_equal(0, fakesys_count("renameat "));
	assert_int_equal(0, fakesys_count("fchmod "));
	assert_true(report->n_deliveries >= 5);
	for (size_t i = 0; i < report->n_deliveries; i++)
		assert_int_equal(ACTION_UNCHANGED, report->delivery[i].action);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_call_fails_writable_root),
		cmocka_unit_test(test_each_call_fails_read_only_root),
		cmocka_unit_test(test_both_roots_fail),
		cmocka_unit_test(test_root_without_init_is_unmounted),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_second_boot_writes_nothing),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
