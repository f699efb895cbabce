/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
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

static int load(const char *text)
{
	assert_int_equal(uenv_parse(&a, text, strlen(text), "uEnv", &view, &r), 0);
	if (abenv_load(&view, &dev, "uEnv", &rec, &report, &r) < 0)
		return -ENODATA;
	assert_true(ab_valid(&rec));
	return 0;
}

static void assert_slot(enum ab_slot_id slot, enum ab_state state, enum ab_bad bad)
{
	assert_int_equal(rec.slot[slot].state, state);
	assert_int_equal(rec.slot[slot].bad, bad);
}

/* --- balena's keys alone --- */

static void test_foreign(void **state)
{
	(void)state;
	assert_int_equal(load("resin_root_part=3\nupgrade_available=0\nbootcount=0\n"), 0);
	assert_true(report.foreign);
	assert_false(report.torn || report.part_unknown || report.stale_count);
	assert_int_equal(rec.active, AB_B);
	assert_int_equal(rec.transaction, 0);
	assert_int_equal(rec.booted, AB_NONE);
	assert_false(rec.unknown);
	assert_slot(AB_B, AB_GOOD, AB_BAD_NONE);
	assert_slot(AB_A, AB_EMPTY, AB_BAD_NONE);
	assert_int_equal(load("resin_root_part=2\n"), 0);
	assert_int_equal(rec.active, AB_A);
}

static void test_foreign_armed(void **state)
{
	(void)state;
	assert_int_equal(load("resin_root_part=3\nupgrade_available=1\nbootcount=0\n"), 0);
	assert_int_equal(rec.active, AB_A);
	assert_int_equal(rec.transaction, 1);
	assert_slot(AB_A, AB_GOOD, AB_BAD_NONE);
	assert_slot(AB_B, AB_CANDIDATE, AB_BAD_NONE);
	assert_int_equal(rec.slot[AB_B].tries, 3);
	assert_int_equal(load("resin_root_part=2\nupgrade_available=1\nbootcount=2\n"), 0);
	assert_slot(AB_A, AB_TRYING, AB_BAD_NONE);
	assert_int_equal(rec.slot[AB_A].attempts, 2);
	assert_int_equal(load("resin_root_part=2\nupgrade_available=1\nbootcount=1f\n"), 0);
	assert_int_equal(rec.slot[AB_A].attempts, 3);
	assert_int_equal(load("resin_root_part=2\nupgrade_available=1\nbootcount=?\n"), 0);
	assert_int_equal(rec.slot[AB_A].attempts, 3);
	assert_int_equal(load("resin_root_part=2\nupgrade_available=1\n"), 0);
	assert_slot(AB_A, AB_CANDIDATE, AB_BAD_NONE);
	for (dev.tries = 0; dev.tries <= AB_TRIES_MAX + 1; dev.tries++) {
		assert_int_equal(load("resin_root_part=2\nupgrade_available=1\n"), 0);
		assert_int_equal(rec.slot[AB_A].tries,
				 dev.tries == 0 || dev.tries > AB_TRIES_MAX ? 3 : dev.tries);
	}
}

static void test_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"a=b\n",
		"resin_root_part=\n",
		"resin_root_part=4\nupgrade_available=0\n",
		"anteroot_good=C\n",
		"anteroot_good=AB\n",
		"anteroot_good=a\nresin_root_part=7\n",
	};

	(void)state;
	rec.generation = 5;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(load(texts[i]), -ENODATA);
		assert_true(report.foreign);
		assert_int_equal(rec.generation, 5);
	}
	assert_true(report.part_unknown);
	assert_string_equal(r.cause,
			    "it has no anteroot_good, and resin_root_part \"7\" is no slot's");
}

/* Fixed in balenaOS 2.30.0: numbers above 9 were written in decimal. */
static void test_hex_index(void **state)
{
	static const struct {
		enum abenv_form form;
		const char *text;
		enum ab_slot_id want;
	} cases[] = {
		{ ABENV_HEX, "resin_root_part=a\n", AB_A },
		{ ABENV_HEX, "resin_root_part=A\n", AB_A },
		{ ABENV_HEX, "resin_root_part=10\n", AB_B },
		{ ABENV_HEX, "resin_root_part=16\n", AB_NONE },
		{ ABENV_DECIMAL, "resin_root_part=10\n", AB_A },
		{ ABENV_DECIMAL, "resin_root_part=16\n", AB_B },
		{ ABENV_DECIMAL, "resin_root_part=a\n", AB_NONE },
		{ ABENV_LETTER, "resin_root_part=A\n", AB_A },
		{ ABENV_LETTER, "resin_root_part=B\n", AB_B },
		{ ABENV_LETTER, "resin_root_part=b\n", AB_NONE },
		{ ABENV_LETTER, "resin_root_part=10\n", AB_NONE },
	};

	(void)state;
	dev.part[AB_A] = 10;
	dev.part[AB_B] = 16;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		dev.form = cases[i].form;
		assert_int_equal(load(cases[i].text), cases[i].want == AB_NONE ? -ENODATA : 0);
		if (cases[i].want != AB_NONE)
			assert_int_equal(rec.active, cases[i].want);
	}
}

