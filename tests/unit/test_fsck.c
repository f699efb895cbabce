/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/fsck.h"

static unsigned char sb[FSCK_SUPERBLOCK_BYTES];

static void test_kinds(void **state)
{
	static const char *const none[] = { "ext",   "ext1",	 "ext5", "ext4x", "xfs", "btrfs",
					    "erofs", "squashfs", "fat",	 "vfat2", "",	 NULL };

	(void)state;
	assert_int_equal(fsck_kind_of("ext2"), FSCK_EXT);
	assert_int_equal(fsck_kind_of("ext3"), FSCK_EXT);
	assert_int_equal(fsck_kind_of("ext4"), FSCK_EXT);
	assert_int_equal(fsck_kind_of("vfat"), FSCK_FAT);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_int_equal(fsck_kind_of(none[i]), FSCK_NO_KIND);
}

/* A file system as the distribution's own tools make and change it. */
static void make(const char *commands)
{
	char command[600], path[] = "/tmp/anteroot-fsck.XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4 << 20), 0);
	(void)snprintf(command, sizeof(command),
		       "PATH=$PATH:/usr/sbin:/sbin; F=%s; { %s; } >/dev/null 2>&1", path, commands);
	assert_int_equal(system(command), 0); /* NOLINT: the words are ours */
	assert_int_equal(pread(fd, sb, sizeof(sb), 0), (ssize_t)sizeof(sb));
	assert_int_equal(unlink(path), 0);
}

#define EXT(options) "mke2fs -q -F -t ext4 " options " $F"
#define SET(field)   "debugfs -w -R 'ssv " field "' $F"
#define CHECKED_SEC  1577836800
#define DAY	     86400

static const struct {
	const char *commands;
	int64_t now;
	enum fsck_due due;
} exts[] = {
	{ EXT(""), 0, FSCK_CLEAN },
	{ EXT("-O ^has_journal"), 0, FSCK_CLEAN },
	{ EXT("-b 4096"), 0, FSCK_CLEAN },
	{ EXT("") " && " SET("state 0"), 0, FSCK_UNCLEAN },
	{ EXT("") " && " SET("state 3"), 0, FSCK_ERRORS },
	{ EXT("") " && " SET("state 2"), 0, FSCK_ERRORS },
	{ EXT("") " && debugfs -w -R 'feature needs_recovery' $F", 0, FSCK_JOURNAL },
	{ EXT("") " && tune2fs -c 20 -C 20 $F", 0, FSCK_MOUNTS },
	{ EXT("") " && tune2fs -c 20 -C 19 $F", 0, FSCK_CLEAN },
	{ EXT("") " && tune2fs -c -1 -C 500 $F", 0, FSCK_CLEAN },
	{ EXT("") " && tune2fs -c 0 -C 500 $F", 0, FSCK_CLEAN },
	{ EXT("") " && tune2fs -c -1 $F && " SET("mnt_count 65535"), 0, FSCK_CLEAN },
	{ EXT("") " && tune2fs -i 10d -T 20200101000000 $F", 0, FSCK_CLEAN },
	{ EXT("") " && TZ=UTC tune2fs -i 10d -T 20200101000000 $F", CHECKED_SEC + 10 * DAY - 1,
	  FSCK_CLEAN },
	{ EXT("") " && TZ=UTC tune2fs -i 10d -T 20200101000000 $F", CHECKED_SEC + 10 * DAY,
	  FSCK_TIME },
	{ EXT("") " && TZ=UTC tune2fs -i 10d -T 20200101000000 -c 1 -C 9 $F && " SET("state 3"),
	  CHECKED_SEC + 10 * DAY, FSCK_ERRORS },
};

static void test_ext(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(exts); i++) {
		make(exts[i].commands);
		if (fsck_due(FSCK_EXT, sb, exts[i].now) != exts[i].due)
			fail_msg("%s: %s", exts[i].commands,
				 fsck_due_text(fsck_due(FSCK_EXT, sb, exts[i].now)));
	}
}

/* Past 2038 and past 2106: the last check has five bytes. */
static void test_ext_late(void **state)
{
	const int64_t last = INT64_C(1) << 32;

	(void)state;
	make(EXT("") " && tune2fs -i 1d $F");
	memset(sb + 1024 + 0x40, 0, 4);
	sb[1024 + 0x277] = 1;
	assert_int_equal(fsck_due(FSCK_EXT, sb, last + DAY - 1), FSCK_CLEAN);
	assert_int_equal(fsck_due(FSCK_EXT, sb, last + DAY), FSCK_TIME);
	assert_int_equal(fsck_due(FSCK_EXT, sb, last - 1), FSCK_CLEAN);
}

