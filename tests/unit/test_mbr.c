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
static struct ptable_part part;
static struct ptable_plan plan;
static struct reason why;

static uint64_t sectors(unsigned int mib)
{
	return (uint64_t)mib * TABLEDISK_MIB / disk.sector_bytes;
}

/* A primary partition, and three logical ones whose tables lie 1 MiB before them: 5 and 6 of 2 MiB, 7 of 8. */
static void make(unsigned int sector)
{
	disk = tabledisk_make(sector, NEW_MIB);
	tabledisk_mbr(&disk, 0, 0, 0x83, sectors(1), sectors(1));
	tabledisk_mbr(&disk, 0, 3, 5, sectors(2), sectors(15));
	tabledisk_mbr(&disk, sectors(2), 0, 0x83, sectors(1), sectors(2));
	tabledisk_mbr(&disk, sectors(2), 1, 5, sectors(3), sectors(3));
	tabledisk_mbr(&disk, sectors(5), 0, 0x83, sectors(1), sectors(2));
	tabledisk_mbr(&disk, sectors(5), 1, 5, sectors(6), sectors(9));
	tabledisk_mbr(&disk, sectors(8), 0, 0x83, sectors(1), sectors(8));
	part = (struct ptable_part){ "sda7", 7, sectors(9), sectors(8) };
}

/* One primary partition behind another. */
static void make_primary(unsigned int sector)
{
	disk = tabledisk_make(sector, NEW_MIB);
	tabledisk_mbr(&disk, 0, 0, 0x83, sectors(1), sectors(1));
	tabledisk_mbr(&disk, 0, 1, 0x83, sectors(2), sectors(4));
	part = (struct ptable_part){ "sda2", 2, sectors(2), sectors(4) };
}

static int grow(void)
{
	why = REASON_INIT;
	return ptable_grow(&a, &disk, "dos", &part, &plan, &why);
}

static uint64_t size_of(uint64_t lba, int place)
{
	return tabledisk_get(tabledisk_at(&disk, lba) + 446 + (ptrdiff_t)place * 16 + 12, 4);
}

static void assert_grown(void)
{
	assert_int_equal(size_of(0, 0), sectors(1));
	assert_int_equal(size_of(0, 3), sectors(NEW_MIB - 2));
	assert_int_equal(size_of(sectors(2), 0), sectors(2));
	assert_int_equal(size_of(sectors(2), 1), sectors(3));
	assert_int_equal(size_of(sectors(5), 0), sectors(2));
	assert_int_equal(size_of(sectors(5), 1), sectors(NEW_MIB - 8));
	assert_int_equal(size_of(sectors(8), 0), sectors(NEW_MIB - 9));
}

static void assert_refused(const char *cause)
{
	assert_int_equal(grow(), -EOPNOTSUPP);
	assert_int_equal(plan.n, 0);
	assert_non_null(strstr(why.cause, cause));
}

static void assert_nothing(void)
{
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.n, 0);
}

/* The extended partition, the link, the partition: what contains is never smaller than what it contains. */
static void test_logical(void **state)
{
	static const unsigned int sizes[] = { 512, 4096 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t cut = 0; cut <= 3; cut++) {
			make(sizes[i]);
			assert_int_equal(grow(), 0);
			assert_int_equal(plan.n, 3);
			assert_int_equal(plan.write[0].lba, 0);
			assert_int_equal(plan.write[1].lba, sectors(5));
			assert_int_equal(plan.write[2].lba, sectors(8));
			for (size_t w = 0; w < cut; w++)
				tabledisk_write(&disk, &plan.write[w], 1);
			assert_int_equal(size_of(sectors(8), 0),
					 cut < 3 ? sectors(8) : sectors(NEW_MIB - 9));
			if (cut == 3)
				part.sectors = plan.part.sectors;
			assert_int_equal(grow(), 0);
			assert_int_equal(plan.n, cut == 0 ? 3 : cut == 3 ? 0 : 2);
			tabledisk_apply(&disk, &plan);
			assert_grown();
		}
}

/* A sector that is torn has the old size or one between the two, and is grown from there. */
static void test_torn(void **state)
{
	(void)state;
	for (size_t at = 0; at <= 512; at++) {
		uint64_t size;

		make(512);
		assert_int_equal(grow(), 0);
		tabledisk_write(&disk, &plan.write[0], 1);
		tabledisk_write(&disk, &plan.write[1], 1);
		memcpy(tabledisk_at(&disk, plan.write[2].lba), plan.write[2].data, at);
		size = size_of(sectors(8), 0);
		assert_true(size > 0 && size <= sectors(NEW_MIB - 9));
		part.sectors = size;
		assert_int_equal(grow(), 0);
		tabledisk_apply(&disk, &plan);
		assert_grown();
	}
}

static void test_first_logical(void **state)
{
	(void)state;
	make(512);
	memset(tabledisk_at(&disk, sectors(2)) + 462, 0, 16);
	part = (struct ptable_part){ "sda5", 5, sectors(3), sectors(2) };
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.n, 2); /* there is no link to it */
	tabledisk_apply(&disk, &plan);
	assert_int_equal(size_of(0, 3), sectors(NEW_MIB - 2));
	assert_int_equal(size_of(sectors(2), 0), sectors(NEW_MIB - 3));
	/* An extended partition that is larger already is not written. */
	part.sectors = sectors(4);
	tabledisk_mbr(&disk, sectors(2), 0, 0x83, sectors(1), sectors(4));
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.n, 1);
}

