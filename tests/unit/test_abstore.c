/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/digest.h"
#include "tests/unit/intercept.h"
#include "tests/unit/storefixture.h"

static void test_blank(void **state)
{
	struct ab_record blank;

	(void)state;
	must_load();
	ab_blank(AB_A, &blank);
	assert_memory_equal(&found.record, &blank, sizeof(blank));
	assert_true(found.blank);
	assert_false(found.lost || found.read_only || found.damaged);
	assert_null(found.problem);
	assert_string_equal(found.copy[0], "blank");
	assert_string_equal(found.copy[1], "blank");
}

static void test_stores_in_turn(void **state)
{
	(void)state;
	must_load();
	for (unsigned int i = 1; i <= 4; i++) {
		must_store(i % 4);
		assert_int_equal(found.record.generation, i);
		assert_false(found.blank);
		must_load();
		assert_int_equal(found.record.generation, i);
		assert_int_equal(found.record.slot[AB_B].attempts, i % 4);
		assert_string_equal(found.copy[0], "good");
		assert_string_equal(found.copy[1], i > 1 ? "good" : "blank");
	}
	assert_int_equal(fakesys_count("pwrite /raw 512 0"), 2);
	assert_int_equal(fakesys_count("pwrite /raw 512 4096"), 2);
	assert_int_equal(fakesys_count("pwrite"), 4);
	assert_int_equal(fakesys_count("fsync /raw"), 4);
}

static void test_one_copy_damaged(void **state)
{
	(void)state;
	store_twice();
	put_at(SECOND + 100, "x", 1);
	must_load();
	assert_int_equal(found.record.generation, 1);
	assert_true(found.damaged);
	assert_false(found.lost || found.read_only || found.blank);
	assert_string_equal(found.copy[0], "good");
	assert_string_equal(found.copy[1], "damaged");
	must_store(3); /* over the damaged one */
	assert_string_equal(found.copy[1], "good");
	assert_false(found.damaged);
	must_load();
	assert_int_equal(found.record.generation, 2);
	assert_int_equal(found.record.slot[AB_B].attempts, 3);
	assert_false(found.damaged);
}

static void test_both_copies_damaged(void **state)
{
	struct ab_record blank;

	(void)state;
	store_twice();
	put_at(FIRST + 100, "x", 1);
	put_at(SECOND + 100, "x", 1);
	must_load();
	ab_blank(AB_A, &blank);
	assert_memory_equal(&found.record, &blank, sizeof(blank));
	assert_true(found.lost && found.damaged);
	assert_false(found.blank || found.read_only);
	must_store(0);
	assert_false(found.lost);
	must_load();
	assert_false(found.lost);
	assert_int_equal(found.record.slot[AB_B].state, AB_CANDIDATE);
}

/* Of the next major version: the byte at 8, and the CRC over it. */
static void put_newer(long at)
{
	unsigned char bytes[ABRECORD_BYTES];
	struct ab_record rec = armed(0);
	uint32_t crc;

	rec.active = AB_B;
	rec.slot[AB_B] = rec.slot[AB_A];
	abrecord_encode(&rec, bytes);
	bytes[8] = 2;
	crc = digest_crc32(bytes, ABRECORD_BYTES - 4);
	for (size_t i = 0; i < 4; i++)
		bytes[ABRECORD_BYTES - 4 + i] = (unsigned char)(crc >> (8 * i));
	put_at(at, bytes, sizeof(bytes));
}

static void test_newer_is_not_written(void **state)
{
	const struct ab_record rec = armed(1);

	(void)state;
	put_newer(FIRST);
	must_load();
	assert_true(found.read_only);
	assert_false(found.blank || found.lost);
	assert_int_equal(found.record.active, AB_B);
	assert_string_equal(found.copy[0], "newer");
	assert_int_equal(abstore_store(&fakesys, &place, &found, &rec, &why), -EROFS);
	assert_why("store", "the boot state", "it is of a newer version of anteroot");
	assert_int_equal(fakesys_calls(), 0);
	assert_true(found.read_only);
}

static void test_record_of_all_ones_is_blank(void **state)
{
	unsigned char ones[ABRECORD_BYTES];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	put_at(FIRST, ones, sizeof(ones));
	put_at(SECOND, ones, sizeof(ones));
	must_load();
	assert_true(found.blank);
}

