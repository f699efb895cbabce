/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include <blkid/blkid.h>

/*
 * Every place that libblkid looks at is a request to the disk, some sixty places and a megabyte of
 * reading for all it knows. So it is first asked for what a boot mounts and what must not be taken for
 * that, and only a device with none of these for the rest that is worth a name in a message.
 */
static const char *const first_types[] = {
	/* Members of something else. */
	"linux_raid_member", "LVM2_member", "bcache",
	/* File systems, and a journal of its own. */
	"vfat", "exfat", "ntfs", "ext4", "ext3", "ext2", "jbd", "xfs", "btrfs", "f2fs", "squashfs",
	"erofs", NULL
};
static const char *const other_types[] = {
	"swap",	  "crypto_LUKS", "BitLocker", "DM_verity_hash", "DM_integrity", "swsuspend", "udf",
	"nilfs2", "jfs",	 "reiserfs",  "hfsplus",	"cramfs",	"ext4dev",   NULL
};
static const char *const *const passes[] = { first_types, other_types };

static const char *const table_types[] = { "gpt", "dos", NULL };

#define AMBIGUOUS (-2) /* of blkid_do_safeprobe() */

static void free_probe(const blkid_probe *pr)
{
	blkid_free_probe(*pr);
}
#define _cleanup_probe_ _cleanup_(free_probe)

/* libblkid says -1 and leaves the cause, when it knows one, in errno. */
static int probe_error(int rc)
{
	if (rc < -1)
		return rc;
	return errno != 0 ? -errno : -EIO;
}

/* @return 0 and a probe without anything enabled, or a negative errno. */
static int new_probe(int fd, blkid_probe *ret)
{
	errno = 0;
	*ret = blkid_new_probe();
	if (!*ret)
		return -ENOMEM;
	if (blkid_probe_set_device(*ret, fd, 0, 0) != 0)
		return probe_error(-1);
	blkid_probe_enable_superblocks(*ret, 0);
	return 0;
}

