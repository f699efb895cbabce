/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/fsck.h"

#include <string.h>

#include "lib/bytes.h"

/* The superblock of ext2, 3 and 4 (Documentation/filesystems/ext4/super.rst), at byte 1024. */
#define EXT_MOUNTS	 (1024 + 0x34)
#define EXT_MOUNTS_MAX	 (1024 + 0x36)
#define EXT_MAGIC	 (1024 + 0x38)
#define EXT_STATE	 (1024 + 0x3a)
#define EXT_LASTCHECK	 (1024 + 0x40)
#define EXT_INTERVAL	 (1024 + 0x44)
#define EXT_INCOMPAT	 (1024 + 0x60)
#define EXT_LASTCHECK_HI (1024 + 0x277)
#define EXT_VALID	 1u /* of the state */
#define EXT_ERROR	 2u
#define EXT_RECOVER	 4u /* of the features */

/* FAT's boot sector: FAT32 has no length of 16 bits, and its flags elsewhere. */
#define FAT_LENGTH16 22
#define FAT16_STATE  0x25
#define FAT32_STATE  0x41
#define FAT_DIRTY    1u

const char *const fsck_mode_words[FSCK_UNSAID] = {
	[FSCK_AUTO] = "auto",
	[FSCK_FORCE] = "force",
	[FSCK_SKIP] = "skip",
};

enum fsck_kind fsck_kind_of(const char *type)
{
	if (type && strncmp(type, "ext", 3) == 0 && type[3] >= '2' && type[3] <= '4' && !type[4])
		return FSCK_EXT;
	return type && strcmp(type, "vfat") == 0 ? FSCK_FAT : FSCK_NO_KIND;
}

static enum fsck_due ext_due(const unsigned char *sb, int64_t now)
{
	uint32_t state = le16(sb + EXT_STATE), most = le16(sb + EXT_MOUNTS_MAX);
	uint32_t interval = le32(sb + EXT_INTERVAL);
	int64_t last = (int64_t)((uint64_t)sb[EXT_LASTCHECK_HI] << 32 | le32(sb + EXT_LASTCHECK));

	if (le16(sb + EXT_MAGIC) != 0xef53)
		return FSCK_CLEAN; /* not what it was taken for */
	if (state & EXT_ERROR)
		return FSCK_ERRORS;
	if (!(state & EXT_VALID))
		return FSCK_UNCLEAN;
	/* 0xffff is -1: no limit. */
	if (most > 0 && most < 0x8000 && le16(sb + EXT_MOUNTS) >= most)
		return FSCK_MOUNTS;
	if (interval > 0 && now >= last && now - last >= (int64_t)interval)
		return FSCK_TIME;
	return le32(sb + EXT_INCOMPAT) & EXT_RECOVER ? FSCK_JOURNAL : FSCK_CLEAN;
}

enum fsck_due fsck_due(enum fsck_kind kind, const unsigned char start[static FSCK_SUPERBLOCK_BYTES],
		       int64_t realtime_sec)
{
	if (kind == FSCK_EXT)
		return ext_due(start, realtime_sec);
	if (kind == FSCK_FAT &&
	    (start[le16(start + FAT_LENGTH16) ? FAT16_STATE : FAT32_STATE] & FAT_DIRTY))
		return FSCK_UNCLEAN;
	return FSCK_CLEAN;
}

const char *fsck_due_text(enum fsck_due due)
{
	static const char *const texts[FSCK_DUES] = {
		[FSCK_CLEAN] = "it is clean",
		[FSCK_FORCED] = "it was asked for",
		[FSCK_JOURNAL] = "its journal is to be replayed",
		[FSCK_TIME] = "the last check is too long ago",
		[FSCK_MOUNTS] = "it was mounted often enough",
		[FSCK_UNCLEAN] = "it was not unmounted cleanly",
		[FSCK_ERRORS] = "the kernel has found errors on it",
	};

	return texts[due];
}

const char *const *fsck_names(enum fsck_kind kind)
{
	static const char *const names[FSCK_KINDS][FSCK_NAMES] = {
		[FSCK_EXT] = { "e2fsck", "fsck.ext4" },
		[FSCK_FAT] = { "fsck.fat", "fsck.vfat" },
	};

	return names[kind];
}

void fsck_arguments(enum fsck_kind kind, enum fsck_mode mode, enum fsck_repair repair,
		    const char *program, const char *device, const char *ret[static FSCK_ARGS_MAX])
{
	static const char *const how[] = {
		[FSCK_PREEN] = "-p", [FSCK_YES] = "-y", [FSCK_NO] = "-n"
	};
	size_t n = 0;

	ret[n++] = program;
	ret[n++] = how[repair];
	if (kind == FSCK_EXT && mode == FSCK_FORCE)
		ret[n++] = "-f";
	ret[n++] = device;
	ret[n] = NULL;
}

/* fsck(8): 1 corrected, 2 reboot, 4 errors left, 8 operational error, and three that say that nothing was checked:
 * 16 usage, 32 cancelled, 128 a library is missing. fsck.fat(8): 1 errors, corrected where it may; 2 usage. */
enum fsck_verdict fsck_verdict(enum fsck_kind kind, int status)
{
	if (status == 0)
		return FSCK_SOUND;
	if (status == 1)
		return FSCK_CORRECTED;
	if (kind == FSCK_FAT || status >= 16)
		return FSCK_UNCHECKED;
	return status >= 4 ? FSCK_DAMAGED : FSCK_REBOOT;
}

const char *fsck_verdict_name(enum fsck_verdict verdict)
{
	static const char *const names[] = {
		[FSCK_UNCHECKED] = "unchecked", [FSCK_SOUND] = "sound",
		[FSCK_CORRECTED] = "corrected", [FSCK_REBOOT] = "reboot",
		[FSCK_DAMAGED] = "damaged",
	};

	return names[verdict];
}
