/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A boot in which everything is checked and hooks run: every system call of it fails in turn. A program that cannot
 * be started, waited for or ended never costs the root its turn, and the boot goes on.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "init/apply.h"
#include "tests/fault/fixture.h"

static void restart(void)
{
	static const char *paths[HOOK_POINTS][1] = { { "/etc/anteroot/hooks.d/pre-mount/a" },
						     { "/etc/anteroot/hooks.d/pre-handover/b" } };
	struct facts *f = &fixture.boot->facts;

	fixture_restart(&fixture, true);
	fixture_own_devices(&fixture);
	for (size_t i = 0; i < f->devs.n; i++)
		f->devs.dev[i].due = f->devs.dev[i].type ? FSCK_ERRORS : FSCK_CLEAN;
	f->fsck[FSCK_EXT] = "/sbin/e2fsck";
	f->fsck[FSCK_FAT] = "/sbin/fsck.fat";
	f->hooks[HOOK_PRE_HANDOVER] = (struct facts_hooks){ paths[HOOK_PRE_HANDOVER], 1, 0 };
	f->hooks[HOOK_PRE_MOUNT] = (struct facts_hooks){ paths[HOOK_PRE_MOUNT], 1, 0 };
	fakesys_output("a line\n");
}

static const char *const runs[] = { "start", "reap", "kill_group" };

static bool is_of_a_program(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		if (strncmp(line, runs[i], strlen(runs[i])) == 0)
			return true;
	return false;
}

static void test_each_call_fails(void **state)
{
	unsigned int calls, programs = 0;
	size_t usual;
	int fds;

	(void)state;
	restart();
	fds = fakesys_open_fds();
	if (fixture_play(&fixture) != APPLY_NEXT)
		fail_msg("%s; log:\n%s", fixture.boot->error, fakesys_log());
	usual = fixture.boot->report.n_warnings;
	calls = fakesys_calls();
	assert_int_equal(fakesys_count("start "), 6);
	assert_int_equal(fixture.boot->facts.n_checked, 4);
	for (unsigned int nth = 1; nth <= calls; nth++) {
		const struct boot *b = fixture.boot;
		const char *line;
		int result;

		restart();
		fakesys_fail_nth(nth, EIO);
		result = fixture_play(&fixture);
		line = fakesys_line(nth - 1);
		assert_int_equal(fds, fakesys_open_fds());
		if (!is_of_a_program(line))
			continue;
		programs++;
		if (result != APPLY_NEXT || !b->facts.root_mounted || b->facts.n_failed > 0 ||
		    strcmp(b->facts.root_slot, "A") != 0)
			fail_msg("call %u, \"%s\": %s; log:\n%s", nth, line, b->error,
				 fakesys_log());
		/* Only what is left of a group that has ended may fail unnoticed. */
		if (strncmp(line, "kill_group", 10) != 0)
			assert_int_equal(b->report.n_warnings, usual + 1);
	}
	assert_true(programs >= 18);
}

/* All of them leave errors: both roots give way, then the last one is mounted read-only. */
static void test_all_are_damaged(void **state)
{
	const struct facts *f = &fixture.boot->facts;

	(void)state;
	restart();
	fakesys_run_status(4);
	assert_int_equal(fixture_play(&fixture), APPLY_NEXT);
	assert_int_equal(f->n_failed, 2);
	assert_true(f->root_mounted);
	assert_true(fakesys_find("mount /dev/vda3 ", 0) >= 0);
	assert_true(strstr(fakesys_line((unsigned int)fakesys_find("mount /dev/vda3 ", 0)),
			   " 0x1 ") != NULL);
	assert_true(strstr(fakesys_line((unsigned int)fakesys_find("mount /dev/vda4 ", 0)),
			   " 0x7 ") != NULL);
	assert_int_equal(fakesys_count("mount /dev/vda2 "), 0);
}

/* Neither the partition nor what stands in for it can be mounted: the boot goes on all the same. */
static void test_no_stand_in(void **state)
{
	(void)state;
	restart();
	fakesys_fail_match("mount /dev/vda4 ", EUCLEAN);
	fakesys_fail_match("mount tmpfs ", ENOMEM);
	for (size_t i = 0; i < API_FS_COUNT; i++)
		fixture.boot->facts.api_mounted[i] = true;
	assert_int_equal(fixture_play(&fixture), APPLY_NEXT);
	assert_true(fixture.boot->facts.root_mounted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_call_fails),
		cmocka_unit_test(test_all_are_damaged),
		cmocka_unit_test(test_no_stand_in),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
