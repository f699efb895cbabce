/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/blockdev.h"
#include "lib/extfs.h"
#include "lib/ptable.h"

/*
 * What of a disk its last partition does not have yet: looked up (grow_look) and taken (grow_table). Whoever has
 * nothing to gain learns that from two numbers of sysfs and a superblock that is in the cache.
 */

struct grow {
	const struct blockdev *part; /* that may grow; NULL: none, and nothing below counts */
	const struct blockdev *disk;
	struct ptable_plan table; /* n == 0: the table stays as it is */
	const char *refusal;	  /* rendered: why free space behind it is left alone, NULL */
	uint64_t bytes;		  /* of the partition: as it is, or as the table will say */
	bool fs_recovers; /* … and was not unmounted: its journal is played back at the mount */
	bool fs_behind;	  /* its ext4 is smaller than that, by PTABLE_GAIN_MIN at least */
};

/**
 * Looks for what a partition can gain. Reads sysfs, and the partition table only when there is something.
 *
 * @param sysfd directory that is /sys
 * @param dev_dir "/dev": where the nodes are
 * @param dev the device of the role: a partition, or made of one (then nothing grows, and the refusal says so)
 * @param ret strings are in the arena
 * @return 0 or -ENOMEM; what cannot be read is a refusal
 */
int grow_look(struct arena *a, int sysfd, const char *dev_dir, const struct blockdevs *devs,
	      const struct blockdev *dev, struct grow *ret) _nonnull_all_ _must_check_;

/**
 * Looks for the backup of a GPT whose primary one is damaged (gpt_backup()).
 *
 * @param disk whole disk
 * @return 0 or a negative errno, as gpt_backup()
 */
int grow_backup(struct arena *a, int sysfd, const char *dev_dir, const struct blockdev *disk,
		struct ptable_backup *ret) _nonnull_all_ _must_check_;

/** Tells the kernel the partitions of a backup; what it has already is left as it is. */
int grow_tell(const struct sys *sys, const char *disk, const struct ptable_backup *backup,
	      struct reason *r) _nonnull_(1, 2, 3) _must_check_;

/** Writes a plan, sector by sector. @param disk path of the whole disk */
int grow_write(const struct sys *sys, const char *disk, const struct ptable_plan *plan,
	       struct reason *r) _nonnull_(1, 2, 3) _must_check_;

/**
 * Writes the table, sector by sector, and tells the kernel.
 *
 * @param disk path of the whole disk
 * @return 0, or a negative errno with the reason: the partition is then as it was, or, when only the kernel would not
 *         listen, has its new size from the next boot on
 */
int grow_table(const struct sys *sys, const char *disk, const struct ptable_plan *plan,
	       struct reason *r) _nonnull_(1, 2, 3) _must_check_;
