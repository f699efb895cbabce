/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/ubootenv.h"
#include "tests/unit/storefixture.h"

/* U-Boot's environment on a raw partition: two copies of 4096 bytes each. */

#define COPY_BYTES 4096u

static int setup(void **state)
{
	int err = store_setup(state);

	conf.backend = AB_UBOOTENV;
	conf.size = COPY_BYTES;
	return err;
}

/* What U-Boot's own tools would have left. @param flag of the copy that is not written */
static void put_env(unsigned int copies, unsigned int copy, unsigned char flag,
		    const char *const *pairs)
{
	struct ubootenv env = { .list.arena = &a,
				.size = COPY_BYTES,
				.redundant = copies == 2,
				.copy = !copy,
				.flag = flag };
	static char data[COPY_BYTES];
	unsigned int at;

	for (; *pairs; pairs += 2)
		env_set(&env.list, pairs[0], pairs[1]);
	assert_int_equal(ubootenv_write(&env, data, &at, "env", &why), 0);
	put_at(at ? SECOND : FIRST, data, sizeof(data));
}

static const char *const foreign[] = { "bootdelay", "2", "resin_root_part", "3", "bootcmd",
				       "run x",	    NULL };
static const char *const no_keys[] = { "bootdelay", "2", NULL };

/* Bytes of a copy, behind its CRC and flag. */
static const char *text_of(long at)
{
	static char data[COPY_BYTES];
	_cleanup_close_ int fd = open(raw, O_RDONLY | O_CLOEXEC);

	assert_int_equal(pread(fd, data, sizeof(data), at), (ssize_t)sizeof(data));
	for (size_t i = 0; i + 1 < sizeof(data); i++)
		if (data[i] == '\0')
			data[i] = '\n';
	return data + (conf.n_offsets == 2 ? 5 : 4);
}

static void must_load_env(void)
{
	assert_int_equal(load(), 0);
	assert_int_equal(found.backend, AB_UBOOTENV);
}

/* Of a loader that has never seen us. */
static void test_blank(void **state)
{
	(void)state;
	put_env(2, 0, 0, no_keys);
	put_env(2, 1, 0, no_keys);
	must_load_env();
	assert_true(found.blank);
	assert_false(found.lost || found.read_only || found.damaged);
	assert_string_equal(found.copy[0], "good");
	assert_string_equal(found.copy[1], "good");
	must_store(0);
	assert_false(found.blank);
	must_load_env();
	assert_false(found.blank);
	assert_int_equal(found.record.slot[AB_B].state, AB_CANDIDATE);
	assert_non_null(strstr(text_of(SECOND), "bootdelay=2\n"));
}

/* balena's keys alone say who is booted; the rest of the file stays. */
static void test_foreign_environment_is_adopted(void **state)
{
	(void)state;
	put_env(2, 0, 8, foreign);
	put_env(2, 1, 7, foreign);
	must_load_env();
	assert_false(found.blank || found.lost);
	assert_int_equal(found.record.active, AB_B);
	assert_int_equal(found.record.slot[AB_B].state, AB_GOOD);
	must_store(0);
	must_load_env();
	assert_int_equal(found.record.active, AB_A);
	assert_int_equal(found.record.slot[AB_B].state, AB_CANDIDATE);
	assert_int_equal(found.record.transaction, 7);
	for (long at = FIRST; at <= SECOND; at += SECOND) {
		assert_non_null(strstr(text_of(at), "bootdelay=2\n"));
		assert_non_null(strstr(text_of(at), "bootcmd=run x\n"));
	}
}

static void test_copies_in_turn(void **state)
{
	(void)state;
	put_env(2, 0, 0, no_keys);
	put_env(2, 1, 0, no_keys);
	must_load_env();
	for (unsigned int i = 1; i < 4; i++) {
		fakesys_reset(s.path);
		must_store(i);
		/* Only the sectors that differ, of the copy that U-Boot does not use. */
		assert_int_equal(fakesys_count("pwrite /raw 512 0") > 0, i % 2 == 0);
		assert_int_equal(fakesys_count("pwrite /raw 512 4096") > 0, i % 2 == 1);
		must_load_env();
		assert_int_equal(found.record.slot[AB_B].attempts, i);
		assert_int_equal(found.record.generation, i);
	}
}

static void test_one_copy_damaged(void **state)
{
	(void)state;
	put_env(2, 0, 1, no_keys);
	put_env(2, 1, 0, no_keys);
	put_at(FIRST + 20, "#", 1);
	must_load_env();
	assert_true(found.damaged);
	assert_false(found.lost);
	assert_string_equal(found.copy[0], "damaged");
	assert_string_equal(found.copy[1], "good");
	must_store(1);
	must_load_env();
	assert_false(found.damaged);
	assert_int_equal(found.record.slot[AB_B].attempts, 1);
}

static void test_garbage_is_lost_and_written_anew(void **state)
{
	(void)state;
	put_at(FIRST, "garbage", 7);
	must_load_env();
	assert_true(found.lost && found.damaged);
	assert_false(found.blank);
	assert_non_null(strstr(found.problem, "state is no environment: it is written anew"));
	must_store(2);
	assert_false(found.lost);
	must_load_env();
	assert_false(found.lost);
	assert_int_equal(found.record.slot[AB_B].attempts, 2);
	assert_true(found.damaged); /* the other copy is still garbage */
	must_store(3);
	must_load_env();
	assert_false(found.damaged);
}

