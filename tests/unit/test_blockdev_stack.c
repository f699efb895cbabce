/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/sysmacros.h>

#include "lib/blockdev.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/sysblock.h"

static struct scratch s;
static struct arena a = ARENA_INIT;
static struct blockdevs devs;

/* sda with sda1 and sda2, and sdb with sdb1, which is removable. */
static int setup(void **state)
{
	(void)state;
	devs = (struct blockdevs){ 0 };
	scratch_make(&s, NULL);
	put_sysfs(s.fd);
	put_blockdev(s.fd, "pci/sda", "9\n", "MAJOR=8\nMINOR=0\n");
	put_blockdev(s.fd, "pci/sda/sda1", "8\n", "MAJOR=8\nMINOR=1\nPARTN=1\n");
	put_blockdev(s.fd, "pci/sda/sda2", "8\n", "MAJOR=8\nMINOR=2\nPARTN=2\n");
	put_blockdev(s.fd, "pci/sdb", "9\n", "MAJOR=8\nMINOR=16\n");
	put_attr(s.fd, "pci/sdb", "removable", "1\n");
	put_blockdev(s.fd, "pci/sdb/sdb1", "8\n", "MAJOR=8\nMINOR=17\nPARTN=1\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memory_is_back();
	arena_free(&a);
	scratch_remove(&s);
	return 0;
}

/* A device below virtual/, made of the devices in `below`, "sda1 sdb1". */
static void put_stack(const char *name, const char *below)
{
	static int minor;
	char path[64], uevent[64], word[32], link[128];
	int len = 0;

	snprintf(path, sizeof(path), "virtual/%s", name);
	snprintf(uevent, sizeof(uevent), "MAJOR=252\nMINOR=%d\n", minor++);
	put_blockdev(s.fd, path, "8\n", uevent);
	snprintf(link, sizeof(link), "devices/%s/slaves", path);
	put_dir(s.fd, link);
	for (; sscanf(below, " %31s%n", word, &len) == 1; below += len) {
		snprintf(link, sizeof(link), "devices/%s/slaves/%s", path, word);
		put_link(s.fd, link, "../somewhere");
	}
}

static const struct blockdev *dev(const char *name)
{
	const struct blockdev *found = blockdev_by_name(&devs, name);

	assert_non_null(found);
	return found;
}

static void scan(void)
{
	int before = fakesys_open_fds();

	assert_int_equal(blockdev_scan(&a, s.fd, &devs, NULL), 0);
	assert_int_equal(fakesys_open_fds(), before);
}

static void test_luks_and_lvm(void **state)
{
	(void)state;
	put_stack("dm-0", "sdb1");
	put_dir(s.fd, "devices/virtual/dm-0/dm");
	put_attr(s.fd, "virtual/dm-0", "dm/name", "root crypt\n");
	put_stack("dm-1", "dm-0");
	put_stack("dm-2", "dm-0 sdb1");
	put_stack("dm-3", "");
	scan();
	assert_string_equal(dev("dm-0")->disk, "sdb");
	assert_string_equal(dev("dm-0")->whole, "dm-0");
	assert_string_equal(dev("dm-0")->mapper, "root crypt");
	assert_string_equal(dev("dm-0")->below[0], "sdb1");
	assert_true(dev("dm-0")->removable);
	assert_false(blockdev_is_disk(dev("dm-0")));
	assert_string_equal(dev("dm-1")->disk, "sdb");
	assert_null(dev("dm-1")->mapper);
	assert_string_equal(dev("dm-2")->disk, "sdb");
	assert_int_equal(dev("dm-2")->n_below, 2);
	assert_true(blockdev_is_disk(dev("dm-3"))); /* of nothing: dm-zero */
	assert_true(blockdev_is_disk(dev("sda")));
	assert_false(blockdev_is_disk(dev("sda1")));
	assert_true(blockdev_is_below(&devs, dev("sdb1"), dev("dm-1")));
	assert_false(blockdev_is_below(&devs, dev("sda1"), dev("dm-1")));
}

/* Over two disks: a disk of its own, with partitions of its own. */
static void test_arrays(void **state)
{
	(void)state;
	put_stack("md127", "sda1 sdb1");
	put_blockdev(s.fd, "virtual/md127/md127p1", "8\n", "MAJOR=259\nMINOR=0\nPARTN=1\n");
	put_stack("dm-0", "md127p1");
	put_stack("dm-1", "sda2 sdb1");
	put_stack("md1", "sda1 sda2");
	put_blockdev(s.fd, "virtual/md1/md1p1", "8\n", "MAJOR=259\nMINOR=1\nPARTN=1\n");
	scan();
	assert_true(blockdev_is_disk(dev("md127")));
	assert_string_equal(dev("md127p1")->disk, "md127");
	assert_string_equal(dev("dm-0")->disk, "md127");
	assert_true(blockdev_is_disk(dev("dm-1")));
	assert_string_equal(dev("md1")->disk, "sda");
	assert_string_equal(dev("md1p1")->disk, "sda");
	assert_string_equal(dev("md1p1")->whole, "md1");
}

/* RAID 1 whose other disk is missing is still the same disk. */
static void test_degraded_array(void **state)
{
	(void)state;
	put_stack("md0", "sda1");
	put_dir(s.fd, "devices/virtual/md0/md");
	put_attr(s.fd, "virtual/md0", "md/raid_disks", "2\n");
	put_stack("md1", "sda2");
	put_dir(s.fd, "devices/virtual/md1/md");
	put_attr(s.fd, "virtual/md1", "md/raid_disks", "1\n");
	scan();
	assert_true(blockdev_is_disk(dev("md0")));
	assert_string_equal(dev("md1")->disk, "sda");
}

static void test_round_and_round(void **state)
{
	char name[16], below[64];

	(void)state;
	put_stack("dm-0", "dm-0");
	put_stack("dm-1", "dm-2");
	put_stack("dm-2", "dm-1");
	put_stack("dm-3", "sda1 dm-4");
	put_stack("dm-4", "dm-3");
	put_stack("dm-5", "gone");
	/* Twenty levels, each made of two of the next. */
	for (int i = 10; i < 30; i++) {
		snprintf(name, sizeof(name), "dm-%d", i);
		snprintf(below, sizeof(below), "dm-%d dm-%d", i + 1, i + 2);
		put_stack(name, i < 28 ? below : "sda1");
	}
	scan();
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "dm-%d", i);
		assert_string_equal(dev(name)->disk, name);
	}
	assert_string_equal(dev("dm-10")->disk, "dm-10");
	assert_string_equal(dev("dm-28")->disk, "sda");
	assert_string_equal(dev("dm-24")->disk, "sda");
}

