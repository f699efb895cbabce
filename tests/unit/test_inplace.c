/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/inplace.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

#define DEVICE_BYTES 8192u

static struct scratch s;
static char device[300]; /* a regular file in its place */
static unsigned char before[DEVICE_BYTES], after[DEVICE_BYTES];
static struct inplace p;
static struct reason why;
static int fds;

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, "/dev/shm");
	(void)snprintf(device, sizeof(device), "%s/device", s.path);
	for (size_t i = 0; i < DEVICE_BYTES; i++)
		before[i] = (unsigned char)(i % 251);
	put_bytes(s.fd, "device", before, sizeof(before), 0600);
	fakesys_reset(s.path);
	why = REASON_INIT;
	fds = fakesys_open_fds();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(fakesys_open_fds(), fds);
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

static void read_device(void)
{
	_cleanup_close_ int fd = open(device, O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(fd, after, sizeof(after)), (ssize_t)sizeof(after));
}

static void assert_why(const char *verb, const char *object, const char *cause)
{
	char message[500];

	assert_non_null(why.verb);
	assert_string_equal(why.verb, verb);
	assert_string_equal(why.object, object);
	if (!strstr(reason_render(&why, message, sizeof(message)), cause))
		fail_msg("\"%s\" does not say \"%s\"", message, cause);
}

static void test_raw_reads(void **state)
{
	unsigned char data[700];

	(void)state;
	assert_int_equal(inplace_open_raw(device, 1024, sizeof(data), &p, &why), 0);
	assert_int_equal(p.sector, 512);
	assert_int_equal(p.size, sizeof(data));
	assert_int_equal(inplace_read(&p, data, &why), 0);
	assert_memory_equal(data, before + 1024, sizeof(data));
	inplace_close(&p);
	inplace_close(&p); /* twice does no harm */
}

