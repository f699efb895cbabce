/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/fsuuid.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

#define OLD	"ba1eadef-1234-4000-8000-000000000001"
#define OLD_FAT "BA1E-ADEF"
#define PREFIX	"ba1eadef"
#define MKFS	"mke2fs -q -F -U " OLD " -L resin-rootA "
#define TREE	" -d tree fs "

static struct scratch s;
static char device[300];

static bool shell(const char *command)
{
	char text[2000];

	(void)snprintf(text, sizeof(text),
		       "cd '%s' && PATH=$PATH:/sbin:/usr/sbin && { %s; } >log 2>&1", s.path,
		       command);
	return system(text) == 0; /* NOLINT: names are our own */
}

static void must(const char *command)
{
	if (!shell(command))
		fail_msg("%s:\n%s", command, get_text(s.fd, "log"));
}

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, "/dev/shm");
	(void)snprintf(device, sizeof(device), "%s/fs", s.path);
	must("mkdir -p tree/d && seq 5000 >tree/d/numbers && seq 300 | sed s:^:tree/d/: | xargs "
	     "touch");
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

static int change(const char *type, unsigned char seed, char *uuid, struct reason *r)
{
	unsigned char random[16];

	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (unsigned char)(seed * 37 + i * 101);
	return fsuuid_change(&fakesys, device, type, random, PREFIX, uuid, r);
}

/* What blkid, and so everybody, says it is. */
static void assert_uuid(const char *uuid)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "test \"$(blkid -p -o value -s UUID fs)\" = %s", uuid);
	must(text);
}

/* Each kind of checksum there is; e2fsck checks them all, and the copies of the superblock too. */
static const struct {
	const char *mkfs;
	unsigned int sectors; /* that are written */
} kinds[] = {
	{ MKFS "-t ext4" TREE "16M", 1 },
	{ MKFS "-t ext4 -b 4096" TREE "300M", 1 },
	{ MKFS "-t ext4 -O metadata_csum,64bit,^metadata_csum_seed" TREE "16M", 1 },
	{ MKFS "-t ext4 -O metadata_csum,metadata_csum_seed" TREE "16M", 1 },
	{ MKFS "-t ext4 -O ^metadata_csum,uninit_bg -b 1024" TREE "40M", 1 },
	{ MKFS "-t ext4 -O ^metadata_csum,^uninit_bg" TREE "16M", 1 },
	{ MKFS "-t ext4 -O ^has_journal" TREE "16M", 1 },
	{ MKFS "-t ext4 -O quota,project fs 16M", 1 },
	{ MKFS "-t ext4 -O inline_data,dir_nlink,encrypt,verity,casefold" TREE "16M", 1 },
	{ MKFS "-t ext4 -O sparse_super2,meta_bg,^resize_inode" TREE "64M", 1 },
	{ MKFS "-t ext3" TREE "16M", 1 },
	{ MKFS "-t ext2" TREE "16M", 1 },
};

static void test_ext(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char uuid[FSUUID_MAX];

		must("rm -f fs");
		must(kinds[i].mkfs);
		must("cp --sparse=always fs before");
		fakesys_reset(s.path);
		assert_int_equal(0, change("ext4", (unsigned char)i, uuid, NULL));
		assert_int_equal(kinds[i].sectors, fakesys_count("pwrite "));
		assert_uuid(uuid);
		must("e2fsck -fn fs && ! grep -i 'uuid\\|checksum\\|fix' log");
		/* The superblock alone, and 16 bytes of it at most. */
		must("cmp -l before fs | awk '$1 < 1129 || $1 > 1144 {exit 1} END {exit NR > 16}'");
		assert_true(fsuuid_replaces(uuid, OLD));
		assert_false(fsuuid_has_prefix(uuid, PREFIX));
		assert_true(uuid[14] == '4' && strchr("89ab", uuid[19]));
	}
}

