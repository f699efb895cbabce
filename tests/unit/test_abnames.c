/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/abstate.h"

static void assert_named(const char *name)
{
	assert_non_null(name);
	assert_string_not_equal(name, "");
}

/* Everything has a name, and nothing more than one; what is no value is "unknown". */
static void test_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i <= AB_NONE; i++)
		assert_named(ab_slot_name(i));
	for (unsigned int i = 0; i < AB_STATES; i++)
		assert_string_not_equal(ab_state_name(i), "unknown");
	for (unsigned int i = 0; i < AB_BADS; i++)
		assert_named(ab_bad_name(i)); /* one of them is unknown */
	for (unsigned int i = 0; i < AB_EVENTS; i++)
		assert_string_not_equal(ab_event_name(i), "unknown");
	for (unsigned int i = 0; i < AB_REASONS; i++) {
		assert_string_not_equal(ab_reason_name(i), "unknown");
		assert_string_not_equal(ab_reason_text(i), "unknown");
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(ab_reason_name(i), ab_reason_name(k));
	}
	for (unsigned int i = 0; i < AB_REFUSALS; i++)
		assert_string_not_equal(ab_refusal_text(i), "unknown");
}

static void test_no_value(void **state)
{
	(void)state;
	assert_string_equal(ab_slot_name(99), "unknown");
	assert_string_equal(ab_state_name(99), "unknown");
	assert_string_equal(ab_bad_name(99), "unknown");
	assert_string_equal(ab_event_name(99), "unknown");
	assert_string_equal(ab_reason_name(99), "unknown");
	assert_string_equal(ab_reason_text(99), "unknown");
	assert_string_equal(ab_refusal_text(99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
