/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/file.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static struct arena a = ARENA_INIT;

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	scratch_remove(&s);
	return 0;
}

static void test_read(void **state)
{
	char *data;
	size_t len;

	(void)state;
	put_bytes(s.fd, "f", "a\0b\n", 4, 0644);
	assert_int_equal(file_read(&a, s.fd, "f", 100, &data, &len), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(data, "a\0b\n\0", 5);
	put_text(s.fd, "empty", "", 0644);
	assert_int_equal(file_read(&a, s.fd, "empty", 100, &data, NULL), 0);
	assert_string_equal(data, "");
}

static void test_size_limit_is_exact(void **state)
{
	char *data = NULL;
	size_t len;

	(void)state;
	put_text(s.fd, "f", "12345", 0644);
	assert_int_equal(file_read(&a, s.fd, "f", 5, &data, &len), 0);
	assert_string_equal(data, "12345");
	data = NULL;
	assert_int_equal(file_read(&a, s.fd, "f", 4, &data, &len), -EFBIG);
	assert_null(data);
	assert_int_equal(file_read(&a, s.fd, "f", 0, &data, &len), -EFBIG);
}

/* Files of procfs say that they have 0 bytes. */
static void test_size_is_only_a_hint(void **state)
{
	char *data, big[10000];
	size_t len;

	(void)state;
	assert_int_equal(file_read(&a, AT_FDCWD, "/proc/self/status", 1 << 20, &data, &len), 0);
	assert_non_null(strstr(data, "VmRSS:"));
	assert_int_equal(file_read(&a, AT_FDCWD, "/proc/self/status", 10, &data, &len), -EFBIG);
	memset(big, 'x', sizeof(big));
	put_bytes(s.fd, "big", big, sizeof(big), 0644);
	assert_int_equal(file_read(&a, s.fd, "big", 1 << 20, &data, &len), 0);
	assert_int_equal(len, sizeof(big));
	assert_memory_equal(data, big, sizeof(big));
}

static void test_read_starts_where_the_descriptor_is(void **state)
{
	int fd;
	char *data;

	(void)state;
	put_text(s.fd, "f", "12345", 0644);
	fd = openat(s.fd, "f", O_RDONLY);
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	assert_int_equal(file_read_fd(&a, fd, 10, &data, NULL), 0);
	assert_string_equal(data, "45");
	close(fd);
}

static void test_what_is_no_file(void **state)
{
	int before = fakesys_open_fds();
	char *data;
	char line[8];

	(void)state;
	put_dir(s.fd, "d");
	assert_int_equal(mkfifoat(s.fd, "fifo", 0644), 0);
	assert_int_equal(file_read(&a, s.fd, "none", 10, &data, NULL), -ENOENT);
	assert_int_equal(file_read(&a, s.fd, "d", 10, &data, NULL), -EISDIR);
	assert_int_equal(file_read(&a, s.fd, "fifo", 10, &data, NULL), -EINVAL);
	assert_int_equal(file_read(&a, AT_FDCWD, "/dev/zero", 10, &data, NULL), -EINVAL);
	assert_int_equal(file_read_line(s.fd, "none", line, sizeof(line)), -ENOENT);
	assert_int_equal(file_read_line(s.fd, "d", line, sizeof(line)), -EISDIR);
	assert_int_equal(file_read_fd(&a, -1, 10, &data, NULL), -EBADF);
	assert_int_equal(fakesys_open_fds(), before);
}

static void test_line(void **state)
{
	char line[6];

	(void)state;
	put_text(s.fd, "f", "abc\ndef\n", 0644);
	assert_int_equal(file_read_line(s.fd, "f", line, sizeof(line)), 0);
	assert_string_equal(line, "abc");
	put_text(s.fd, "f", "abcdefgh\n", 0644);
	assert_int_equal(file_read_line(s.fd, "f", line, sizeof(line)), 0);
	assert_string_equal(line, "abcde");
	put_text(s.fd, "f", "", 0644);
	assert_int_equal(file_read_line(s.fd, "f", line, sizeof(line)), 0);
	assert_string_equal(line, "");
}

static void test_exists(void **state)
{
	(void)state;
	put_text(s.fd, "f", "", 0);
	put_link(s.fd, "to-f", "f");
	put_link(s.fd, "dangling", "none");
	assert_true(file_exists(s.fd, "f"));
	assert_true(file_exists(s.fd, "to-f"));
	assert_false(file_exists(s.fd, "dangling"));
	assert_false(file_exists(s.fd, "none"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read),
		TEST(test_size_limit_is_exact),
		TEST(test_size_is_only_a_hint),
		TEST(test_read_starts_where_the_descriptor_is),
		TEST(test_what_is_no_file),
		TEST(test_line),
		TEST(test_exists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
