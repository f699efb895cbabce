/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/blockdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stack.h"

#define SECTOR_BYTES 512u /* of sysfs, whatever the device's own */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Compares the numbers, without leading zeros, at *a and *b and moves both behind them. */
static int compare_numbers(const char **a, const char **b)
{
	size_t na = strspn(*a, "0123456789"), nb = strspn(*b, "0123456789");
	int r = na != nb ? (na < nb ? -1 : 1) : strncmp(*a, *b, na);

	*a += na;
	*b += nb;
	return r;
}

int natural_compare(const char *a, const char *b)
{
	while (*a && *b) {
		/* What begins with a zero is of fixed width, and mostly hexadecimal: 0000:00:1d.0. */
		if (is_digit(*a) && is_digit(*b) && *a != '0' && *b != '0') {
			int r = compare_numbers(&a, &b);

			if (r != 0)
				return r;
		} else if (*a != *b) {
			break;
		} else {
			a++;
			b++;
		}
	}
	return (unsigned char)*a - (unsigned char)*b;
}

/* Memory disks are nobody's root, and there are many of them. */
static bool is_ignored_name(const char *name)
{
	return (strncmp(name, "ram", 3) == 0 && is_digit(name[3])) ||
	       (strncmp(name, "zram", 4) == 0 && is_digit(name[4]));
}

static int read_attr(int classfd, const char *name, const char *attr, char *buf, size_t size)
{
	char path[NAME_MAX + 32];
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/%s", name, attr) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	_cleanup_close_ int fd = openat(classfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

static uint64_t read_number(int classfd, const char *name, const char *attr)
{
	char buf[32];

	return read_attr(classfd, name, attr, buf, sizeof(buf)) < 0 ? 0 : strtoull(buf, NULL, 10);
}

/* @return the number behind `key` at the start of a line of a uevent file, 0 when there is none. */
static uint64_t uevent_number(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0)
			return strtoull(line + len, NULL, 10);
	}
	return 0;
}

/*
 * The target of a link in /sys/class/block, "../../devices/…/block/vda/vda2", gives the path and the
 * disk: a partition's directory lies in its disk's.
 */
static int read_devpath(struct arena *a, int classfd, const char *name, struct blockdev *dev)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(classfd, name, target, sizeof(target));
	const char *path;

	if (n < 0)
		return -errno;
	if ((size_t)n >= sizeof(target))
		return -ENAMETOOLONG;
	target[n] = '\0';
	path = strstr(target, "/devices/");
	if (!path)
		return -EINVAL;
	dev->devpath = arena_strdup(a, path);
	dev->name = arena_strdup(a, name);
	return dev->devpath && dev->name ? 0 : -ENOMEM;
}

static int find_whole(struct arena *a, struct blockdev *dev)
{
	const char *end = strrchr(dev->devpath, '/'), *start = end;

	dev->whole = dev->disk = dev->name;
	if (dev->partno == 0)
		return 0;
	while (start > dev->devpath && start[-1] != '/')
		start--;
	dev->whole = dev->disk = arena_memdup(a, start, (size_t)(end - start));
	return dev->whole ? 0 : -ENOMEM;
}

/*
 * One device. The file `uevent` has in one read what `dev`, `partition` and `diskseq` have in three.
 * @return 1, 0 when it is none of ours or just gone, or -ENOMEM
 */
static int read_device(struct arena *a, int classfd, const char *name, struct blockdev *dev)
{
	char uevent[1024];
	int r;

	*dev = (struct blockdev){ .size_bytes = read_number(classfd, name, "size") * SECTOR_BYTES };
	if (dev->size_bytes == 0)
		return 0;
	if (read_attr(classfd, name, "uevent", uevent, sizeof(uevent)) < 0)
		return 0;
	dev->major = (unsigned int)uevent_number(uevent, "MAJOR=");
	dev->minor = (unsigned int)uevent_number(uevent, "MINOR=");
	dev->partno = (unsigned int)uevent_number(uevent, "PARTN=");
	dev->diskseq = uevent_number(uevent, "DISKSEQ=");
	dev->read_only = read_number(classfd, name, "ro") != 0;
	r = read_devpath(a, classfd, name, dev);
	if (r == 0)
		r = find_whole(a, dev);
	if (r == 0)
		r = stack_read(a, classfd, dev);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	dev->removable = strstr(dev->devpath, "/usb") ||
			 (dev->partno == 0 && read_number(classfd, name, "removable") != 0);
	dev->rotating = dev->partno == 0 && read_number(classfd, name, "queue/rotational") != 0;
	return 1;
}

