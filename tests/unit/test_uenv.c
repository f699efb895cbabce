/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/uenv.h"

static struct arena a;
static struct envlist e;
static struct reason r;
static char file[256];

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	r = REASON_INIT;
	return 0;
}

static void assert_parsed(const char *text, size_t len)
{
	assert_int_equal(uenv_parse(&a, text, len, "uEnv", &e, &r), 0);
}

static void assert_written(char padding, const char *want, size_t size)
{
	size_t len = strlen(want);

	memset(file, '?', sizeof(file));
	assert_int_equal(uenv_write(&e, padding, file, size, "uEnv", &r), 0);
	assert_memory_equal(file, want, len);
	for (size_t i = len; i < size; i++)
		assert_int_equal(file[i], padding);
	assert_int_equal(file[size], '?');
}

static void test_parse(void **state)
{
	static const char text[] =
		"# mine\nresin_root_part=2\n\nupgrade_available=0\nconsole=tty1 a=b\n";

	(void)state;
	assert_parsed(text, strlen(text));
	assert_int_equal(e.n, 4);
	assert_string_equal(env_get(&e, "resin_root_part"), "2");
	assert_string_equal(env_get(&e, "console"), "tty1 a=b");
	assert_written('\n', "# mine\nresin_root_part=2\nupgrade_available=0\nconsole=tty1 a=b\n",
		       200);
	assert_parsed("", 0);
	assert_int_equal(e.n, 0);
	assert_written('\n', "", 0);
}

/* CRLF, NUL, no last newline, blanks before a name, as U-Boot has it. */
static void test_tolerance(void **state)
{
	(void)state;
	assert_parsed("a=1\r\n\r\n \tb=2 \n# c\r\nd=3\0e=4\n", 29);
	assert_string_equal(env_get(&e, "a"), "1");
	assert_string_equal(env_get(&e, "b"), "2");
	assert_string_equal(env_get(&e, "d"), "3");
	assert_null(env_get(&e, "e"));
	assert_written('\n', "a=1\r\nb=2 \n# c\r\nd=3\n", 40);
}

/* To U-Boot a name alone is one to forget, and so is one without a value. */
static void test_forgotten(void **state)
{
	(void)state;
	assert_parsed("a=1\nb=2\nc=3\na\nb=\nc\r\n", 22);
	assert_string_equal(env_get(&e, "a"), "");
	assert_string_equal(env_get(&e, "b"), "");
	assert_string_equal(env_get(&e, "c"), "");
	assert_written('\n', "a=1\nb=2\nc=3\na\nb=\nc\r\n", 30);
	env_set(&e, "a", "4");
	assert_written('\n', "b=2\nc=3\na=4\nb=\nc\r\n", 30);
}

/* What a power cut left is no line to keep; the user's characters are. */
static void test_no_text(void **state)
{
	(void)state;
	assert_parsed("\x01\xff\x02\na=1\nb\x7f=2\nc=\xc3\xa4\x01\n# \x01\xc3\n", 25);
	assert_written('\n', "a=1\nc=\xc3\xa4\x01\n# \x01\xc3\n", 30);
}

/* resinOS_uEnv.txt, extra_uEnv.txt, bootcount.env: the later wins. */
static void test_three_files(void **state)
{
	struct envlist extra, count;

	(void)state;
	assert_parsed("resin_root_part=2\nbootcount=3\n", 30);
	assert_int_equal(uenv_parse(&a, "resin_root_part=a\n", 18, "extra", &extra, &r), 0);
	assert_int_equal(uenv_parse(&a, "bootcount=1\n\0", 13, "count", &count, &r), 0);
	env_merge(&e, &extra);
	env_merge(&e, &count);
	assert_string_equal(env_get(&e, "resin_root_part"), "a");
	assert_string_equal(env_get(&e, "bootcount"), "1");
}

static void test_bootcount_env(void **state)
{
	(void)state;
	assert_parsed("bootcount=0\n\0", 13);
	env_set(&e, "bootcount", "1");
	assert_written('\0', "bootcount=1\n", 13);
	assert_int_equal(uenv_write(&e, '\0', file, 12, "uEnv", &r), -ENOSPC);
	assert_string_equal(r.cause, "its keys do not fit into its 11 bytes");
	assert_written('\n', "bootcount=1\n", 12);
	assert_written('\0', "bootcount=1\n", 64);
	env_unset(&e, "bootcount");
	assert_int_equal(uenv_write(&e, '\0', file, 0, "uEnv", &r), -ENOSPC);
	assert_written('\0', "", 1);
}

/* U-Boot reads a backslash as an escape: none is written, what was there stays. */
static void test_backslash(void **state)
{
	(void)state;
	assert_parsed("a=1\\2\n", 6);
	assert_written('\n', "a=1\\2\n", 10);
	env_set(&e, "b", "\\");
	assert_int_equal(uenv_write(&e, '\n', file, 100, "uEnv", &r), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_parse, teardown),
		cmocka_unit_test_teardown(test_tolerance, teardown),
		cmocka_unit_test_teardown(test_forgotten, teardown),
		cmocka_unit_test_teardown(test_no_text, teardown),
		cmocka_unit_test_teardown(test_three_files, teardown),
		cmocka_unit_test_teardown(test_bootcount_env, teardown),
		cmocka_unit_test_teardown(test_backslash, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
