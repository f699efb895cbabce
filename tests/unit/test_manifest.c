/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/manifest.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "0123456789abcdef0123456789abcdef01234567"
#define HEAD  "anteroot manifest 1\n"

static struct arena a;
static struct manifest m;
static struct reason r;

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	m = (struct manifest){ 0 };
	r = REASON_INIT;
	return 0;
}

static int parse(const char *text)
{
	return manifest_parse(&a, text, strlen(text), &m, &r);
}

static void test_parse(void **state)
{
	(void)state;
	assert_int_equal(parse(HEAD "file " SHA_B " /b\nblock /c d\nfile " SHA_A " /a/x y\n"), 0);
	assert_int_equal(m.n, 3);
	assert_string_equal(m.file[0].path, "/a/x y");
	assert_string_equal(m.file[0].known, SHA_A);
	assert_string_equal(m.file[2].path, "/c d");
	assert_null(m.file[2].known);
	assert_ptr_equal(manifest_find(&m, "/b"), &m.file[1]);
	assert_null(manifest_find(&m, "/a"));
	assert_null(manifest_find(&m, "/z"));
	assert_int_equal(parse(HEAD), 0);
	assert_int_equal(m.n, 0);
	assert_null(manifest_find(&m, "/b"));
}

/* The power went between two contents of one file: both are ours. */
static void test_two_contents(void **state)
{
	(void)state;
	assert_int_equal(parse(HEAD "file " SHA_A " /a\nfile " SHA_B " /a\nfile " SHA_A " /a\n"),
			 0);
	assert_int_equal(m.n, 1);
	assert_string_equal(m.file[0].known, SHA_B " " SHA_A);
}

/* Whatever is not exactly a manifest of ours removes nothing. */
static void test_foreign_text(void **state)
{
	static const char *const texts[] = {
		"",
		"anteroot manifest 2\n",
		"anteroot manifest 1",
		HEAD "file " SHA_A " /a",
		HEAD "\n",
		HEAD "file " SHA_A "\n",
		HEAD "file " SHA_A " \n",
		HEAD "file " SHA_A " etc/passwd\n",
		HEAD "file " SHA_A " /\n",
		HEAD "file " SHA_A " /a/\n",
		HEAD "file " SHA_A " /a//b\n",
		HEAD "file " SHA_A " /../a\n",
		HEAD "file " SHA_A " /a/..\n",
		HEAD "file " SHA_A " /a/./b\n",
		HEAD "file AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA /a\n",
		HEAD "file 0 /a\n",
		HEAD "file " SHA_A "0 /a\n",
		HEAD "files " SHA_A " /a\n",
		HEAD "block a\n",
		HEAD "remove /a\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (parse(texts[i]) != -EBADMSG)
			fail_msg("\"%s\" is taken", texts[i]);
		assert_int_equal(m.n, 0);
	}
	assert_int_equal(manifest_parse(&a, HEAD "file\0", strlen(HEAD) + 5, &m, NULL), -EBADMSG);
	assert_int_equal(parse(HEAD "file " SHA_A " /a\nx\n"), -EBADMSG);
	assert_non_null(strstr(r.cause, "line 3: expected"));
}

/* Written, read and written again it is the same. */
static void test_text(void **state)
{
	static const char want[] =
		HEAD "file " SHA_B " /a\nfile " SHA_A " /a\nblock /b\nfile " SHA_A " /c\n";
	const char *text;
	size_t len;

	(void)state;
	manifest_add(&a, &m, &(struct manifest_file){ .path = "/c", .known = SHA_A });
	manifest_add(&a, &m, &(struct manifest_file){ .path = "/a", .known = SHA_A });
	manifest_add(&a, &m, &(struct manifest_file){ .path = "/b", .known = NULL });
	manifest_add(&a, &m, &(struct manifest_file){ .path = "/a", .known = SHA_B });
	manifest_sort(&a, &m);
	text = manifest_text(&a, &m, &len);
	assert_string_equal(text, want);
	assert_int_equal(len, strlen(want));
	assert_int_equal(manifest_parse(&a, text, len, &m, &r), 0);
	assert_string_equal(manifest_text(&a, &m, &len), want);
}

/* The image had a file there: the line goes with the path, whatever its contents were. */
static void test_over(void **state)
{
	static const char text[] =
		HEAD "file " SHA_B " /a\nfile " SHA_A " /a\nover /a\nfile " SHA_A " /b\nover /c\n";
	size_t len;

	(void)state;
	assert_int_equal(parse(HEAD "over /a\nfile " SHA_A " /a\nover /c\nfile " SHA_A
				    " /b\nfile " SHA_B " /a\n"),
			 0);
	assert_int_equal(m.n, 3);
	assert_true(m.file[0].over);
	assert_false(m.file[1].over);
	assert_true(m.file[2].over);
	assert_string_equal(manifest_text(&a, &m, &len), text);
	assert_int_equal(len, strlen(text));
}

static void test_many(void **state)
{
	char path[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(path, sizeof(path), "/%d", i * 7919 % 1000);
		manifest_add(
			&a, &m,
			&(struct manifest_file){ .path = arena_strdup(&a, path), .known = SHA_A });
	}
	manifest_sort(&a, &m);
	assert_int_equal(m.n, 1000);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(path, sizeof(path), "/%d", i);
		assert_non_null(manifest_find(&m, path));
	}
}

#define CASE(t) cmocka_unit_test_teardown(t, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_parse), CASE(test_two_contents), CASE(test_foreign_text),
		CASE(test_text),  CASE(test_over),	   CASE(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
