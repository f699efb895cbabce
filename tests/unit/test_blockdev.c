/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/blockdev.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/sysblock.h"

static struct scratch s;
static struct arena a = ARENA_INIT;

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	put_sysfs(s.fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	scratch_remove(&s);
	return 0;
}

#define VDA "pci0000:00/0000:00:04.0/virtio1/block/vda"
#define SDA "pci0000:00/0000:00:1d.0/usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda"

static void put_two_disks(void)
{
	put_blockdev(s.fd, VDA, "2097152\n",
		     "MAJOR=254\nMINOR=0\nDEVNAME=vda\nDEVTYPE=disk\nDISKSEQ=3\n");
	put_attr(s.fd, VDA, "removable", "0\n");
	put_blockdev(s.fd, VDA "/vda10", "8\n",
		     "MAJOR=254\nMINOR=10\nDEVNAME=vda10\nPARTN=10\nDISKSEQ=3\n");
	put_blockdev(s.fd, VDA "/vda2", "2048\n",
		     "MAJOR=254\nMINOR=2\nDEVNAME=vda2\nDEVTYPE=partition\nPARTN=2\nPARTNAME=x\n");
	put_blockdev(s.fd, SDA, "4096\n", "MAJOR=8\nMINOR=0\nDEVNAME=sda\nDEVTYPE=disk\n");
	put_attr(s.fd, SDA, "removable", "0\n");
	put_attr(s.fd, SDA, "ro", "1\n");
	put_blockdev(s.fd, SDA "/sda1", "2048\n", "MAJOR=8\nMINOR=1\nDEVTYPE=partition\nPARTN=1\n");
}

static void test_scan(void **state)
{
	struct blockdevs devs = { 0 };
	const struct blockdev *d;
	int before = fakesys_open_fds();

	(void)state;
	put_two_disks();
	assert_int_equal(blockdev_scan(&a, s.fd, &devs, NULL), 0);
	assert_int_equal(fakesys_open_fds(), before);
	assert_int_equal(devs.n, 5);
	assert_string_equal(devs.dev[0].name, "vda");
	assert_string_equal(devs.dev[1].name, "vda2");
	assert_string_equal(devs.dev[2].name, "vda10");
	assert_string_equal(devs.dev[3].name, "sda");
	assert_string_equal(devs.dev[4].name, "sda1");

	d = &devs.dev[0];
	assert_string_equal(d->disk, "vda");
	assert_string_equal(d->devpath, "/devices/" VDA);
	assert_int_equal(d->major, 254);
	assert_int_equal(d->minor, 0);
	assert_int_equal(d->partno, 0);
	assert_int_equal(d->diskseq, 3);
	assert_int_equal(d->size_bytes, 1 << 30);
	assert_false(d->removable);
	assert_false(d->read_only);
	assert_false(d->probed);

	d = &devs.dev[1];
	assert_string_equal(d->disk, "vda");
	assert_int_equal(d->minor, 2);
	assert_int_equal(d->partno, 2);
	assert_int_equal(d->diskseq, 3); /* its disk's */
	assert_int_equal(d->size_bytes, 1 << 20);
	assert_int_equal(devs.dev[2].partno, 10);

	assert_true(devs.dev[3].removable); /* USB */
	assert_true(devs.dev[3].read_only);
	assert_true(devs.dev[4].removable);
	assert_false(devs.dev[4].read_only);
	assert_string_equal(devs.dev[4].disk, "sda");
}

static void test_removable_medium(void **state)
{
	struct blockdevs devs = { 0 };

	(void)state;
	put_blockdev(s.fd, "mmc/block/mmcblk0", "100\n", "MAJOR=179\nMINOR=0\n");
	put_attr(s.fd, "mmc/block/mmcblk0", "removable", "1\n");
	put_blockdev(s.fd, "mmc/block/mmcblk0/mmcblk0p1", "50\n", "MAJOR=179\nMINOR=1\nPARTN=1\n");
	assert_int_equal(blockdev_scan(&a, s.fd, &devs, NULL), 0);
	assert_int_equal(devs.n, 2);
	assert_true(devs.dev[0].removable);
	assert_true(devs.dev[1].removable);
	assert_string_equal(devs.dev[1].disk, "mmcblk0");
}

