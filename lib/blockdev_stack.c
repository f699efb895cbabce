/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/file.h"

#define STACK_BELOW_MAX 64
/* Looks at devices for one answer: against a sysfs that goes round and round in itself. */
#define STACK_STEPS_MAX 512

static bool starts_with(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) == 0 && name[len];
}

static int read_line(int classfd, const char *name, const char *attr, char *buf, size_t size)
{
	char path[NAME_MAX + 32];

	if (snprintf(path, sizeof(path), "%s/%s", name, attr) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return file_read_line(classfd, path, buf, size);
}

static int read_slaves(struct arena *a, int classfd, struct blockdev *dev)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char path[NAME_MAX + 32];
	const char **names = arena_alloc(a, STACK_BELOW_MAX * sizeof(*names));
	int fd;

	if (!names)
		return -ENOMEM;
	(void)snprintf(path, sizeof(path), "%s/slaves", dev->name);
	fd = openat(classfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return 0;
	}
	dev->below = names;
	while ((entry = readdir(dir)) && dev->n_below < STACK_BELOW_MAX) {
		if (entry->d_name[0] == '.')
			continue;
		names[dev->n_below] = arena_strdup(a, entry->d_name);
		if (!names[dev->n_below])
			return -ENOMEM;
		dev->n_below++;
	}
	return 0;
}

/* sysfs has a loop device's file by its path only, and as seen by who set it up: when there is none here, the
 * device is a disk of its own. What is below is kept as MAJOR:MINOR until the list is complete. */
static int read_file(struct arena *a, int classfd, struct blockdev *dev)
{
	const char **names;
	char path[PATH_MAX];
	struct stat st;

	dev->in_file = true;
	if (read_line(classfd, dev->name, "loop/backing_file", path, sizeof(path)) < 0 ||
	    path[0] != '/' || stat(path, &st) < 0)
		return 0;
	names = arena_alloc(a, sizeof(*names));
	if (!names)
		return -ENOMEM;
	names[0] = arena_printf(a, "%u:%u", major(S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev),
				minor(S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev));
	if (!names[0])
		return -ENOMEM;
	dev->below = names;
	dev->n_below = 1;
	return 0;
}

int stack_read(struct arena *a, int classfd, struct blockdev *dev)
{
	char text[256];

	if (dev->partno)
		return 0;
	if (starts_with(dev->name, "loop"))
		return read_file(a, classfd, dev);
	if (starts_with(dev->name, "dm-")) {
		if (read_line(classfd, dev->name, "dm/name", text, sizeof(text)) == 0 && *text)
			dev->mapper = arena_strdup(a, text);
		return read_slaves(a, classfd, dev);
	}
	if (starts_with(dev->name, "md")) {
		if (read_line(classfd, dev->name, "md/raid_disks", text, sizeof(text)) == 0)
			dev->members = (unsigned int)strtoul(text, NULL, 10);
		return read_slaves(a, classfd, dev);
	}
	return 0;
}

static const struct blockdev *find_below(const struct blockdevs *devs, const char *name)
{
	unsigned int number[2];
	char end;

	if (sscanf(name, "%u:%u%c", &number[0], &number[1], &end) != 2)
		return blockdev_by_name(devs, name);
	for (size_t i = 0; i < devs->n; i++)
		if (devs->dev[i].major == number[0] && devs->dev[i].minor == number[1])
			return &devs->dev[i];
	return NULL;
}

struct walk {
	const struct blockdevs *devs;
	unsigned int steps;
	bool in_file; /* a loop device was on the way */
};

static bool find_disk(struct walk *w, const struct blockdev *dev, unsigned int depth,
		      const char **ret);

/* The disk of what `dev` is made of; its own name when that is several, or not all there. */
static bool find_disk_below(struct walk *w, const struct blockdev *dev, unsigned int depth,
			    const char **ret)
{
	const char *disk = NULL;

	*ret = dev->name;
	if (dev->n_below < dev->members)
		return true;
	for (size_t i = 0; i < dev->n_below; i++) {
		const struct blockdev *below = find_below(w->devs, dev->below[i]);
		const char *found;

		if (!below)
			return true;
		if (!find_disk(w, below, depth + 1, &found))
			return false;
		if (disk && strcmp(disk, found) != 0)
			return true;
		disk = found;
	}
	if (disk)
		*ret = disk;
	return true;
}

/* @return false when there is no end to it */
static bool find_disk(struct walk *w, const struct blockdev *dev, unsigned int depth,
		      const char **ret)
{
	const struct blockdev *whole = dev->partno ? blockdev_by_name(w->devs, dev->whole) : dev;

	if (depth > BLOCKDEV_DEPTH_MAX || ++w->steps > STACK_STEPS_MAX)
		return false;
	*ret = dev->whole;
	if (!whole)
		return true;
	w->in_file = w->in_file || whole->in_file;
	return find_disk_below(w, whole, depth, ret);
}

void stack_resolve(const struct blockdevs *devs, struct blockdev *dev)
{
	struct walk w = { .devs = devs };
	const char *disk;

	if (!dev->partno && dev->n_below == 0)
		return;
	dev->disk = find_disk(&w, dev, 0, &disk) ? disk : dev->whole;
	dev->in_file = dev->in_file || w.in_file;
	for (size_t i = 0; i < dev->n_below; i++) {
		const struct blockdev *below = find_below(devs, dev->below[i]);

		if (below)
			dev->below[i] = below->name; /* a loop device's is MAJOR:MINOR */
	}
}