/* A journal that waits to be replayed, with an old superblock in it: either UUID is whole, and all checksums right. */
static void test_journal_to_replay(void **state)
{
	char uuid[FSUUID_MAX];

	(void)state;
	must(MKFS "-t ext4 -O metadata_csum" TREE "16M");
	/* block 1 of 1024 bytes is the superblock: it goes through the journal as it was */
	must("dd if=fs of=sb bs=1024 skip=1 count=1 && printf 'jo\\njw -b 1 sb\\njc\\n' >commands "
	     "&& "
	     "debugfs -w -f commands fs && dumpe2fs -h fs | grep -q needs_recovery");
	assert_int_equal(0, change("ext4", 1, uuid, NULL));
	assert_uuid(uuid);
	must("cp fs replayed && e2fsck -fy replayed; [ $? -le 1 ] && e2fsck -fn replayed && "
	     "! grep -qi checksum log");
}

static void test_fat(void **state)
{
	static const char *const made[] = {
		"mkfs.vfat -F 12 -i BA1EADEF -n RESIN-BOOT -C fs 1024",
		"mkfs.vfat -F 16 -i BA1EADEF -n RESIN-BOOT -C fs 16384",
		"mkfs.vfat -F 32 -i BA1EADEF -n RESIN-BOOT -C fs 65536",
		"mkfs.vfat -F 32 -S 4096 -i BA1EADEF -C fs 300000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		char uuid[FSUUID_MAX];

		must("rm -f fs");
		must(made[i]);
		fakesys_reset(s.path);
		assert_int_equal(0, change("vfat", (unsigned char)(i + 1), uuid, NULL));
		assert_int_equal(i < 2 ? 1 : 2, fakesys_count("pwrite "));
		assert_uuid(uuid);
		must("fsck.fat -n fs && ! grep -i 'backup\\|differ' log");
		assert_string_not_equal(OLD_FAT, uuid);
	}
}

/* The copy is written first: whatever has the power cut, the next boot sees that it is not done. */
static void test_fat_cut(void **state)
{
	char uuid[FSUUID_MAX];
	unsigned int calls;

	(void)state;
	must("mkfs.vfat -F 32 -i BA1EADEF -C fs 65536 && cp --sparse=always fs before");
	assert_int_equal(0, change("vfat", 1, uuid, NULL));
	calls = fakesys_calls();
	for (unsigned int n = 0; n < calls; n++) {
		must("cp --sparse=always before fs");
		fakesys_reset(s.path);
		fakesys_cut_after(n);
		assert_true(change("vfat", 2, uuid, NULL) < 0);
		if (shell("test \"$(blkid -p -o value -s UUID fs)\" = " OLD_FAT)) {
			fakesys_reset(s.path);
			assert_int_equal(0, change("vfat", 3, uuid, NULL));
			assert_uuid(uuid);
		}
		must("fsck.fat -n fs && ! grep -i 'backup\\|differ' log");
	}
}

/* Each call fails in turn: an error, and the file system is whole under one of the UUIDs. */
static void test_each_call_fails(void **state)
{
	char uuid[FSUUID_MAX];
	unsigned int calls;

	(void)state;
	must(MKFS "-t ext4" TREE "16M && cp fs before");
	assert_int_equal(0, change("ext4", 1, uuid, NULL));
	calls = fakesys_calls();
	assert_true(calls >= 3);
	for (unsigned int n = 1; n <= calls; n++) {
		struct reason r = REASON_INIT;

		must("cp before fs");
		fakesys_reset(s.path);
		fakesys_fail_nth(n, EIO);
		assert_int_equal(-EIO, change("ext4", 1, uuid, &r));
		assert_non_null(r.verb);
		must("e2fsck -fn fs");
	}
	must("cp before fs");
	fakesys_reset(s.path);
	fakesys_short_writes(100);
	assert_int_equal(-EIO, change("ext4", 1, uuid, NULL));
}

