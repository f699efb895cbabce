/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/extfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/clock.h"
#include "lib/ptable.h"

#define SUPER_AT    1024
#define SUPER_BYTES 1024

/* A kernel cannot be interrupted in a step; this much takes less than a second on an SD card. */
#define STEP_BYTES ((uint64_t)32 << 30)

/* Offsets in the superblock (Linux, Documentation/filesystems/ext4/super.rst). */
enum {
	S_BLOCKS = 0x04,
	S_LOG_BLOCK = 0x18,
	S_MAGIC = 0x38,
	S_STATE = 0x3a,
	S_COMPAT = 0x5c,
	S_INCOMPAT = 0x60,
	S_RESERVED_GDT = 0xce,
	S_BLOCKS_HIGH = 0x150
};

#define STATE_ERRORS   2u
#define COMPAT_JOURNAL 4u
#define COMPAT_RESIZE  0x10u
#define INCOMPAT_RECOV 0x4u
#define INCOMPAT_META  0x10u
#define INCOMPAT_64BIT 0x80u
#define LOG_BLOCK_MAX  6u /* 64 KiB */

int extfs_read(const char *device, struct extfs *ret)
{
	_cleanup_close_ int fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char sb[SUPER_BYTES];
	uint32_t log_block, compat, incompat;
	bool wide;
	ssize_t n = fd < 0 ? -1 : pread(fd, sb, sizeof(sb), SUPER_AT);

	if (n < 0)
		return -errno;
	log_block = n == SUPER_BYTES ? le32(sb + S_LOG_BLOCK) : UINT32_MAX;
	if (log_block > LOG_BLOCK_MAX || sb[S_MAGIC] != 0x53 || sb[S_MAGIC + 1] != 0xef)
		return -EBADMSG;
	compat = le32(sb + S_COMPAT);
	incompat = le32(sb + S_INCOMPAT);
	wide = incompat & INCOMPAT_64BIT;
	*ret = (struct extfs){
		.block_bytes = 1024u << log_block,
		.blocks = le32(sb + S_BLOCKS),
		.blocks_max = wide ? UINT64_MAX : UINT32_MAX,
		.journal = compat & COMPAT_JOURNAL,
		.recovers = incompat & INCOMPAT_RECOV,
		.unsound = (sb[S_STATE] & STATE_ERRORS) ||
			   (compat & COMPAT_RESIZE ? (incompat & INCOMPAT_META) != 0
						   : (sb[S_RESERVED_GDT] | sb[S_RESERVED_GDT + 1])),
	};
	if (wide)
		ret->blocks |= (uint64_t)le32(sb + S_BLOCKS_HIGH) << 32;
	return 0;
}

/* In blocks, from 0 up. */
static uint64_t end_of(const struct extfs *fs, uint64_t device_bytes)
{
	uint64_t blocks = device_bytes / fs->block_bytes;

	return blocks < fs->blocks_max ? blocks : fs->blocks_max;
}

uint64_t extfs_gain(const struct extfs *fs, uint64_t device_bytes)
{
	uint64_t end = end_of(fs, device_bytes);

	return end > fs->blocks ? (end - fs->blocks) * fs->block_bytes : 0;
}

/* @param why NULL: as the errno says */
static int failed(struct reason *r, int err, const char *device, const char *why)
{
	static const char verb[] = "grow the file system of";

	return why ? reason_setf(r, err, verb, device, "%s", why)
		   : reason_set(r, err, verb, device);
}

/* One more try, durable before it begins. */
static int count_try(const struct sys *sys, int dir)
{
	_cleanup_close_ int fd =
		sys->open(dir, EXTFS_TRIES_NAME, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && st.st_size >= EXTFS_TRIES_MAX)
		return -ELOOP;
	n = sys->write(fd, "x", 1);
	return n < 0 ? (int)n : sys->fsync(fd);
}

int extfs_grow(const struct sys *sys, const char *device, const char *dir, uint64_t bytes,
	       int64_t limit_msec, struct extfs_grown *ret, struct reason *r)
{
	int64_t start = clock_monotonic_usec();
	uint64_t to, step;
	_cleanup_close_ int fd = -1;
	struct extfs fs;
	int err = extfs_read(device, &fs);

	if (err < 0)
		return reason_set(r, err, "read the superblock of", device);
	if (!fs.journal)
		return failed(r, -EOPNOTSUPP, device,
			      "it has no journal: a power cut would spoil it");
	/* The kernel would note an error in it, and perhaps make it read-only. */
	if (fs.unsound)
		return failed(r, -EOPNOTSUPP, device, "fsck must put it in order first");
	fd = sys->open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return reason_set(r, fd, "open", dir);
	to = end_of(&fs, bytes);
	step = STEP_BYTES / fs.block_bytes;
	*ret = (struct extfs_grown){ .from_bytes = fs.blocks * fs.block_bytes };
	if (fs.blocks < to)
		err = count_try(sys, fd);
	if (err < 0)
		return failed(r, err, device,
			      err == -ELOOP ? "it was begun three times and never came to an end"
					    : NULL);
	while (fs.blocks < to && (clock_monotonic_usec() - start) / 1000 <= limit_msec) {
		uint64_t next = to - fs.blocks > step ? (fs.blocks / step + 1) * step : to;

		err = sys->ext4_resize(fd, next);
		if (err < 0)
			break;
		fs.blocks = next;
	}
	(void)sys->unlinkat(fd, EXTFS_TRIES_NAME, 0);
	if (err < 0)
		return failed(r, err, device,
			      err == -EOPNOTSUPP || err == -ENOTTY
				      ? "the kernel does not grow one with its features"
				      : NULL);
	ret->to_bytes = fs.blocks * fs.block_bytes;
	ret->whole = fs.blocks >= to;
	return 0;
}