static void put_loop(const char *name, const char *file)
{
	char path[64], link[128];

	snprintf(path, sizeof(path), "virtual/%s", name);
	put_blockdev(s.fd, path, "8\n", "MAJOR=7\nMINOR=0\n");
	snprintf(link, sizeof(link), "devices/%s/loop", path);
	put_dir(s.fd, link);
	put_attr(s.fd, path, "loop/backing_file", file);
}

static void test_loop(void **state)
{
	char uevent[64], file[512];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(s.fd, &st), 0);
	snprintf(uevent, sizeof(uevent), "MAJOR=%u\nMINOR=%u\nPARTN=3\n", major(st.st_dev),
		 minor(st.st_dev));
	put_blockdev(s.fd, "pci/sda/sda3", "8\n", uevent);
	put_text(s.fd, "image", "", 0644);
	snprintf(file, sizeof(file), "%s/image\n", s.path);
	put_loop("loop0", file);
	put_blockdev(s.fd, "virtual/loop0/loop0p1", "8\n", "MAJOR=259\nMINOR=0\nPARTN=1\n");
	put_stack("dm-0", "loop0p1");
	/* A file of another mount namespace, one that is deleted, one without a path. */
	put_loop("loop1", "/nonexistent/image\n");
	put_loop("loop2", "/image (deleted)\n");
	put_loop("loop3", "image\n");
	put_blockdev(s.fd, "virtual/loop4", "8\n", "MAJOR=7\nMINOR=4\n");
	scan();
	assert_string_equal(dev("loop0")->disk, "sda");
	assert_string_equal(dev("loop0")->below[0], "sda3");
	assert_string_equal(dev("loop0p1")->disk, "sda");
	assert_string_equal(dev("loop0p1")->whole, "loop0");
	assert_string_equal(dev("dm-0")->disk, "sda");
	assert_true(dev("loop0")->in_file && dev("loop0p1")->in_file && dev("dm-0")->in_file);
	assert_false(dev("sda3")->in_file);
	assert_true(blockdev_is_disk(dev("loop1")));
	assert_true(blockdev_is_disk(dev("loop2")));
	assert_true(blockdev_is_disk(dev("loop3")));
	assert_true(blockdev_is_disk(dev("loop4")));
}

/* What is not called dm-, md or loop is not asked what it is made of. */
static void test_others_cost_nothing(void **state)
{
	(void)state;
	put_stack("vda", "sda1");
	put_stack("mdx", "sda1");
	put_stack("dm", "sda1");
	scan();
	assert_int_equal(dev("vda")->n_below, 0);
	assert_int_equal(dev("mdx")->n_below, 1);
	assert_int_equal(dev("dm")->n_below, 0);
	assert_true(blockdev_is_disk(dev("vda")));
}

static void test_no_memory(void **state)
{
	(void)state;
	put_stack("dm-0", "sda1");
	for (int i = 0; i < (int)ARENA_UNITS; i++) {
		int err;

		memory_runs_out(&a, (unsigned int)i, NO_BLOCKS);
		err = blockdev_scan(&a, s.fd, &devs, NULL);
		memory_is_back();
		arena_free(&a);
		devs = (struct blockdevs){ 0 };
		if (err == 0)
			return;
		assert_int_equal(err, -ENOMEM);
	}
	fail_msg("never enough memory");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_luks_and_lvm),    TEST(test_arrays), TEST(test_degraded_array),
		TEST(test_round_and_round), TEST(test_loop),   TEST(test_others_cost_nothing),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
