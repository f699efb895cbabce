/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What only a kernel or a machine in trouble answers to lib/file.c: no memory, a file that cannot be looked at. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/file.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static struct arena a = ARENA_INIT;
static int fds;

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	put_text(s.fd, "f", "content", 0644);
	fds = fakesys_open_fds();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	intercept_reset();
	assert_int_equal(fakesys_open_fds(), fds);
	arena_free(&a);
	scratch_remove(&s);
	return 0;
}

static int read_f(const char **ret)
{
	char *text = NULL;
	int err = file_read(&a, s.fd, "f", 100000, &text, NULL);

	*ret = text;
	return err;
}

static void test_no_memory(void **state)
{
	const char *text;

	(void)state;
	refuse_memory(8, 9); /* the size of the file and one */
	assert_int_equal(read_f(&text), -ENOMEM);
	assert_null(text);
	memory_runs_out(&a, 0, NO_BLOCKS);
	assert_int_equal(read_f(&text), -ENOMEM);
	assert_null(text);
	memory_is_back();
	assert_int_equal(read_f(&text), 0);
	assert_string_equal(text, "content");
}

/* A file of procfs says that it is empty, and grows while it is read. */
static void test_no_memory_to_grow(void **state)
{
	char *text = NULL;

	(void)state;
	refuse_memory(8192, 8193); /* twice the first step */
	assert_int_equal(file_read(&a, AT_FDCWD, "/proc/kallsyms", 1u << 30, &text, NULL), -ENOMEM);
	assert_null(text);
}

static void test_file_that_cannot_be_looked_at(void **state)
{
	const char *text;

	(void)state;
	fail_fstat(1);
	assert_int_equal(read_f(&text), -EIO);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_memory),
		TEST(test_no_memory_to_grow),
		TEST(test_file_that_cannot_be_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