static void test_what_is_left_out(void **state)
{
	struct blockdevs devs = { 0 };

	(void)state;
	put_blockdev(s.fd, "virtual/block/ram0", "100\n", "MAJOR=1\nMINOR=0\n");
	put_blockdev(s.fd, "virtual/block/zram0", "100\n", "MAJOR=253\nMINOR=0\n");
	put_blockdev(s.fd, "virtual/block/loop0", "0\n", "MAJOR=7\nMINOR=0\n");
	put_blockdev(s.fd, "virtual/block/loop1", "8\n", "MAJOR=7\nMINOR=1\n");
	put_blockdev(s.fd, "virtual/block/rampart", "8\n", "MAJOR=9\nMINOR=0\n");
	put_blockdev(s.fd, "virtual/block/sr0", "0\n", "MAJOR=11\nMINOR=0\n");
	put_link(s.fd, "class/block/gone", "../../devices/virtual/block/gone");
	put_dir(s.fd, "class/block/nolink");
	put_text(s.fd, "class/block/nolink/size", "8\n", 0444);
	put_text(s.fd, "class/block/nolink/uevent", "MAJOR=1\n", 0444);
	assert_int_equal(blockdev_scan(&a, s.fd, &devs, NULL), 0);
	assert_int_equal(devs.n, 2);
	assert_string_equal(devs.dev[0].name, "loop1");
	assert_string_equal(devs.dev[1].name, "rampart");
}

static void test_many(void **state)
{
	struct blockdevs devs = { 0 };
	char path[64], uevent[64];

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "virtual/block/loop%d", i);
		snprintf(uevent, sizeof(uevent), "MAJOR=7\nMINOR=%d\n", i);
		put_blockdev(s.fd, path, "8\n", uevent);
	}
	assert_int_equal(blockdev_scan(&a, s.fd, &devs, NULL), 0);
	assert_int_equal(devs.n, 40);
	for (unsigned int i = 0; i < 40; i++)
		assert_int_equal(devs.dev[i].minor, i);
}

static void test_findings_are_kept_of_the_same_device(void **state)
{
	struct blockdevs devs = { 0 };

	(void)state;
	put_two_disks();
	assert_int_equal(blockdev_scan(&a, s.fd, &devs, NULL), 0);
	for (size_t i = 0; i < devs.n; i++) {
		devs.dev[i].probed = true;
		devs.dev[i].filesystem = true;
		devs.dev[i].label = "label";
		devs.dev[i].type = "ext4";
		devs.dev[i].uuid = "uuid";
		devs.dev[i].partuuid = "partuuid";
		devs.dev[i].partlabel = "partlabel";
		devs.dev[i].table = "gpt";
		devs.dev[i].table_uuid = "ptuuid";
		devs.dev[i].probe_err = -5;
	}
	put_attr(s.fd, VDA "/vda10", "size", "16\n");
	put_attr(s.fd, SDA, "uevent", "MAJOR=8\nMINOR=0\nDISKSEQ=9\n");
	assert_int_equal(blockdev_scan(&a, s.fd, &devs, NULL), 0);
	assert_true(devs.dev[0].probed);
	assert_string_equal(devs.dev[0].table, "gpt");
	assert_string_equal(devs.dev[0].table_uuid, "ptuuid");
	assert_true(devs.dev[1].probed && devs.dev[1].filesystem);
	assert_string_equal(devs.dev[1].label, "label");
	assert_string_equal(devs.dev[1].type, "ext4");
	assert_string_equal(devs.dev[1].uuid, "uuid");
	assert_string_equal(devs.dev[1].partuuid, "partuuid");
	assert_string_equal(devs.dev[1].partlabel, "partlabel");
	assert_int_equal(devs.dev[1].probe_err, -5);
	assert_false(devs.dev[2].probed); /* another size */
	assert_null(devs.dev[2].label);
	assert_int_equal(devs.dev[2].probe_err, 0);
	assert_false(devs.dev[3].probed); /* another disk sequence number */
	assert_false(devs.dev[4].probed); /* and so its partition */
}

static void test_failure_leaves_the_list(void **state)
{
	struct blockdev one = { .name = "x" };
	struct blockdevs devs = { .dev = &one, .n = 1 };
	struct reason r = REASON_INIT;

	(void)state;
	assert_int_equal(unlinkat(s.fd, "class/block", AT_REMOVEDIR), 0);
	assert_int_equal(blockdev_scan(&a, s.fd, &devs, &r), -ENOENT);
	assert_int_equal(devs.n, 1);
	assert_ptr_equal(devs.dev, &one);
	assert_string_equal(r.object, "/sys/class/block");
}

static void test_natural_compare(void **state)
{
	/* In order, all different. */
	static const char *const sorted[] = { "",
					      "00:04.0",
					      "00:1d.0",
					      "00:1e.0",
					      "00:a0.0",
					      "sda",
					      "sda/sda1",
					      "sda0",
					      "sda01x",
					      "sda1",
					      "sda2",
					      "sda10",
					      "sda10a",
					      "sda11",
					      "sda100",
					      "sdb",
					      "sdb1",
					      "x99999999999999999999998",
					      "x99999999999999999999999" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t k = 0; k < ARRAY_SIZE(sorted); k++) {
			int r = natural_compare(sorted[i], sorted[k]);

			assert_int_equal((r > 0) - (r < 0), (i > k) - (i < k));
		}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_scan),
		TEST(test_removable_medium),
		TEST(test_what_is_left_out),
		TEST(test_many),
		TEST(test_findings_are_kept_of_the_same_device),
		TEST(test_failure_leaves_the_list),
		cmocka_unit_test(test_natural_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
