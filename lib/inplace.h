/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/reason.h"
#include "lib/sys.h"

/*
 * Files that are written where they lie: the sectors of a file are looked up once, and then read and written on
 * the block device itself, past the file system and its cache, as GRUB's save_env does. No name, size, time or
 * dirty flag of the file system changes, so a cut can spoil no more than the sector that was being written; and
 * the file system may be mounted read-only. FIBMAP (Linux, fs/ioctl.c) tells the sectors: of FAT and ext2/3/4,
 * whose files stay where they are.
 *
 * A kernel without CONFIG_BLK_DEV_WRITE_MOUNTED refuses to open the device of a mounted file system for writing:
 * inplace_write() says so (EBUSY).
 */

#define INPLACE_BLOCKS_MAX 128u
#define INPLACE_BYTES_MAX  65536u
#define INPLACE_SECTOR_MAX 4096u

struct inplace {
	const char *device; /* path; lives as long as this */
	int file;	    /* of the file, for its cache; -1: there is none */
	size_t size;	    /* bytes of the file, or of the part of the device */
	size_t block;	    /* bytes of each block below */
	size_t sector;	    /* bytes that the device writes at once, 512 to INPLACE_SECTOR_MAX */
	uint64_t at[INPLACE_BLOCKS_MAX]; /* where each block begins on the device, bytes */
};

/**
 * Looks up where a file lies.
 *
 * @param device the block device that the file system is on
 * @param dirfd directory of `name`; links are not followed
 * @return 0; -ENOENT; -ENOTBLK-like errors of open(2); -EOPNOTSUPP on a file system that moves its files;
 *         -EINVAL for a file with holes, empty, or of more than INPLACE_BYTES_MAX
 */
int inplace_open_file(const char *device, int dirfd, const char *name, struct inplace *ret,
		      struct reason *r) _nonnull_(1, 3, 4) _must_check_;

/**
 * A part of a device, without a file system (or of a regular file, for tests and images).
 *
 * @param offset, size in bytes, multiples of 512
 */
int inplace_open_raw(const char *device, uint64_t offset, size_t size, struct inplace *ret,
		     struct reason *r) _nonnull_(1, 4) _must_check_;

void inplace_close(struct inplace *p) _nonnull_all_;

/** Reads all of it past every cache. @param data p->size bytes */
int inplace_read(const struct inplace *p, void *data, struct reason *r)
	_nonnull_(1, 2) _must_check_;

/**
 * Writes the sectors that differ, in order, makes them durable one after the other, and reads them back past the
 * cache.
 *
 * @param data all of it: p->size bytes
 * @return 0; -EIO when what was read back is something else; -EROFS, -EBUSY, … of the device
 */
int inplace_write(const struct sys *sys, const struct inplace *p, const void *data,
		  struct reason *r) _nonnull_(1, 2, 3) _must_check_;
