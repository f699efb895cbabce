/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/unit/scratch.h"

/* A sysfs in a scratch directory: class/block/ and devices/. */

static inline void put_sysfs(int fd)
{
	put_dir(fd, "class");
	put_dir(fd, "class/block");
	put_dir(fd, "devices");
}

static inline void put_attr(int fd, const char *devpath, const char *attr, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "devices/%s/%s", devpath, attr);
	put_text(fd, path, text, 0444);
}

/* A device at devices/PATH, with the missing directories, and its link. */
static inline void put_blockdev(int fd, const char *path, const char *size, const char *uevent)
{
	char dir[256] = "devices", link[256], to[512];
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		snprintf(dir, sizeof(dir), "devices/%.*s", (int)(p - path + (int)strcspn(p, "/")),
			 path);
		(void)mkdirat(fd, dir, 0755);
	}
	put_attr(fd, path, "size", size);
	put_attr(fd, path, "uevent", uevent);
	put_attr(fd, path, "ro", "0\n");
	snprintf(link, sizeof(link), "class/block/%s", name);
	snprintf(to, sizeof(to), "../../devices/%s", path);
	put_link(fd, link, to);
}
