/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "lib/reason.h"
#include "lib/sys.h"

/*
 * A new UUID for a file system that is not mounted (or read-only), by one write of one sector.
 *
 * ext2/3/4 (Linux, fs/ext4/ext4.h and Documentation/filesystems/ext4): checksums of metadata begin with the CRC-32C of
 * the UUID, and the superblock's own covers it. So the new one is chosen such that its CRC-32C is that of the old one:
 * the CRC is linear, and 16 bytes leave room for it. No checksum changes, no feature is needed, a journal that is
 * replayed later matches, and the UUID tells which one it has taken the place of. With uninit_bg in the place of
 * metadata_csum the same holds of the CRC-16 that group descriptors begin with. Of 122 random bits 90 are left, 74 with
 * uninit_bg. The copies of the superblock keep the old one; e2fsck brings them up to date, whenever it writes.
 *
 * FAT (fsck.fat, blkid): the volume id in the boot sector; FAT32's backup sector is written first, so that the id that
 * counts goes last.
 */

#define FSUUID_MAX 37 /* with the NUL */

/**
 * Gives a file system a new UUID.
 *
 * @param device path of the block device
 * @param type "ext2", "ext3", "ext4" or "vfat"
 * @param random 16 bytes that nobody else has
 * @param avoid the new one does not begin with this; NULL: it may
 * @param ret_uuid the new one, as libblkid prints it
 * @return 0; -EOPNOTSUPP for other types and where the UUID is part of something else: inodes that depend on it
 *         (stable_inodes), a journal on another device, or nothing may be written (read-only); -EBADMSG when the superblock is none or is damaged; -EIO when
 *         what was read back is something else; or the device's errno
 */
int fsuuid_change(const struct sys *sys, const char *device, const char *type,
		  const unsigned char random[static 16], const char *avoid,
		  char ret_uuid[static FSUUID_MAX], struct reason *r)
	_nonnull_(1, 2, 3, 4, 6) _must_check_;

/**
 * Whether a UUID can have taken the place of another one: both are whole, and have the same CRC-32C.
 *
 * @param now, before UUIDs in the form of 36 characters; NULL is none
 */
bool fsuuid_replaces(const char *now, const char *before);

/** @return true when a UUID begins with a prefix, hyphens and case not counted; NULL is none, "" nobody's. */
bool fsuuid_has_prefix(const char *uuid, const char *prefix);
