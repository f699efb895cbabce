/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/arena.h"

static void test_memory_is_zeroed_aligned_and_apart(void **state)
{
	struct arena a = ARENA_INIT;
	unsigned char *last = NULL;

	(void)state;
	for (size_t size = 0; size < 3000; size += 7) {
		unsigned char *p = arena_alloc(&a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_ptr_not_equal(p, last);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xa5, size);
		last = size ? p : last;
	}
	assert_false(arena_failed(&a));
	arena_free(&a);
}

static void test_large_pieces_leave_small_ones_alone(void **state)
{
	struct arena a = ARENA_INIT;
	char *small = arena_strdup(&a, "small");
	char *large = arena_alloc(&a, 1 << 20);

	(void)state;
	memset(large, 'x', 1 << 20);
	assert_string_equal(small, "small");
	assert_true(a.used_bytes >= (1 << 20) + 6);
	arena_free(&a);
	assert_null(a.last);
	assert_int_equal(a.used_bytes, 0);
	assert_string_equal(arena_strdup(&a, "again"), "again");
	arena_free(&a);
}

static void test_strings(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	assert_null(arena_strdup(&a, NULL));
	assert_false(arena_failed(&a));
	assert_string_equal(arena_strdup(&a, ""), "");
	assert_string_equal(arena_memdup(&a, "abcdef", 3), "abc");
	assert_memory_equal(arena_memdup(&a, "a\0b", 3), "a\0b\0", 4);
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	assert_string_equal(arena_printf(&a, "%s", ""), "");
	arena_free(&a);
}

static void test_failure_is_remembered(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_true(arena_failed(&a));
	assert_null(arena_alloc(&a, SIZE_MAX / 2 + 1));
	assert_non_null(arena_alloc(&a, 1));
	assert_true(arena_failed(&a));
	arena_free(&a);
	assert_false(arena_failed(&a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(test_large_pieces_leave_small_ones_alone),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_failure_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
