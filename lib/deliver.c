/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/confine.h"
#include "lib/deliver_keep.h"
#include "lib/deliver_place.h"

#define MODE_BITS 07777u

/* What a file is to be. */
struct content {
	const char *data;
	size_t len;
};

/* Whether the file there has it. What cannot be read has not. */
static bool same_content(const struct deliver_place *p, const struct content *c)
{
	_cleanup_close_ int fd =
		openat(p->dirfd, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const char *data = c->data;
	size_t len = c->len;
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

static bool has_content(const struct deliver_place *p, const struct stat *st,
			const struct content *c)
{
	return S_ISREG(st->st_mode) && st->st_size >= 0 && (uint64_t)st->st_size == c->len &&
	       same_content(p, c);
}

static bool has_attr(const struct stat *st, const struct deliver_attr *attr)
{
	return (st->st_mode & MODE_BITS) == attr->mode && st->st_uid == attr->uid &&
	       st->st_gid == attr->gid;
}

/* A temporary file of a boot that was cut short. */
static int remove_leftover(const struct sys *sys, const struct deliver_place *p)
{
	struct stat st;

	if (fstatat(p->dirfd, p->temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return sys->unlinkat(p->dirfd, p->temp, 0);
}

static int write_all(const struct sys *sys, int fd, const struct content *c)
{
	for (size_t at = 0; at < c->len;) {
		ssize_t n = sys->write(fd, c->data + at, c->len - at);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return -EIO;
		at += (size_t)n;
	}
	return 0;
}

/* The temporary file whole on the disk, or gone again. */
static int write_temp(const struct sys *sys, const struct deliver_place *p, const struct content *c,
		      const struct deliver_attr *attr)
{
	_cleanup_close_ int fd = -1;
	bool changed;
	int r;

	fd = sys->open(p->dirfd, p->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	if (fd < 0)
		return fd;
	r = deliver_set_attr(sys, fd, attr, &changed);
	if (r >= 0)
		r = write_all(sys, fd, c);
	if (r >= 0)
		r = sys->fsync(fd);
	if (r < 0)
		(void)sys->unlinkat(p->dirfd, p->temp, 0);
	return r;
}

static int fail(struct reason *r, int err, const char *verb, const char *path)
{
	if (err == -EBUSY || err == -EXDEV)
		return reason_setf(r, EBUSY, verb, path, "something is mounted on it");
	return reason_set(r, err, verb, path);
}

static int fail_to_keep(struct reason *r, int err, const char *path)
{
	if (err == -EEXIST)
		return reason_setf(r, err, "keep aside", path,
				   "all its names are taken by files kept earlier");
	if (err == -EPERM)
		return reason_setf(r, err, "keep aside", path,
				   "it is immutable, or its file system has no hard links");
	return fail(r, err, "keep aside", path);
}

/*
 * What is there has a second name before the new file takes the first one. When that fails the second
 * name stays: an I/O error does not say that the rename has not happened, and the next boot uses it.
 */
static int replace(const struct sys *sys, const struct deliver_place *p, const char *path,
		   const struct deliver_kept *kept, struct reason *r)
{
	bool link = kept->name[0] && !kept->there;
	int err = link ? sys->linkat(p->dirfd, p->name, p->dirfd, kept->name) : 0;

	if (err < 0) {
		(void)sys->unlinkat(p->dirfd, p->temp, 0);
		return fail_to_keep(r, err, path);
	}
	err = sys->renameat(p->dirfd, p->temp, p->dirfd, p->name);
	if (err < 0) {
		(void)sys->unlinkat(p->dirfd, p->temp, 0);
		return fail(r, err, "replace", path);
	}
	err = deliver_sync_dir(sys, p->dirfd);
	return err < 0 ? reason_set(r, err, "sync the directory of", path) : 0;
}

/* Looks at what has the name: 1, or 0 when nothing has. */
static int look_at(const struct deliver_place *p, const char *path, const struct deliver_how *how,
		   const char *verb, struct stat *ret_st, struct reason *r)
{
	_cleanup_close_ int fd = -1;

	if (fstatat(p->dirfd, p->name, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : reason_set(r, errno, verb, path);
	if (S_ISDIR(ret_st->st_mode))
		return reason_set(r, EISDIR, verb, path);
	if (!(how->flags & DELIVER_ONE_FS))
		return 1;
	/* Its content may be right: no rename would then tell. */
	fd = confine_open_in(p->dirfd, p->name, O_PATH | O_NOFOLLOW, CONFINE_ONE_FS);
	return fd < 0 ? fail(r, fd, verb, path) : 1;
}

/* Of what is there and differs: whether it must be kept, and how. */
static int choose_kept(const struct deliver_place *p, const char *path, const struct stat *st,
		       const struct deliver_how *how, struct deliver_kept *ret_kept,
		       struct reason *r)
{
	int err;

	if (!(how->flags & DELIVER_KEEP) || deliver_is_known(p, st, how->known))
		return 0;
	err = deliver_choose_kept(p, st, ret_kept);
	return err < 0 ? fail_to_keep(r, err, path) : 0;
}

static void fill_result(struct deliver_result *ret, bool changed, const struct deliver_kept *kept)
{
	*ret = (struct deliver_result){ .changed = changed };
	memcpy(ret->kept, kept->name, sizeof(ret->kept));
}

int deliver_file(const struct sys *sys, int rootfd, const char *path, const void *data, size_t len,
		 const struct deliver_how *how, struct deliver_result *ret_result, struct reason *r)
{
	_cleanup_(deliver_place_end) struct deliver_place p = DELIVER_PLACE_INIT;
	const struct content content = { data, len };
	struct deliver_kept kept = { 0 };
	bool right, done;
	struct stat st;
	int err, exists;

	err = deliver_place_split(path, &p);
	if (err < 0)
		return reason_set(r, err, "write", path);
	err = deliver_make_dir(sys, rootfd, p.parent, how, true, &p.dirfd, r);
	if (err < 0)
		return err;
	exists = look_at(&p, path, how, "write", &st, r);
	if (exists < 0)
		return exists;
	right = exists && has_content(&p, &st, &content);
	done = right && has_attr(&st, &how->attr);
	err = remove_leftover(sys, &p);
	if (!done) {
		if (err < 0)
			return reason_set(r, err, "remove the old temporary file of", path);
		err = exists && !right ? choose_kept(&p, path, &st, how, &kept, r) : 0;
		if (err < 0)
			return err;
		err = write_temp(sys, &p, &content, &how->attr);
		if (err < 0)
			return reason_set(r, err, "write", path);
		err = replace(sys, &p, path, &kept, r);
		if (err < 0)
			return err;
	}
	fill_result(ret_result, !done, &kept);
	return 0;
}

int deliver_dir(const struct sys *sys, int rootfd, const char *path, const struct deliver_how *how,
		struct deliver_result *ret_result, struct reason *r)
{
	const struct deliver_kept none = { 0 };
	_cleanup_close_ int fd = -1;
	bool changed = false;
	int made, err = 0;

	made = deliver_make_dir(sys, rootfd, path, how, false, &fd, r);
	if (made < 0)
		return made;
	if (!made)
		err = deliver_set_attr(sys, fd, &how->attr, &changed);
	if (err < 0)
		return reason_set(r, err, "set owner and mode of", path);
	fill_result(ret_result, made || changed, &none);
	return 0;
}

/* Takes the name from what is there; what must be kept has, or gets, another. */
static int take_away(const struct sys *sys, const struct deliver_place *p, const char *path,
		     const struct deliver_kept *kept, struct reason *r)
{
	int err;

	if (kept->name[0] && !kept->there)
		err = sys->renameat(p->dirfd, p->name, p->dirfd, kept->name);
	else
		err = sys->unlinkat(p->dirfd, p->name, 0);
	if (err < 0)
		return fail(r, err, "remove", path);
	err = deliver_sync_dir(sys, p->dirfd);
	return err < 0 ? reason_set(r, err, "sync the directory of", path) : 0;
}

int deliver_remove(const struct sys *sys, int rootfd, const char *path,
		   const struct deliver_how *how, struct deliver_result *ret_result,
		   struct reason *r)
{
	_cleanup_(deliver_place_end) struct deliver_place p = DELIVER_PLACE_INIT;
	struct deliver_kept kept = { 0 };
	bool left = false;
	struct stat st;
	int err, exists = 0;

	err = deliver_place_split(path, &p);
	if (err < 0)
		return reason_set(r, err, "remove", path);
	err = p.dirfd = deliver_open_dir(rootfd, p.parent, how, r);
	if (err < 0 && err != -ENOENT && err != -ENOTDIR)
		return err;
	if (err >= 0) {
		(void)remove_leftover(sys, &p);
		exists = look_at(&p, path, how, "remove", &st, r);
	}
	if (exists < 0)
		return exists;
	if (exists && how->known && !(how->flags & DELIVER_KEEP))
		left = !deliver_is_known(&p, &st, how->known);
	if (exists && !left) {
		err = choose_kept(&p, path, &st, how, &kept, r);
		if (err >= 0)
			err = take_away(sys, &p, path, &kept, r);
		if (err < 0)
			return err;
	}
	fill_result(ret_result, exists && !left, &kept);
	ret_result->left = left;
	return 0;
}
