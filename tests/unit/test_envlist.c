/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/envlist.h"

static struct arena a;
static struct envlist e;
static struct reason r;
static char buf[600];

static int setup(void **state)
{
	(void)state;
	e = (struct envlist){ .arena = &a };
	r = REASON_INIT;
	memset(buf, '?', sizeof(buf));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	return 0;
}

static void append(const char *key, const char *rest)
{
	char raw[64];

	(void)strcpy(stpcpy(stpcpy(raw, key), "="), rest);
	env_append(&e, raw, strlen(raw), strlen(key), env_value(&a, rest, strlen(rest)));
}

static int print(char end, bool escape, size_t room)
{
	struct env_image image = {
		.data = buf, .size = sizeof(buf), .room = room, .end = end, .escape = escape
	};
	int err = env_print(&e, &image, "file", &r);

	buf[image.at] = '\0';
	return err;
}

static void assert_printed(const char *want)
{
	assert_int_equal(print('\n', true, sizeof(buf) - 1), 0);
	assert_string_equal(buf, want);
}

static void test_get(void **state)
{
	(void)state;
	assert_null(env_get(&e, "a"));
	append("a", "1");
	append("b", "2 \t\r");
	append("a", "3");
	assert_string_equal(env_get(&e, "a"), "3");
	assert_string_equal(env_get(&e, "b"), "2");
	assert_null(env_get(&e, "ab"));
	assert_null(env_get(&e, ""));
	assert_printed("a=1\nb=2 \t\r\na=3\n");
}

/* In its place, once; what was read stays as it was. */
static void test_set(void **state)
{
	(void)state;
	append("a", "1");
	append("b", "2 ");
	append("a", "3 ");
	append("c", "4");
	env_set(&e, "a", "5");
	env_set(&e, "d", "6");
	env_set(&e, "d", "7");
	assert_printed("b=2 \na=5\nc=4\nd=7\n");
}

static void test_unset(void **state)
{
	(void)state;
	append("a", "1");
	append("a", "2");
	append("b", "3");
	append("a", "4");
	env_unset(&e, "a");
	env_unset(&e, "none");
	assert_printed("b=3\n");
	env_unset(&e, "b");
	assert_printed("");
}

static void test_order(void **state)
{
	static const char *const keys[] = { "c", "none", "a" };

	(void)state;
	env_append(&e, "# kept", 6, 0, NULL);
	append("a", "1");
	append("b", "2");
	append("c", "3");
	append("d", "4");
	env_order(&e, keys, ARRAY_SIZE(keys));
	assert_printed("c=3\na=1\n# kept\nb=2\nd=4\n");
	env_order(&e, keys, ARRAY_SIZE(keys));
	assert_printed("c=3\na=1\n# kept\nb=2\nd=4\n");
}

static void test_merge(void **state)
{
	struct envlist more = { .arena = &a }, none = { .arena = &a };

	(void)state;
	append("a", "1");
	append("b", "2");
	env_set(&more, "a", "3");
	env_merge(&e, &more);
	env_merge(&e, &none);
	assert_string_equal(env_get(&e, "a"), "3");
	assert_string_equal(env_get(&e, "b"), "2");
	assert_string_equal(env_get(&more, "a"), "3");
}

/* A name that a C string would cut is nobody's. */
static void test_nul_in_key(void **state)
{
	(void)state;
	env_append(&e, "a\0b=1", 5, 3, "1");
	assert_null(env_get(&e, "a"));
	assert_int_equal(print('\n', true, 100), 0);
	assert_memory_equal(buf, "a\0b=1\n", 6);
}

static void test_many(void **state)
{
	char key[] = "aa";

	(void)state;
	for (int i = 0; i < 26 * 26; i++) {
		key[0] = (char)('a' + i / 26);
		key[1] = (char)('a' + i % 26);
		env_set(&e, key, key);
	}
	assert_int_equal(e.n, 26 * 26);
	assert_string_equal(env_get(&e, "qx"), "qx");
}

static void test_escapes(void **state)
{
	(void)state;
	env_set(&e, "a", "x\\y\nz");
	assert_printed("a=x\\\\y\\\nz\n");
	assert_int_equal(print('\n', false, 100), -EINVAL);
	assert_string_equal(r.cause, "a has a character that this format has not");
	env_set(&e, "a", "xyz");
	assert_int_equal(print('\0', false, 100), 0);
	assert_memory_equal(buf, "a=xyz\0", 6);
}

static void test_bad_keys(void **state)
{
	static const char *const keys[] = {
		"", "a=b", "#a", "a b", "a\nb", "a\\b", "a\rb", "a\tb"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		e = (struct envlist){ .arena = &a };
		env_set(&e, keys[i], "1");
		assert_int_equal(print('\n', true, 100), -EINVAL);
	}
}

static void test_no_room(void **state)
{
	(void)state;
	append("a", "1");
	env_set(&e, "key", "v\\v");
	for (size_t room = 0; room < 13; room++)
		assert_int_equal(print('\n', true, room), -ENOSPC);
	assert_string_equal(r.cause, "its keys do not fit into its 12 bytes");
	assert_int_equal(print('\n', true, 13), 0);
}

static void test_first_sector(void **state)
{
	static const char *const keys[] = { "early" };
	char value[501];

	(void)state;
	memset(value, 'x', sizeof(value));
	value[500] = '\0';
	env_set(&e, "a", value); /* 503 bytes */
	env_set(&e, "early", "123");
	assert_int_equal(print('\n', true, 599), 0);
	env_need_early(&e, keys, 1);
	assert_int_equal(print('\n', true, 599), -ENOSPC);
	assert_string_equal(r.cause, "early would lie behind its first 512 bytes");
	env_set(&e, "early", "12");
	assert_int_equal(print('\n', true, 599), 0);
	env_set(&e, "early", "123");
	env_order(&e, keys, 1);
	assert_int_equal(print('\n', true, 599), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_get, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_merge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nul_in_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_escapes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_sector, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
