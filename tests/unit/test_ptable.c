/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/tabledisk.h"

#define MIB ((uint64_t)1 << 20)

static void test_grain(void **state)
{
	static const struct {
		uint64_t physical, minimum, optimal, grain;
	} rows[] = {
		{ 0, 0, 0, MIB },
		{ 512, 512, 0, MIB },
		{ 4096, 4096, 65536, MIB },
		{ 4096, 4096, 4 * MIB, 4 * MIB },
		{ 2 * MIB, 0, 0, 2 * MIB },
		{ 512, 8 * MIB, 4 * MIB, 8 * MIB },
		{ 512, 512, 16 * MIB, 16 * MIB },
		{ 512, 512, 32 * MIB, MIB },
		{ 512, 512, 33553920, MIB },
		{ 512, 512, 3 * MIB, MIB },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(ptable_grain(rows[i].physical, rows[i].minimum, rows[i].optimal),
				 rows[i].grain);
}

static void test_end(void **state)
{
	struct ptable_disk disk = { .sector_bytes = 512, .grain_bytes = MIB };

	(void)state;
	assert_int_equal(ptable_end(&disk, 100 * 2048, 0), 100 * 2048);
	assert_int_equal(ptable_end(&disk, 100 * 2048 - 1, 0), 99 * 2048);
	assert_int_equal(ptable_end(&disk, 100 * 2048, 84 * 2048), 100 * 2048);
	assert_int_equal(ptable_end(&disk, 100 * 2048, 84 * 2048 + 1), 0);
	assert_int_equal(ptable_end(&disk, 100 * 2048, 101 * 2048), 0);
	/* The first sector that is aligned is 7. */
	disk.grain_at_bytes = 7 * 512;
	assert_int_equal(ptable_end(&disk, 100 * 2048, 0), 99 * 2048 + 7);
	assert_int_equal(ptable_end(&disk, 6, 0), 0);
}

static void test_what_is_no_partition(void **state)
{
	static struct arena a = ARENA_INIT;
	struct ptable_disk disk = tabledisk_make(512, 64);
	struct ptable_part part = { "x1", 1, 2048, 2048 };
	struct ptable_plan plan;
	struct reason why;

	(void)state;
	assert_int_equal(ptable_grow(&a, &disk, "sun", &part, &plan, &why), -EOPNOTSUPP);
	assert_string_equal(why.cause, "its table is sun");
	part.sectors = 0;
	assert_int_equal(ptable_grow(&a, &disk, "gpt", &part, &plan, &why), -EINVAL);
	part.sectors = disk.sectors - 2047;
	assert_int_equal(ptable_grow(&a, &disk, "gpt", &part, &plan, &why), -EINVAL);
	part = (struct ptable_part){ "x1", 1, disk.sectors, 1 };
	assert_int_equal(ptable_grow(&a, &disk, "dos", &part, &plan, &why), -EINVAL);
	part = (struct ptable_part){ "x1", 0, 2048, 2048 };
	assert_int_equal(ptable_grow(&a, &disk, "dos", &part, &plan, &why), -EINVAL);
	part.number = 1;
	disk.sectors = UINT64_MAX;
	assert_int_equal(ptable_grow(&a, &disk, "gpt", &part, &plan, &why), -EINVAL);
	disk.sectors = 64 * 2048;
	disk.sector_bytes = 8192;
	assert_int_equal(ptable_grow(&a, &disk, "gpt", &part, &plan, &why), -EINVAL);
	disk.sector_bytes = 256;
	assert_int_equal(ptable_grow(&a, &disk, "gpt", &part, &plan, &why), -EINVAL);
	assert_string_equal(why.object, "x1");
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grain),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_what_is_no_partition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
