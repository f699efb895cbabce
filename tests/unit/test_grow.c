/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/grow.h"
#include "tests/unit/devices.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tabledisk.h"

#define SECTOR	 512u
#define DISK_MIB 64
#define MIB	 2048 /* in sectors */

static struct arena a;
static struct scratch s;
static struct ptable_disk table;
static struct blockdev rows[3];
static struct blockdevs devs;
static struct grow grow;
static struct reason why;
static char path[300];

static void attribute(const char *name, const char *what, uint64_t value)
{
	char file[128], text[32];

	(void)snprintf(file, sizeof(file), "class/block/%s/%s", name, what);
	(void)snprintf(text, sizeof(text), "%llu\n", (unsigned long long)value);
	put_text(s.fd, file, text, 0644);
}

static void put_disk(void)
{
	put_bytes(s.fd, "vda", tabledisk, (size_t)DISK_MIB << 20, 0600);
}

/* An ext4 of so many KiB with blocks of 1 KiB, and a journal. */
static void put_super(uint64_t kib)
{
	unsigned char bytes[4096] = { 0 };

	tabledisk_number(bytes + 1024 + 0x04, 4, kib);
	tabledisk_number(bytes + 1024 + 0x38, 2, 0xef53);
	tabledisk_number(bytes + 1024 + 0x5c, 4, 4);
	tabledisk_number(bytes + 1024 + 0x60, 4, kib == 1024 ? 4 : 0); /* to be recovered */
	put_bytes(s.fd, "vda2", bytes, sizeof(bytes), 0600);
}

/* vda with two partitions: of 2 MiB, and the data partition of 8 MiB from the fourth on, and 52 MiB behind it. */
static int setup(void **state)
{
	static const char *const dirs[] = { "class",
					    "class/block",
					    "class/block/vda",
					    "class/block/vda/queue",
					    "class/block/vda1",
					    "class/block/vda2" };
	static const struct blockdev start[] = { DISK_ROW("vda", 2),
						 PART_ROW("vda", 1, "vfat", "b"),
						 PART_ROW("vda", 2, "ext4", "d") };

	(void)state;
	scratch_make(&s, "/dev/shm");
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdirat(s.fd, dirs[i], 0755), 0);
	attribute("vda", "queue/logical_block_size", SECTOR);
	attribute("vda1", "start", 1 * MIB);
	attribute("vda2", "start", 4 * MIB);
	memcpy(rows, start, sizeof(rows));
	rows[0].table = "gpt";
	rows[0].size_bytes = (uint64_t)DISK_MIB * MIB * SECTOR;
	rows[1].size_bytes = 2 * MIB * SECTOR;
	rows[2].size_bytes = 8 * MIB * SECTOR;
	devs = (struct blockdevs){ rows, ARRAY_SIZE(rows) };
	table = tabledisk_make(SECTOR, DISK_MIB);
	tabledisk_entry(&table, 1, 1 * MIB, 2 * MIB, "b");
	tabledisk_entry(&table, 2, 4 * MIB, 8 * MIB, "d");
	tabledisk_gpt(&table, 16);
	put_disk();
	put_super(8 << 10);
	(void)snprintf(path, sizeof(path), "%s/vda", s.path);
	fakesys_reset(s.path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fakesys_reset(NULL);
	scratch_remove(&s);
	arena_free(&a);
	return 0;
}

static void look(const struct blockdev *dev)
{
	int fds = fakesys_open_fds();

	assert_int_equal(grow_look(&a, s.fd, s.path, &devs, dev, &grow), 0);
	assert_int_equal(fakesys_open_fds(), fds);
}

/* What the disk has now, in `tabledisk`. */
static void take_disk(void)
{
	_cleanup_close_ int fd = openat(s.fd, "vda", O_RDONLY | O_CLOEXEC);

	assert_int_equal(pread(fd, tabledisk, (size_t)DISK_MIB << 20, 0), (ssize_t)DISK_MIB << 20);
}

static void test_looks(void **state)
{
	(void)state;
	look(&rows[2]);
	assert_null(grow.refusal);
	assert_ptr_equal(grow.part, &rows[2]);
	assert_ptr_equal(grow.disk, &rows[0]);
	assert_int_equal(grow.table.n, 5);
	assert_int_equal(grow.bytes, (uint64_t)(DISK_MIB - 5) << 20);
	assert_true(grow.fs_behind);
}

