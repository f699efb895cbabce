/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/deliver_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/confine.h"

#define TEMP_SUFFIX ".anteroot"
#define MODE_BITS   07777u

static const struct deliver_attr parent_attr = { .mode = 0755 };

void deliver_place_end(struct deliver_place *p)
{
	close_fd(&p->dirfd);
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Without the slashes at its end: with them the last name is followed even when it is a link. */
static size_t trimmed_len(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] == '/')
		len--;
	return len;
}

/* The temporary name is cut at NAME_MAX: the longest rule names fill it. */
int deliver_place_split(const char *path, struct deliver_place *p)
{
	const char *name = last_name(path);
	size_t parent_len = trimmed_len(path, (size_t)(name - path));
	size_t len = strlen(name), max = NAME_MAX - strlen("." TEMP_SUFFIX);

	if (len == 0 || is_dots(name))
		return -EINVAL;
	if (len > NAME_MAX || name - path >= (ptrdiff_t)sizeof(p->parent))
		return -ENAMETOOLONG;
	memcpy(p->name, name, len + 1);
	memcpy(p->parent, path, parent_len);
	p->parent[parent_len] = '\0';
	(void)snprintf(p->temp, sizeof(p->temp), ".%.*s%s", (int)(len < max ? len : max), name,
		       TEMP_SUFFIX);
	return 0;
}

/* Some file systems have no fsync of a directory, and nothing else to offer: EINVAL. */
int deliver_sync_dir(const struct sys *sys, int dirfd)
{
	int r = sys->fsync(dirfd);

	return r == -EINVAL ? 0 : r;
}