static void test_not_what_it_was_taken_for(void **state)
{
	(void)state;
	memset(sb, 0, sizeof(sb));
	assert_int_equal(fsck_due(FSCK_EXT, sb, 0), FSCK_CLEAN);
	assert_int_equal(fsck_due(FSCK_NO_KIND, sb, 0), FSCK_CLEAN);
	memset(sb, 0xff, sizeof(sb));
	assert_int_equal(fsck_due(FSCK_NO_KIND, sb, 0), FSCK_CLEAN);
}

static void test_fat(void **state)
{
	(void)state;
	make("truncate -s 16M $F && mkfs.vfat -F 16 $F");
	assert_int_equal(fsck_due(FSCK_FAT, sb, 0), FSCK_CLEAN);
	sb[0x41] |= 1; /* of the label here */
	assert_int_equal(fsck_due(FSCK_FAT, sb, 0), FSCK_CLEAN);
	sb[0x25] |= 1;
	assert_int_equal(fsck_due(FSCK_FAT, sb, 0), FSCK_UNCLEAN);
	make("truncate -s 40M $F && mkfs.vfat -F 32 $F");
	assert_int_equal(fsck_due(FSCK_FAT, sb, 0), FSCK_CLEAN);
	sb[0x25] |= 1; /* of the length of a FAT here */
	assert_int_equal(fsck_due(FSCK_FAT, sb, 0), FSCK_CLEAN);
	sb[0x41] |= 1;
	assert_int_equal(fsck_due(FSCK_FAT, sb, 0), FSCK_UNCLEAN);
}

/* fsck(8), for every status that a program can end with. */
static void test_every_status(void **state)
{
	(void)state;
	for (int status = 0; status < 256; status++) {
		enum fsck_verdict ext = fsck_verdict(FSCK_EXT, status);
		enum fsck_verdict fat = fsck_verdict(FSCK_FAT, status);

		if (status == 0)
			assert_int_equal(ext, FSCK_SOUND);
		else if (status == 1)
			assert_int_equal(ext, FSCK_CORRECTED);
		else if (status <= 3)
			assert_int_equal(ext, FSCK_REBOOT);
		else if (status < 16)
			assert_int_equal(ext, FSCK_DAMAGED);
		else
			assert_int_equal(ext, FSCK_UNCHECKED);
		assert_int_equal(fat, status <= 1 ? ext : FSCK_UNCHECKED);
	}
}

static void assert_words(const char *const *argv, const char *expected)
{
	char text[200] = "";

	for (; *argv; argv++) {
		(void)strcat(text, *argv);
		(void)strcat(text, argv[1] ? " " : "");
	}
	assert_string_equal(text, expected);
}

static void test_arguments(void **state)
{
	const char *argv[FSCK_ARGS_MAX];

	(void)state;
	fsck_arguments(FSCK_EXT, FSCK_AUTO, FSCK_PREEN, "e2fsck", "/dev/a", argv);
	assert_words(argv, "e2fsck -p /dev/a");
	fsck_arguments(FSCK_EXT, FSCK_FORCE, FSCK_YES, "e2fsck", "/dev/a", argv);
	assert_words(argv, "e2fsck -y -f /dev/a");
	fsck_arguments(FSCK_FAT, FSCK_FORCE, FSCK_NO, "fsck.fat", "/dev/a", argv);
	assert_words(argv, "fsck.fat -n /dev/a");
	fsck_arguments(FSCK_FAT, FSCK_AUTO, FSCK_PREEN, "fsck.fat", "/dev/a", argv);
	assert_words(argv, "fsck.fat -p /dev/a");
}

static void test_words(void **state)
{
	(void)state;
	for (enum fsck_due due = FSCK_CLEAN; due < FSCK_DUES; due++)
		assert_non_null(fsck_due_text(due));
	for (enum fsck_verdict v = FSCK_UNCHECKED; v <= FSCK_DAMAGED; v++)
		assert_non_null(fsck_verdict_name(v));
	for (size_t i = 0; i < FSCK_NAMES; i++)
		assert_true(fsck_names(FSCK_EXT)[i] && fsck_names(FSCK_FAT)[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),	  cmocka_unit_test(test_ext),
		cmocka_unit_test(test_ext_late),  cmocka_unit_test(test_not_what_it_was_taken_for),
		cmocka_unit_test(test_fat),	  cmocka_unit_test(test_every_status),
		cmocka_unit_test(test_arguments), cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