/* A part of a number, or a number that is a part, is another one. */
static void test_substring_match(void **state)
{
	static const char *const texts[] = {
		"resin_root_part=20\n",	 "resin_root_part=12\n",	"resin_root_part=2x\n",
		"resin_root_part=0x2\n", "resin_root_part=-2\n",	"resin_root_part= 2\n",
		"resin_root_part=2 3\n", "resin_root_part=100000002\n", "resin_root_part=\n",
		"resin_root_part=0\n",	 "xresin_root_part=2\n",	"resin_root_part2=2\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(load(texts[i]), -ENODATA);
	/* A slot that has no partition is never named. */
	dev.part[AB_B] = 0;
	assert_int_equal(load("resin_root_part=0\n"), -ENODATA);
}

/* --- ours --- */

#define ARMED                                                                      \
	"anteroot_good=A\nanteroot_txn=0000002a\nanteroot_tries=3\n"               \
	"anteroot_seal=3.1.A.0000002a.3\nresin_root_part=3\nupgrade_available=1\n" \
	"anteroot_parts=2:3\n"

static void test_armed(void **state)
{
	(void)state;
	assert_int_equal(load(ARMED "bootcount=0\nanteroot_count_for=0000002a\n"), 0);
	assert_false(report.foreign || report.torn || report.stale_count || report.double_count ||
		     report.part_unknown || report.parts_differ || report.meta_lost);
	assert_int_equal(rec.active, AB_A);
	assert_int_equal(rec.transaction, 0x2a);
	assert_slot(AB_A, AB_GOOD, AB_BAD_NONE);
	assert_slot(AB_B, AB_CANDIDATE, AB_BAD_NONE);
	assert_int_equal(rec.slot[AB_B].tries, 3);
	assert_int_equal(load(ARMED "bootcount=2\nanteroot_count_for=0000002a\n"), 0);
	assert_slot(AB_B, AB_TRYING, AB_BAD_NONE);
	assert_int_equal(rec.slot[AB_B].attempts, 2);
	assert_int_equal(load(ARMED), 0);
	assert_int_equal(rec.slot[AB_B].attempts, 0);
	assert_false(report.stale_count);
}

/* A count of another transaction never counts, whatever it is. */
static void test_stale_count(void **state)
{
	(void)state;
	assert_int_equal(load(ARMED "bootcount=3\nanteroot_count_for=00000029\n"), 0);
	assert_true(report.stale_count);
	assert_slot(AB_B, AB_CANDIDATE, AB_BAD_NONE);
	assert_int_equal(rec.slot[AB_B].attempts, 0);
	assert_int_equal(load(ARMED "bootcount=3\n"), 0);
	assert_true(report.stale_count);
	assert_int_equal(rec.slot[AB_B].attempts, 0);
	/* And none at all when nothing is armed. */
	assert_int_equal(load("anteroot_good=B\nanteroot_txn=0000002a\nanteroot_tries=1\n"
			      "anteroot_seal=3.0.B.0000002a.1\nresin_root_part=3\n"
			      "upgrade_available=0\nbootcount=9\nanteroot_count_for=0000002a\n"),
			 0);
	assert_int_equal(rec.active, AB_B);
	assert_slot(AB_B, AB_GOOD, AB_BAD_NONE);
	assert_slot(AB_A, AB_EMPTY, AB_BAD_NONE);
	assert_false(report.torn);
}

static void test_unreadable_count(void **state)
{
	(void)state;
	assert_int_equal(load(ARMED "bootcount=1#\nanteroot_count_for=0000002a\n"), 0);
	assert_int_equal(rec.slot[AB_B].attempts, 3);
	assert_int_equal(load(ARMED "anteroot_count_for=0000002a\n"), 0);
	assert_int_equal(rec.slot[AB_B].attempts, 3);
	assert_int_equal(load(ARMED "bootcount=ffff\nanteroot_count_for=0000002a\n"), 0);
	assert_int_equal(rec.slot[AB_B].attempts, 3);
}

/* The root was switched in one write, and the protection was to come in another: it does not count. */
static void test_unarmed_switch(void **state)
{
	(void)state;
	assert_int_equal(load("anteroot_good=A\nanteroot_txn=0000002a\nanteroot_tries=1\n"
			      "anteroot_seal=2.0.A.0000002a.1\nresin_root_part=3\n"
			      "upgrade_available=0\n"),
			 0);
	assert_true(report.torn);
	assert_true(rec.unknown);
	assert_int_equal(rec.active, AB_A);
	assert_slot(AB_A, AB_GOOD, AB_BAD_NONE);
	assert_slot(AB_B, AB_BAD, AB_BAD_UNKNOWN);
}

static void test_torn(void **state)
{
	static const char *const texts[] = {
		"anteroot_good=A\n",
		"anteroot_good=A\nresin_root_part=3\nupgrade_available=1\n",
		"anteroot_seal=3.1.A.0000002a.3\n" ARMED "anteroot_good=B\nanteroot_good=A\n"
		"anteroot_seal=3..A.0000002a.3\n",
		ARMED "upgrade_available=0\n",
		ARMED "anteroot_txn=0000002b\n",
		ARMED "anteroot_tries=2\n",
		ARMED "resin_root_part=2\n",
		/* Sealed, and nothing we write. */
		ARMED "resin_root_part=2\nanteroot_seal=2.1.A.0000002a.3\n",
		ARMED "resin_root_part=4\nanteroot_seal=4.1.A.0000002a.3\n",
		ARMED "anteroot_tries=0\nanteroot_seal=3.1.A.0000002a.0\n",
		ARMED "anteroot_tries=10\nanteroot_seal=3.1.A.0000002a.10\n",
		ARMED "anteroot_tries=x\nanteroot_seal=3.1.A.0000002a.x\n",
		ARMED "anteroot_txn=2a\nanteroot_seal=3.1.A.2a.3\n",
		ARMED "anteroot_txn=00000000\nanteroot_seal=3.1.A.00000000.3\n",
		ARMED "anteroot_txn=0000002x\nanteroot_seal=3.1.A.0000002x.3\n",
		ARMED "upgrade_available=2\nanteroot_seal=3.2.A.0000002a.3\n",
		ARMED "resin_root_part=333333333333333333333333333333333\n"
		      "anteroot_seal=333333333333333333333333333333333.1.A.0000002a.3\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(load(texts[i]), 0);
		assert_true(rec.unknown);
		assert_int_equal(rec.active, AB_A);
		assert_slot(AB_A, AB_GOOD, AB_BAD_NONE);
		assert_slot(AB_B, AB_BAD, AB_BAD_UNKNOWN);
	}
}

static void test_part_unknown(void **state)
{
	(void)state;
	dev.part[AB_B] = 4;
	assert_int_equal(load(ARMED), 0);
	assert_true(report.part_unknown);
	assert_true(report.parts_differ);
	assert_int_equal(rec.active, AB_A);
	assert_slot(AB_B, AB_BAD, AB_BAD_UNKNOWN);
}

/* missing-slot: its candidate is known for one, and its number stays. */
static void test_fill_parts(void **state)
{
	static const struct {
		const char *text;
		unsigned int a, b; /* as they are on the disk */
		unsigned int want_a, want_b;
	} cases[] = {
		{ "anteroot_parts=2:3\n", 2, 0, 2, 3 },
		{ "anteroot_parts=2:3\n", 0, 3, 2, 3 },
		{ "anteroot_parts=2:3\n", 0, 0, 2, 3 },
		{ "anteroot_parts=2:3\n", 5, 6, 5, 6 },
		{ "anteroot_parts=2:3\n", 3, 0, 3, 0 },
		{ "anteroot_parts=2:\n", 2, 0, 2, 0 },
		{ "anteroot_parts=:3\n", 0, 0, 0, 3 },
		{ "anteroot_parts=23\n", 2, 0, 2, 0 },
		{ "anteroot_parts=2:x\n", 2, 0, 2, 0 },
		{ "anteroot_parts=2:3:\n", 2, 0, 2, 0 },
		{ "anteroot_parts=123456789:3\n", 0, 0, 0, 3 },
		{ "anteroot_parts=2:10000\n", 2, 0, 2, 0 },
		{ "x=1\n", 2, 0, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		dev.part[AB_A] = cases[i].a;
		dev.part[AB_B] = cases[i].b;
		assert_int_equal(
			uenv_parse(&a, cases[i].text, strlen(cases[i].text), "uEnv", &view, &r), 0);
		abenv_fill_parts(&view, &dev);
		assert_int_equal(dev.part[AB_A], cases[i].want_a);
		assert_int_equal(dev.part[AB_B], cases[i].want_b);
	}
	dev.part[AB_B] = 0;
	assert_int_equal(load(ARMED), 0);
	assert_slot(AB_B, AB_BAD, AB_BAD_UNKNOWN);
	abenv_fill_parts(&view, &dev);
	assert_int_equal(load(ARMED), 0);
	assert_slot(AB_B, AB_CANDIDATE, AB_BAD_NONE);
	dev.form = ABENV_LETTER;
	dev.part[AB_B] = 0;
	abenv_fill_parts(&view, &dev);
	assert_int_equal(dev.part[AB_B], 0);
}

static void test_parts_differ(void **state)
{
	(void)state;
	dev.part[AB_A] = 4;
	assert_int_equal(load(ARMED), 0);
	assert_true(report.parts_differ);
	assert_false(report.part_unknown || report.torn);
	assert_slot(AB_B, AB_CANDIDATE, AB_BAD_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_armed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hex_index, setup, teardown),
		cmocka_unit_test_setup_teardown(test_substring_match, setup, teardown),
		cmocka_unit_test_setup_teardown(test_armed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unarmed_switch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_part_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fill_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parts_differ, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