/* Owner before mode: chown(2) clears the set-id bits. */
int deliver_set_attr(const struct sys *sys, int fd, const struct deliver_attr *attr,
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

static int open_path(int rootfd, const char *path, int flags, unsigned int guards)
{
	return confine_open_in(rootfd, path[0] ? path : "/", flags,
			       guards & DELIVER_ONE_FS ? CONFINE_ONE_FS : 0);
}

/* With DELIVER_OWN_DIR a link in the last place is -ENOTDIR, as open(2) has it. */
static int open_dir(int rootfd, const char *path, unsigned int guards)
{
	return open_path(rootfd, path,
			 O_RDONLY | O_DIRECTORY | (guards & DELIVER_OWN_DIR ? O_NOFOLLOW : 0),
			 guards);
}

static bool is_link(int rootfd, const char *path, unsigned int guards)
{
	_cleanup_close_ int fd = open_path(rootfd, path, O_PATH | O_NOFOLLOW, guards);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

/* Every failure of open_dir() in words. */
static int dir_failed(int err, const char *verb, const char *path, struct reason *r)
{
	if (err == -EXDEV)
		return reason_setf(r, err, verb, path,
				   "a mount point is on the way, something outside the root may be "
				   "behind it");
	return reason_set(r, err, verb, path);
}

/* Whoever owns the directory can change what is delivered into it, or has put a link there. */
static int check_own(int fd, const char *path, const struct deliver_how *how, struct reason *r)
{
	struct stat st;

	if (!(how->flags & DELIVER_OWN_DIR))
		return 0;
	if (fstat(fd, &st) < 0)
		return reason_set(r, errno, "look at", path);
	if (st.st_uid != how->attr.uid)
		return reason_setf(r, EPERM, "use directory", path,
				   "it belongs to uid %u, expected %u", (unsigned int)st.st_uid,
				   (unsigned int)how->attr.uid);
	return 0;
}

int deliver_open_dir(int rootfd, const char *path, const struct deliver_how *how, struct reason *r)
{
	_cleanup_close_ int fd = -1;
	int err;

	/* "DIR/." would be followed: whether DIR is a link cannot be seen. */
	if ((how->flags & DELIVER_OWN_DIR) && is_dots(last_name(path)))
		return reason_set(r, EINVAL, "open directory", path);
	fd = open_dir(rootfd, path, how->flags);
	if (fd == -ENOTDIR && (how->flags & DELIVER_OWN_DIR) && is_link(rootfd, path, how->flags))
		return reason_setf(r, ELOOP, "use directory", path, "it is a link");
	if (fd == -ENOENT || fd == -ENOTDIR)
		return fd;
	if (fd < 0)
		return dir_failed(fd, "open directory", path, r);
	err = check_own(fd, path, how, r);
	return err < 0 ? err : steal_fd(&fd);
}

/* Makes one directory whose parent is there. Its first mode grants nobody more than the last one. */
static int make_one(const struct sys *sys, int rootfd, const char *path,
		    const struct deliver_attr *attr, unsigned int guards, struct reason *r)
{
	_cleanup_(deliver_place_end) struct deliver_place p = DELIVER_PLACE_INIT;
	_cleanup_close_ int fd = -1;
	bool changed;
	int err;

	err = deliver_place_split(path, &p);
	if (err == 0)
		err = p.dirfd = open_dir(rootfd, p.parent, guards & DELIVER_ONE_FS);
	if (err >= 0)
		err = sys->mkdirat(p.dirfd, p.name,
				   attr->mode & (attr == &parent_attr ? 0755 : 0700));
	if (err >= 0)
		err = fd = open_dir(p.dirfd, p.name, guards);
	if (err == -EEXIST)
		return reason_setf(r, ENOTDIR, "make directory", path,
				   "a link that leads nowhere is in its place");
	if (err >= 0)
		err = deliver_set_attr(sys, fd, attr, &changed);
	return err < 0 ? dir_failed(err, "make directory", path, r) : 0;
}

/* Makes new directories durable, the lowest first: on a journal the rest is then on the disk too.
 * `old_len` is the length of the part of the path that was there before. */
static int sync_made(const struct sys *sys, int rootfd, char *path, size_t old_len,
		     unsigned int guards, struct reason *r)
{
	size_t len = strlen(path);

	for (;;) {
		_cleanup_close_ int fd = open_dir(rootfd, path, guards & DELIVER_ONE_FS);
		int err = fd < 0 ? fd : deliver_sync_dir(sys, fd);

		if (err < 0)
			return dir_failed(err, "sync directory", path, r);
		if (len <= old_len)
			return 0;
		len = trimmed_len(path, (size_t)(last_name(path) - path));
		path[len] = '\0';
	}
}

/* Makes what is missing of a path, from the top: 1 when its last part was made, else 0. */
static int make_parts(const struct sys *sys, int rootfd, const char *path,
		      const struct deliver_attr *attr, unsigned int guards, size_t *ret_old_len,
		      struct reason *r)
{
	size_t len = strlen(path), at = 0, old_len = len;
	char part[PATH_MAX];
	int made = 0;

	while (at < len) {
		_cleanup_close_ int fd = -1;
		size_t above = at;
		int err;

		at += strspn(path + at, "/");
		at += strcspn(path + at, "/");
		memcpy(part, path, at);
		part[at] = '\0';
		fd = open_dir(rootfd, part, at < len ? guards & DELIVER_ONE_FS : guards);
		made = fd == -ENOENT;
		if (fd < 0 && !made)
			return dir_failed(fd, "open directory", part, r);
		if (!made)
			continue;
		err = make_one(sys, rootfd, part, at < len ? &parent_attr : attr, guards, r);
		if (err < 0)
			return err;
		old_len = above < old_len ? above : old_len;
	}
	*ret_old_len = old_len;
	return made;
}

int deliver_make_dir(const struct sys *sys, int rootfd, const char *path,
		     const struct deliver_how *how, bool for_file, int *ret_fd, struct reason *r)
{
	size_t len = trimmed_len(path, strlen(path)), old_len = len;
	const struct deliver_attr *attr = for_file ? &parent_attr : &how->attr;
	_cleanup_close_ int fd = -1;
	char trimmed[PATH_MAX];
	int made = 0, err;

	if (len >= sizeof(trimmed))
		return reason_set(r, ENAMETOOLONG, "make directory", path);
	memcpy(trimmed, path, len);
	trimmed[len] = '\0';
	fd = deliver_open_dir(rootfd, trimmed, how, r);
	if (fd == -ENOENT) {
		made = make_parts(sys, rootfd, trimmed, attr, how->flags, &old_len, r);
		if (made < 0)
			return made;
		if (made)
			fd = open_dir(rootfd, trimmed, how->flags);
		else
			fd = deliver_open_dir(rootfd, trimmed, how, r);
		if (made && fd < 0)
			return dir_failed(fd, "open directory", path, r);
	}
	if (fd == -ENOENT || fd == -ENOTDIR)
		return reason_set(r, fd, "open directory", path);
	if (fd < 0)
		return fd;
	err = made && for_file ? sync_made(sys, rootfd, trimmed, old_len, how->flags, r) : 0;
	if (err < 0)
		return err;
	*ret_fd = steal_fd(&fd);
	return made;
}

bool deliver_same_content(const struct deliver_place *p, const char *data, size_t len)
{
	_cleanup_close_ int fd =
		openat(p->dirfd, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
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
