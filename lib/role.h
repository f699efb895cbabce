/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/blockdev.h"
#include "lib/layout.h"

/* Which partition of a disk has which role, by what the layout says of it. Pure. */

/**
 * Whether a device is what the layout describes. Labels are those of file systems (blockdev_has_label()); names
 * and PARTUUIDs of partitions are compared whole, and count for what is made of that one partition too (a
 * root in LUKS). A member of something else (RAID, LUKS, LVM) never has a role.
 */
bool role_matches(const struct layout *layout, const struct blockdevs *devs,
		  const struct blockdev *dev, enum part_role role) _nonnull_all_;

/**
 * Finds the partition of a role on a disk, by blockdev_pick().
 *
 * @param disk kernel name
 * @param ret_count how many there are; may be NULL. More than 1 is an ambiguity, and none of them is used.
 * @return the partition when there is exactly one, else NULL
 */
const struct blockdev *role_find(const struct layout *layout, const struct blockdevs *devs,
				 const char *disk, enum part_role role, size_t *ret_count)
	_nonnull_(1, 2, 3);

/** @return the partition that a device is, or is made of alone (dm over one partition); NULL: it is of none. */
const struct blockdev *role_partition(const struct blockdevs *devs, const struct blockdev *dev)
	_nonnull_(1);

/** @return true when a disk has a boot partition or a slot of the layout, be it more than one. */
bool role_disk_has_layout(const struct layout *layout, const struct blockdevs *devs,
			  const char *disk) _nonnull_all_;
