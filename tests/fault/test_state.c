/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A boot with a boot state and a candidate in slot B: every system call fails in turn, and the power is cut after
 * every one. A candidate is mounted only when its boot is counted on the disk, whatever fails.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init/apply.h"
#include "tests/fault/fixture.h"

enum outcome { OUT_WARNED, OUT_ROLLED_BACK, OUT_NOT_TRIED, OUT_RESCUE, OUT_UNNOTICED };

/* As in test_apply.c. */
static const struct {
	const char *line;
	enum outcome outcome;
} declared[] = {
	{ "mount proc ", OUT_RESCUE },
	{ "mount sysfs ", OUT_RESCUE },
	{ "mount devtmpfs ", OUT_RESCUE },
	{ "mount tmpfs ", OUT_RESCUE },
	{ "mount /dev/vda3 ", OUT_ROLLED_BACK },
	{ "open /base/dev/vda6 ", OUT_NOT_TRIED },
	{ "pwrite /base/dev/vda6 ", OUT_NOT_TRIED },
	{ "fsync /base/dev/vda6", OUT_NOT_TRIED },
};

static enum outcome declared_for(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(declared); i++)
		if (strncmp(line, declared[i].line, strlen(declared[i].line)) == 0)
			return declared[i].outcome;
	return OUT_WARNED;
}

/* What the next boot finds. */
static struct ab_record on_disk(void)
{
	unsigned char bytes[ABRECORD_COPIES][ABRECORD_BYTES];
	const unsigned char *const copy[] = { bytes[0], bytes[1] };
	struct abrecord_pair pair;
	char path[300];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/dev/vda6", fixture.base);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (int i = 0; i < ABRECORD_COPIES; i++)
		assert_int_equal(ABRECORD_BYTES,
				 pread(fd, bytes[i], ABRECORD_BYTES, FIXTURE_COPY_AT(i)));
	assert_int_equal(0, close(fd));
	abrecord_choose(copy, &pair);
	assert_false(pair.lost);
	assert_true(pair.current >= 0);
	return pair.record;
}

/* The candidate was mounted, or it was tried to: its attempt is on the disk, or its verdict. */
static void assert_counted(void)
{
	const struct ab_record rec = on_disk();

	assert_int_equal(AB_GOOD, rec.slot[AB_A].state);
	assert_int_equal(AB_A, rec.active);
	if (fakesys_count("mount /dev/vda3 ") == 0)
		return;
	if (rec.slot[AB_B].state == AB_BAD)
		assert_int_equal(AB_BAD_ROOT, rec.slot[AB_B].bad);
	else
		assert_int_equal(1, rec.slot[AB_B].attempts);
}

static enum outcome outcome_of(int result, size_t usual_warnings)
{
	const struct boot *b = fixture.boot;
	const struct facts_state *state = &b->facts.state;

	if (result < 0) {
		assert_non_null(strstr(b->error, "unable to "));
		return OUT_RESCUE;
	}
	assert_true(b->facts.root_mounted && state->decided);
	if (strcmp(b->facts.root_slot, "B") == 0) {
		assert_true(state->decision.candidate);
		return b->report.n_warnings > usual_warnings ? OUT_WARNED : OUT_UNNOTICED;
	}
	assert_false(state->decision.candidate);
	assert_int_equal(0, fakesys_count("open /dev/watchdog"));
	if (b->facts.n_failed > 0) {
		assert_int_equal(AB_REASON_ROLLED_BACK, state->decision.reason);
		return OUT_ROLLED_BACK;
	}
	assert_int_equal(AB_REASON_NOT_DURABLE, state->decision.reason);
	assert_int_equal(0, fakesys_count("mount /dev/vda3 "));
	assert_true(state->failed && b->report.n_warnings > usual_warnings);
	return OUT_NOT_TRIED;
}

static unsigned int boot_whole(int *ret_fds, size_t *ret_warnings)
{
	fixture_restart(&fixture, true);
	*ret_fds = fakesys_open_fds();
	if (fixture_play(&fixture) != APPLY_NEXT)
		fail_msg("%s; log:\n%s", fixture.boot->error, fakesys_log());
	assert_int_equal(*ret_fds, fakesys_open_fds());
	*ret_warnings = fixture.boot->report.n_warnings;
	assert_string_equal("B", fixture.boot->facts.root_slot);
	return fakesys_calls();
}

