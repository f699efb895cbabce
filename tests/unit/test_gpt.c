/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/tabledisk.h"

#define OLD_MIB 32
#define NEW_MIB 100

static struct arena a = ARENA_INIT;
static struct ptable_disk disk;
static struct ptable_part part; /* the last one, of partition 5 */
static struct ptable_plan plan;
static struct reason why;

static uint64_t sectors(unsigned int mib)
{
	return (uint64_t)mib * TABLEDISK_MIB / disk.sector_bytes;
}

/* Five partitions, as balenaOS has them, on a disk that has grown. */
static void make(unsigned int sector)
{
	disk = tabledisk_make(sector, NEW_MIB);
	for (unsigned int i = 1; i <= 5; i++)
		tabledisk_entry(&disk, i, sectors(i), sectors(1), "some");
	tabledisk_entry(&disk, 5, sectors(5), sectors(8), "resin-data");
	tabledisk_gpt(&disk, OLD_MIB);
	part = (struct ptable_part){ "vda5", 5, sectors(5), sectors(8) };
}

static int grow(void)
{
	why = REASON_INIT;
	return ptable_grow(&a, &disk, "gpt", &part, &plan, &why);
}

static void assert_refused(const char *cause)
{
	assert_int_equal(grow(), -EOPNOTSUPP);
	assert_int_equal(plan.n, 0);
	assert_string_equal(why.verb, "grow");
	assert_string_equal(why.object, "vda5");
	assert_non_null(strstr(why.cause, cause));
}

static void assert_grown(unsigned int mib)
{
	uint64_t last = disk.sectors - 1;

	assert_true(tabledisk_whole(&disk, 1));
	assert_true(tabledisk_whole(&disk, last));
	assert_int_equal(tabledisk_get(tabledisk_at(&disk, 1) + 32, 8), last);
	assert_int_equal(tabledisk_get(tabledisk_at(&disk, last) + 32, 8), 1);
	assert_memory_equal(tabledisk_at(&disk, 2),
			    tabledisk_at(&disk, tabledisk_get(tabledisk_at(&disk, last) + 72, 8)),
			    128 * 128);
	assert_int_equal(tabledisk_size(&disk, 5), sectors(mib - 5));
	assert_int_equal(tabledisk_get(tabledisk_at(&disk, 0) + 446 + 12, 4), last);
	for (unsigned int i = 1; i < 5; i++)
		assert_int_equal(tabledisk_size(&disk, i), sectors(1));
}

static void test_grows(void **state)
{
	static const unsigned int sizes[] = { 512, 1024, 4096 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		make(sizes[i]);
		assert_int_equal(grow(), 0);
		assert_int_equal(plan.n, 5);
		assert_int_equal(plan.part.sectors, sectors(NEW_MIB - 1 - 5));
		assert_int_equal(plan.gain_sectors, sectors(NEW_MIB - 1 - 13));
		tabledisk_apply(&disk, &plan);
		assert_grown(NEW_MIB - 1);
		/* The kernel knows, and there is nothing to do. */
		part.sectors = plan.part.sectors;
		assert_int_equal(grow(), 0);
		assert_int_equal(plan.n, 0);
	}
}

/* Behind each sector the primary GPT is whole, and growing from there ends in the same. */
static void test_every_cut(void **state)
{
	unsigned int cuts = 0;

	(void)state;
	for (size_t upto = 0; upto < PTABLE_WRITES_MAX; upto++) {
		size_t n = 1;

		for (size_t partial = 0; partial < n; partial++) {
			make(512);
			assert_int_equal(grow(), 0);
			n = plan.write[upto].sectors;
			for (size_t i = 0; i < upto; i++)
				tabledisk_write(&disk, &plan.write[i], plan.write[i].sectors);
			tabledisk_write(&disk, &plan.write[upto], partial);
			assert_true(tabledisk_whole(&disk, 1));
			assert_int_equal(tabledisk_size(&disk, 5), sectors(8));
			assert_int_equal(grow(), 0);
			assert_int_equal(plan.n, 5);
			tabledisk_apply(&disk, &plan);
			assert_grown(NEW_MIB - 1);
			cuts++;
		}
	}
	assert_int_equal(cuts, 32 + 4);
}

/* Whatever a torn sector has, the backup is whole by then and says the same; what it restores is whole. */
static void test_every_torn_sector(void **state)
{
	struct ptable_backup backup;

	(void)state;
	for (size_t upto = 3; upto < PTABLE_WRITES_MAX; upto++)
		for (size_t at = 0; at < 512; at++) {
			make(512);
			assert_int_equal(grow(), 0);
			for (size_t i = 0; i < upto; i++)
				tabledisk_write(&disk, &plan.write[i], plan.write[i].sectors);
			memcpy(tabledisk_at(&disk, plan.write[upto].lba), plan.write[upto].data,
			       at);
			assert_int_equal(gpt_backup(&a, &disk, &backup), 0);
			assert_int_equal(backup.n == 0, tabledisk_whole(&disk, 1));
			if (backup.n == 0)
				continue;
			assert_int_equal(backup.n, 5);
			assert_int_equal(backup.part[4].number, 5);
			assert_int_equal(backup.part[4].start, sectors(5));
			assert_int_equal(backup.part[4].sectors, sectors(NEW_MIB - 6));
			assert_int_equal(backup.restore.n, 2);
			tabledisk_apply(&disk, &backup.restore);
			assert_grown(NEW_MIB - 1);
			arena_free(&a);
		}
}