static const struct {
	const char *made, *type, *cause;
	int err;
} refused[] = {
	{ MKFS "-t ext4 -O stable_inodes fs 16M", "ext4", "its inodes depend on it (stable_inodes)",
	  -EOPNOTSUPP },
	{ MKFS "-t ext4 -O ^metadata_csum fs 16M && tune2fs -O read-only fs", "ext4",
	  "it is made not to be written to (read-only)", -EOPNOTSUPP },
	{ MKFS "-t ext4 -O ^metadata_csum fs 16M && printf '\\10\\1' | dd of=fs bs=1 seek=1252 "
	       "conv=notrunc",
	  "ext4", "its journal is on another device", -EOPNOTSUPP },
	{ "mke2fs -q -F -O journal_dev fs 16M", "ext4", "its journal is on another device",
	  -EOPNOTSUPP },
	{ MKFS "-t ext4 fs 16M && printf x | dd of=fs bs=1 seek=1800 conv=notrunc", "ext4",
	  "its superblock is damaged", -EBADMSG },
	{ "truncate -s 16M fs", "ext4", "its superblock is damaged", -EBADMSG },
	{ "truncate -s 16M fs", "vfat", "its superblock is damaged", -EBADMSG },
	{ "truncate -s 16M fs", "xfs", "its file system is neither FAT nor ext4", -EOPNOTSUPP },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct reason r = REASON_INIT;
		char uuid[FSUUID_MAX];

		must("rm -f fs");
		must(refused[i].made);
		must("cp --sparse=always fs before");
		fakesys_reset(s.path);
		assert_int_equal(refused[i].err, change(refused[i].type, 1, uuid, &r));
		assert_string_equal(refused[i].cause, r.cause);
		assert_int_equal(0, fakesys_count("pwrite "));
		must("cmp fs before");
	}
}

/* Random bytes that would make it begin as the old one does. */
static void test_the_prefix_goes(void **state)
{
	unsigned char random[16] = { 0xba, 0x1e, 0xad, 0xef };
	char uuid[FSUUID_MAX];

	(void)state;
	must(MKFS "-t ext4 fs 16M");
	assert_int_equal(0, fsuuid_change(&fakesys, device, "ext4", random, PREFIX, uuid, NULL));
	assert_false(fsuuid_has_prefix(uuid, PREFIX));
	assert_uuid(uuid);
	must("rm fs && mkfs.vfat -i BA1E0001 -C fs 1024");
	memcpy(random, "\x02\x00\x1e\xba", 4);
	assert_int_equal(0, fsuuid_change(&fakesys, device, "vfat", random, "ba1e", uuid, NULL));
	assert_string_equal("3A1E-0002", uuid);
	assert_uuid(uuid);
}

/* Two devices with one image and other random bytes differ, also in what the checksum takes. */
static void test_all_differ(void **state)
{
	char uuid[64][FSUUID_MAX];

	(void)state;
	must(MKFS "-t ext4 -O ^metadata_csum,uninit_bg fs 16M && cp fs before");
	for (unsigned char i = 0; i < 64; i++) {
		must("cp before fs");
		assert_int_equal(0, change("ext4", i, uuid[i], NULL));
		for (unsigned char k = 0; k < i; k++)
			assert_string_not_equal(uuid[k], uuid[i]);
	}
}

static void test_replaces(void **state)
{
	(void)state;
	assert_true(fsuuid_replaces(OLD, OLD));
	assert_false(fsuuid_replaces("ba1eadef-1234-4000-8000-000000000002", OLD));
	assert_false(fsuuid_replaces(NULL, OLD));
	assert_false(fsuuid_replaces(OLD, NULL));
	assert_false(fsuuid_replaces(OLD_FAT, OLD_FAT));
	assert_false(fsuuid_replaces("", ""));
}

static void test_prefix(void **state)
{
	(void)state;
	assert_true(fsuuid_has_prefix(OLD, "ba1eadef"));
	assert_true(fsuuid_has_prefix(OLD, "BA1E-ADEF-1234"));
	assert_true(fsuuid_has_prefix(OLD_FAT, "ba1eadef"));
	assert_true(fsuuid_has_prefix(OLD, "ba1eadef12"));
	assert_false(fsuuid_has_prefix(OLD_FAT, "ba1eadef12"));
	assert_false(fsuuid_has_prefix("0a1eadef", "ba1eadef"));
	assert_false(fsuuid_has_prefix(OLD, ""));
	assert_false(fsuuid_has_prefix(OLD, NULL));
	assert_false(fsuuid_has_prefix(NULL, "ba1e"));
	assert_false(fsuuid_has_prefix("", "ba1e"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ext),
		TEST(test_journal_to_replay),
		TEST(test_fat),
		TEST(test_fat_cut),
		TEST(test_each_call_fails),
		TEST(test_refused),
		TEST(test_the_prefix_goes),
		TEST(test_all_differ),
		TEST(test_replaces),
		TEST(test_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