static void test_aligned_to_large_requests(void **state)
{
	(void)state;
	attribute("vda", "queue/physical_block_size", 4096);
	attribute("vda", "queue/minimum_io_size", 4096);
	attribute("vda", "queue/optimal_io_size", 8 << 20);
	look(&rows[2]);
	assert_int_equal(grow.bytes, (uint64_t)(56 - 4) << 20);
	attribute("vda", "alignment_offset", 3584);
	look(&rows[2]);
	assert_int_equal(grow.bytes, ((uint64_t)(56 - 4) << 20) + 3584);
	/* Misaligned beyond help: -1. */
	put_text(s.fd, "class/block/vda/alignment_offset", "-1\n", 0644);
	look(&rows[2]);
	assert_int_equal(grow.bytes, (uint64_t)(56 - 4) << 20);
}

static void assert_nothing(const struct blockdev *dev)
{
	look(dev);
	assert_int_equal(grow.table.n, 0);
	assert_null(grow.refusal);
}

static void test_nothing_to_gain(void **state)
{
	(void)state;
	attribute("vda1", "start", 20 * MIB);
	assert_nothing(&rows[2]); /* one lies behind it */
	attribute("vda1", "start", 1 * MIB);
	rows[0].size_bytes = (uint64_t)(12 + 16) * MIB * SECTOR - SECTOR;
	assert_nothing(&rows[2]);
	rows[0].size_bytes = (uint64_t)DISK_MIB * MIB * SECTOR;
	rows[0].read_only = true;
	assert_nothing(&rows[2]);
	rows[0].read_only = false;
	rows[2].read_only = true;
	assert_nothing(&rows[2]);
	rows[2].read_only = false;
	rows[0].table = NULL;
	assert_nothing(&rows[2]);
	rows[0].table = "gpt";
	assert_nothing(&rows[0]); /* no partition */
	devs.n = 0;
	assert_nothing(&rows[2]);
	devs.n = ARRAY_SIZE(rows);
	look(&rows[2]);
	assert_int_equal(grow.table.n, 5);
}

/* Somebody has cut the boot between the table and the file system. */
static void test_file_system_is_behind(void **state)
{
	(void)state;
	rows[2].size_bytes = (uint64_t)(DISK_MIB - 5) * MIB * SECTOR;
	assert_nothing(&rows[2]);
	assert_true(grow.fs_behind);
	assert_false(grow.fs_recovers);
	assert_int_equal(grow.bytes, rows[2].size_bytes);
	put_super((DISK_MIB - 5 - 16) * 1024);
	assert_nothing(&rows[2]);
	assert_true(grow.fs_behind);
	put_super((DISK_MIB - 5 - 16) * 1024 + 1);
	assert_nothing(&rows[2]);
	assert_false(grow.fs_behind);
	put_super(1024);
	assert_nothing(&rows[2]);
	assert_true(grow.fs_behind && grow.fs_recovers);
	rows[2].type = "btrfs";
	assert_nothing(&rows[2]);
	assert_false(grow.fs_behind);
	rows[2].type = NULL;
	assert_nothing(&rows[2]);
	assert_false(grow.fs_behind);
	rows[2].type = "ext4";
	assert_int_equal(unlinkat(s.fd, "vda2", 0), 0);
	assert_nothing(&rows[2]);
	assert_false(grow.fs_behind);
}

static void assert_refused(const struct blockdev *dev, const char *text)
{
	look(dev);
	assert_int_equal(grow.table.n, 0);
	assert_non_null(grow.refusal);
	assert_string_equal(grow.refusal, text);
	assert_int_equal(grow.bytes, rows[2].size_bytes);
}

static void test_refusals(void **state)
{
	static const char *below[] = { "vda2" };
	const struct blockdev luks = { .name = "dm-0",
				       .whole = "dm-0",
				       .disk = "vda",
				       .below = below,
				       .n_below = 1,
				       .type = "ext4" };

	(void)state;
	assert_refused(&luks, "unable to grow vda2: dm-0 is made of it (LUKS, LVM or RAID)");
	assert_false(grow.fs_behind);
	rows[0].table = "dos";
	assert_refused(&rows[2],
		       "unable to grow vda2: the table has it in another place than the kernel");
	rows[0].table = "gpt";
	tabledisk_at(&table, 1)[20] ^= 1;
	put_disk();
	assert_refused(
		&rows[2],
		"unable to grow vda2: the primary GPT is damaged, or of a form nobody writes");
	put_bytes(s.fd, "vda", tabledisk, SECTOR, 0600);
	assert_refused(&rows[2], "unable to read the partition table: Input/output error");
	assert_int_equal(unlinkat(s.fd, "vda", 0), 0);
	assert_refused(&rows[2], "unable to open vda: No such file or directory");
}