static void test_grows_again(void **state)
{
	(void)state;
	make(512);
	disk.sectors = sectors(60);
	assert_int_equal(grow(), 0);
	tabledisk_apply(&disk, &plan);
	assert_grown(59);
	part.sectors = plan.part.sectors;
	disk.sectors = sectors(NEW_MIB);
	assert_int_equal(grow(), 0);
	tabledisk_apply(&disk, &plan);
	assert_grown(NEW_MIB - 1);
}

/* The array's own tail: what is free within a disk that has not grown. */
static void test_free_tail_of_the_same_disk(void **state)
{
	(void)state;
	make(512);
	tabledisk_gpt(&disk, NEW_MIB);
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.n, 5);
	for (size_t i = 0; i < plan.n; i++) {
		tabledisk_write(&disk, &plan.write[i], plan.write[i].sectors);
		assert_true(tabledisk_whole(&disk, 1));
	}
	assert_grown(NEW_MIB - 1);
}

static void test_little_is_left_alone(void **state)
{
	(void)state;
	make(512);
	/* 16 MiB and the backup's 33 sectors would be enough. */
	disk.sectors = sectors(13 + 16) + 32;
	tabledisk_gpt(&disk, 14);
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.n, 0);
	disk.sectors = sectors(13 + 16) + 33;
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.n, 5);
}

static void fill_sector(const char *name)
{
	for (unsigned int i = 5; i <= 8; i++)
		tabledisk_entry(&disk, i, sectors(i), sectors(1), name);
	tabledisk_entry(&disk, 8, sectors(8), sectors(8), name);
	tabledisk_gpt(&disk, OLD_MIB);
	part = (struct ptable_part){ "vda5", 8, sectors(8), sectors(8) };
}

/* All entries of the sector are used: four bytes behind the end of a name, if there are so many. */
static void test_behind_a_name(void **state)
{
	unsigned char *name;

	(void)state;
	make(512);
	fill_sector("123456789-123456789-123456789-123"); /* 33, a NUL, and two more */
	assert_int_equal(grow(), 0);
	tabledisk_apply(&disk, &plan);
	assert_true(tabledisk_whole(&disk, 1));
	assert_int_equal(tabledisk_size(&disk, 8), sectors(NEW_MIB - 9));
	name = tabledisk_at(&disk, 2) + 4 * 128 + 56;
	assert_int_equal(name[2 * 32], '3');
	assert_int_equal(tabledisk_get(name + 66, 2), 0); /* still the end of it */
	fill_sector("123456789-123456789-123456789-1234");
	assert_refused("its names leave no room");
	/* With larger sectors there are more entries in each. */
	make(4096);
	fill_sector("123456789-123456789-123456789-123456");
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.n, 5);
}

static void test_in_the_middle(void **state)
{
	(void)state;
	make(512);
	tabledisk_entry(&disk, 6, sectors(20), sectors(1), "behind");
	tabledisk_gpt(&disk, OLD_MIB);
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.n, 0);
}

static void test_other_place_than_the_kernel(void **state)
{
	(void)state;
	make(512);
	part.start++;
	assert_refused("another place");
	part.start--;
	part.sectors--;
	assert_refused("another place");
	part.sectors++;
	part.number = 6;
	assert_refused("another place");
	part.number = 129;
	assert_refused("another place");
}

static void test_mbr_is_not_protective(void **state)
{
	(void)state;
	make(512);
	tabledisk_mbr(&disk, 0, 1, 0x83, 2048, 2048);
	assert_refused("hybrid");
	make(512);
	tabledisk_mbr(&disk, 0, 0, 0x83, 1, 2048);
	assert_refused("protective");
	make(512);
	tabledisk_at(&disk, 0)[511] = 0;
	assert_refused("protective");
	make(512);
	tabledisk_mbr(&disk, 0, 0, 0, 0, 0);
	assert_refused("protective");
	/* More than its number can say, or what says so. */
	make(512);
	tabledisk_mbr(&disk, 0, 0, 0xee, 1, UINT32_MAX);
	assert_int_equal(grow(), 0);
	assert_int_equal(tabledisk_get(plan.write[2].data + 446 + 12, 4), UINT32_MAX);
}

