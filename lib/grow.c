/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/grow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/inplace.h"
#include "lib/role.h"

#define SYSFS_SECTOR 512u

/* @return the number in class/block/NAME/ATTR, 0 when there is none */
static uint64_t attr(int sysfd, const char *name, const char *attribute)
{
	char path[128], text[32];

	(void)snprintf(path, sizeof(path), "class/block/%s/%s", name, attribute);
	return file_read_line(sysfd, path, text, sizeof(text)) < 0 ? 0 : strtoull(text, NULL, 10);
}

static uint64_t end_of(int sysfd, const struct blockdev *part)
{
	return attr(sysfd, part->name, "start") * SYSFS_SECTOR + part->size_bytes;
}

static bool is_last(int sysfd, const struct blockdevs *devs, const struct blockdev *part,
		    uint64_t end)
{
	for (size_t i = 0; i < devs->n; i++)
		if (devs->dev[i].partno && strcmp(devs->dev[i].whole, part->whole) == 0 &&
		    end_of(sysfd, &devs->dev[i]) > end)
			return false;
	return true;
}

static int read_sectors(const struct ptable_disk *disk, uint64_t lba, size_t n, void *ret)
{
	size_t len = n * disk->sector_bytes;
	ssize_t got = pread(disk->fd, ret, len, (off_t)(lba * disk->sector_bytes));

	if (got < 0)
		return -errno;
	return (size_t)got == len ? 0 : -EIO;
}

/* @return its descriptor, to be closed, or a negative errno */
static int open_disk(struct arena *a, int sysfd, const char *dev_dir, const struct blockdev *dev,
		     struct ptable_disk *ret, struct reason *r)
{
	const char *name = dev->name, *path = arena_printf(a, "%s/%s", dev_dir, name);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	uint64_t sector = attr(sysfd, name, "queue/logical_block_size");

	if (fd < 0)
		return reason_set(r, path ? errno : ENOMEM, "open", name);
	/* Of 512 when nothing says otherwise: then the table is not where it is looked for. */
	if (sector < SYSFS_SECTOR || sector > PTABLE_SECTOR_MAX)
		sector = SYSFS_SECTOR;
	*ret = (struct ptable_disk){
		.sector_bytes = (unsigned int)sector,
		.sectors = dev->size_bytes / sector,
		.grain_bytes = ptable_grain(attr(sysfd, name, "queue/physical_block_size"),
					    attr(sysfd, name, "queue/minimum_io_size"),
					    attr(sysfd, name, "queue/optimal_io_size")),
		.grain_at_bytes = attr(sysfd, name, "alignment_offset"),
		.read = read_sectors,
		.fd = fd,
	};

	/* The kernel says -1 for a disk that is misaligned beyond help. */
	if (ret->grain_at_bytes >= ret->grain_bytes || ret->grain_at_bytes % sector != 0)
		ret->grain_at_bytes = 0;
	return fd;
}

static int read_table(struct arena *a, int sysfd, const char *dev_dir, struct grow *g,
		      struct reason *r)
{
	struct ptable_disk disk = { .sector_bytes = SYSFS_SECTOR };
	_cleanup_close_ int fd = open_disk(a, sysfd, dev_dir, g->disk, &disk, r);
	struct ptable_part part = { .name = g->part->name, .number = g->part->partno };

	if (fd < 0)
		return fd;
	part.start = attr(sysfd, part.name, "start") * SYSFS_SECTOR / disk.sector_bytes;
	part.sectors = g->part->size_bytes / disk.sector_bytes;
	return ptable_grow(a, &disk, g->disk->table, &part, &g->table, r);
}

static const char *render(struct arena *a, const struct reason *r)
{
	char text[REASON_OBJECT_MAX + REASON_CAUSE_MAX + 64];

	return arena_strdup(a, reason_render(r, text, sizeof(text)));
}

