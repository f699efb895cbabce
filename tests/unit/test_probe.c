/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <endian.h>
#include <errno.h>

#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

/* For its lists of types. */
#define probe_disk tested_probe_disk
#include "lib/probe.c" /* NOLINT */

/* The devices are files: a disk has its partition table only, its partitions are files of their own. */

static struct scratch s;
static struct arena a = ARENA_INIT;

static void run(const char *command)
{
	char line[2048];

	snprintf(line, sizeof(line), "cd %s && PATH=$PATH:/usr/sbin:/sbin && { %s\n} >log 2>&1",
		 s.path, command);
	if (system(line) != 0)
		fail_msg("%s: %s", command, get_text(s.fd, "log"));
}

static int make_images(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	run("truncate -s 64M dos && sfdisk dos <<END\n"
	    "label: dos\nlabel-id: 0x1234abcd\n"
	    "start=2048, size=16384, type=c\nsize=16384, type=83\nsize=16384, type=83\ntype=5\n"
	    "size=8192, type=83\nsize=8192, type=83\nEND");
	run("truncate -s 64M gpt && sfdisk gpt <<END\n"
	    "label: gpt\nlabel-id: AAAAAAAA-0000-4000-8000-000000000001\n"
	    "size=8M, name=\"resin-boot\", uuid=AAAAAAAA-0000-4000-8000-00000000B001\n"
	    "size=8M, name=\"Root \303\204\"\nEND");
	run("truncate -s 8M fat && mkfs.vfat -n RESIN-BOOT -i ABCD12EF fat");
	run("truncate -s 8M nolabel && mkfs.vfat nolabel");
	run("truncate -s 8M ext4 && mke2fs -t ext4 -L resin-rootA "
	    "-U ba1eadef-4ced-4ecd-a79f-c0fcd6d1ac3b ext4");
	run("truncate -s 8M swap && mkswap -L swaplabel swap");
	run("truncate -s 8M luks && printf 'LUKS\\272\\276\\000\\001' | dd of=luks conv=notrunc");
	run("truncate -s 8M luks2 && printf 'LUKS\\272\\276\\000\\002' | dd of=luks2 conv=notrunc");
	/* Its label with number of sector, checksum, offset, type and UUID. */
	run("truncate -s 8M lvm && printf "
	    "'LABELONE\\001\\0\\0\\0\\0\\0\\0\\0\\213\\253\\030\\000\\040\\0\\0\\0LVM2 001"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' | dd of=lvm bs=512 seek=1 conv=notrunc");
	run("cp fat both && dd if=ext4 of=both bs=1024 skip=1 seek=1 count=1 conv=notrunc");
	run("truncate -s 120M btrfs && mkfs.btrfs -L bees btrfs");
	run("truncate -s 8M nothing && truncate -s 0 zero && truncate -s 1k tiny");
	run("truncate -s 8M garbage && dd if=/bin/sh of=garbage bs=4096 seek=300 conv=notrunc");
	return 0;
}

/* A member of a RAID 1 with its superblock (version 1.0) at the end: the ext4 shows at the start. */
static void make_raid_member(void)
{
	const uint64_t offset = 8u * 1024 * 1024 - 8192;
	unsigned char sb[256] = { 0 };
	uint64_t super_offset = htole64(offset / 512);
	int fd;

	run("cp ext4 raid");
	memcpy(sb, "\xfc\x4e\x2b\xa9\x01", 5);	 /* magic, major version */
	memcpy(sb + 16, "0123456789abcdef", 16); /* UUID of the array */
	memcpy(sb + 32, "host:0", 6);
	memcpy(sb + 144, &super_offset, 8);
	fd = openat(s.fd, "raid", O_WRONLY);
	assert_int_equal(pwrite(fd, sb, sizeof(sb), (off_t)offset), sizeof(sb));
	close(fd);
}

static int remove_images(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	run("rm -rf dev");
	arena_free(&a);
	return 0;
}

/* Gives an image the name of a device. */
static void put_node(const char *name, const char *image)
{
	char path[64], to[64];

	(void)mkdirat(s.fd, "dev", 0755);
	snprintf(path, sizeof(path), "dev/%s", name);
	snprintf(to, sizeof(to), "../%s", image);
	put_link(s.fd, path, to);
}

static int probe(struct blockdevs *devs, const char *disk)
{
	_cleanup_close_ int devfd = openat(s.fd, "dev", O_PATH | O_DIRECTORY);
	int before = fakesys_open_fds();
	int n = probe_disk(&a, devfd, devs, disk);

	assert_int_equal(fakesys_open_fds(), before);
	return n;
}

/* Probes one image as an unpartitioned disk. */
static struct blockdev probe_image(const char *image)
{
	struct blockdev dev = {
		.name = "vda", .whole = "vda", .disk = "vda", .size_bytes = 8 << 20
	};
	struct blockdevs devs = { &dev, 1 };

	put_node("vda", image);
	assert_int_equal(probe(&devs, "vda"), 1);
	run("rm dev/vda");
	assert_true(dev.probed);
	assert_int_equal(dev.probe_err, 0);
	return dev;
}

#define DISK(n)                                  \
	{                                        \
		.name = n, .whole = n, .disk = n \
	}
#define PART(d, p)                                               \
	{                                                        \
		.name = d #p, .whole = d, .disk = d, .partno = p \
	}

static void test_dos(void **state)
{
	struct blockdev dev[] = { DISK("vda"),	  PART("vda", 1), PART("vda", 2), PART("vda", 4),
				  PART("vda", 5), PART("vda", 6), DISK("vdb"),	  PART("vdb", 1) };
	struct blockdevs devs = { dev, ARRAY_SIZE(dev) };

	(void)state;
	put_node("vda", "dos");
	put_node("vda1", "fat");
	put_node("vda2", "ext4");
	put_node("vda4", "tiny");
	put_node("vda5", "nothing");
	put_node("vda6", "swap");
	assert_int_equal(probe(&devs, "vda"), 6);
	assert_string_equal(dev[0].table, "dos");
	assert_string_equal(dev[0].table_uuid, "1234abcd");
	assert_null(dev[0].type);
	assert_null(dev[0].partuuid);

	assert_string_equal(dev[1].type, "vfat");
	assert_true(dev[1].filesystem);
	assert_string_equal(dev[1].label, "RESIN-BOOT");
	assert_string_equal(dev[1].uuid, "ABCD-12EF");
	assert_string_equal(dev[1].partuuid, "1234abcd-01");
	assert_null(dev[1].partlabel);
	assert_null(dev[1].table);

	assert_string_equal(dev[2].type, "ext4");
	assert_string_equal(dev[2].label, "resin-rootA");
	assert_string_equal(dev[2].uuid, "ba1eadef-4ced-4ecd-a79f-c0fcd6d1ac3b");
	assert_string_equal(dev[2].partuuid, "1234abcd-02");
	assert_string_equal(dev[3].partuuid, "1234abcd-04");
	assert_null(dev[3].type);
	assert_string_equal(dev[4].partuuid, "1234abcd-05");
	assert_null(dev[4].type);
	assert_string_equal(dev[5].partuuid, "1234abcd-06");
	for (int i = 0; i < 6; i++)
		assert_true(dev[i].probed);

	assert_false(dev[6].probed || dev[7].probed);
	assert_int_equal(probe(&devs, "vda"), 0);
}

/* A partition of another system with a table of its own, which is left alone. */
static void test_table_inside_a_partition(void **state)
{
	struct blockdev dev[] = { DISK("vda"), PART("vda", 1), PART("vda", 2) };
	struct blockdevs devs = { dev, ARRAY_SIZE(dev) };

	(void)state;
	run("truncate -s 64M nested && sfdisk nested <<END\n"
	    "label: dos\nlabel-id: 0x1234abcd\n"
	    "size=16384, type=a5\nsize=16384, type=81\nsize=16384, type=63\nsize=16384, "
	    "type=bf\nEND");
	dev[0].size_bytes = 64 << 20;
	put_node("vda", "nested");
	put_node("vda1", "nothing");
	put_node("vda2", "ext4");
	assert_int_equal(probe(&devs, "vda"), 3);
	assert_int_equal(dev[0].table_partitions, 4);
	assert_string_equal(dev[2].partuuid, "1234abcd-02");
	assert_string_equal(dev[2].type, "ext4");
}

static void test_gpt(void **state)
{
	struct blockdev dev[] = { DISK("nvme0n1"), PART("nvme0n1", 1), PART("nvme0n1", 2),
				  PART("nvme0n1", 9) };
	struct blockdevs devs = { dev, ARRAY_SIZE(dev) };

	(void)state;
	put_node("nvme0n1", "gpt");
	put_node("nvme0n11", "fat");
	put_node("nvme0n12", "ext4");
	put_node("nvme0n19", "ext4");
	assert_int_equal(probe(&devs, "nvme0n1"), 4);
	assert_string_equal(dev[0].table, "gpt");
	assert_string_equal(dev[0].table_uuid, "aaaaaaaa-0000-4000-8000-000000000001");
	assert_string_equal(dev[1].partlabel, "resin-boot");
	assert_string_equal(dev[1].partuuid, "aaaaaaaa-0000-4000-8000-00000000b001");
	assert_string_equal(dev[2].partlabel, "Root \303\204");
	assert_string_equal(dev[2].label, "resin-rootA");
	/* A partition that is not in the table is still one with a file system. */
	assert_null(dev[3].partuuid);
	assert_string_equal(dev[3].type, "ext4");
}

static void test_partition_that_comes_later(void **state)
{
	struct blockdev dev[] = { DISK("vda"), PART("vda", 1), PART("vda", 2) };
	struct blockdevs devs = { dev, 2 };

	(void)state;
	put_node("vda", "dos");
	put_node("vda1", "fat");
	put_node("vda2", "ext4");
	assert_int_equal(probe(&devs, "vda"), 2);
	devs.n = 3;
	assert_int_equal(probe(&devs, "vda"), 2);
	assert_string_equal(dev[2].partuuid, "1234abcd-02");
	assert_string_equal(dev[1].partuuid, "1234abcd-01");
	assert_int_equal(probe(&devs, "vda"), 0);
}

static void test_file_system_on_the_whole_disk(void **state)
{
	struct blockdev d = probe_image("ext4");

	(void)state;
	assert_string_equal(d.type, "ext4");
	assert_string_equal(d.label, "resin-rootA");
	assert_true(d.filesystem);
	assert_null(d.table);
	d = probe_image("fat"); /* looks like an msdos table to the careless */
	assert_string_equal(d.type, "vfat");
	assert_null(d.table);
	d = probe_image("nolabel");
	assert_string_equal(d.type, "vfat");
	assert_null(d.label);
	d = probe_image("btrfs");
	assert_string_equal(d.type, "btrfs");
	assert_string_equal(d.label, "bees");
}

static const struct {
	const char *image, *type;
} no_filesystems[] = {
	{ "swap", "swap" },
	{ "luks", "crypto_LUKS" },
	{ "luks2", "crypto_LUKS" },
	{ "lvm", "LVM2_member" },
	{ "raid", "linux_raid_member" },
	{ "nothing", NULL },
	{ "garbage", NULL },
	{ "tiny", NULL },
};

static void test_what_is_no_file_system(void **state)
{
	(void)state;
	make_raid_member();
	for (size_t i = 0; i < ARRAY_SIZE(no_filesystems); i++) {
		struct blockdev d = probe_image(no_filesystems[i].image);

		if (no_filesystems[i].type)
			assert_string_equal(d.type ? d.type : "none", no_filesystems[i].type);
		else
			assert_null(d.type);
		assert_false(d.filesystem);
		assert_false(d.ambiguous);
		assert_null(d.label);
		assert_null(d.uuid);
	}
}

static void test_two_file_systems_are_none(void **state)
{
	struct blockdev d = probe_image("both");

	(void)state;
	assert_true(d.ambiguous);
	assert_null(d.type);
	assert_null(d.label);
	assert_null(d.uuid);
	assert_false(d.filesystem);
	assert_null(d.table);
}

/* The table's partitions are only not there yet: the disk is not searched for a file system. */
static void test_partitions_that_the_kernel_does_not_show(void **state)
{
	struct blockdev d = probe_image("gpt");

	(void)state;
	assert_string_equal(d.table, "gpt");
	assert_null(d.type);
	run("cp dos dos-ext4 && dd if=ext4 of=dos-ext4 bs=1024 skip=1 seek=1 count=1 conv=notrunc");
	d = probe_image("dos-ext4");
	assert_string_equal(d.table, "dos");
	assert_null(d.type);
}

/* A boot sector without partitions is no reason to overlook a file system. */
static void test_empty_table(void **state)
{
	struct blockdev d;

	(void)state;
	run("cp ext4 mbr && printf '\\125\\252' | dd of=mbr bs=1 seek=510 conv=notrunc");
	d = probe_image("mbr");
	assert_string_equal(d.type, "ext4");
	assert_string_equal(d.label, "resin-rootA");
}

static void test_what_cannot_be_read(void **state)
{
	struct blockdev dev[] = { DISK("vda"), PART("vda", 1), PART("vda", 2), PART("vda", 3) };
	struct blockdevs devs = { dev, ARRAY_SIZE(dev) };

	(void)state;
	put_node("vda", "dos");
	put_node("vda2", "ext4");
	put_dir(s.fd, "dev/vda3");
	assert_int_equal(probe(&devs, "vda"), 3);
	assert_true(dev[0].probed);
	assert_false(dev[1].probed);
	assert_string_equal(dev[1].partuuid, "1234abcd-01");
	assert_true(dev[2].probed);
	assert_string_equal(dev[2].type, "ext4");
	assert_false(dev[3].probed);
	assert_int_equal(dev[3].probe_err, -EINVAL);
	/* What failed is not tried again, what was not there is. */
	put_node("vda1", "fat");
	assert_int_equal(probe(&devs, "vda"), 2);
	assert_true(dev[1].probed);
	assert_int_equal(dev[3].probe_err, -EINVAL);
}

/* sysfs was quicker than /dev: a late disk was never probed, and so never booted from. */
static void test_node_that_comes_later(void **state)
{
	struct blockdev dev[] = { DISK("vda"), PART("vda", 1) };
	struct blockdevs devs = { dev, ARRAY_SIZE(dev) };

	(void)state;
	put_node("vda1", "fat");
	assert_int_equal(probe(&devs, "vda"), 1);
	assert_false(dev[0].probed);
	assert_int_equal(dev[0].probe_err, 0);
	assert_null(dev[1].partuuid);
	put_node("vda", "dos");
	assert_int_equal(probe(&devs, "vda"), 1);
	assert_true(dev[0].probed);
	assert_string_equal(dev[1].partuuid, "1234abcd-01");
}

static void test_disk_that_cannot_be_read(void **state)
{
	struct blockdev dev[] = { DISK("vda"), PART("vda", 1) };
	struct blockdevs devs = { dev, ARRAY_SIZE(dev) };

	(void)state;
	put_node("vda1", "fat");
	put_dir(s.fd, "dev/vda");
	assert_int_equal(probe(&devs, "vda"), 2);
	assert_int_equal(dev[0].probe_err, -EINVAL);
	assert_string_equal(dev[1].label, "RESIN-BOOT");
	assert_null(dev[1].partuuid);
	assert_int_equal(probe(&devs, "vda"), 0);
	assert_int_equal(probe(&devs, "vdb"), 0);
	assert_int_equal(probe(&devs, ""), 0);
}

static void test_empty_device(void **state)
{
	struct blockdev dev = DISK("vda");
	struct blockdevs devs = { &dev, 1 };

	(void)state;
	put_node("vda", "zero");
	assert_int_equal(probe(&devs, "vda"), 1);
	assert_null(dev.type);
	assert_null(dev.table);
}

static void test_slash_in_the_name(void **state)
{
	struct blockdev dev = DISK("cciss!c0d0");
	struct blockdevs devs = { &dev, 1 };

	(void)state;
	put_node("x", "ext4");
	put_dir(s.fd, "dev/cciss");
	put_link(s.fd, "dev/cciss/c0d0", "../../ext4");
	assert_int_equal(probe(&devs, "cciss!c0d0"), 1);
	assert_string_equal(dev.type, "ext4");
}

/* A type that is asked for without its prober (lib/third-party) would be never found, without an error. */
static void test_probers_of_all_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(passes); i++)
		for (const char *const *type = passes[i]; *type; type++)
			if (!blkid_known_fstype(*type))
				fail_msg("no prober of %s", *type);
	for (const char *const *type = table_types; *type; type++)
		assert_true(blkid_known_pttype(*type));
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dos),
		TEST(test_table_inside_a_partition),
		TEST(test_gpt),
		TEST(test_partition_that_comes_later),
		TEST(test_file_system_on_the_whole_disk),
		TEST(test_what_is_no_file_system),
		TEST(test_two_file_systems_are_none),
		TEST(test_partitions_that_the_kernel_does_not_show),
		TEST(test_empty_table),
		TEST(test_what_cannot_be_read),
		TEST(test_node_that_comes_later),
		TEST(test_disk_that_cannot_be_read),
		TEST(test_empty_device),
		TEST(test_slash_in_the_name),
		TEST(test_probers_of_all_types),
	};

	return cmocka_run_group_tests(tests, make_images, remove_images);
}
