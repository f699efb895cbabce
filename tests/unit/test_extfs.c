/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/extfs.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/loopfs.h"
#include "tests/unit/scratch.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static struct scratch s;
static char device[300], dir[300];
static unsigned char super[2048]; /* from the start of the device */
static struct extfs fs;
static struct extfs_grown grown;
static struct reason why;

static void number(int at, int bytes, uint64_t value)
{
	for (int i = 0; i < bytes; i++)
		super[1024 + at + i] = (unsigned char)(value >> (8 * i));
}

/* 4 KiB blocks, a journal. */
static void put(uint64_t blocks, bool wide)
{
	memset(super, 0, sizeof(super));
	number(0x04, 4, blocks);
	number(0x18, 4, 2);
	number(0x38, 2, 0xef53);
	number(0x5c, 4, 4);
	number(0x60, 4, wide ? 0x80 : 0);
	number(0x150, 4, blocks >> 32);
	put_bytes(s.fd, "device", super, sizeof(super), 0600);
}

static int grow(uint64_t bytes, int64_t limit_msec)
{
	why = REASON_INIT;
	return extfs_grow(&fakesys, device, dir, bytes, limit_msec, &grown, &why);
}

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, "/dev/shm");
	(void)snprintf(device, sizeof(device), "%s/device", s.path);
	(void)snprintf(dir, sizeof(dir), "%s/dir", s.path);
	assert_int_equal(mkdirat(s.fd, "dir", 0755), 0);
	fakesys_reset(s.path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

static void test_reads(void **state)
{
	(void)state;
	put(1000, false);
	assert_int_equal(extfs_read(device, &fs), 0);
	assert_int_equal(fs.block_bytes, 4096);
	assert_int_equal(fs.blocks, 1000);
	assert_true(fs.journal);
	assert_false(fs.recovers);
	assert_int_equal(extfs_gain(&fs, 1000 * 4096 + 4095), 0);
	assert_int_equal(extfs_gain(&fs, 999 * 4096), 0);
	assert_int_equal(extfs_gain(&fs, 1001 * 4096), 4096);
	/* Blocks of 32 bits. */
	assert_int_equal(extfs_gain(&fs, UINT64_C(1) << 50), (UINT32_MAX - UINT64_C(1000)) * 4096);
	put(1000 + (UINT64_C(3) << 32), true);
	assert_int_equal(extfs_read(device, &fs), 0);
	assert_int_equal(fs.blocks, 1000 + (UINT64_C(3) << 32));
	assert_int_equal(extfs_gain(&fs, UINT64_C(1) << 50),
			 (UINT64_C(1) << 50) - fs.blocks * 4096);
}

static void test_what_is_none(void **state)
{
	(void)state;
	assert_int_equal(extfs_read(device, &fs), -ENOENT);
	put(1000, false);
	number(0x38, 2, 0xef54);
	put_bytes(s.fd, "device", super, sizeof(super), 0600);
	assert_int_equal(extfs_read(device, &fs), -EBADMSG);
	number(0x38, 2, 0xef53);
	number(0x18, 4, 7);
	put_bytes(s.fd, "device", super, sizeof(super), 0600);
	assert_int_equal(extfs_read(device, &fs), -EBADMSG);
	put_bytes(s.fd, "device", super, 2047, 0600);
	assert_int_equal(extfs_read(device, &fs), -EBADMSG);
}

static void test_steps(void **state)
{
	(void)state;
	put(1000, true);
	assert_int_equal(grow(100 * GIB + 5000, 1000), 0);
	assert_string_equal(fakesys_log(), "open /dir 0000\n"
					   "open /dir/.anteroot-growing 0600\n"
					   "write /dir/.anteroot-growing 1\n"
					   "fsync /dir/.anteroot-growing\n"
					   "ext4_resize /dir 8388608\n"
					   "ext4_resize /dir 16777216\n"
					   "ext4_resize /dir 25165824\n"
					   "ext4_resize /dir 26214401\n"
					   "unlinkat /dir/.anteroot-growing 0\n");
	assert_int_equal(grown.from_bytes, 1000 * 4096);
	assert_int_equal(grown.to_bytes, 100 * GIB + 4096);
	assert_true(grown.whole);
}

static void test_time_is_up(void **state)
{
	(void)state;
	put(1000, true);
	assert_int_equal(grow(100 * GIB, -1), 0);
	assert_int_equal(fakesys_count("ext4_resize"), 0);
	assert_false(grown.whole);
	assert_int_equal(grown.to_bytes, 1000 * 4096);
	/* Nothing to do is whole. */
	assert_int_equal(grow(1000 * 4096, -1), 0);
	assert_true(grown.whole);
}

/* A kernel that does not come back, or a cut each time. */
static void test_tries(void **state)
{
	(void)state;
	put(1000, true);
	for (int i = 0; i < EXTFS_TRIES_MAX; i++) {
		fakesys_reset(s.path);
		fakesys_cut_after(4);
		assert_int_equal(grow(GIB, 1000), -EIO);
		assert_int_equal(fakesys_count("ext4_resize"), 1);
	}
	fakesys_reset(s.path);
	assert_int_equal(grow(GIB, 1000), -ELOOP);
	assert_int_equal(fakesys_count("ext4_resize"), 0);
	assert_non_null(strstr(why.cause, "three times"));
	/* What cannot be counted is not begun. */
	assert_int_equal(unlinkat(s.fd, "dir/.anteroot-growing", 0), 0);
	for (unsigned int nth = 1; nth <= 4; nth++) {
		assert_true(faccessat(s.fd, "dir/.anteroot-growing", F_OK, 0) < 0 || nth > 2);
		fakesys_reset(s.path);
		fakesys_fail_nth(nth, ENOSPC);
		assert_int_equal(grow(GIB, 1000), -ENOSPC);
		assert_int_equal(fakesys_count("ext4_resize"), 0);
	}
	fakesys_reset(s.path);
	assert_int_equal(grow(GIB, 1000), 0);
	assert_int_equal(faccessat(s.fd, "dir/.anteroot-growing", F_OK, 0), -1);
}

static void test_refusals(void **state)
{
	static const struct {
		int err;
		const char *cause;
	} rows[] = {
		{ EPERM, "" },
		{ EOPNOTSUPP, "the kernel does not grow one with its features" },
		{ ENOTTY, "the kernel does not grow one with its features" },
		{ EIO, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put(1000, true);
		fakesys_reset(s.path);
		fakesys_fail_match("ext4_resize", rows[i].err);
		assert_int_equal(grow(GIB, 1000), -rows[i].err);
		assert_string_equal(why.cause, rows[i].cause);
		assert_string_equal(why.object, device);
	}
	for (int i = 0; i < 3; i++) {
		put(1000, true);
		fakesys_reset(s.path);
		number(0x3a, 2, i == 0 ? 2 : 1);
		if (i == 1)
			number(0xce, 2, 0x100); /* reserved, but for nobody */
		else if (i == 2)
			number(0x60, 4, 0x10);
		number(0x5c, 4, i == 2 ? 0x14 : 4);
		put_bytes(s.fd, "device", super, sizeof(super), 0600);
		assert_int_equal(grow(GIB, 1000), -EOPNOTSUPP);
		assert_string_equal(why.cause, "fsck must put it in order first");
		assert_int_equal(fakesys_calls(), 0);
	}
	number(0x60, 4, 0);
	number(0xce, 2, 0x100);
	put_bytes(s.fd, "device", super, sizeof(super), 0600);
	assert_int_equal(grow(GIB, 1000), 0);
	number(0x5c, 4, 0);
	put_bytes(s.fd, "device", super, sizeof(super), 0600);
	assert_int_equal(grow(GIB, 1000), -EOPNOTSUPP);
	assert_non_null(strstr(why.cause, "no journal"));
	put(1000, true);
	fakesys_reset(s.path);
	fakesys_fail_match("open /dir ", EACCES);
	assert_int_equal(grow(GIB, 1000), -EACCES);
	assert_string_equal(why.object, dir);
	(void)snprintf(device, sizeof(device), "%s/absent", s.path);
	assert_int_equal(grow(GIB, 1000), -ENOENT);
}

/* By the kernel of this machine, in a file. */
static void really(const void *data)
{
	char image[300];
	struct loopfs l;
	int err;

	loopfs_make(&l, data);
	loopfs_put(&l, "file", "content", '.', 5000);
	(void)snprintf(image, sizeof(image), "%s/image", (const char *)data);
	EXPECT(truncate(image, (off_t)(200 * MIB)) == 0);
	EXPECT(ioctl(l.loop, LOOP_SET_CAPACITY, 0) == 0);
	EXPECT(extfs_read(l.device, &fs) == 0 && fs.blocks * fs.block_bytes == 8 * MIB);
	err = extfs_grow(&sys_real, l.device, l.dir, 200 * MIB, 60000, &grown, &why);

	if (err == -EPERM) /* a container without CAP_SYS_RESOURCE */
		_exit(NAMESPACE_SKIP);
	EXPECT(err == 0);
	EXPECT(grown.whole && grown.from_bytes == 8 * MIB && grown.to_bytes == 200 * MIB);
	EXPECT(extfs_read(l.device, &fs) == 0);
	EXPECT(extfs_gain(&fs, 200 * MIB) < 16 * MIB);
	/* More than the device has. */
	EXPECT(extfs_grow(&sys_real, l.device, l.dir, 400 * MIB, 60000, &grown, &why) < 0);
	loopfs_unmount(&l);
}

static void test_really(void **state)
{
	(void)state;
	in_namespace(really, s.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time_is_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_really, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
