/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/reason.h"
#include "lib/sys.h"

/**
 * Tells what an initramfs is on (Documentation/filesystems/ramfs-rootfs-initramfs.rst of the kernel).
 *
 * @param dirfd a directory, open
 * @return 1: on ramfs or tmpfs; 0: on something that outlives the machine's power; negative errno
 */
int discard_in_memory(int dirfd);

/**
 * Frees the memory of the initramfs: deletes everything below a directory that is on the same file
 * system as the directory itself. Refuses, before the first deletion, a directory that is not on
 * ramfs or tmpfs (-EXDEV); never enters a mount point, never follows a link.
 *
 * @param dirfd the old root, open
 * @return 0, or the first negative errno (what can be deleted is deleted all the same)
 */
int discard_tree(const struct sys *sys, int dirfd, struct reason *r) _nonnull_(1);
