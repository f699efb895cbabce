/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/abenv.h"
#include "lib/uenv.h"
#include "tests/unit/loadermodel.h"

static struct arena a;
static struct envlist view;
static struct ab_record rec;
static struct abenv_report report;
static struct reason r;
static struct abenv_device dev;

static int setup(void **state)
{
	(void)state;
	dev = (struct abenv_device){ .form = ABENV_HEX, .part = { 2, 3 }, .tries = 3 };
	r = REASON_INIT;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	return 0;
}

static void assert_slot(enum ab_slot_id slot, enum ab_state state, enum ab_bad bad)
{
	assert_int_equal(rec.slot[slot].state, state);
	assert_int_equal(rec.slot[slot].bad, bad);
}

/* What anteroot_meta has, and the keys that say something else. */

/* What a record is written as, with some keys changed behind it. */
static void reload(const struct ab_record *from, const char *changes)
{
	struct envlist more;

	view = (struct envlist){ .arena = &a };
	assert_int_equal(abenv_store(from, &dev, &view, &view, "uEnv", &r), 0);
	assert_int_equal(uenv_parse(&a, changes, strlen(changes), "more", &more, &r), 0);
	env_merge(&view, &more);
	assert_int_equal(abenv_load(&view, &dev, "uEnv", &rec, &report, &r), 0);
	assert_true(ab_valid(&rec));
}

static struct ab_record trying(void)
{
	return (struct ab_record){
		.generation = 7,
		.transaction = 0x2a,
		.active = AB_A,
		.slot = { [AB_A] = { .state = AB_GOOD, .confirmed = true, .version = "2.1.0" },
			  [AB_B] = { .state = AB_TRYING,
				     .tries = 3,
				     .attempts = 1,
				     .refunds = 2,
				     .version = "2.2.0" } },
		.booted = AB_B,
		.floor = "2.0.0",
		.disk = "0123abcd",
	};
}

/* The plain keys win; what they do not say is remembered. */
static void test_plain_wins(void **state)
{
	const struct ab_record from = trying();

	(void)state;
	reload(&from, "bootcount=2\n");
	assert_int_equal(rec.slot[AB_B].attempts, 2);
	assert_int_equal(rec.slot[AB_B].refunds, 2);
	assert_string_equal(rec.slot[AB_B].version, "2.2.0");
	reload(&from, "upgrade_available=0\nresin_root_part=2\nanteroot_seal=2.0.A.0000002a.3\n");
	assert_false(report.torn);
	assert_slot(AB_B, AB_BAD, AB_BAD_UNKNOWN);
	assert_true(rec.slot[AB_A].confirmed);
	reload(&from, "upgrade_available=0\nanteroot_good=B\nanteroot_seal=3.0.B.0000002a.3\n");
	assert_int_equal(rec.active, AB_B);
	assert_slot(AB_B, AB_GOOD, AB_BAD_NONE);
	assert_slot(AB_A, AB_GOOD, AB_BAD_NONE);
	assert_string_equal(rec.slot[AB_B].version, "2.2.0");
}

/* Torn between a confirmation's first byte and its seal: the slot that was good still is. */
static void test_torn_with_meta(void **state)
{
	const struct ab_record from = trying();

	(void)state;
	reload(&from, "anteroot_good=B\n");
	assert_true(report.torn);
	assert_int_equal(rec.active, AB_B);
	assert_slot(AB_B, AB_GOOD, AB_BAD_NONE);
	assert_slot(AB_A, AB_GOOD, AB_BAD_NONE);
	reload(&from, "anteroot_seal=x\n");
	assert_int_equal(rec.active, AB_A);
	assert_slot(AB_B, AB_BAD, AB_BAD_UNKNOWN);
	assert_string_equal(rec.slot[AB_B].version, "2.2.0");
	assert_true(rec.unknown);
}

static void test_double_count(void **state)
{
	const struct ab_record from = trying();

	(void)state;
	reload(&from, "");
	assert_false(report.double_count);
	reload(&from, "bootcount=2\n");
	assert_true(report.double_count);
	reload(&from, "bootcount=0\n");
	assert_true(report.double_count);
	assert_slot(AB_B, AB_TRYING, AB_BAD_NONE);
	dev.counter = AB_LOADER;
	reload(&from, "bootcount=2\n");
	assert_false(report.double_count);
	dev.counter = AB_AGENT;
	reload(&from, "bootcount=2\nanteroot_meta=\n");
	assert_false(report.double_count);
	assert_int_equal(rec.slot[AB_B].attempts, 2);
}

