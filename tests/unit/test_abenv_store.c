/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/abenv.h"
#include "lib/grubenv.h"
#include "lib/uenv.h"
#include "tests/unit/loadermodel.h"

#define HEAD "# GRUB Environment Block\n"

static struct arena a;
static struct envlist env, count;
static struct reason r;
static struct abenv_device dev;
static char file[1024], other_file[64];

static int setup(void **state)
{
	(void)state;
	dev = (struct abenv_device){ .form = ABENV_DECIMAL, .part = { 2, 3 }, .tries = 3 };
	r = REASON_INIT;
	env = count = (struct envlist){ .arena = &a };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	return 0;
}

static void parse(struct envlist *e, const char *text)
{
	assert_int_equal(uenv_parse(&a, text, strlen(text), "uEnv", e, &r), 0);
}

static struct ab_record armed(void)
{
	return (struct ab_record){
		.transaction = 0x2a,
		.active = AB_A,
		.slot = { [AB_A] = { .state = AB_GOOD },
			  [AB_B] = { .state = AB_CANDIDATE, .tries = 3 } },
		.booted = AB_NONE,
	};
}

/* The bytes as docs/STATE.md has them. */
static void test_bytes(void **state)
{
	static const char want[] =
		HEAD "anteroot_good=A\nanteroot_txn=0000002a\nanteroot_tries=3\n"
		     "anteroot_seal=3.1.A.0000002a.3\nresin_root_part=3\nupgrade_available=1\n"
		     "bootcount=0\nanteroot_count_for=0000002a\nanteroot_parts=2:3\nanteroot_meta=";
	static const char rest[] = "\n# kept\nkernel_override_abi=1 \nx=y\n###";
	const struct ab_record rec = armed();
	const char *behind;

	(void)state;
	parse(&env, "bootcount=7\n# kept\nkernel_override_abi=1 \nresin_root_part=2\nx=y\n");
	assert_int_equal(abenv_store(&rec, &dev, &env, &env, "grubenv", &r), 0);
	assert_int_equal(grubenv_write(&env, file, sizeof(file), "grubenv", &r), 0);
	assert_memory_equal(file, want, strlen(want));
	behind = memchr(file + strlen(want), '\n', 400);
	assert_non_null(behind);
	assert_true(behind - file < ENV_SECTOR_BYTES);
	assert_memory_equal(behind, rest, strlen(rest));
}

static void test_forms(void **state)
{
	static const struct {
		enum abenv_form form;
		const char *part, *parts, *seal;
	} cases[] = {
		{ ABENV_DECIMAL, "16", "10:16", "16.1.A.0000002a.3" },
		{ ABENV_HEX, "10", "a:10", "10.1.A.0000002a.3" },
		{ ABENV_LETTER, "B", "A:B", "B.1.A.0000002a.3" },
	};
	const struct ab_record rec = armed();

	(void)state;
	dev.part[AB_A] = 10;
	dev.part[AB_B] = 16;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		dev.form = cases[i].form;
		assert_int_equal(abenv_store(&rec, &dev, &env, &env, "env", &r), 0);
		assert_string_equal(env_get(&env, "resin_root_part"), cases[i].part);
		assert_string_equal(env_get(&env, "anteroot_parts"), cases[i].parts);
		assert_string_equal(env_get(&env, "anteroot_seal"), cases[i].seal);
	}
}

static void test_not_armed(void **state)
{
	struct ab_record rec = armed();

	(void)state;
	rec.active = AB_B;
	rec.slot[AB_B] = (struct ab_slot){ .state = AB_GOOD };
	rec.slot[AB_A] = (struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_TRIES, .attempts = 3 };
	env_set(&env, "bootcount", "3");
	assert_int_equal(abenv_store(&rec, &dev, &env, &env, "env", &r), 0);
	assert_string_equal(env_get(&env, "anteroot_good"), "B");
	assert_string_equal(env_get(&env, "resin_root_part"), "3");
	assert_string_equal(env_get(&env, "upgrade_available"), "0");
	assert_string_equal(env_get(&env, "bootcount"), "0");
	assert_string_equal(env_get(&env, "anteroot_tries"), "1");
	/* Within a transaction they stay what they were. */
	env_set(&env, "anteroot_tries", "3");
	assert_int_equal(abenv_store(&rec, &dev, &env, &env, "env", &r), 0);
	assert_string_equal(env_get(&env, "anteroot_tries"), "3");
	env_set(&env, "anteroot_tries", "30");
	assert_int_equal(abenv_store(&rec, &dev, &env, &env, "env", &r), 0);
	assert_string_equal(env_get(&env, "anteroot_tries"), "1");
}

static void test_no_partition(void **state)
{
	struct ab_record rec = armed();

	(void)state;
	dev.part[AB_B] = 0;
	assert_int_equal(abenv_store(&rec, &dev, &env, &env, "env", &r), -ENXIO);
	assert_string_equal(r.cause, "slot B has no partition that could be named");
	env_set(&env, "resin_root_part", "3");
	assert_int_equal(abenv_adopt(&rec, &dev, &env, &env, "env", &r), -ENXIO);
	dev.part[AB_B] = 10000;
	assert_int_equal(abenv_store(&rec, &dev, &env, &env, "env", &r), -ENXIO);
	assert_int_equal(env.n, 1);
	/* The other one may be missing. */
	dev.part[AB_B] = 0;
	rec.slot[AB_B] = (struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_MISSING };
	assert_int_equal(abenv_store(&rec, &dev, &env, &env, "env", &r), 0);
	assert_string_equal(env_get(&env, "anteroot_parts"), "2:0");
}

