/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/blockdev.h"

/*
 * What is on a block device, by libblkid's low-level API: no cache, no udev links, no first among
 * equals. The one file that includes blkid.h.
 */

/**
 * Probes a disk and its partitions that are not probed yet: the partition table once for all
 * (PTUUID, and PARTUUID and PARTLABEL of each partition), and the superblocks of each partition, or of
 * the disk itself when it has no partitions. Fills the `probed` half of each struct blockdev. A device
 * that cannot be read gets its probe_err and is otherwise left alone; it is not tried again as long as
 * it is the same device (blockdev_scan() says when it is not).
 *
 * Known are the partition tables gpt and dos, and not every type of libblkid: see the lists in probe.c.
 *
 * @param a arena for the strings
 * @param devfd directory that holds the device nodes (/dev)
 * @param devs list
 * @param disk name of the disk, or of another device that is no partition; nothing happens when it is not
 *        in the list
 * @return number of devices probed now (the disk anew when a partition has come up), or -ENOMEM
 */
int probe_disk(struct arena *a, int devfd, struct blockdevs *devs, const char *disk) _nonnull_all_;
