/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/statefixture.h"

static void test_boot_id(void **unused)
{
	static const struct {
		const char *text;
		unsigned char first, last;
	} ids[] = {
		{ "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n", 0x0f, 0xf0 },
		{ "0f1e2d3c4b5a69788796a5b4c3d2e1f0", 0x0f, 0xf0 },
		{ "ff", 0xff, 0 },
		{ "\n", 0, 0 },
		{ "00000000-0000-0000-0000-0000000000010203\n", 0, 1 },
	};

	(void)unused;
	observe_state(&b); /* without the file: no boot's */
	for (size_t k = 0; k < AB_BOOT_ID_LEN; k++)
		assert_int_equal(state->boot_id[k], 0);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		put_text(s.fd, "proc/sys/kernel/random/boot_id", ids[i].text, 0444);
		again();
		assert_true(state->read);
		assert_int_equal(state->boot_id[0], ids[i].first);
		assert_int_equal(state->boot_id[AB_BOOT_ID_LEN - 1], ids[i].last);
		assert_int_equal(b.report.n_warnings, 0);
	}
}

static void test_reset_cause(void **unused)
{
	static const struct {
		const char *text;
		bool watchdog;
	} causes[] = {
		{ "32\n", true },  { "0x21\n", true },	   { "0\n", false },
		{ "16\n", false }, { "unknown\n", false }, { "", false },
	};

	(void)unused;
	observe_state(&b);
	assert_null(state->reset_cause);
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		put_text(s.fd, "sys/class/watchdog/watchdog0/bootstatus", causes[i].text, 0444);
		again();
		if (causes[i].watchdog)
			assert_string_equal(state->reset_cause, "watchdog");
		else
			assert_null(state->reset_cause);
	}
}

static void assert_no_state(const char *warning)
{
	assert_true(state->read);
	assert_int_equal(state->found.backend, AB_STATELESS);
	assert_int_equal(state->found.record.active, AB_A);
	assert_warning(warning);
	assert_non_null(strstr(b.report.warning[0].text, "; no boot state: slot A, else B"));
}

#define NO_PARTITION "unable to find state: no partition, or more than one, has this PARTLABEL"

static void test_raw_partition_is_missing(void **unused)
{
	(void)unused;
	devices[4].partlabel = "States";
	observe_state(&b);
	assert_no_state(NO_PARTITION);
	observe_state(&b); /* said once */
	assert_no_state(NO_PARTITION);
}

static void test_raw_partition_is_there_twice(void **unused)
{
	(void)unused;
	devices[3].partlabel = "state";
	observe_state(&b);
	assert_no_state(NO_PARTITION);
}

static void test_raw_partition_of_another_disk(void **unused)
{
	(void)unused;
	devices[4].whole = devices[4].disk = "vdb";
	observe_state(&b);
	assert_no_state(NO_PARTITION);
}

static void test_no_boot_disk(void **unused)
{
	(void)unused;
	b.facts.boot_disk = NULL;
	observe_state(&b);
	assert_no_state(NO_PARTITION);
}

static void test_device_is_gone(void **unused)
{
	(void)unused;
	assert_int_equal(unlinkat(s.fd, "dev/vda4", 0), 0);
	observe_state(&b);
	assert_no_state("unable to open");
}

/* Nobody has asked for a boot state. */
static void test_none_is_asked_for(void **unused)
{
	(void)unused;
	b.facts.layout.state.backend = AB_AUTO;
	b.facts.layout.state.partition = NULL;
	observe_state(&b);
	assert_int_equal(state->found.backend, AB_STATELESS);
	assert_int_equal(b.report.n_warnings, 0);
}

static void test_boot_partition(void **unused)
{
	struct abstore place;

	(void)unused;
	b.facts.layout.state.partition = NULL;
	observe_state_place(&b, &place);
	assert_int_equal(place.dirfd, -1);
	assert_null(place.device);
	assert_null(place.raw);
	b.facts.mounted[PART_BOOT] = "vda1"; /* and its directory is not there */
	observe_state_place(&b, &place);
	assert_int_equal(place.dirfd, -1);
	assert_string_equal(place.device, arena_printf(&b.arena, "%s/dev/vda1", s.path));
	put_dir(s.fd, "run/mnt/boot");
	observe_state_place(&b, &place);
	assert_true(place.dirfd >= 0);
	assert_int_equal(place.partno[AB_A], 2);
	assert_int_equal(place.partno[AB_B], 3);
	close(place.dirfd);
	observe_state(&b); /* tmpfs has no file of ours */
	assert_no_state("unable to open abstate.0");
	devices[2].label = "x";
	observe_state_place(&b, &place);
	assert_int_equal(place.partno[AB_A], 0);
	close(place.dirfd);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, state_setup, state_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_boot_id),
		TEST(test_reset_cause),
		TEST(test_raw_partition_is_missing),
		TEST(test_raw_partition_is_there_twice),
		TEST(test_raw_partition_of_another_disk),
		TEST(test_no_boot_disk),
		TEST(test_device_is_gone),
		TEST(test_none_is_asked_for),
		TEST(test_boot_partition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
