/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fcntl.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/namespace.h"

/*
 * An ext4 file system of its own, on a loop device, for what in_namespace() runs. The device goes with its last
 * user: the kernel takes it off when the child ends, however it ends. Include cmocka.h first.
 */

struct loopfs {
	char device[64]; /* "/dev/loop3" */
	char dir[300];	 /* where it is mounted */
	int loop;	 /* keeps the device */
};

/* Another test may take the free device first. @param sector bytes, 0: the usual ones */
static inline bool loopfs_attach(struct loopfs *l, int image, unsigned int sector)
{
	struct loop_config config = { .fd = (unsigned int)image,
				      .block_size = sector,
				      .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	for (int i = 0; control >= 0 && i < 16; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		(void)snprintf(l->device, sizeof(l->device), "/dev/loop%d", number);
		l->loop = number < 0 ? -1 : open(l->device, O_RDWR | O_CLOEXEC);
		if (l->loop >= 0 && ioctl(l->loop, LOOP_CONFIGURE, &config) == 0) {
			close(control);
			return true;
		}
		if (l->loop >= 0)
			close(l->loop);
	}
	if (control >= 0)
		close(control);
	return false;
}

static inline void loopfs_mount(const struct loopfs *l, unsigned long flags)
{
	EXPECT(mount(l->device, l->dir, "ext4", flags, NULL) == 0);
}

static inline void loopfs_unmount(const struct loopfs *l)
{
	EXPECT(umount(l->dir) == 0);
}

/**
 * Makes it, empty, and mounts it for writing; ends the child where that cannot be had.
 *
 * @param scratch a directory of the test's
 */
static inline void loopfs_make(struct loopfs *l, const char *scratch)
{
	char image[300], command[400];
	int fd;

	(void)snprintf(image, sizeof(image), "%s/image", scratch);
	(void)snprintf(l->dir, sizeof(l->dir), "%s/mnt", scratch);
	(void)snprintf(command, sizeof(command),
		       "PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q -F '%s' >/dev/null 2>&1", image);
	fd = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EXPECT(fd >= 0 && ftruncate(fd, 8 << 20) == 0);
	EXPECT(mkdir(l->dir, 0755) == 0);
	if (system(command) != 0 || !loopfs_attach(l, fd, 0)) /* NOLINT: names are our own */
		_exit(NAMESPACE_SKIP);
	close(fd);
	if (mount(l->device, l->dir, "ext4", 0, NULL) < 0)
		_exit(NAMESPACE_SKIP);
}

/** Writes a file of `size` bytes: `text`, then `fill`. */
static inline void loopfs_put(const struct loopfs *l, const char *name, const char *text, char fill,
			      size_t size)
{
	char path[400], data[8192];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", l->dir, name);
	EXPECT(size <= sizeof(data) && strlen(text) <= size);
	memset(data, fill, size);
	memcpy(data, text, strlen(text));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	EXPECT(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

/** Reads a file through the file system. @return bytes */
static inline size_t loopfs_get(const struct loopfs *l, const char *name, char *ret, size_t size)
{
	char path[400];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", l->dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT(fd >= 0);
	n = read(fd, ret, size);
	EXPECT(n >= 0);
	close(fd);
	return (size_t)n;
}
