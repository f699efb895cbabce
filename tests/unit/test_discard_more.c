/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The old root in trouble: no memory, directories that cannot be read, and a tree that is moved away under us. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/vfs.h>

#include "lib/discard.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/scratch.h"

#define TMPFS 0x01021994

static struct scratch s;
static struct reason why;
static int fds;

/* old/ is the root that goes, beside/ is not. */
static int setup(void **state)
{
	struct statfs fs;

	(void)state;
	if (statfs("/dev/shm", &fs) < 0 || fs.f_type != TMPFS)
		return 0;
	scratch_make(&s, "/dev/shm");
	put_dir(s.fd, "beside");
	put_text(s.fd, "beside/keep", "", 0644);
	put_dir(s.fd, "old");
	put_dir(s.fd, "old/a");
	put_dir(s.fd, "old/a/b");
	put_dir(s.fd, "old/a/b/c");
	put_text(s.fd, "old/a/b/c/x", "", 0644);
	put_text(s.fd, "old/a/y", "", 0644);
	put_text(s.fd, "old/z", "", 0644);
	fakesys_reset(s.path);
	why = REASON_INIT;
	fds = fakesys_open_fds();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	intercept_reset();
	if (!s.path[0])
		return 0;
	assert_int_equal(fakesys_open_fds(), fds);
	assert_true(is_there(s.fd, "beside/keep"));
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

static int discard(const struct sys *sys)
{
	int fd, err;

	if (!s.path[0])
		skip();
	fd = openat(s.fd, "old", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	err = discard_tree(sys, fd, &why);
	close(fd);
	return err;
}

/* What can be deleted is deleted all the same. */
static void test_no_memory_for_a_name(void **state)
{
	char name[240];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memcpy(name, "old/", 4);
	if (s.path[0])
		put_dir(s.fd, name);
	refuse_memory(236, 300); /* more than its name and less than what fakesys needs */
	(void)discard(&fakesys);
	memory_is_back();
	assert_string_equal(why.verb, "enter");
	assert_int_equal(why.err, ENOMEM);
	assert_true(is_there(s.fd, name));
	assert_false(is_there(s.fd, "old/a"));
	assert_false(is_there(s.fd, "old/z"));
}

static void test_no_memory_to_read(void **state)
{
	(void)state;
	refuse_memory(32768, 65536); /* the C library's own of a directory */
	assert_int_equal(discard(&fakesys), -ENOMEM);
	memory_is_back();
	assert_string_equal(why.verb, "read directory");
	assert_true(is_there(s.fd, "old/a/b/c/x"));
}

static void test_directory_that_cannot_be_opened(void **state)
{
	(void)state;
	fail_open("b", 1, EMFILE);
	assert_int_equal(discard(&fakesys), -EMFILE);
	assert_string_equal(why.verb, "enter");
	assert_string_equal(why.object, "b");
	assert_true(is_there(s.fd, "old/a/b/c/x"));
	assert_false(is_there(s.fd, "old/a/y"));
	assert_false(is_there(s.fd, "old/z"));
}

/* Without the way back nothing more is done. */
static void test_way_back_cannot_be_opened(void **state)
{
	(void)state;
	fail_open("..", 1, EMFILE);
	assert_int_equal(discard(&fakesys), -EMFILE);
	assert_false(is_there(s.fd, "old/a/b/c/x"));
	assert_true(is_there(s.fd, "old/a/b/c"));
}

/* Moves a directory out of the tree while it is being emptied: `..` leads out of it now. */
static int unlink_and_move(int dirfd, const char *path, int flags)
{
	int err = fakesys.unlinkat(dirfd, path, flags);

	if (strcmp(path, "x") == 0)
		assert_int_equal(renameat(s.fd, "old/a/b/c", s.fd, "beside/c"), 0);
	return err;
}

static void test_directory_moved_away(void **state)
{
	struct sys sys = fakesys;

	(void)state;
	sys.unlinkat = unlink_and_move;
	assert_int_equal(discard(&sys), -EXDEV);
	assert_string_equal(why.verb, "delete");
	assert_string_equal(why.object, "c");
	assert_true(is_there(s.fd, "beside/keep"));
	assert_true(is_there(s.fd, "beside/c"));
}

static void test_not_a_directory_to_look_at(void **state)
{
	(void)state;
	fail_fstat(1);
	assert_int_equal(discard(&fakesys), -EIO);
	assert_int_equal(fakesys_calls(), 0);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_memory_for_a_name),
		TEST(test_no_memory_to_read),
		TEST(test_directory_that_cannot_be_opened),
		TEST(test_way_back_cannot_be_opened),
		TEST(test_directory_moved_away),
		TEST(test_not_a_directory_to_look_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
