/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/discard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* linux/magic.h collides with klibc's sys/vfs.h. */
#define RAMFS 0x858458f6u
#define TMPFS 0x01021994u

/*
 * A directory that is still to be deleted. The stack of them is on the heap and only one descriptor
 * is open at a time, so the depth of the tree is bounded by nothing but memory: an initramfs may hold
 * anything.
 */
struct pending {
	struct pending *below;
	ino_t parent_ino; /* where `..` must lead back to, once entered */
	bool entered;
	char name[];
};

struct discard {
	const struct sys *sys;
	struct reason *r;
	int top;	       /* the caller's descriptor */
	int dir;	       /* directory reached, or top */
	unsigned int depth;    /* of dir below top */
	dev_t dev;	       /* of top */
	struct pending *stack; /* newest first */
	int err;	       /* the first failure */
};

static void discard_to(struct discard *d, int dir)
{
	if (d->dir != d->top)
		(void)close(d->dir);
	d->dir = dir;
}

static void discard_end(struct discard *d)
{
	discard_to(d, d->top);
	while (d->stack) {
		struct pending *below = d->stack->below;

		free(d->stack);
		d->stack = below;
	}
}

/* Remembers the first failure; the rest goes on. */
static void note(struct discard *d, int err, const char *verb, const char *name)
{
	if (d->err == 0)
		d->err = reason_set(d->r, err, verb, name);
}

static int push(struct discard *d, const char *name)
{
	size_t len = strlen(name) + 1;
	struct pending *p = malloc(sizeof(*p) + len);

	if (!p)
		return -ENOMEM;
	*p = (struct pending){ .below = d->stack };
	memcpy(p->name, name, len);
	d->stack = p;
	return 0;
}

static void pop(struct discard *d)
{
	struct pending *p = d->stack;

	d->stack = p->below;
	free(p);
}

static bool is_directory(int dirfd, const struct dirent *de)
{
	struct stat st;

	if (de->d_type != DT_UNKNOWN)
		return de->d_type == DT_DIR;
	return fstatat(dirfd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Deletes the files of the directory reached and puts its directories on the stack. */
static void clear_files(struct discard *d)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *de;
	int fd, r;

	fd = openat(d->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (!dir) {
		note(d, errno, "read directory", d->stack ? d->stack->name : "/");
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((de = readdir(dir))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		if (is_directory(d->dir, de)) {
			r = push(d, de->d_name);
			if (r < 0)
				note(d, r, "enter", de->d_name);
			continue;
		}
		r = d->sys->unlinkat(d->dir, de->d_name, 0);
		if (r < 0 && r != -ENOENT && r != -EBUSY) /* EBUSY: something is mounted on it */
			note(d, r, "delete", de->d_name);
	}
}

/* Enters the directory on top of the stack when it is part of the same file system. */
static bool enter(struct discard *d)
{
	struct pending *p = d->stack;
	_cleanup_close_ int fd = -1;
	struct stat parent, st;

	fd = openat(d->dir, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || fstat(d->dir, &parent) < 0) {
		note(d, errno, "enter", p->name);
		return false;
	}
	if (st.st_dev != d->dev)
		return false;
	p->parent_ino = parent.st_ino;
	p->entered = true;
	discard_to(d, steal_fd(&fd));
	d->depth++;
	return true;
}

/*
 * Back to the parent. The top itself is not reached through `..`: the new root may be mounted on it
 * by now, and the kernel would lead us in there.
 */
static int leave(struct discard *d)
{
	_cleanup_close_ int up = -1;
	struct stat st;

	if (--d->depth == 0) {
		discard_to(d, d->top);
		return 0;
	}
	up = openat(d->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (up < 0 || fstat(up, &st) < 0)
		return -errno;
	if (st.st_dev != d->dev || st.st_ino != d->stack->parent_ino)
		return -EXDEV;
	discard_to(d, steal_fd(&up));
	return 0;
}

/* One step of the directory on top of the stack. A negative errno: the way back is lost, stop. */
static int step(struct discard *d)
{
	struct pending *p = d->stack;
	bool entered = p->entered;
	int r;

	if (entered) {
		r = leave(d);
		if (r < 0)
			return r;
	}
	/* An empty directory needs no entering, and the kernel tells mount points apart: EBUSY. */
	r = d->sys->unlinkat(d->dir, p->name, AT_REMOVEDIR);
	if (!entered && (r == -ENOTEMPTY || r == -EEXIST) && enter(d)) {
		clear_files(d);
		return 0;
	}
	if (r < 0 && r != -ENOENT && r != -EBUSY && r != -ENOTEMPTY && r != -EEXIST)
		note(d, r, "delete", p->name);
	pop(d);
	return 0;
}

int discard_in_memory(int dirfd)
{
	struct statfs fs;

	if (fstatfs(dirfd, &fs) < 0)
		return -errno;
	return (uint32_t)fs.f_type == RAMFS || (uint32_t)fs.f_type == TMPFS;
}

int discard_tree(const struct sys *sys, int dirfd, struct reason *r)
{
	_cleanup_(discard_end) struct discard d = {
		.sys = sys, .r = r, .top = dirfd, .dir = dirfd
	};
	struct stat st;
	int in_memory = discard_in_memory(dirfd);

	if (in_memory < 0 || fstat(dirfd, &st) < 0)
		return reason_set(r, errno, "delete", "the old root");
	if (!in_memory)
		return reason_setf(r, EXDEV, "delete", "the old root", "it is not in memory");
	d.dev = st.st_dev;
	clear_files(&d);
	while (d.stack) {
		int err = step(&d);

		if (err < 0) {
			note(&d, err, "delete", d.stack->name);
			break;
		}
	}
	return d.err;
}