static void test_raw_bounds(void **state)
{
	static const struct {
		uint64_t offset;
		size_t size;
	} bad[] = { { 0, 0 }, { 1, 512 }, { 511, 512 }, { 0, INPLACE_BYTES_MAX + 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(inplace_open_raw(device, bad[i].offset, bad[i].size, &p, &why),
				 -EINVAL);
		assert_why("use", device, "expected an offset in sectors of 512 bytes");
	}
	assert_int_equal(inplace_open_raw(device, 0, INPLACE_BYTES_MAX, &p, NULL), 0);
	inplace_close(&p);
}

static void test_raw_that_is_not_there(void **state)
{
	const char *absent = "/dev/shm/anteroot-absent";

	(void)state;
	assert_int_equal(inplace_open_raw(absent, 0, 512, &p, &why), -ENOENT);
	assert_why("open", absent, "No such file");
}

/* The device ends before what is to be there. */
static void test_behind_the_end_of_the_device(void **state)
{
	unsigned char data[1024];

	(void)state;
	assert_int_equal(inplace_open_raw(device, DEVICE_BYTES - 512, sizeof(data), &p, &why), 0);
	assert_int_equal(inplace_read(&p, data, &why), -EIO);
	assert_why("read", device, "");
	memset(data, 1, sizeof(data));
	assert_int_equal(inplace_write(&fakesys, &p, data, &why), -EIO);
	assert_int_equal(fakesys_count("pwrite "), 1);
	inplace_close(&p);
	assert_int_equal(unlink(device), 0);
	assert_int_equal(inplace_read(&p, data, &why), -ENOENT);
	assert_why("read", device, "No such file");
}

/* 1536 bytes at 1024, of which the last sector is ours for 100 only: 1124 in all. */
static unsigned char want[1124];

static void open_three_sectors(void)
{
	assert_int_equal(inplace_open_raw(device, 1024, sizeof(want), &p, &why), 0);
	memcpy(want, before + 1024, sizeof(want));
}

static int write_want(void)
{
	int err = inplace_write(&fakesys, &p, want, &why);

	inplace_close(&p);
	read_device();
	return err;
}

static void test_nothing_differs(void **state)
{
	(void)state;
	open_three_sectors();
	assert_int_equal(write_want(), 0);
	assert_int_equal(fakesys_calls(), 1);
	assert_int_equal(fakesys_count("open /device"), 1);
	assert_memory_equal(after, before, sizeof(before));
}

/* Only the sectors that differ, in order, each durable before the next. */
static void test_writes_what_differs(void **state)
{
	(void)state;
	open_three_sectors();
	want[0] ^= 1;
	want[1030] ^= 1;
	assert_int_equal(write_want(), 0);
	assert_string_equal(fakesys_log(), "open /device 0000\n"
					   "pwrite /device 512 1024\nfsync /device\n"
					   "pwrite /device 512 2048\nfsync /device\n");
	memcpy(before + 1024, want, sizeof(want));
	assert_memory_equal(after, before, sizeof(before)); /* what is behind the end stays */
}

/* The first sector is whole, what comes after the failure is not begun. */
static void test_each_call_fails(void **state)
{
	(void)state;
	for (unsigned int nth = 1; nth <= 5; nth++) {
		put_bytes(s.fd, "device", before, sizeof(before), 0600);
		open_three_sectors();
		want[0] ^= 1;
		want[1030] ^= 1;
		fakesys_reset(s.path);
		fakesys_fail_nth(nth, ENOSPC);
		assert_int_equal(write_want(), -ENOSPC);
		assert_why("write", device, "No space left");
		assert_int_equal(fakesys_calls(), nth);
		assert_memory_equal(after, before, 1024);
		assert_memory_equal(after + 1024, nth < 3 ? before + 1024 : want, 512);
		assert_memory_equal(after + 1536, before + 1536, 512);
		assert_memory_equal(after + 2148, before + 2148, sizeof(before) - 2148);
	}
}

static void test_short_write(void **state)
{
	(void)state;
	open_three_sectors();
	want[600] ^= 1;
	fakesys_short_writes(100);
	assert_int_equal(write_want(), -EIO);
	assert_why("write", device, "Input/output error");
}

static ssize_t pretend_pwrite(int fd, const void *data, size_t len, int64_t offset)
{
	(void)fd;
	(void)data;
	(void)offset;
	return (ssize_t)len;
}

/* A device that says yes and does nothing, as a worn-out card does. */
static void test_reads_back_differently(void **state)
{
	struct sys liar = fakesys;

	(void)state;
	liar.pwrite = pretend_pwrite;
	open_three_sectors();
	want[0] ^= 1;
	assert_int_equal(inplace_write(&liar, &p, want, &why), -EIO);
	assert_why("write", device, "Input/output error");
	assert_int_equal(inplace_write(&liar, &p, want, NULL), -EIO);
	inplace_close(&p);
}

static void test_kernel_lets_nobody_write(void **state)
{
	(void)state;
	open_three_sectors();
	fakesys_fail_match("open ", EBUSY);
	assert_int_equal(write_want(), -EBUSY);
	assert_why("write", device, "CONFIG_BLK_DEV_WRITE_MOUNTED");
	assert_int_equal(inplace_write(&fakesys, &p, want, NULL), -EBUSY);
}

/* A file system that does not know O_DIRECT. */
static void test_device_without_direct_access(void **state)
{
	(void)state;
	open_three_sectors();
	want[0] ^= 1;
	fakesys_fail_nth(1, EINVAL);
	assert_int_equal(write_want(), 0);
	assert_int_equal(fakesys_count("open /device"), 2);
	assert_memory_equal(after + 1024, want, sizeof(want));
}

static void test_no_file_of_ours(void **state)
{
	static const struct {
		const char *name;
		int err;
		const char *verb, *cause;
	} files[] = {
		{ "absent", -ENOENT, "open", "No such file" },
		{ "directory", -EINVAL, "use", "expected a file of 1 to 65536 bytes" },
		{ "pipe", -EINVAL, "use",
		  "expected a file" }, /* and nobody waits for its other end */
		{ "empty", -EINVAL, "use", "expected a file" },
		{ "large", -EINVAL, "use", "expected a file" },
		{ "link", -ELOOP, "open", "" },
		{ "device", -EOPNOTSUPP, "use", "neither FAT nor ext4: files may move" },
	};
	char large[300];

	(void)state;
	put_dir(s.fd, "directory");
	assert_int_equal(mkfifoat(s.fd, "pipe", 0600), 0);
	put_text(s.fd, "empty", "", 0600);
	put_text(s.fd, "large", "", 0600);
	(void)snprintf(large, sizeof(large), "%s/large", s.path);
	assert_int_equal(truncate(large, INPLACE_BYTES_MAX + 1), 0);
	put_link(s.fd, "link", "device");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		assert_int_equal(inplace_open_file("/dev/null", s.fd, files[i].name, &p, &why),
				 files[i].err);
		assert_why(files[i].verb, files[i].name, files[i].cause);
		assert_int_equal(inplace_open_file("/dev/null", s.fd, files[i].name, &p, NULL),
				 files[i].err);
	}
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_raw_reads),
		TEST(test_raw_bounds),
		TEST(test_raw_that_is_not_there),
		TEST(test_behind_the_end_of_the_device),
		TEST(test_nothing_differs),
		TEST(test_writes_what_differs),
		TEST(test_each_call_fails),
		TEST(test_short_write),
		TEST(test_reads_back_differently),
		TEST(test_kernel_lets_nobody_write),
		TEST(test_device_without_direct_access),
		TEST(test_no_file_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
