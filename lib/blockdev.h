/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/arena.h"
#include "lib/cmdline.h"
#include "lib/fsck.h"
#include "lib/reason.h"

/*
 * Block devices as the kernel shows them (/sys/class/block) with what libblkid found on them.
 *
 * A device that is made of others (LUKS and LVM by dm, md, loop) lies on the disk that they lie on: what is in
 * it counts as on that disk. When they lie on several, as with RAID 1 and with a volume over two disks, it is a
 * disk of its own, and what is on it is looked for on it alone. An md array is one even while only one of its
 * disks is there.
 */

struct blockdev {
	const char *name;    /* kernel name, "vda2" */
	const char *whole;   /* name of the device it is a partition of; its own when it is none */
	const char *disk;    /* name of the disk it lies on, "vda"; its own when it is one */
	const char *devpath; /* resolved path below /sys, "/devices/pci0000:00/…/vda/vda2" */
	unsigned int major, minor;
	unsigned int partno; /* partition number, 0: a whole device */
	uint64_t diskseq;    /* the kernel's disk sequence number (>= 5.15), else 0 */
	uint64_t size_bytes;
	bool removable; /* the disk's `removable` is 1, or it hangs on USB */
	bool read_only; /* the kernel refuses writes to it */
	bool rotating;	/* a disk whose heads would run to and fro between two programs */

	/* Of dm-*, md* and loop* only; lib/blockdev_stack.c. */
	const char *mapper; /* dm: its name below /dev/mapper, NULL elsewhere */
	const char **below; /* the devices it is made of */
	size_t n_below;
	unsigned int members; /* md: how many devices it has when all are there */
	bool in_file;	      /* it is a loop device, or a partition of one, or made of one */

	bool backup_asked; /* whole disk: its backup GPT was looked for, because it showed no partitions */
	bool probed;	   /* the fields below are known (or known to be absent) */
	int probe_err;	   /* negative errno of a probe that failed, else 0 */
	const char *type;  /* file system "ext4", "vfat"; NULL: none recognised */
	enum fsck_due due; /* whether the file system wants to be checked: init/observe_checks.c */
	bool due_known;
	bool filesystem;   /* type can be mounted (not RAID member, LUKS, swap) */
	bool ambiguous;	   /* libblkid found more than one file system: type is NULL */
	const char *label; /* NULL: none. Only of file systems: a RAID member's label is not ours */
	const char *uuid;
	const char *partlabel; /* GPT name, NULL elsewhere */
	const char *partuuid;
	const char *table;	       /* whole disk: "gpt", "dos"; NULL: no partition table */
	const char *table_uuid;	       /* whole disk: PTUUID */
	unsigned int table_partitions; /* whole disk: partitions its table lists (an extended one
					* included): fewer in the list means the kernel is still adding */
};

struct blockdevs {
	struct blockdev
		*dev; /* sorted by devpath in natural order: vda before vdb, sda2 before sda10 */
	size_t n;
};

/**
 * Lists the block devices: of each the link in class/block and the files size, uevent and ro, of disks
 * removable too. What was probed before and is still the same device (name, device number,
 * diskseq, size) keeps its findings (the strings stay where they are: the arena of the old list must
 * live as long as the new one). Devices of size 0 (empty drives, unbound loops), ram and zram
 * are left out.
 *
 * @param a arena for the new list
 * @param sysfd directory that is /sys
 * @param devs the list as it was (n = 0 at first); replaced on success, untouched on failure
 * @return 0 or a negative errno
 */
int blockdev_scan(struct arena *a, int sysfd, struct blockdevs *devs, struct reason *r)
	_nonnull_(1, 3) _must_check_;

/** @return true for a disk: neither a partition nor made of something that lies on one other disk. */
bool blockdev_is_disk(const struct blockdev *dev) _nonnull_all_;

/** @return the device with this kernel name, or NULL. */
const struct blockdev *blockdev_by_name(const struct blockdevs *devs,
					const char *name) _nonnull_all_;

/**
 * Compares a label as FAT tools force us to: without case on FAT, exactly elsewhere.
 * @return true when `dev` carries the label
 */
bool blockdev_has_label(const struct blockdev *dev, const char *label) _nonnull_all_;

/** @return true when two UUIDs are the same, whole and without case; an empty or absent one is none's. */
bool blockdev_uuid_equal(const char *a, const char *b);

/**
 * Whether a device is the one a tag names. UUIDs are compared whole and without case, labels by
 * blockdev_has_label(); an empty value matches nothing.
 */
bool blockdev_matches(const struct blockdev *dev, const struct tag *tag) _nonnull_all_;

/** @return true when `dev` is among the devices that `upper` is made of, at any depth, each alone. */
bool blockdev_is_below(const struct blockdevs *devs, const struct blockdev *dev,
		       const struct blockdev *upper) _nonnull_all_;

/**
 * Finds the one device that `matches` says yes to. Of a device and one that is made of it alone (the partition
 * below a dm-verity or dm-linear device shows the same file system) the upper one counts; what lies in a
 * file of the disk, by a loop device, counts only when nothing on the disk itself does.
 *
 * @param disk only devices of this disk, NULL: of all
 * @param ret_count number of devices that are left; may be NULL
 * @return the device when exactly one is left, else NULL
 */
const struct blockdev *blockdev_pick(const struct blockdevs *devs, const char *disk,
				     bool (*matches)(const struct blockdevs *devs,
						     const struct blockdev *dev, const void *data),
				     const void *data, size_t *ret_count) _nonnull_(1, 3);

/**
 * Finds the one device that a tag names, by blockdev_pick().
 *
 * @param disk only devices of this disk, NULL: of all
 * @param ret_count number of devices that match; may be NULL
 * @return the device when exactly one matches, else NULL
 */
const struct blockdev *blockdev_find(const struct blockdevs *devs, const struct tag *tag,
				     const char *disk, size_t *ret_count) _nonnull_(1, 2);

/** Compares names, numbers without leading zeros by value: "sda2" < "sda10". As strcmp() otherwise. */
int natural_compare(const char *a, const char *b) _nonnull_all_;