static void test_damaged(void **state)
{
	/* Offsets in the header, and values; it gets a CRC that fits, as it may have come so. */
	static const struct {
		int at, bytes;
		uint64_t value;
		bool sealed;
	} wrong[] = {
		{ 0, 1, 'e', true },	    { 12, 4, 91, false }, { 12, 4, 513, false },
		{ 16, 4, 0, false },	    { 24, 8, 2, true },	  { 72, 8, 1, true },
		{ 72, 8, 1u << 30, false }, { 80, 4, 0, true },	  { 80, 4, 513, true },
		{ 84, 4, 256, true },	    { 88, 4, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		make(512);
		tabledisk_number(tabledisk_at(&disk, 1) + wrong[i].at, wrong[i].bytes,
				 wrong[i].value);
		if (wrong[i].sealed)
			tabledisk_seal(&disk, 1);
		assert_refused("primary GPT is damaged");
	}
	make(512);
	tabledisk_at(&disk, 33)[511] ^= 1;
	assert_refused("primary GPT is damaged");
}

static void test_entries_elsewhere(void **state)
{
	(void)state;
	/* Behind what a boot loader has there, as sgdisk -j puts them. */
	make(512);
	memcpy(tabledisk_at(&disk, 100), tabledisk_at(&disk, 2), 128 * 128);
	memset(tabledisk_at(&disk, 2), 0, 128 * 128);
	tabledisk_number(tabledisk_at(&disk, 1) + 72, 8, 100);
	tabledisk_seal(&disk, 1);
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.write[4].lba, 101);
	tabledisk_apply(&disk, &plan);
	assert_true(tabledisk_whole(&disk, 1));
	for (size_t i = 0; i < 128 * 128; i++)
		assert_int_equal(tabledisk_at(&disk, 2)[i], 0);
	/* In the partition. */
	make(512);
	memcpy(tabledisk_at(&disk, sectors(5) - 31), tabledisk_at(&disk, 2), 128 * 128);
	tabledisk_number(tabledisk_at(&disk, 1) + 72, 8, sectors(5) - 31);
	tabledisk_seal(&disk, 1);
	assert_refused("do not lie before it");
}

static void test_smaller_disk(void **state)
{
	(void)state;
	make(512);
	tabledisk_gpt(&disk, NEW_MIB + 10);
	assert_refused("smaller than its table says");
}

static void test_read_errors(void **state)
{
	static const uint64_t at[] = { 0, 1, 2, 33 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		struct ptable_backup backup;

		make(512);
		tabledisk_fails_at = at[i];
		assert_int_equal(grow(), -EIO);
		assert_string_equal(why.object, "the partition table");
		assert_int_equal(gpt_backup(&a, &disk, &backup), at[i] ? -EIO : 0);
		assert_int_equal(backup.n, 0);
	}
}

static void test_backup(void **state)
{
	struct ptable_backup backup;
	uint64_t last;

	(void)state;
	/* Grown by somebody who has moved nothing: there is no backup where it is looked for. */
	make(512);
	tabledisk_at(&disk, 1)[16] ^= 1;
	assert_int_equal(gpt_backup(&a, &disk, &backup), 0);
	assert_int_equal(backup.n, 0);
	make(512);
	tabledisk_gpt(&disk, NEW_MIB);
	last = disk.sectors - 1;
	/* A header of garbage: the entries are where everybody has them, and are those of the backup. */
	memset(tabledisk_at(&disk, 1), 0xa5, 512);
	assert_int_equal(gpt_backup(&a, &disk, &backup), 0);
	assert_int_equal(backup.n, 5);
	assert_int_equal(backup.restore.n, 2);
	tabledisk_apply(&disk, &backup.restore);
	assert_true(tabledisk_whole(&disk, 1));
	/* Entries that are not: perhaps they lie elsewhere, and something else is there. */
	memset(tabledisk_at(&disk, 1), 0xa5, 512);
	tabledisk_at(&disk, 2)[0] ^= 1;
	assert_int_equal(gpt_backup(&a, &disk, &backup), 0);
	assert_int_equal(backup.n, 5);
	assert_int_equal(backup.restore.n, 0);
	/* What reaches behind the end is not the kernel's. */
	tabledisk_number(tabledisk_at(&disk, last - 32) + 4 * 128 + 40, 8, last + 1);
	tabledisk_seal(&disk, last);
	assert_int_equal(gpt_backup(&a, &disk, &backup), 0);
	assert_int_equal(backup.n, 4);
	tabledisk_at(&disk, last)[20] ^= 1;
	assert_int_equal(gpt_backup(&a, &disk, &backup), 0);
	assert_int_equal(backup.n, 0);
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_grows, teardown),
		cmocka_unit_test_teardown(test_every_cut, teardown),
		cmocka_unit_test_teardown(test_every_torn_sector, teardown),
		cmocka_unit_test_teardown(test_grows_again, teardown),
		cmocka_unit_test_teardown(test_free_tail_of_the_same_disk, teardown),
		cmocka_unit_test_teardown(test_little_is_left_alone, teardown),
		cmocka_unit_test_teardown(test_behind_a_name, teardown),
		cmocka_unit_test_teardown(test_in_the_middle, teardown),
		cmocka_unit_test_teardown(test_other_place_than_the_kernel, teardown),
		cmocka_unit_test_teardown(test_mbr_is_not_protective, teardown),
		cmocka_unit_test_teardown(test_damaged, teardown),
		cmocka_unit_test_teardown(test_entries_elsewhere, teardown),
		cmocka_unit_test_teardown(test_smaller_disk, teardown),
		cmocka_unit_test_teardown(test_read_errors, teardown),
		cmocka_unit_test_teardown(test_backup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