static void test_candidate_is_booted(void **state)
{
	int fds, store, panic, root, watchdog;
	size_t usual;

	(void)state;
	(void)boot_whole(&fds, &usual);
	store = fakesys_find("pwrite /base/dev/vda6 512 ", 0);
	panic = fakesys_find("open /proc/sys/kernel/panic ", 0);
	root = fakesys_find("mount /dev/vda3 ", 0);
	watchdog = fakesys_find("watchdog_set /dev/watchdog 60", 0);
	assert_true(store >= 0 && panic > store && root > panic && watchdog > root);
	assert_counted();
	assert_int_equal(AB_TRYING, on_disk().slot[AB_B].state);
}

static void test_each_call_fails(void **state)
{
	unsigned int calls, warned = 0;
	size_t usual;
	int fds;

	(void)state;
	calls = boot_whole(&fds, &usual);
	for (unsigned int nth = 1; nth <= calls; nth++) {
		enum outcome expected, got;
		const char *line;

		fixture_restart(&fixture, true);
		fakesys_fail_nth(nth, EIO);
		got = outcome_of(fixture_play(&fixture), usual);
		line = fakesys_line(nth - 1);
		assert_non_null(line);
		expected = declared_for(line);
		if (got != expected)
			fail_msg("call %u, \"%s\": outcome %d, declared %d; log:\n%s", nth, line,
				 (int)got, (int)expected, fakesys_log());
		assert_int_equal(fds, fakesys_open_fds());
		assert_counted();
		warned += strstr(line, "panic") || strstr(line, "watchdog");
	}
	assert_int_equal(4, warned); /* two calls each */
}

/* The next boot, without a cut, tries the candidate or goes on with its count; three in all. */
static void test_power_cut_after_each_call(void **state)
{
	unsigned int calls;
	size_t usual;
	int fds;

	(void)state;
	calls = boot_whole(&fds, &usual);
	for (unsigned int n = 0; n < calls; n++) {
		unsigned int counted;

		fixture_restart(&fixture, true);
		fakesys_cut_after(n);
		(void)fixture_play(&fixture);
		counted = on_disk().slot[AB_B].attempts;
		if (fakesys_find("mount /dev/vda3 ", 0) >= 0 &&
		    fakesys_find("mount /dev/vda3 ", 0) < (int)n)
			assert_int_equal(1, counted);
		assert_true(on_disk().slot[AB_B].state != AB_BAD);
		fixture_again(&fixture, true);
		if (fixture_play(&fixture) != APPLY_NEXT)
			fail_msg("%s", fixture.boot->error);
		assert_string_equal("B", fixture.boot->facts.root_slot);
		assert_int_equal(counted + 1, on_disk().slot[AB_B].attempts);
	}
}

/* A card that takes no write any more: the good slot at every boot, and nothing of the candidate changes. */
static void test_card_is_worn_out(void **state)
{
	(void)state;
	fixture_restart(&fixture, true);
	for (int i = 0; i < 5; i++) {
		fakesys_fail_match("pwrite ", EIO);
		assert_int_equal(APPLY_NEXT, fixture_play(&fixture));
		assert_string_equal("A", fixture.boot->facts.root_slot);
		assert_int_equal(AB_CANDIDATE, on_disk().slot[AB_B].state);
		fixture_again(&fixture, true);
	}
}

/* The candidate's root does not mount, and that cannot be stored: its attempt is counted, and it is not booted. */
static void test_verdict_cannot_be_stored(void **state)
{
	(void)state;
	fixture_restart(&fixture, true);
	fakesys_fail_match("mount /dev/vda3 ", EUCLEAN);
	fakesys_fail_match("pwrite /base/dev/vda6 512 0", EIO); /* the second store */
	assert_int_equal(APPLY_NEXT, fixture_play(&fixture));
	assert_string_equal("A", fixture.boot->facts.root_slot);
	assert_int_equal(1, fakesys_count("mount /dev/vda3 "));
	assert_int_equal(AB_TRYING, on_disk().slot[AB_B].state);
	assert_int_equal(1, on_disk().slot[AB_B].attempts);
	assert_true(fixture.boot->report.n_warnings > 0);
}

static int setup(void **state)
{
	int rc = fixture_setup(state);

	fixture.candidate = true; /* behind it: a fixture begins without */
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_candidate_is_booted),
		cmocka_unit_test(test_each_call_fails),
		cmocka_unit_test(test_power_cut_after_each_call),
		cmocka_unit_test(test_card_is_worn_out),
		cmocka_unit_test(test_verdict_cannot_be_stored),
	};

	return cmocka_run_group_tests(tests, setup, fixture_teardown);
}
