/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/osversion.h"

#define HUGE_9	"99999999999999999999999999999999"
#define HUGE_10 "100000000000000000000000000000000"

/* In order, all different. */
static const char *const sorted[] = {
	"0.0.0-beta0",
	"0.0.0",
	"0.0.0+rev0",
	"0.0.1",
	"0.1.0",
	"1.0.0",
	"2.9.0-beta1",
	"2.9.0-beta1+rev1",
	"2.9.0-beta2",
	"2.9.0-beta10",
	"2.9.0-beta10+rev0",
	"2.9.0",
	"2.9.0+rev0",
	"2.9.0+rev1",
	"2.9.0+rev2",
	"2.9.0+rev10",
	"2.9.1-beta1",
	"2.9.1",
	"2.10.0-beta1",
	"2.10.0",
	"10.0.0",
	"4294967296.0.0",
	"18446744073709551616.0.0",
	HUGE_9 ".0.0",
	HUGE_10 ".0.0-beta" HUGE_9,
	HUGE_10 ".0.0-beta" HUGE_10,
	HUGE_10 ".0.0+rev" HUGE_9,
	HUGE_10 ".0.0+rev" HUGE_10,
};

static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t k = 0; k < ARRAY_SIZE(sorted); k++) {
			int r = 99;

			assert_int_equal(osversion_compare_text(sorted[i], sorted[k], &r), 0);
			assert_int_equal(r, (i > k) - (i < k));
		}
}

static void test_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"1",
		"1.2",
		"1.2.",
		"1.2.3.",
		"1.2.3.4",
		"v1.2.3",
		"1.2.3 ",
		" 1.2.3",
		"1.2.3\n",
		"01.2.3",
		"1.02.3",
		"1.2.03",
		"1.2.00",
		"1.2.3-beta",
		"1.2.3-beta01",
		"1.2.3-beta1.2",
		"1.2.3-Beta1",
		"1.2.3-rc1",
		"1.2.3-1",
		"1.2.3+rev",
		"1.2.3+rev01",
		"1.2.3+rev1.prod",
		"1.2.3+rev1-beta1",
		"1.2.3-beta1-beta2",
		"1.2.3+rev1+rev2",
		"1.2.3rev1",
		"1.-2.3",
		"1.+2.3",
		"1..3",
		"1,2,3",
		"1.2.3-beta+rev1",
		"0x1.2.3",
		"\xd9\xa1.2.3", /* ARABIC-INDIC DIGIT ONE */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct osversion v = { .beta.len = 7 };
		int r = 99;

		if (osversion_parse(wrong[i], &v) != -EINVAL)
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_int_equal(v.beta.len, 7); /* untouched */
		assert_int_equal(osversion_compare_text(wrong[i], "1.2.3", &r), -EINVAL);
		assert_int_equal(osversion_compare_text("1.2.3", wrong[i], &r), -EINVAL);
		assert_int_equal(r, 99);
	}
}

static void test_parts(void **state)
{
	struct osversion v;

	(void)state;
	assert_int_equal(osversion_parse("2.119.3-beta4+rev15", &v), 0);
	assert_memory_equal(v.number[0].text, "2", v.number[0].len);
	assert_memory_equal(v.number[1].text, "119", v.number[1].len);
	assert_int_equal(v.number[1].len, 3);
	assert_memory_equal(v.number[2].text, "3", v.number[2].len);
	assert_memory_equal(v.beta.text, "4", v.beta.len);
	assert_memory_equal(v.rev.text, "15", v.rev.len);
	assert_int_equal(osversion_parse("2.119.3", &v), 0);
	assert_null(v.beta.text);
	assert_null(v.rev.text);
}

/* Values at random, few enough for equal parts to be common. */
static unsigned int seed = 20261124;

static unsigned int draw(unsigned int limit)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % limit;
}

static const char *number(void)
{
	static const char *const numbers[] = { "0", "1", "2", "9", "10", "99", HUGE_9, HUGE_10 };

	return numbers[draw(ARRAY_SIZE(numbers))];
}

struct text {
	char s[256];
};

static struct text version(void)
{
	struct text t;
	int n = snprintf(t.s, sizeof(t.s), "%s.%s.%s", draw(2) ? "1" : number(),
			 draw(2) ? "1" : number(), draw(2) ? "1" : number());

	if (draw(2))
		n += snprintf(t.s + n, sizeof(t.s) - (size_t)n, "-beta%s", number());
	if (draw(2))
		(void)snprintf(t.s + n, sizeof(t.s) - (size_t)n, "+rev%s", number());
	return t;
}

static int compare(const struct text *a, const struct text *b)
{
	int r = 99;

	assert_int_equal(osversion_compare_text(a->s, b->s, &r), 0);
	assert_in_range(r + 1, 0, 2);
	return r;
}

/* Total, antisymmetric, transitive; equal only when the texts are. */
static void test_order_is_one(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		const struct text a = version(), b = version(), c = version();
		int ab = compare(&a, &b), bc = compare(&b, &c), ac = compare(&a, &c);

		assert_int_equal(compare(&a, &a), 0);
		assert_int_equal(ab, -compare(&b, &a));
		assert_int_equal(ab == 0, strcmp(a.s, b.s) == 0);
		if (ab == bc || bc == 0)
			assert_int_equal(ac, ab);
		if (ab == 0)
			assert_int_equal(ac, bc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_order_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