static void test_one_copy_only(void **state)
{
	(void)state;
	conf.n_offsets = 1;
	put_at(FIRST, "garbage", 7);
	must_load_env();
	assert_true(found.lost);
	assert_null(found.copy[0]);
	must_store(2);
	must_load_env();
	assert_int_equal(found.record.slot[AB_B].attempts, 2);
	assert_null(found.copy[0]);
	assert_int_equal(fakesys_count("pwrite /raw 512 4096"), 0);
}

/* Before the arming, or after it: nothing between, and never a lost one. */
static void assert_old_or_new(void)
{
	must_load_env();
	assert_false(found.lost || found.blank);
	if (found.record.slot[AB_B].state == AB_CANDIDATE)
		assert_int_equal(found.record.transaction, 7);
	else
		assert_int_equal(found.record.slot[AB_B].state, AB_GOOD);
}

static unsigned int arm_foreign(void)
{
	const struct ab_record rec = armed(0);

	put_env(2, 0, 8, foreign);
	put_env(2, 1, 7, foreign);
	must_load_env();
	return abstore_store(&fakesys, &place, &found, &rec, &why) == 0 ? 0 : 1;
}

static void test_each_call_fails(void **state)
{
	unsigned int calls;

	(void)state;
	assert_int_equal(arm_foreign(), 0);
	calls = fakesys_calls();
	assert_true(calls >= 6); /* adopted, then armed */
	for (unsigned int nth = 1; nth <= calls; nth++) {
		fakesys_reset(s.path);
		fakesys_fail_nth(nth, EIO);
		assert_int_equal(arm_foreign(), 1);
		assert_why("write", raw, "Input/output error");
		assert_old_or_new();
	}
}

static void test_power_cut_after_each_call(void **state)
{
	unsigned int calls;

	(void)state;
	assert_int_equal(arm_foreign(), 0);
	calls = fakesys_calls();
	for (unsigned int n = 0; n < calls; n++) {
		fakesys_reset(s.path);
		fakesys_cut_after(n);
		assert_int_equal(arm_foreign(), 1);
		assert_old_or_new();
	}
}

static void test_partition_that_is_not_there(void **state)
{
	(void)state;
	place.raw = NULL;
	assert_int_equal(load(), -ENODEV);
	assert_why("find", "state", "no partition, or more than one, has this PARTLABEL");
	assert_int_equal(found.backend, AB_STATELESS);
	assert_false(found.lost);
	place.raw = raw;
	assert_int_equal(truncate(raw, 4096), 0); /* the second copy is not there */
	assert_int_equal(load(), -EIO);
	assert_why("read", raw, "Input/output error");
}

static void test_boot_partition_that_is_not_there(void **state)
{
	static const struct {
		enum ab_backend backend;
		const char *name;
	} rows[] = {
		{ AB_GRUBENV, "grubenv" },
		{ AB_UENV, "resinOS_uEnv.txt" },
		{ AB_UBOOTENV, "uboot.env" },
	};

	(void)state;
	conf.partition = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		conf.backend = rows[i].backend;
		assert_int_equal(load(), -ENODEV);
		assert_why("find", rows[i].name, "the boot partition is not mounted");
		place.dirfd = s.fd;
		place.device = raw;
		assert_int_equal(load(), -ENOENT);
		assert_why("open", rows[i].name, "No such file");
		place.dirfd = -1;
	}
}

/* The loader would boot the partition with this number: none is no answer. */
static void test_slot_without_partition_number(void **state)
{
	const struct ab_record rec = armed(0);

	(void)state;
	put_env(2, 0, 0, no_keys);
	must_load_env();
	place.partno[AB_B] = 0;
	assert_int_equal(abstore_store(&fakesys, &place, &found, &rec, &why), -ENXIO);
	assert_int_equal(fakesys_count("pwrite"), 0);
}

static void test_environment_that_is_full(void **state)
{
	static char long_value[COPY_BYTES - 100];
	const char *const full[] = { "resin_root_part", "2", "x", long_value, NULL };
	const struct ab_record rec = armed(0);

	(void)state;
	memset(long_value, 'x', sizeof(long_value) - 1);
	put_env(2, 0, 0, full);
	must_load_env();
	assert_int_equal(abstore_store(&fakesys, &place, &found, &rec, &why), -ENOSPC);
	assert_int_equal(fakesys_count("pwrite"), 0);
	must_load_env();
	assert_int_equal(found.record.active, AB_A);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, store_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_blank),
		TEST(test_foreign_environment_is_adopted),
		TEST(test_copies_in_turn),
		TEST(test_one_copy_damaged),
		TEST(test_garbage_is_lost_and_written_anew),
		TEST(test_one_copy_only),
		TEST(test_each_call_fails),
		TEST(test_power_cut_after_each_call),
		TEST(test_partition_that_is_not_there),
		TEST(test_boot_partition_that_is_not_there),
		TEST(test_slot_without_partition_number),
		TEST(test_environment_that_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
