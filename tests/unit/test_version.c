/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "init/version.h"
#include "tests/unit/scratch.h"

/* The file VERSION is the one source of it. */
static void test_version_is_the_file(void **state)
{
	const char *text = get_text(AT_FDCWD, TESTS_DIR "/../VERSION");
	size_t len = strcspn(text, "\n");

	(void)state;
	assert_true(len >= 5);
	assert_int_equal(strlen(anteroot_version), len);
	assert_memory_equal(anteroot_version, text, len);
}

/* No later than now: it is what a clock is set to. */
static void test_build_time(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	assert_true(anteroot_build_epoch_sec >= 0);
	assert_true(anteroot_build_epoch_sec <= st.st_mtime);
}

/* What is tested is what is shipped: development is a flag of its own build. */
static void test_production_is_the_default(void **state)
{
	(void)state;
#ifndef DEVELOPMENT_IMAGE
	assert_false(anteroot_development);
#else
	assert_int_equal(anteroot_development, DEVELOPMENT_IMAGE);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_is_the_file),
		cmocka_unit_test(test_build_time),
		cmocka_unit_test(test_production_is_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