static int open_device(int devfd, const char *name)
{
	char node[NAME_MAX + 1];
	size_t i;
	int fd;

	/* A `!` in a name of sysfs is a slash below /dev. */
	for (i = 0; name[i] && i < sizeof(node) - 1; i++)
		node[i] = name[i] == '!' ? '/' : name[i];
	node[i] = '\0';
	/* O_NONBLOCK: without it an empty or slow drive may keep us. */
	fd = openat(devfd, node, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static const char *take_value(struct arena *a, blkid_probe pr, const char *name)
{
	const char *value;

	if (blkid_probe_lookup_value(pr, name, &value, NULL) != 0 || *value == '\0')
		return NULL;
	return arena_strdup(a, value);
}

static void take_superblock(struct arena *a, blkid_probe pr, struct blockdev *dev)
{
	const char *usage;

	dev->type = take_value(a, pr, "TYPE");
	dev->filesystem = blkid_probe_lookup_value(pr, "USAGE", &usage, NULL) == 0 &&
			  strcmp(usage, "filesystem") == 0;
	/* The label and UUID of a RAID member are those of the array. */
	if (dev->filesystem) {
		dev->label = take_value(a, pr, "LABEL");
		dev->uuid = take_value(a, pr, "UUID");
	}
}

static int read_superblock(struct arena *a, blkid_probe pr, struct blockdev *dev)
{
	int rc = 1;

	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID |
						      BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE);
	for (size_t i = 0; i < ARRAY_SIZE(passes) && rc == 1; i++) {
		errno = 0;
		if (blkid_probe_filter_superblocks_type(pr, BLKID_FLTR_ONLYIN, (char **)passes[i]) <
		    0)
			return -ENOMEM;
		rc = blkid_do_safeprobe(pr);
	}
	if (rc == 0)
		take_superblock(a, pr, dev);
	else if (rc == AMBIGUOUS)
		dev->ambiguous = true;
	else if (rc < 0)
		return probe_error(rc);
	return 0;
}

static void take_partition(struct arena *a, blkid_partlist list, struct blockdev *dev)
{
	blkid_partition part = blkid_partlist_get_partition_by_partno(list, (int)dev->partno);

	if (!part)
		return;
	dev->partlabel = arena_strdup(a, blkid_partition_get_name(part));
	dev->partuuid = arena_strdup(a, blkid_partition_get_uuid(part));
}

/* How many partitions the kernel is going to show: not what lies beyond the end of the disk (it drops
 * that), nor what is inside another partition's own table. */
static unsigned int count_partitions(blkid_partlist list, const struct blockdev *disk)
{
	blkid_parttable table = blkid_partlist_get_table(list);
	unsigned int count = 0;

	for (int i = 0; i < blkid_partlist_numof_partitions(list); i++) {
		blkid_partition part = blkid_partlist_get_partition(list, i);
		blkid_loff_t end = blkid_partition_get_start(part) + blkid_partition_get_size(part);

		if (blkid_partition_get_table(part) == table &&
		    (uint64_t)end * 512 <= disk->size_bytes)
			count++;
	}
	return count;
}

static bool belongs_to(const struct blockdev *dev, const struct blockdev *disk)
{
	return dev->partno > 0 && strcmp(dev->whole, disk->name) == 0;
}

/* A device is asked once: a failure stays until the device is another one. */
static bool is_new(const struct blockdev *dev)
{
	return !dev->probed && dev->probe_err == 0;
}

static int read_table(struct arena *a, blkid_probe pr, struct blockdevs *devs,
		      struct blockdev *disk)
{
	blkid_parttable table;
	blkid_partlist list;

	errno = 0;
	blkid_probe_enable_partitions(pr, 1);
	if (blkid_probe_filter_partitions_type(pr, BLKID_FLTR_ONLYIN, (char **)table_types) < 0)
		return -ENOMEM;
	list = blkid_probe_get_partitions(pr);
	if (!list)
		return errno != 0 ? -errno : 0;
	table = blkid_partlist_get_table(list);
	if (table) {
		disk->table = arena_strdup(a, blkid_parttable_get_type(table));
		disk->table_uuid = arena_strdup(a, blkid_parttable_get_id(table));
		disk->table_partitions = count_partitions(list, disk);
	}
	for (size_t i = 0; i < devs->n; i++)
		if (belongs_to(&devs->dev[i], disk) && !devs->dev[i].partuuid)
			take_partition(a, list, &devs->dev[i]);
	blkid_probe_enable_partitions(pr, 0);
	return blkid_partlist_numof_partitions(list);
}

static int probe_whole(struct arena *a, int devfd, struct blockdevs *devs, struct blockdev *disk,
		       bool partitioned)
{
	_cleanup_close_ int fd = open_device(devfd, disk->name);
	_cleanup_probe_ blkid_probe pr = NULL;
	int r;

	if (fd < 0)
		return fd;
	r = new_probe(fd, &pr);
	if (r == 0)
		r = read_table(a, pr, devs, disk);
	/* Partitions of the table that the kernel does not show yet are partitions too. */
	if (r == 0 && !partitioned)
		return read_superblock(a, pr, disk);
	return r < 0 ? r : 0;
}

static int probe_partition(struct arena *a, int devfd, struct blockdev *dev)
{
	_cleanup_close_ int fd = open_device(devfd, dev->name);
	_cleanup_probe_ blkid_probe pr = NULL;
	int r;

	if (fd < 0)
		return fd;
	r = new_probe(fd, &pr);
	return r < 0 ? r : read_superblock(a, pr, dev);
}

/* sysfs shows a device before /dev has its node: then it is asked again in the next round. */
static int note_result(struct blockdev *dev, int r)
{
	if (r == -ENOENT || r == -ENXIO)
		return 0;
	dev->probed = r == 0;
	dev->probe_err = r;
	return 1;
}

int probe_disk(struct arena *a, int devfd, struct blockdevs *devs, const char *disk_name)
{
	struct blockdev *disk = NULL;
	bool partitioned = false, table_wanted;
	int probed = 0;

	for (size_t i = 0; i < devs->n && !disk; i++)
		if (strcmp(devs->dev[i].name, disk_name) == 0)
			disk = &devs->dev[i];
	if (!disk)
		return 0;

	table_wanted = is_new(disk);
	for (size_t i = 0; i < devs->n; i++) {
		if (!belongs_to(&devs->dev[i], disk))
			continue;
		partitioned = true;
		table_wanted = table_wanted || (is_new(&devs->dev[i]) && disk->probe_err == 0);
	}
	if (table_wanted)
		probed += note_result(disk, probe_whole(a, devfd, devs, disk, partitioned));
	for (size_t i = 0; i < devs->n; i++) {
		struct blockdev *dev = &devs->dev[i];

		if (belongs_to(dev, disk) && is_new(dev))
			probed += note_result(dev, probe_partition(a, devfd, dev));
	}
	return arena_failed(a) ? -ENOMEM : probed;
}
