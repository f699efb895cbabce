/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/manifest.h"

#define HEADER "anteroot manifest 1\n"

static int parse(struct arena *a, const char *text, struct manifest *m)
{
	return manifest_parse(a, text, strlen(text), m, NULL);
}

/* Its paths are shown when they are removed; none of ours has a control character. */
static void test_control_characters_are_refused(void **state)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	struct manifest m;

	(void)state;
	assert_int_equal(parse(&a, HEADER "block /a b\xc3\xa9\n", &m), 0);
	assert_int_equal(m.n, 1);
	assert_int_equal(parse(&a, HEADER "block /a\033[31m\n", &m), -EBADMSG);
	assert_int_equal(parse(&a, HEADER "block /a\x7f\n", &m), -EBADMSG);
	assert_int_equal(parse(&a, HEADER "block /a\r\n", &m), -EBADMSG);
	assert_int_equal(m.n, 0);
}

/* A path that is a block and two files: whatever the order, the text is the same. */
static void test_lines_of_one_path_in_any_order(void **state)
{
	static const char *const lines[] = {
		"file 1111111111111111111111111111111111111111 /c\n",
		"block /c\n",
		"file 0000000000000000000000000000000000000000 /c\n",
	};
	static const unsigned int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
						  { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	_cleanup_(arena_free) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		const unsigned int *o = orders[i];
		struct manifest m;
		size_t len;

		assert_int_equal(parse(&a,
				       arena_printf(&a, HEADER "%s%s%s", lines[o[0]], lines[o[1]],
						    lines[o[2]]),
				       &m),
				 0);
		assert_int_equal(m.n, 1);
		assert_string_equal(manifest_text(&a, &m, &len),
				    HEADER "file 0000000000000000000000000000000000000000 /c\n"
					   "file 1111111111111111111111111111111111111111 /c\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_characters_are_refused),
		cmocka_unit_test(test_lines_of_one_path_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
