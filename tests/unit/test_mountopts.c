/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mount.h>

#include "lib/mountopts.h"

static struct arena a = ARENA_INIT;
static unsigned long flags;

static const char *split(const char *options, unsigned long before)
{
	const char *rest = "untouched";

	flags = before;
	assert_return_code(mountopts_split(&a, options, &flags, &rest), 0);
	return rest;
}

static void test_none(void **state)
{
	(void)state;
	assert_null(split(NULL, MS_RDONLY));
	assert_int_equal(flags, MS_RDONLY);
	assert_null(split("", 0));
	assert_null(split("defaults", MS_RDONLY));
	assert_int_equal(flags, MS_RDONLY);
	assert_null(split(",,", 0));
}

static void test_shared_become_flags(void **state)
{
	(void)state;
	assert_null(split("noatime,nosuid,nodev,noexec", MS_RDONLY));
	assert_int_equal(flags, MS_RDONLY | MS_NOATIME | MS_NOSUID | MS_NODEV | MS_NOEXEC);
}

static void test_own_are_left(void **state)
{
	(void)state;
	assert_string_equal(split("noatime,data=journal,,commit=5", 0), "data=journal,commit=5");
	assert_int_equal(flags, MS_NOATIME);
	assert_string_equal(split("subvol=@ro", 0), "subvol=@ro");
	/* Part of a name is not the name. */
	assert_string_equal(split("noatim,noatimes", 0), "noatim,noatimes");
	assert_int_equal(flags, 0);
}

static void test_last_wins(void **state)
{
	(void)state;
	assert_null(split("ro,rw", MS_RDONLY));
	assert_int_equal(flags, 0);
	assert_null(split("noatime,strictatime", 0));
	assert_int_equal(flags, MS_STRICTATIME);
	assert_null(split("strictatime,relatime", 0));
	assert_int_equal(flags, MS_RELATIME);
}

static int end(void **state)
{
	(void)state;
	arena_free(&a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_shared_become_flags),
		cmocka_unit_test(test_own_are_left),
		cmocka_unit_test(test_last_wins),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