static void test_primary(void **state)
{
	const unsigned char *entry;

	(void)state;
	make_primary(512);
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.n, 1);
	assert_int_equal(plan.gain_sectors, sectors(NEW_MIB - 6));
	tabledisk_apply(&disk, &plan);
	assert_int_equal(size_of(0, 1), sectors(NEW_MIB - 2));
	/* 100 MiB: the last sector is 204799, cylinder 12, head 190, sector 50 of 255 and 63. */
	entry = tabledisk_at(&disk, 0) + 446 + 16;
	assert_int_equal(entry[5], 190);
	assert_int_equal(entry[6], 50);
	assert_int_equal(entry[7], 12);
	part.sectors = plan.part.sectors;
	assert_nothing();
}

/* Nobody reads more than the first 2^32 sectors. */
static void test_limit_of_32_bits(void **state)
{
	const unsigned char *entry;

	(void)state;
	make_primary(512);
	disk.sectors = UINT64_C(1) << 33;
	assert_int_equal(grow(), 0);
	assert_int_equal(plan.part.start + plan.part.sectors, UINT32_MAX - 2047u);
	entry = plan.write[0].data + 446 + 16;
	assert_int_equal(entry[5], 0xfe);
	assert_int_equal(entry[6], 0xff);
	assert_int_equal(entry[7], 0xff);
}

static void test_behind(void **state)
{
	(void)state;
	make(512);
	part = (struct ptable_part){ "sda6", 6, sectors(6), sectors(2) };
	assert_nothing();
	make(512);
	tabledisk_mbr(&disk, 0, 1, 0x83, sectors(20), sectors(1));
	assert_nothing();
	make_primary(512);
	tabledisk_mbr(&disk, 0, 0, 0x83, sectors(10), sectors(1));
	assert_nothing();
	/* A table behind it, of a logical partition before it. */
	make(512);
	tabledisk_mbr(&disk, sectors(8), 1, 5, sectors(18), sectors(1));
	tabledisk_mbr(&disk, sectors(20), 0, 0, 0, 0);
	assert_nothing();
	make_primary(512);
	tabledisk_mbr(&disk, 0, 2, 5, sectors(10), sectors(10));
	assert_nothing();
	/* A table in it. */
	make(512);
	tabledisk_mbr(&disk, sectors(8), 0, 0x83, 0, sectors(8));
	part.start = sectors(8);
	assert_nothing();
	/* 15 MiB. */
	make_primary(512);
	disk.sectors = sectors(22) - 1;
	assert_nothing();
}

static void test_other_place_than_the_kernel(void **state)
{
	static const struct ptable_part others[] = {
		{ "x", 7, 18433, 16384 }, { "x", 7, 18432, 16383 }, { "x", 6, 18432, 16384 },
		{ "x", 8, 18432, 16384 }, { "x", 2, 18432, 16384 }, { "x", 4, 4096, 30720 },
	};

	(void)state;
	make(512);
	assert_int_equal(part.start, 18432);
	assert_int_equal(part.sectors, 16384);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		part = others[i];
		assert_refused("another place");
	}
	make_primary(512);
	part.number = 5;
	assert_refused("another place");
}

static void test_unusual(void **state)
{
	(void)state;
	make(512);
	tabledisk_at(&disk, 0)[510] = 0;
	assert_refused("no common tool");
	make(512);
	tabledisk_at(&disk, sectors(8))[511] = 0;
	assert_refused("no common tool");
	make(512);
	tabledisk_mbr(&disk, 0, 2, 0x0f, sectors(20), sectors(1));
	assert_refused("no common tool");
	make(512);
	tabledisk_mbr(&disk, sectors(5), 2, 0x83, 1, 1);
	assert_refused("no common tool");
	make(512);
	tabledisk_mbr(&disk, sectors(5), 0, 0x85, 1, 1);
	assert_refused("no common tool");
	make(512);
	tabledisk_mbr(&disk, sectors(5), 1, 0x83, 1, 1);
	assert_refused("no common tool");
	/* A link behind the end, and a circle. */
	make(512);
	tabledisk_mbr(&disk, sectors(5), 1, 5, UINT32_MAX, 1);
	assert_refused("no common tool");
	make(512);
	tabledisk_mbr(&disk, sectors(5), 1, 5, 0, 1);
	assert_refused("no common tool");
}

static void test_read_errors(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		make(512);
		tabledisk_fails_at = i ? sectors(2 + 3 * i) : 0;
		assert_int_equal(grow(), -EIO);
		assert_string_equal(why.verb, "read");
	}
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
		cmocka_unit_test_teardown(test_logical, teardown),
		cmocka_unit_test_teardown(test_torn, teardown),
		cmocka_unit_test_teardown(test_first_logical, teardown),
		cmocka_unit_test_teardown(test_primary, teardown),
		cmocka_unit_test_teardown(test_limit_of_32_bits, teardown),
		cmocka_unit_test_teardown(test_behind, teardown),
		cmocka_unit_test_teardown(test_other_place_than_the_kernel, teardown),
		cmocka_unit_test_teardown(test_unusual, teardown),
		cmocka_unit_test_teardown(test_read_errors, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
