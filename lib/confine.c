/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/confine.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LINKS_MAX   40 /* as in the kernel's path walk */
#define AGAIN_TRIES 32 /* openat2(2) gives EAGAIN when something was renamed meanwhile */
#define O_CREATES   (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/* linux/openat2.h is younger than some of the headers we are built with; this much of it is needed. */
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#define NO_XDEV	      0x01u /* RESOLVE_NO_XDEV */
#define NO_MAGICLINKS 0x02u /* RESOLVE_NO_MAGICLINKS */
#define IN_ROOT	      0x10u /* RESOLVE_IN_ROOT */

struct how {
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
};

/* What is left of a path on the way through the tree. */
struct walk {
	int rootfd;
	int dir;	    /* O_PATH descriptor of the directory reached, or rootfd */
	unsigned int depth; /* of dir below the root */
	unsigned int links; /* followed so far */
	bool one_fs;	    /* stays on the mount of the root: */
	long mount_id;	    /* its number, or -1: */
	dev_t dev;	    /* and its device */
	const char *rest;   /* in text[] */
	char text[PATH_MAX];
	char name[NAME_MAX + 1];
};

static int open_in_root(int rootfd, const char *path, int flags, unsigned int limits)
{
	struct how how = {
		.flags = (uint64_t)(unsigned int)flags,
		.resolve = IN_ROOT | NO_MAGICLINKS | (limits & CONFINE_ONE_FS ? NO_XDEV : 0),
	};
	int fd = -1;

#ifdef O_LARGEFILE
	if (!(flags & O_PATH))
		how.flags |= O_LARGEFILE;
#endif
	for (int i = 0; i < AGAIN_TRIES; i++) {
		fd = (int)syscall(__NR_openat2, rootfd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : fd;
}

int confine_open_in(int rootfd, const char *path, int flags, unsigned int limits)
{
	int fd;

	if (flags & O_CREATES)
		return -EINVAL;
	fd = open_in_root(rootfd, path, flags | O_CLOEXEC, limits);
	if (fd == -ENOSYS || fd == -EPERM)
		fd = confine_open_walk(rootfd, path, flags, limits);
	return fd;
}

int confine_open(int rootfd, const char *path, int flags)
{
	return confine_open_in(rootfd, path, flags, 0);
}

/* The number of the mount that a descriptor is on. statx(2) tells it too, but since 5.8: a kernel that
 * has that has openat2(2). */
static long mount_id(int fd)
{
	char path[40], text[256];
	_cleanup_close_ int info = -1;
	const char *line;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	n = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (n < 0)
		return -1;
	text[n] = '\0';
	line = strstr(text, "mnt_id:");
	return line ? strtol(line + strlen("mnt_id:"), NULL, 10) : -1;
}

static int walk_start(struct walk *w)
{
	struct stat st;

	if (!w->one_fs)
		return 0;
	if (fstat(w->rootfd, &st) < 0)
		return -errno;
	w->dev = st.st_dev;
	w->mount_id = mount_id(w->rootfd);
	return 0;
}

/* By number first: a bind mount has the device of what it shows, a subvolume of btrfs one of its own. */
static int walk_check(const struct walk *w, int fd, const struct stat *st)
{
	long id;

	if (!w->one_fs)
		return 0;
	id = w->mount_id < 0 ? -1 : mount_id(fd);
	if (id < 0 ? st->st_dev != w->dev : id != w->mount_id)
		return -EXDEV;
	return 0;
}

static void walk_to(struct walk *w, int dir)
{
	if (w->dir != w->rootfd)
		(void)close(w->dir);
	w->dir = dir;
}

static void walk_end(struct walk *w)
{
	int saved = errno;

	walk_to(w, w->rootfd);
	errno = saved;
}

/* Takes the next name from the rest: 1, 0 when there is none left, or a negative errno. */
static int walk_next(struct walk *w, bool *ret_last, bool *ret_slash)
{
	size_t len;

	w->rest += strspn(w->rest, "/");
	len = strcspn(w->rest, "/");
	if (len == 0)
		return 0;
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(w->name, w->rest, len);
	w->name[len] = '\0';
	w->rest += len;
	*ret_slash = *w->rest == '/';
	*ret_last = w->rest[strspn(w->rest, "/")] == '\0';
	return 1;
}

static int walk_up(struct walk *w)
{
	int up;

	if (w->depth == 0)
		return 0;
	if (--w->depth == 0) {
		walk_to(w, w->rootfd);
		return 0;
	}
	up = openat(w->dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (up < 0)
		return -errno;
	walk_to(w, up);
	return 0;
}

/* Puts what the link says before the rest. */
static int walk_link(struct walk *w)
{
	char content[PATH_MAX], joined[PATH_MAX];
	ssize_t n;
	int len;

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	n = readlinkat(w->dir, w->name, content, sizeof(content) - 1);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ENOENT;
	content[n] = '\0';
	len = snprintf(joined, sizeof(joined), "%s%s", content, w->rest);
	if (len < 0 || (size_t)len >= sizeof(joined))
		return -ENAMETOOLONG;
	memcpy(w->text, joined, (size_t)len + 1);
	w->rest = w->text;
	if (content[0] == '/') {
		walk_to(w, w->rootfd);
		w->depth = 0;
	}
	return 0;
}

static int open_last(const struct walk *w, const char *name, int flags)
{
	int fd = openat(w->dir, name, flags);

	return fd < 0 ? -errno : fd;
}

/* One name further: 1 to go on, 0 with *ret_fd at the end, or a negative errno. */
static int walk_step(struct walk *w, int flags, bool last, bool slash, int *ret_fd)
{
	_cleanup_close_ int next = -1;
	struct stat st;
	int r;

	next = openat(w->dir, w->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 || fstat(next, &st) < 0)
		return -errno;
	r = walk_check(w, next, &st);
	if (r < 0)
		return r;
	if (S_ISLNK(st.st_mode) && (!last || slash || !(flags & O_NOFOLLOW))) {
		r = walk_link(w);
		return r < 0 ? r : 1;
	}
	if (last) {
		r = open_last(w, w->name, flags | O_NOFOLLOW | (slash ? O_DIRECTORY : 0));
		if (r < 0)
			return r;
		*ret_fd = r;
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	walk_to(w, steal_fd(&next));
	w->depth++;
	return 1;
}

int confine_open_walk(int rootfd, const char *path, int flags, unsigned int limits)
{
	_cleanup_(walk_end) struct walk w = { .rootfd = rootfd,
					      .dir = rootfd,
					      .one_fs = limits & CONFINE_ONE_FS };
	size_t len = strlen(path);
	bool last = false, slash = false;
	int r, fd = -1;

	if (flags & O_CREATES)
		return -EINVAL;
	if (len == 0)
		return -ENOENT;
	if (len >= sizeof(w.text))
		return -ENAMETOOLONG;
	flags |= O_CLOEXEC;
	memcpy(w.text, path, len + 1);
	w.rest = w.text;
	r = walk_start(&w);
	if (r < 0)
		return r;
	for (;;) {
		r = walk_next(&w, &last, &slash);
		if (r < 0)
			return r;
		if (r == 0)
			return open_last(&w, ".", flags);
		if (strcmp(w.name, ".") == 0)
			continue;
		r = strcmp(w.name, "..") == 0 ? walk_up(&w)
					      : walk_step(&w, flags, last, slash, &fd);
		if (r < 0)
			return r;
		if (fd >= 0)
			return fd;
	}
}

int confine_open_regular(int rootfd, const char *path)
{
	_cleanup_close_ int fd = confine_open(rootfd, path, O_PATH);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return confine_open(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

bool confine_exists(int rootfd, const char *path)
{
	_cleanup_close_ int fd = confine_open(rootfd, path, O_PATH);

	return fd >= 0;
}
