/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/osversion.h"

static void test_order(void **state)
{
	static const char *const rising[] = {
		"0.0.0",
		"0.0.9",
		"0.0.10",
		"1.9.0",
		"1.10.0-beta1",
		"1.10.0-beta1+rev2",
		"1.10.0-beta2",
		"1.10.0-beta10",
		"1.10.0",
		"1.10.0+rev1",
		"1.10.0+rev10",
		"2.0.0",
		"99999999999999999999.0.0",
		"100000000000000000000.0.0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rising); i++)
		for (size_t k = 0; k < ARRAY_SIZE(rising); k++) {
			int r = 0;

			assert_int_equal(osversion_compare_text(rising[i], rising[k], &r), 0);
			assert_int_equal(r < 0 ? -1 : r > 0, i < k ? -1 : i > k);
		}
}

static void test_without_rev_is_rev0(void **state)
{
	int r = 1;

	(void)state;
	assert_int_equal(osversion_compare_text("1.2.3", "1.2.3+rev0", &r), 0);
	assert_int_equal(r, 0);
}

static void test_not_versions(void **state)
{
	static const char *const bad[] = {
		"",	      "1",
		"1.2",	      "1.2.",
		"1.2.3.4",    "v1.2.3",
		"01.2.3",     "1.02.3",
		"1.2.3 ",     " 1.2.3",
		"1.2.3-beta", "1.2.3-beta01",
		"1.2.3+rev",  "1.2.3+rev1-beta1",
		"1.2.3-rc1",  "1.2.3+rev1x",
		"-1.2.3",     "1..3",
	};
	struct osversion v;
	int r = 5;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(osversion_parse(bad[i], &v), -EINVAL);
	assert_int_equal(osversion_compare_text("1.2.3", "x", &r), -EINVAL);
	assert_int_equal(osversion_compare_text("x", "1.2.3", &r), -EINVAL);
	assert_int_equal(r, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_without_rev_is_rev0),
		cmocka_unit_test(test_not_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