static struct blockdev *find_name(const struct blockdevs *devs, const char *name)
{
	for (size_t i = 0; i < devs->n; i++)
		if (strcmp(devs->dev[i].name, name) == 0)
			return &devs->dev[i];
	return NULL;
}

bool blockdev_is_disk(const struct blockdev *dev)
{
	return dev->partno == 0 && strcmp(dev->disk, dev->name) == 0;
}

const struct blockdev *blockdev_by_name(const struct blockdevs *devs, const char *name)
{
	return find_name(devs, name);
}

static void keep_findings(struct blockdev *dev, const struct blockdev *old)
{
	if (!old || old->major != dev->major || old->minor != dev->minor ||
	    old->diskseq != dev->diskseq || old->size_bytes != dev->size_bytes)
		return;
	dev->backup_asked = old->backup_asked;
	dev->probed = old->probed;
	dev->probe_err = old->probe_err;
	dev->type = old->type;
	dev->due = old->due;
	dev->due_known = old->due_known;
	dev->filesystem = old->filesystem;
	dev->ambiguous = old->ambiguous;
	dev->label = old->label;
	dev->uuid = old->uuid;
	dev->partlabel = old->partlabel;
	dev->partuuid = old->partuuid;
	dev->table = old->table;
	dev->table_uuid = old->table_uuid;
	dev->table_partitions = old->table_partitions;
}

static int by_devpath(const void *a, const void *b)
{
	const struct blockdev *x = a, *y = b;

	return natural_compare(x->devpath, y->devpath);
}

static int append(struct arena *a, struct blockdevs *devs, size_t *capacity,
		  const struct blockdev *dev)
{
	if (devs->n == *capacity) {
		size_t more = *capacity ? *capacity * 2 : 16;
		struct blockdev *grown = arena_alloc(a, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		if (devs->n > 0)
			memcpy(grown, devs->dev, devs->n * sizeof(*grown));
		devs->dev = grown;
		*capacity = more;
	}
	devs->dev[devs->n++] = *dev;
	return 0;
}

static int scan_class(struct arena *a, DIR *dir, struct blockdevs *devs)
{
	const struct dirent *entry;
	size_t capacity = 0;

	while ((entry = readdir(dir))) {
		struct blockdev dev;
		int r;

		if (entry->d_name[0] == '.' || is_ignored_name(entry->d_name))
			continue;
		r = read_device(a, dirfd(dir), entry->d_name, &dev);
		if (r > 0)
			r = append(a, devs, &capacity, &dev);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What a device has from its disk, and what it had before. */
static void complete(struct blockdevs *devs, const struct blockdevs *old)
{
	for (size_t i = 0; i < devs->n; i++) {
		struct blockdev *dev = &devs->dev[i];
		const struct blockdev *whole = dev->partno > 0 ? find_name(devs, dev->whole) : NULL;
		const struct blockdev *disk;

		if (whole && dev->diskseq == 0)
			dev->diskseq = whole->diskseq;
		stack_resolve(devs, dev);
		disk = find_name(devs, dev->disk);
		if (disk)
			dev->removable = disk->removable;
		keep_findings(dev, find_name(old, dev->name));
	}
}

int blockdev_scan(struct arena *a, int sysfd, struct blockdevs *devs, struct reason *r)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct blockdevs found = { 0 };
	int fd, err;

	fd = openat(sysfd, "class/block", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return reason_set(r, errno, "open", "/sys/class/block");
	dir = fdopendir(fd);
	if (!dir) {
		err = errno;
		(void)close(fd);
		return reason_set(r, err, "read", "/sys/class/block");
	}
	err = scan_class(a, dir, &found);
	if (err < 0)
		return reason_set(r, err, "read", "/sys/class/block");
	if (found.n > 1)
		qsort(found.dev, found.n, sizeof(*found.dev), by_devpath);
	complete(&found, devs);
	*devs = found;
	return 0;
}