/* A first store that was cut short: there was nothing to lose. */
static void test_damaged_beside_blank(void **state)
{
	(void)state;
	put_at(FIRST, "anteroot", 8);
	must_load();
	assert_false(found.lost);
	assert_true(found.blank && found.damaged);
}

/* The generation may wrap. */
static void test_generation_wraps(void **state)
{
	unsigned char bytes[ABRECORD_BYTES];
	struct ab_record rec = armed(1);

	(void)state;
	rec.generation = UINT32_MAX;
	abrecord_encode(&rec, bytes);
	put_at(FIRST, bytes, sizeof(bytes));
	must_load();
	must_store(2);
	assert_int_equal(found.record.generation, 0);
	must_load();
	assert_int_equal(found.record.generation, 0);
	assert_int_equal(found.record.slot[AB_B].attempts, 2);
}

static void test_no_partition(void **state)
{
	const struct ab_record rec = armed(0);

	(void)state;
	place.raw = NULL;
	assert_int_equal(load(), -ENOENT);
	assert_why("find", "state", "no partition, or more than one, has this PARTLABEL");
	assert_int_equal(found.backend, AB_STATELESS);
	assert_int_equal(found.record.active, AB_A);
	assert_int_equal(abstore_store(&fakesys, &place, &found, &rec, &why), -ENOENT);
	assert_why("store", "the boot state", "there is none");
	place.raw = raw;
	conf.n_offsets = 1;
	assert_int_equal(load(), -ENOENT);
	assert_why("find", "state", "there are not two offsets");
	place.raw = "/dev/shm/anteroot-absent";
	conf.n_offsets = 2;
	assert_int_equal(load(), -ENOENT);
	assert_why("open", place.raw, "No such file");
	conf.backend = AB_AUTO; /* whoever does not ask for one is not told */
	assert_int_equal(load(), 0);
	assert_int_equal(found.backend, AB_STATELESS);
}

static void test_auto_finds_the_record(void **state)
{
	(void)state;
	conf.backend = AB_AUTO;
	store_twice();
	must_load();
	assert_int_equal(found.record.generation, 2);
}

static void test_stateless(void **state)
{
	const struct ab_record rec = armed(0);

	(void)state;
	conf.backend = AB_STATELESS;
	assert_int_equal(load(), 0);
	assert_int_equal(found.backend, AB_STATELESS);
	assert_int_equal(abstore_store(&fakesys, &place, &found, &rec, &why), -ENOENT);
	assert_int_equal(abstore_create(&fakesys, &place, &why), -EOPNOTSUPP);
	assert_why("make", "a boot state", "");
	assert_int_equal(fakesys_calls(), 0);
}

/* With one copy alone a cut during a store could cost the only one there is: read, not written. */
static void test_copy_that_cannot_be_read(void **state)
{
	const struct ab_record rec = armed(2);

	(void)state;
	must_load();
	must_store(1);
	assert_int_equal(truncate(raw, SECOND), 0);
	must_load();
	assert_int_equal(found.record.generation, 1);
	assert_true(found.read_only);
	assert_false(found.blank || found.lost);
	assert_string_equal(found.copy[0], "good");
	assert_string_equal(found.copy[1], "unreadable");
	assert_non_null(strstr(found.problem, "unable to read"));
	assert_int_equal(abstore_store(&fakesys, &place, &found, &rec, &why), -EROFS);
	assert_int_equal(truncate(raw, 0), 0);
	assert_int_equal(load(), -EIO); /* neither */
	assert_why("read", raw, "");
	assert_int_equal(found.backend, AB_STATELESS);
}

static void test_memory_is_out(void **state)
{
	(void)state;
	must_load();
	must_store(1);
	assert_int_equal(truncate(raw, SECOND), 0);
	memory_runs_out(&a, 0, NO_BLOCKS);
	assert_int_equal(load(), -ENOMEM);
	memory_is_back();
	assert_why("read", "the boot state", "");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, store_setup, store_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_blank),
		TEST(test_stores_in_turn),
		TEST(test_one_copy_damaged),
		TEST(test_both_copies_damaged),
		TEST(test_newer_is_not_written),
		TEST(test_record_of_all_ones_is_blank),
		TEST(test_damaged_beside_blank),
		TEST(test_generation_wraps),
		TEST(test_no_partition),
		TEST(test_auto_finds_the_record),
		TEST(test_stateless),
		TEST(test_copy_that_cannot_be_read),
		TEST(test_memory_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