/* A count of its own file stays where U-Boot put it; else ours is the order. */
static void test_two_files(void **state)
{
	struct ab_record rec = armed();

	(void)state;
	rec.slot[AB_B].state = AB_TRYING;
	rec.slot[AB_B].attempts = 2;
	parse(&env, "resin_root_part=2\n");
	parse(&count, "x=1\nbootcount=0\n");
	assert_int_equal(abenv_store(&rec, &dev, &env, &count, "env", &r), 0);
	assert_null(env_get(&env, "bootcount"));
	assert_null(env_get(&env, "anteroot_count_for"));
	assert_int_equal(uenv_write(&count, '\0', other_file, sizeof(other_file), "c", &r), 0);
	assert_string_equal(other_file, "bootcount=2\nanteroot_count_for=0000002a\nx=1\n");
	parse(&count, "anteroot_count_for=00000029\nx=1\nbootcount=0\n");
	assert_int_equal(abenv_store(&rec, &dev, &env, &count, "env", &r), 0);
	assert_int_equal(uenv_write(&count, '\0', other_file, sizeof(other_file), "c", &r), 0);
	assert_string_equal(other_file, "anteroot_count_for=0000002a\nx=1\nbootcount=2\n");
}

static void test_count_first(void **state)
{
	const struct ab_record old = armed();
	struct ab_record rec = old;

	(void)state;
	rec.slot[AB_B].state = AB_TRYING;
	rec.slot[AB_B].attempts = 1;
	assert_true(abenv_count_first(&old, &rec));
	assert_true(abenv_count_first(&rec, &old));
	rec.transaction++;
	assert_false(abenv_count_first(&old, &rec));
	rec = old;
	rec.slot[AB_B].state = AB_BAD;
	assert_false(abenv_count_first(&old, &rec));
	assert_false(abenv_count_first(&rec, &old));
	rec.slot[AB_A].state = AB_TRYING;
	assert_false(abenv_count_first(&old, &rec));
}

/* The first of two writes moves no byte of what is there. */
static void test_adopt(void **state)
{
	static const char text[] = "# c\nresin_root_part=2 \nupgrade_available=0\nbootcount=3\n";
	struct ab_record rec = armed(), again;
	struct abenv_report report;

	(void)state;
	parse(&env, text);
	rec.slot[AB_B].state = AB_EMPTY;
	rec.slot[AB_B].tries = 0;
	assert_int_equal(abenv_adopt(&rec, &dev, &env, &env, "env", &r), 1);
	assert_int_equal(uenv_write(&env, '\n', file, sizeof(file), "env", &r), 0);
	assert_memory_equal(file, text, strlen(text));
	assert_int_equal(abenv_load(&env, &dev, "env", &again, &report, &r), 0);
	assert_false(report.foreign || report.torn);
	assert_same_record(&again, &rec);
	assert_int_equal(abenv_adopt(&rec, &dev, &env, &env, "env", &r), 0);
	/* Nothing to take over. */
	parse(&env, "a=b\n");
	assert_int_equal(abenv_adopt(&rec, &dev, &env, &env, "env", &r), 0);
	assert_int_equal(env.n, 1);
	/* Left by a cut in it. */
	parse(&env, "resin_root_part=2\nupgrade_available=0\nanteroot_good=\n");
	assert_int_equal(abenv_adopt(&rec, &dev, &env, &env, "env", &r), 1);
	assert_string_equal(env_get(&env, "anteroot_good"), "A");
}

static void test_first_sector(void **state)
{
	static char text[] = "a=..........................................................\n";
	const struct ab_record rec = armed();

	(void)state;
	/* Ours come first, so that others never push them out. */
	for (int i = 0; i < 8; i++) {
		text[0] = (char)('a' + i);
		env_append(&env, text, strlen(text) - 1, 1, "");
	}
	assert_int_equal(abenv_store(&rec, &dev, &env, &env, "env", &r), 0);
	assert_int_equal(grubenv_write(&env, file, sizeof(file), "env", &r), 0);
	env_order(&env, (const char *const[]){ "a", "b", "c" }, 3);
	assert_int_equal(grubenv_write(&env, file, sizeof(file), "env", &r), -ENOSPC);
	assert_string_equal(r.cause, "anteroot_meta would lie behind its first 512 bytes");
}

static void test_round_trip(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct abenv_report report;
		struct ab_record rec, again;
		struct envlist view = { .arena = &a };
		bool two = i % 2;

		random_record(&seed, &rec);
		dev.form = (enum abenv_form)(i % 3);
		dev.counter = (enum ab_counter)(i % 2);
		dev.part[AB_A] = 1 + random_number(&seed, 20);
		dev.part[AB_B] = dev.part[AB_A] + 1 + random_number(&seed, 20);
		assert_int_equal(abenv_store(&rec, &dev, &env, two ? &count : &env, "env", &r), 0);
		env_merge(&view, &env);
		env_merge(&view, &count);
		assert_int_equal(abenv_load(&view, &dev, "env", &again, &report, &r), 0);
		assert_memory_equal(&report, &(struct abenv_report){ 0 }, sizeof(report));
		assert_same_record(&again, &rec);
		(void)setup(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_armed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_partition, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_count_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_adopt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_sector, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