static void test_writes(void **state)
{
	(void)state;
	look(&rows[2]);
	assert_int_equal(grow_table(&fakesys, path, &grow.table, &why), 0);
	/* Two sectors of entries have something in them: no, one; the others are as they were. */
	assert_string_equal(fakesys_log(),
			    "open /vda 0000\npwrite /vda 512 67091968\nfsync /vda\n"
			    "open /vda 0000\npwrite /vda 512 67108352\nfsync /vda\n"
			    "open /vda 0000\npwrite /vda 512 0\nfsync /vda\n"
			    "open /vda 0000\npwrite /vda 512 512\nfsync /vda\n"
			    "open /vda 0000\npwrite /vda 512 1024\nfsync /vda\n"
			    "open /vda 0000\npartition_resize /vda 2 4194304 61865984\n");
	take_disk();
	assert_true(tabledisk_whole(&table, 1));
	assert_true(tabledisk_whole(&table, table.sectors - 1));
	assert_int_equal(tabledisk_size(&table, 2), (DISK_MIB - 5) * MIB);
}

/* Every call fails, and the power is cut behind every call: the next time ends in the same. */
static void test_cut_and_again(void **state)
{
	unsigned int calls;

	look(&rows[2]);
	assert_int_equal(grow_table(&fakesys, path, &grow.table, &why), 0);
	calls = fakesys_calls();
	for (unsigned int nth = 0; nth < 2 * calls; nth++) {
		teardown(state);
		setup(state);
		look(&rows[2]);
		if (nth < calls)
			fakesys_cut_after(nth);
		else
			fakesys_fail_nth(nth - calls + 1, EIO);
		assert_int_equal(grow_table(&fakesys, path, &grow.table, &why), -EIO);
		assert_non_null(why.verb);
		take_disk();
		assert_true(tabledisk_whole(&table, 1));
		fakesys_reset(s.path);
		rows[2].size_bytes = tabledisk_size(&table, 2) * SECTOR;
		look(&rows[2]);
		assert_null(grow.refusal);
		assert_int_equal(grow_table(&fakesys, path, &grow.table, &why), 0);
		take_disk();
		assert_true(tabledisk_whole(&table, 1));
		assert_true(tabledisk_whole(&table, table.sectors - 1));
		assert_int_equal(tabledisk_size(&table, 2), (DISK_MIB - 5) * MIB);
	}
}

static void test_kernel_does_not_listen(void **state)
{
	(void)state;
	look(&rows[2]);
	fakesys_fail_match("partition_resize", EBUSY);
	assert_int_equal(grow_table(&fakesys, path, &grow.table, &why), -EBUSY);
	assert_string_equal(why.verb, "tell the kernel the size of");
	assert_string_equal(why.cause, "Device or resource busy; it will know at the next boot");
}

static void test_backup(void **state)
{
	struct ptable_backup backup;

	(void)state;
	assert_int_equal(grow_backup(&a, s.fd, s.path, &rows[0], &backup), 0);
	assert_int_equal(backup.n, 0);
	tabledisk_gpt(&table, DISK_MIB);
	tabledisk_at(&table, 1)[20] ^= 1;
	put_disk();
	assert_int_equal(grow_backup(&a, s.fd, s.path, &rows[0], &backup), 0);
	assert_int_equal(backup.n, 2);
	fakesys_fail_match("partition_add /vda 1 ", EBUSY); /* the kernel has it already */
	assert_int_equal(grow_tell(&fakesys, path, &backup, &why), 0);
	assert_string_equal(fakesys_log(), "open /vda 0000\npartition_add /vda 1 1048576 2097152\n"
					   "partition_add /vda 2 4194304 8388608\n");
	fakesys_fail_match("partition_add /vda 2 ", ENOMEM);
	assert_int_equal(grow_tell(&fakesys, path, &backup, &why), -ENOMEM);
	fakesys_fail_match("open", EIO);
	assert_int_equal(grow_tell(&fakesys, path, &backup, &why), -EIO);
	assert_string_equal(why.object, path);
	fakesys_reset(s.path);
	assert_int_equal(grow_write(&fakesys, path, &backup.restore, &why), 0);
	take_disk();
	assert_true(tabledisk_whole(&table, 1));
	assert_int_equal(unlinkat(s.fd, "vda", 0), 0);
	assert_int_equal(grow_backup(&a, s.fd, s.path, &rows[0], &backup), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_looks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aligned_to_large_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_to_gain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_system_is_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_and_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kernel_does_not_listen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backup, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
