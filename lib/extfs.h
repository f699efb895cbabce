/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/reason.h"
#include "lib/sys.h"

/*
 * Growing of ext4 while it is mounted, by the kernel (EXT4_IOC_RESIZE_FS, Linux fs/ext4/resize.c). Each step of it is
 * a transaction of the journal: a cut leaves a file system that is whole and smaller, and the next boot goes on.
 */

/** What the superblock says. */
struct extfs {
	uint32_t block_bytes;
	uint64_t blocks;
	uint64_t blocks_max; /* that its numbers can count */
	bool journal;
	bool recovers; /* its journal is played back when it is mounted next */
	bool unsound; /* it has errors, or features that the kernel would take for an error when it grows it */
};

/**
 * Reads the superblock of a device, which the kernel has in its cache when it is mounted or was probed.
 *
 * @param device path
 * @return 0; -EBADMSG: there is none; open(2)'s or pread(2)'s errno
 */
int extfs_read(const char *device, struct extfs *ret) _nonnull_all_ _must_check_;

/** @return what the file system would gain, up to a device of so many bytes; in bytes. */
uint64_t extfs_gain(const struct extfs *fs, uint64_t device_bytes) _nonnull_all_;

/* On the file system while it grows, a byte for each time that was begun. A kernel that does not come back from it
 * (BUG() in fs/ext4/resize.c takes PID 1 with it) is not asked for ever. */
#define EXTFS_TRIES_NAME ".anteroot-growing"
#define EXTFS_TRIES_MAX	 3

/** How far it came. */
struct extfs_grown {
	uint64_t from_bytes, to_bytes;
	bool whole; /* false: the time was up; the next call goes on */
};

/**
 * Has the kernel grow a mounted file system up to a size, in steps, until the time is up.
 *
 * @param device path of the block device
 * @param dir where it is mounted, for writing
 * @param bytes of the device
 * @param limit_msec no step is begun after this
 * @return 0; the kernel's errno with the reason; -EOPNOTSUPP: it has no journal, errors, or a feature that keeps the
 *         kernel from it; -ELOOP: it was begun EXTFS_TRIES_MAX times and never came to an end
 */
int extfs_grow(const struct sys *sys, const char *device, const char *dir, uint64_t bytes,
	       int64_t limit_msec, struct extfs_grown *ret, struct reason *r)
	_nonnull_(1, 2, 3, 6) _must_check_;
