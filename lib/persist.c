/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/persist.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/confine.h"
#include "lib/deliver_place.h"
#include "lib/file.h"

struct copy {
	const struct sys *sys;
	struct reason *r;
	size_t bytes, entries; /* that may still come */
};

static int open_dir_at(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static struct deliver_how how_of(const struct stat *st)
{
	return (struct deliver_how){
		.attr = { .mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid },
	};
}

static void clear(struct arena *a)
{
	arena_free(a);
}

/* One file, by a temporary name of its own in its directory, synced. */
static int copy_file(struct copy *c, int fd, const struct stat *st, int to, const char *name)
{
	_cleanup_(clear) struct arena scratch = ARENA_INIT;
	const struct deliver_how how = how_of(st);
	struct deliver_result result;
	size_t len;
	char *data;
	int err = file_read_fd(&scratch, fd, c->bytes, &data, &len);

	if (err < 0)
		return err;
	c->bytes -= len;
	return deliver_file(c->sys, to, name, data, len, &how, &result, c->r);
}

static int copy_link(struct copy *c, int from, int to, const char *name)
{
	char content[PATH_MAX];
	ssize_t n = readlinkat(from, name, content, sizeof(content) - 1);

	if (n < 0)
		return -errno;
	content[n] = '\0';
	return c->sys->symlinkat(content, to, name);
}

static int remove_tree(struct copy *c, int dirfd, const char *name, int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *de;
	int fd = open_dir_at(dirfd, name), err = 0;

	if (fd == -ENOENT)
		return 0;
	if (fd == -ENOTDIR || fd == -ELOOP)
		return c->sys->unlinkat(dirfd, name, 0);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return fd < 0 ? fd : (close_fd(&fd), -ENOMEM);
	while (err == 0 && depth > 0 && (de = readdir(dir)))
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			err = remove_tree(c, fd, de->d_name, depth - 1);
	return err < 0 ? err : c->sys->unlinkat(dirfd, name, AT_REMOVEDIR);
}

static int copy_dir(struct copy *c, int fromfd, const struct stat *st, int to, const char *name,
		    int depth);

static int copy_entry(struct copy *c, int from, int to, const char *name, int depth)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (c->entries-- == 0 || depth == 0)
		return -EFBIG;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return copy_link(c, from, to, name);
	if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		return 0; /* of a program that runs, or did */
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EINVAL;
	fd = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? copy_dir(c, fd, &st, to, name, depth - 1)
				   : copy_file(c, fd, &st, to, name);
}

static int copy_dir(struct copy *c, int fromfd, const struct stat *st, int to, const char *name,
		    int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_close_ int made = -1, list = open_dir_at(fromfd, ".");
	const struct deliver_attr attr = how_of(st).attr;
	const struct dirent *de;
	bool changed;
	int err = list < 0 ? list : c->sys->mkdirat(to, name, 0700);

	if (err == 0)
		err = made = open_dir_at(to, name);
	if (err < 0)
		return err;
	dir = fdopendir(list);
	if (!dir)
		return -ENOMEM;
	(void)steal_fd(&list);
	for (err = 0, errno = 0; err == 0 && (de = readdir(dir)); errno = 0)
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			err = copy_entry(c, fromfd, made, de->d_name, depth);
	if (err == 0 && errno != 0)
		err = -errno;
	if (err == 0)
		err = deliver_set_attr(c->sys, made, &attr, &changed);
	return err < 0 ? err : deliver_sync_dir(c->sys, made);
}

/* A directory comes by its temporary name, all of it at once. */
static int copy_tree(struct copy *c, int fromfd, const struct stat *st, int tree, const char *to)
{
	_cleanup_(deliver_place_end) struct deliver_place p = DELIVER_PLACE_INIT;
	const struct deliver_how parent = { .attr.mode = 0755 };
	int err = deliver_place_split(to, &p);

	if (err == 0)
		err = deliver_make_dir(c->sys, tree, p.parent, &parent, true, &p.dirfd, c->r);
	if (err >= 0)
		err = remove_tree(c, p.dirfd, p.temp, PERSIST_DEPTH_MAX + 1);
	if (err < 0)
		return err;
	err = copy_dir(c, fromfd, st, p.dirfd, p.temp, PERSIST_DEPTH_MAX);
	if (err == 0)
		err = c->sys->renameat(p.dirfd, p.temp, p.dirfd, p.name);
	if (err < 0) {
		(void)remove_tree(c, p.dirfd, p.temp, PERSIST_DEPTH_MAX + 1);
		return err;
	}
	return deliver_sync_dir(c->sys, p.dirfd);
}

int persist_copy(const struct sys *sys, int from_tree, const char *from, int to_tree,
		 const char *to, struct reason *r)
{
	struct copy c = { sys, r, PERSIST_BYTES_MAX, PERSIST_ENTRIES_MAX };
	_cleanup_close_ int fd = -1, path = -1;
	struct reason why = REASON_INIT;
	struct stat st;
	int err;

	if (confine_exists(to_tree, to))
		return 0;
	c.r = &why;
	path = confine_open(from_tree, from, O_PATH);
	if (path < 0 || fstat(path, &st) < 0)
		return reason_set(r, path < 0 ? path : errno, "look at", from);
	if (S_ISDIR(st.st_mode))
		fd = confine_open(from_tree, from, O_RDONLY | O_DIRECTORY);
	else
		fd = confine_open_regular(from_tree, from);
	if (fd < 0)
		return reason_set(r, fd, "open", from);
	err = S_ISDIR(st.st_mode) ? copy_tree(&c, fd, &st, to_tree, to)
				  : copy_file(&c, fd, &st, to_tree, to);
	if (err == -EFBIG)
		return reason_setf(r, err, "copy", from,
				   "there is more than %u MB or %u files of it",
				   PERSIST_BYTES_MAX >> 20, PERSIST_ENTRIES_MAX);
	if (err < 0 && r && why.verb)
		*r = why;
	else if (err < 0)
		return reason_set(r, err, "copy", from);
	return err;
}
