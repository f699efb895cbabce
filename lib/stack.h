/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/blockdev.h"

/* What devices are made of: the part of blockdev_scan() for dm-*, md* and loop*. */

#define BLOCKDEV_DEPTH_MAX 8 /* RAID, LUKS, LVM and a file in it are four */

/**
 * Fills the names below a device: of a dm or md device what sysfs lists in `slaves`, of a loop device the
 * device that its file lies on. Other devices cost nothing.
 *
 * @param classfd /sys/class/block
 * @param dev device with its name
 * @return 0, also when nothing can be read; -ENOMEM
 */
int stack_read(struct arena *a, int classfd, struct blockdev *dev) _nonnull_all_ _must_check_;

/** Settles dev->disk, and whether it is in a file; the list is complete. */
void stack_resolve(const struct blockdevs *devs, struct blockdev *dev) _nonnull_all_;
