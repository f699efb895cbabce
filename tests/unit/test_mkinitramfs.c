/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `anteroot mkinitramfs`: which file is executed, and what is said when none can be. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/applets.h"
#include "init/mkinitramfs.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static char err[65536];

static void place(const char *folder)
{
	char name[100];

	(void)snprintf(name, sizeof(name), "%s/" MKINITRAMFS, folder);
	(void)mkdirat(s.fd, folder, 0755);
	put_text(s.fd, name, "#!/bin/sh\n", 0755);
}

/* Its status; what it says is in err. */
static int run(const char *self, const char *path)
{
	char one[] = "mkinitramfs", two[] = "-o", three[] = "x";
	char *argv[] = { one, two, three, NULL };
	int status, saved, to;

	(void)fflush(NULL);
	to = openat(s.fd, "err", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	saved = dup(STDERR_FILENO);
	assert_true(to >= 0 && saved >= 0 && dup2(to, STDERR_FILENO) >= 0);
	status = mkinitramfs_exec(&fakesys, self, path, argv);
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	(void)close(to);
	(void)snprintf(err, sizeof(err), "%s", get_text(s.fd, "err"));
	return status;
}

/* A PATH of two folders of the scratch folder, and an empty word. */
static const char *in(const char *first, const char *second)
{
	static char text[2048];

	(void)snprintf(text, sizeof(text), ":%s/%s:%s/%s", s.path, first, s.path, second);
	return text;
}

static void assert_executed(const char *folder)
{
	char line[600];

	(void)snprintf(line, sizeof(line), "/%s/" MKINITRAMFS " " MKINITRAMFS " -o x", folder);
	assert_int_equal(1, fakesys_calls());
	assert_non_null(strstr(fakesys_line(0), line));
}

static void test_beside_the_program(void **state)
{
	char self[600];

	(void)state;
	place("sbin");
	place("bin");
	(void)snprintf(self, sizeof(self), "%s/sbin/anteroot", s.path);
	(void)run(self, in("bin", "none"));
	assert_executed("sbin");
}

static void test_in_path(void **state)
{
	(void)state;
	place("bin");
	place("later");
	(void)run("/nonexistent/anteroot", in("none", "bin"));
	assert_executed("bin");
	fakesys_reset(NULL);
	(void)run("", in("none", "later"));
	assert_executed("later");
}

static void test_not_there(void **state)
{
	static char longest[PATH_MAX + 10];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	for (int i = 0; i < 3; i++) {
		const char *const path[] = { "", in("none", ""), longest };

		assert_int_equal(EXIT_SYSTEM,
				 run(i == 2 ? longest : "/nonexistent/anteroot", path[i]));
		assert_int_equal(0, fakesys_calls());
		assert_string_equal(
			err, "anteroot: unable to find anteroot-mkinitramfs: not beside this "
			     "program, not in PATH; it is installed where images are made\n");
	}
}

/* What is there and cannot be executed is said, and no other one is taken for it. */
static void test_cannot_be_executed(void **state)
{
	static const struct {
		int err;
		const char *text;
	} row[] = { { EACCES, "Permission denied\n" },
		    { ENOENT, "the interpreter of its first line is not there\n" } };

	(void)state;
	place("bin");
	place("later");
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		fakesys_reset(NULL);
		fakesys_fail_match("exec ", row[i].err);
		assert_int_equal(EXIT_SYSTEM, run("", in("bin", "later")));
		assert_executed("bin");
		assert_int_equal(0, strncmp(err, "anteroot: unable to execute /", 29));
		assert_string_equal(strrchr(err, ':') + 2, row[i].text);
	}
}

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	fakesys_reset(NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_beside_the_program),
		TEST(test_in_path),
		TEST(test_not_there),
		TEST(test_cannot_be_executed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
