/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "lib/nameset.h"

static void test_entries(void **state)
{
	struct arena a = ARENA_INIT;
	struct nameset set = NAMESET_INIT;
	struct nameset_entry *e = nameset_entry(&a, &set, "one");

	(void)state;
	assert_string_equal(e->name, "one");
	assert_int_equal(e->marks, 0);
	assert_int_equal(e->result, 0);
	e->marks = 3;
	e->result = -2;
	assert_int_equal(nameset_entry(&a, &set, "two")->marks, 0);
	assert_int_equal(nameset_entry(&a, &set, "")->marks, 0);
	assert_int_equal(nameset_entry(&a, &set, "one")->marks, 3);
	assert_int_equal(nameset_entry(&a, &set, "one")->result, -2);
	assert_int_equal(set.n, 3);
	arena_free(&a);
}

static void test_name_is_copied(void **state)
{
	struct arena a = ARENA_INIT;
	struct nameset set = NAMESET_INIT;
	char name[] = "virtio:d1";

	(void)state;
	nameset_entry(&a, &set, name)->marks = 1;
	name[8] = '2';
	assert_int_equal(nameset_entry(&a, &set, name)->marks, 0);
	assert_int_equal(nameset_entry(&a, &set, "virtio:d1")->marks, 1);
	arena_free(&a);
}

static void test_growing_keeps_all(void **state)
{
	struct arena a = ARENA_INIT;
	struct nameset set = NAMESET_INIT;
	char name[32];

	(void)state;
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "pci:v%08u", i);
		nameset_entry(&a, &set, name)->marks = i;
	}
	assert_int_equal(set.n, 5000);
	assert_true(set.capacity > 5000);
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "pci:v%08u", i);
		assert_int_equal(nameset_entry(&a, &set, name)->marks, i);
	}
	assert_int_equal(set.n, 5000);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_name_is_copied),
		cmocka_unit_test(test_growing_keeps_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
