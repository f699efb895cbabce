/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/cmdline.h"

/* Expected are the arguments, one a line: KEY, or KEY=VALUE in brackets. */
static const struct {
	const char *text, *expected;
} cases[] = {
	{ "", "" },
	{ " \t\n", "" },
	{ "quiet\n", "[quiet]" },
	{ "root=/dev/vda2 ro quiet", "[root|/dev/vda2][ro][quiet]" },
	{ "  a\t\tb\vc\fd\re\nf ", "[a][b][c][d][e][f]" },
	{ "a\xa0"
	  "b",
	  "[a][b]" }, /* the kernel's white space has the no-break space */
	{ "a=", "[a|]" },
	{ "a==b", "[a|=b]" },
	{ "a=b=c", "[a|b=c]" },
	{ "=", "[=]" },
	{ "=a", "[=a]" },
	{ "=a=b", "[=a|b]" },
	{ "a=\"b c\" d", "[a|b c][d]" },
	{ "\"a=b c\" d", "[a|b c][d]" },
	{ "\"a b\" d", "[a b][d]" },
	{ "\"a b=c d\" e", "[a b|c d][e]" },
	{ "\"a=\"b\"\"", "[a|b\"]" },
	{ "a=b\"c d\"", "[a|b\"c d\"]" },
	{ "a\"b c\"=d", "[a\"b c\"|d]" },
	{ "a=\"b", "[a|b]" },
	{ "a=\"b c d", "[a|b c d]" },
	{ "a=\"", "[a|]" },
	{ "a=\"\"", "[a|]" },
	{ "\"", "[]" },
	{ "\"\" b", "[][b]" },
	{ "\"a=\"", "[a|]" },
	{ "\"a", "[a]" },
	{ "a\"", "[a\"]" },
	{ "a=\"x\"y\" z\"", "[a|x\"y\" z]" },
	{ "dyndbg=\"file drivers/*.c +p\"", "[dyndbg|file drivers/*.c +p]" },
	{ "a -- b", "[a]" },
	{ "a --", "[a]" },
	{ "a -- -- b", "[a]" },
	{ "a \"--\" b", "[a]" },
	{ "a --=x b", "[a][--|x][b]" },
	{ "a --b", "[a][--b]" },
	{ "rootflags=subvol=@,compress", "[rootflags|subvol=@,compress]" },
	{ "a=1 a=2", "[a|1][a|2]" },
	{ "a b c d e f g h i j k l m n o p", "[a][b][c][d][e][f][g][h][i][j][k][l][m][n][o][p]" },
};

static void test_parse(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cmdline c;
		char got[256] = "";

		assert_int_equal(cmdline_parse(&a, cases[i].text, &c), 0);
		for (size_t n = 0; n < c.n_args; n++) {
			strcat(strcat(got, "["), c.arg[n].key);
			if (c.arg[n].value)
				strcat(strcat(got, "|"), c.arg[n].value);
			strcat(got, "]");
		}
		assert_string_equal(got, cases[i].expected);
	}
	arena_free(&a);
}

static void test_text_is_not_changed(void **state)
{
	struct arena a = ARENA_INIT;
	char text[] = "\"a=b c\" d", copy[sizeof(text)];
	struct cmdline c;

	(void)state;
	memcpy(copy, text, sizeof(text));
	assert_int_equal(cmdline_parse(&a, text, &c), 0);
	assert_memory_equal(text, copy, sizeof(text));
	arena_free(&a);
}

static void test_key_equal(void **state)
{
	(void)state;
	assert_true(cmdline_key_equal("a-b_c", "a_b-c"));
	assert_true(cmdline_key_equal("", ""));
	assert_false(cmdline_key_equal("a", "A"));
	assert_false(cmdline_key_equal("a", "ab"));
	assert_false(cmdline_key_equal("ab", "a"));
	assert_false(cmdline_key_equal("a-", "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_text_is_not_changed),
		cmocka_unit_test(test_key_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
