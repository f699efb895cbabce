/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/confine.h"

#define TEMP_SUFFIX ".anteroot"
#define MODE_BITS   07777u

static const struct deliver_attr parent_attr = { .mode = 0755 };

/* Where a delivery goes: the directory that holds it, and its names there. */
struct place {
	int dirfd;
	char name[NAME_MAX + 1];
	char temp[NAME_MAX + 1];
	char parent[PATH_MAX]; /* "" for the root itself */
};

#define PLACE_INIT ((struct place){ .dirfd = -1 })

static void place_end(struct place *p)
{
	close_fd(&p->dirfd);
}

/* Cuts a path in two. The temporary name is cut at NAME_MAX: the longest rule names fill it. */
static int place_split(const char *path, struct place *p)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t parent_len = slash ? (size_t)(slash - path) : 0;
	size_t len = strlen(name), max = NAME_MAX - strlen("." TEMP_SUFFIX);

	if (len == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	if (len > NAME_MAX || parent_len >= sizeof(p->parent))
		return -ENAMETOOLONG;
	memcpy(p->name, name, len + 1);
	memcpy(p->parent, path, parent_len);
	p->parent[parent_len] = '\0';
	(void)snprintf(p->temp, sizeof(p->temp), ".%.*s%s", (int)(len < max ? len : max), name,
		       TEMP_SUFFIX);
	return 0;
}

static int open_dir(int rootfd, const char *path)
{
	return confine_open(rootfd, path[0] ? path : "/", O_RDONLY | O_DIRECTORY);
}

/* Some file systems have no fsync of a directory, and nothing else to offer: EINVAL. */
static int sync_dir(const struct sys *sys, int dirfd)
{
	int r = sys->fsync(dirfd);

	return r == -EINVAL ? 0 : r;
}

/* Owner before mode: chown(2) clears the set-id bits. */
static int set_attr(const struct sys *sys, int fd, const struct deliver_attr *attr,
		    bool *ret_changed)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != attr->uid || st.st_gid != attr->gid) {
		r = sys->fchown(fd, attr->uid, attr->gid);
		if (r < 0)
			return r;
		*ret_changed = true;
		if (fstat(fd, &st) < 0)
			return -errno;
	}
	if ((st.st_mode & MODE_BITS) != attr->mode) {
		r = sys->fchmod(fd, attr->mode);
		if (r < 0)
			return r;
		*ret_changed = true;
	}
	return 0;
}

/* Makes one directory whose parent is there. Its first mode grants nobody more than the last one. */
static int make_dir(const struct sys *sys, int rootfd, const char *path,
		    const struct deliver_attr *attr, struct reason *r)
{
	_cleanup_(place_end) struct place p = PLACE_INIT;
	_cleanup_close_ int fd = -1;
	bool changed;
	int err;

	err = place_split(path, &p);
	if (err == 0)
		err = p.dirfd = open_dir(rootfd, p.parent);
	if (err >= 0)
		err = sys->mkdirat(p.dirfd, p.name,
				   attr->mode & (attr == &parent_attr ? 0755 : 0700));
	if (err >= 0)
		err = fd = open_dir(p.dirfd, p.name);
	if (err == -EEXIST)
		return reason_setf(r, ENOTDIR, "make directory", path,
				   "a link that leads nowhere is in its place");
	if (err >= 0)
		err = set_attr(sys, fd, attr, &changed);
	return err < 0 ? reason_set(r, err, "make directory", path) : 0;
}

/* Makes new directories durable, the lowest first: on a journal the rest is then on the disk too. `kept` is
 * the length of the part of the path that was there before. */
static int sync_made(const struct sys *sys, int rootfd, const char *path, size_t kept,
		     struct reason *r)
{
	char prefix[PATH_MAX];
	size_t len = strlen(path);

	memcpy(prefix, path, len + 1);
	for (;;) {
		_cleanup_close_ int fd = open_dir(rootfd, prefix);
		int err = fd < 0 ? fd : sync_dir(sys, fd);

		if (err < 0)
			return reason_set(r, err, "sync directory", prefix);
		if (len <= kept)
			return 0;
		while (len > 0 && prefix[len - 1] != '/')
			len--;
		while (len > 0 && prefix[len - 1] == '/')
			len--;
		prefix[len] = '\0';
	}
}

/*
 * Opens a directory, making what is missing of it, durably when it is the parent of a file: 1 when its
 * last part was made, else 0. What is there may be reached through links inside the root.
 */
static int open_or_make(const struct sys *sys, int rootfd, const char *path,
			const struct deliver_attr *attr, int *ret_fd, struct reason *r)
{
	char prefix[PATH_MAX];
	size_t len = strlen(path), at, kept = len;
	int fd = open_dir(rootfd, path), made = 0, err;

	for (at = 0; fd == -ENOENT && at < len;) {
		size_t above = at;

		at += strspn(path + at, "/");
		at += strcspn(path + at, "/");
		if (at >= sizeof(prefix))
			return reason_set(r, ENAMETOOLONG, "make directory", path);
		memcpy(prefix, path, at);
		prefix[at] = '\0';
		fd = open_dir(rootfd, prefix);
		made = 0;
		if (fd == -ENOENT) {
			err = make_dir(sys, rootfd, prefix, at < len ? &parent_attr : attr, r);
			if (err < 0)
				return err;
			made = 1;
			kept = above < kept ? above : kept;
			fd = open_dir(rootfd, prefix);
		}
		if (fd >= 0 && at < len) {
			(void)close(fd);
			fd = -ENOENT;
		}
	}
	if (fd < 0)
		return reason_set(r, fd, "open directory", path);
	err = made && attr == &parent_attr ? sync_made(sys, rootfd, path, kept, r) : 0;
	if (err < 0) {
		(void)close(fd);
		return err;
	}
	*ret_fd = fd;
	return made;
}