/* bootcount.env lost, or overwritten: what the record remembers of this transaction gives no fresh tries. */
static void test_lost_count_file(void **state)
{
	struct ab_record from = trying();

	(void)state;
	reload(&from, "bootcount=\nanteroot_count_for=\n");
	assert_slot(AB_B, AB_TRYING, AB_BAD_NONE);
	assert_int_equal(rec.slot[AB_B].attempts, 1);
	from.slot[AB_B].attempts = 3;
	reload(&from, "bootcount=\nanteroot_count_for=\n");
	assert_int_equal(rec.slot[AB_B].attempts, 3);
	/* The loader counts, and starts anew: so it is said. */
	dev.counter = AB_LOADER;
	reload(&from, "bootcount=\nanteroot_count_for=\n");
	assert_int_equal(rec.slot[AB_B].attempts, 0);
	/* Nothing is remembered of another transaction. */
	dev.counter = AB_AGENT;
	reload(&from, "anteroot_txn=0000002b\nanteroot_seal=A.0000002b.3.3.1\n");
	assert_int_equal(rec.slot[AB_B].attempts, 0);
}

/* With the loader counting, a count is what makes a candidate one that was tried. */
static void test_loader_counts(void **state)
{
	struct ab_record from = trying();

	(void)state;
	dev.counter = AB_LOADER;
	from.slot[AB_B].state = AB_CANDIDATE;
	from.slot[AB_B].attempts = 0;
	reload(&from, "");
	assert_slot(AB_B, AB_CANDIDATE, AB_BAD_NONE);
	reload(&from, "bootcount=1\n");
	assert_slot(AB_B, AB_TRYING, AB_BAD_NONE);
	assert_int_equal(rec.slot[AB_B].attempts, 1);
	reload(&from, "bootcount=1\nanteroot_count_for=00000029\n");
	assert_slot(AB_B, AB_CANDIDATE, AB_BAD_NONE);
	assert_int_equal(rec.slot[AB_B].attempts, 0);
}

/* Of another transaction, or damaged: only what belongs to no transaction is taken, and only from a whole one. */
static void test_meta_lost(void **state)
{
	const struct ab_record from = trying();

	(void)state;
	reload(&from, "anteroot_txn=0000002b\nanteroot_seal=3.1.A.0000002b.3\n"
		      "anteroot_count_for=0000002b\n");
	assert_true(report.meta_lost);
	assert_int_equal(rec.transaction, 0x2b);
	assert_int_equal(rec.slot[AB_B].refunds, 0);
	assert_false(rec.slot[AB_A].confirmed);
	assert_int_equal(rec.generation, 7);
	assert_string_equal(rec.floor, "2.0.0");
	assert_string_equal(rec.disk, "0123abcd");
	reload(&from, "anteroot_meta=AAAA\n");
	assert_true(report.meta_lost);
	assert_int_equal(rec.generation, 0);
	assert_string_equal(rec.floor, "");
	assert_slot(AB_B, AB_TRYING, AB_BAD_NONE);
	assert_int_equal(rec.slot[AB_B].attempts, 1);
	reload(&from, "anteroot_meta=\n");
	assert_false(report.meta_lost);
}

/* anteroot_good went, the rest is there: balena's keys are followed, and what is remembered of the other slot. */
static void test_foreign_with_meta(void **state)
{
	struct ab_record from = trying();

	(void)state;
	reload(&from, "anteroot_good=\nupgrade_available=0\nresin_root_part=2\n");
	assert_true(report.foreign);
	assert_int_equal(rec.active, AB_A);
	assert_true(rec.slot[AB_A].confirmed);
	assert_slot(AB_B, AB_BAD, AB_BAD_UNKNOWN);
	from.slot[AB_B] = (struct ab_slot){ .state = AB_GOOD };
	reload(&from, "anteroot_good=\n");
	assert_slot(AB_B, AB_GOOD, AB_BAD_NONE);
	reload(&from, "anteroot_good=\nupgrade_available=1\n");
	assert_slot(AB_A, AB_CANDIDATE, AB_BAD_NONE);
	assert_int_equal(rec.active, AB_B);
}

/* The best there is may be a slot that is not good. */
static void test_no_good_slot(void **state)
{
	struct ab_record from = trying();

	(void)state;
	from.slot[AB_A] = (struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_ROOT };
	from.slot[AB_B] =
		(struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_TRIES, .tries = 3, .attempts = 3 };
	reload(&from, "");
	assert_same_record(&rec, &from);
	reload(&from, "anteroot_meta=\n");
	assert_slot(AB_A, AB_GOOD, AB_BAD_NONE);
}

/* A newer anteroot's: it is told, and what loaders know holds. */
static void test_meta_newer(void **state)
{
	static const char newer[] =
		"anteroot_meta="
		"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAEuBoa"
		"\n";
	const struct ab_record from = trying();

	(void)state;
	reload(&from, newer);
	assert_true(report.meta_newer);
	assert_false(report.meta_lost);
	assert_slot(AB_B, AB_TRYING, AB_BAD_NONE);
	assert_int_equal(rec.slot[AB_B].refunds, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_with_meta, setup, teardown),
		cmocka_unit_test_setup_teardown(test_double_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_count_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loader_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_meta_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_with_meta, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_good_slot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_meta_newer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