int grow_backup(struct arena *a, int sysfd, const char *dev_dir, const struct blockdev *disk,
		struct ptable_backup *ret)
{
	struct ptable_disk d = { 0 };
	_cleanup_close_ int fd = open_disk(a, sysfd, dev_dir, disk, &d, NULL);

	return fd < 0 ? fd : gpt_backup(a, &d, ret);
}

int grow_look(struct arena *a, int sysfd, const char *dev_dir, const struct blockdevs *devs,
	      const struct blockdev *dev, struct grow *ret)
{
	const struct blockdev *part = role_partition(devs, dev);
	struct reason r = REASON_INIT;
	const char *path;
	struct extfs fs;
	uint64_t end;
	int err = 0;

	*ret = (struct grow){ 0 };
	if (!part || dev->read_only)
		return 0;
	ret->disk = blockdev_by_name(devs, part->whole);
	if (!ret->disk || !ret->disk->table || ret->disk->read_only)
		return 0;
	ret->part = part;
	ret->bytes = part->size_bytes;
	end = end_of(sysfd, part);
	if (ret->disk->size_bytes >= end + PTABLE_GAIN_MIN && is_last(sysfd, devs, part, end)) {
		if (dev != part)
			err = reason_setf(&r, EOPNOTSUPP, "grow", part->name,
					  "%s is made of it (LUKS, LVM or RAID)", dev->name);
		else
			err = read_table(a, sysfd, dev_dir, ret, &r);
		if (err < 0) {
			ret->refusal = render(a, &r);
			ret->table.n = 0;
		}
	}
	if (ret->table.n > 0)
		ret->bytes = ret->table.part.sectors * ret->table.sector_bytes;
	path = arena_printf(a, "%s/%s", dev_dir, dev->name);
	if (path && dev == part && dev->type && strcmp(dev->type, "ext4") == 0 &&
	    extfs_read(path, &fs) == 0) {
		ret->fs_behind = extfs_gain(&fs, ret->bytes) >= PTABLE_GAIN_MIN;
		ret->fs_recovers = fs.recovers;
	}
	return arena_failed(a) ? -ENOMEM : 0;
}

int grow_tell(const struct sys *sys, const char *disk, const struct ptable_backup *backup,
	      struct reason *r)
{
	_cleanup_close_ int fd = sys->open(AT_FDCWD, disk, O_RDONLY, 0);
	int err = fd < 0 ? fd : 0;

	for (size_t i = 0; i < backup->n && (err == 0 || err == -EBUSY); i++) {
		const struct ptable_part *part = &backup->part[i];
		uint64_t sector = backup->restore.sector_bytes;

		err = sys->partition_add(fd, part->number, part->start * sector,
					 part->sectors * sector);
	}
	return err < 0 && err != -EBUSY
		       ? reason_set(r, err, "tell the kernel the partitions of", disk)
		       : 0;
}

int grow_write(const struct sys *sys, const char *disk, const struct ptable_plan *plan,
	       struct reason *r)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct ptable_write *w = &plan->write[i];
		struct inplace where;
		int err;

		err = inplace_open_raw(disk, w->lba * plan->sector_bytes,
				       w->sectors * plan->sector_bytes, &where, r);
		if (err == 0)
			err = inplace_write(sys, &where, w->data, r);
		if (err < 0)
			return err;
	}
	return 0;
}

int grow_table(const struct sys *sys, const char *disk, const struct ptable_plan *plan,
	       struct reason *r)
{
	const struct ptable_part *part = &plan->part;
	_cleanup_close_ int fd = -1;
	int err = grow_write(sys, disk, plan, r);

	if (err < 0)
		return err;
	fd = sys->open(AT_FDCWD, disk, O_RDONLY, 0);
	err = fd < 0 ? fd
		     : sys->partition_resize(fd, part->number, part->start * plan->sector_bytes,
					     part->sectors * plan->sector_bytes);
	return err < 0 ? reason_setf(r, err, "tell the kernel the size of", part->name,
				     "%s; it will know at the next boot", strerror(-err))
		       : 0;
}