/* Whether the file there is the wanted one. What cannot be read is not. */
static bool same_content(int dirfd, const char *name, const char *data, size_t len)
{
	_cleanup_close_ int fd =
		openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return false;
	for (;;) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 && len == 0;
		if ((size_t)n > len || memcmp(buf, data, (size_t)n) != 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
}

static bool is_delivered(const struct place *p, const struct stat *st, const void *data, size_t len,
			 const struct deliver_attr *attr)
{
	return S_ISREG(st->st_mode) && (st->st_mode & MODE_BITS) == attr->mode &&
	       st->st_uid == attr->uid && st->st_gid == attr->gid && st->st_size >= 0 &&
	       (uint64_t)st->st_size == len && same_content(p->dirfd, p->name, data, len);
}

/* A temporary file of a boot that was cut short. */
static int remove_leftover(const struct sys *sys, const struct place *p)
{
	struct stat st;

	if (fstatat(p->dirfd, p->temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return sys->unlinkat(p->dirfd, p->temp, 0);
}

static int write_all(const struct sys *sys, int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = sys->write(fd, data, len);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The temporary file whole on the disk, or gone again. */
static int write_temp(const struct sys *sys, const struct place *p, const void *data, size_t len,
		      const struct deliver_attr *attr)
{
	_cleanup_close_ int fd = -1;
	bool changed;
	int r;

	fd = sys->open(p->dirfd, p->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	if (fd < 0)
		return fd;
	r = set_attr(sys, fd, attr, &changed);
	if (r >= 0)
		r = write_all(sys, fd, data, len);
	if (r >= 0)
		r = sys->fsync(fd);
	if (r < 0)
		(void)sys->unlinkat(p->dirfd, p->temp, 0);
	return r;
}

static int fail(struct reason *r, int err, const char *verb, const char *path)
{
	if (err == -EBUSY || err == -EXDEV)
		return reason_setf(r, err, verb, path, "something is mounted on it");
	return reason_set(r, err, verb, path);
}

static int replace(const struct sys *sys, const struct place *p, const char *path, const void *data,
		   size_t len, const struct deliver_attr *attr, struct reason *r)
{
	int err = write_temp(sys, p, data, len, attr);

	if (err < 0)
		return reason_set(r, err, "write", path);
	err = sys->renameat(p->dirfd, p->temp, p->dirfd, p->name);
	if (err < 0) {
		(void)sys->unlinkat(p->dirfd, p->temp, 0);
		return fail(r, err, "replace", path);
	}
	err = sync_dir(sys, p->dirfd);
	return err < 0 ? reason_set(r, err, "sync the directory of", path) : 0;
}

int deliver_file(const struct sys *sys, int rootfd, const char *path, const void *data, size_t len,
		 const struct deliver_attr *attr, bool *ret_changed, struct reason *r)
{
	_cleanup_(place_end) struct place p = PLACE_INIT;
	bool exists, same;
	struct stat st;
	int err;

	err = place_split(path, &p);
	if (err < 0)
		return reason_set(r, err, "write", path);
	err = open_or_make(sys, rootfd, p.parent, &parent_attr, &p.dirfd, r);
	if (err < 0)
		return err;
	exists = fstatat(p.dirfd, p.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!exists && errno != ENOENT)
		return reason_set(r, errno, "look at", path);
	if (exists && S_ISDIR(st.st_mode))
		return reason_set(r, EISDIR, "write", path);
	same = exists && is_delivered(&p, &st, data, len, attr);
	err = remove_leftover(sys, &p);
	if (!same) {
		if (err < 0)
			return reason_set(r, err, "remove the old temporary file of", path);
		err = replace(sys, &p, path, data, len, attr, r);
		if (err < 0)
			return err;
	}
	*ret_changed = !same;
	return 0;
}

int deliver_dir(const struct sys *sys, int rootfd, const char *path,
		const struct deliver_attr *attr, bool *ret_changed, struct reason *r)
{
	_cleanup_close_ int fd = -1;
	bool changed = false;
	int made, err = 0;

	made = open_or_make(sys, rootfd, path, attr, &fd, r);
	if (made < 0)
		return made;
	if (!made) {
		err = set_attr(sys, fd, attr, &changed);
	}
	if (err < 0)
		return reason_set(r, err, "set owner and mode of", path);
	*ret_changed = made || changed;
	return 0;
}

int deliver_remove(const struct sys *sys, int rootfd, const char *path, bool *ret_changed,
		   struct reason *r)
{
	_cleanup_(place_end) struct place p = PLACE_INIT;
	struct stat st;
	int err;

	err = place_split(path, &p);
	if (err >= 0)
		err = p.dirfd = open_dir(rootfd, p.parent);
	if (err == -ENOENT || err == -ENOTDIR) {
		*ret_changed = false;
		return 0;
	}
	if (err < 0)
		return reason_set(r, err, "remove", path);
	(void)remove_leftover(sys, &p);
	if (fstatat(p.dirfd, p.name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return reason_set(r, errno, "remove", path);
		*ret_changed = false;
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return reason_set(r, EISDIR, "remove", path);
	err = sys->unlinkat(p.dirfd, p.name, 0);
	if (err < 0)
		return fail(r, err, "remove", path);
	err = sync_dir(sys, p.dirfd);
	if (err < 0)
		return reason_set(r, err, "sync the directory of", path);
	*ret_changed = true;
	return 0;
}
