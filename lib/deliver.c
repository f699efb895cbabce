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

static bool has_content(const struct deliver_place *p, const struct stat *st,
			const struct content *c)
{
	return S_ISREG(st->st_mode) && st->st_size >= 0 && (uint64_t)st->st_size == c->len &&
	       deliver_same_content(p, c->data, c->len);
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
				   "all its names are taken by directories");
	if (err == -EPERM)
		return reason_setf(r, err, "keep aside", path, "it is immutable");
	return fail(r, err, "keep aside", path);
}

static int sync_dir(const struct sys *sys, const struct deliver_place *p, const char *path,
		    struct reason *r)
{
	int err = deliver_sync_dir(sys, p->dirfd);

	return err < 0 ? reason_set(r, err, "sync the directory of", path) : 0;
}

/* What a file system without hard links says, or with no more of them for this file. An immutable file
 * is -EPERM too: it cannot be renamed either. */
static bool cannot_link(int err)
{
	return err == -EPERM || err == -EOPNOTSUPP || err == -EMLINK;
}

/* What is there gets its second name before anything of ours takes the first one. When the rest fails the
 * second name stays: an I/O error does not say that nothing has happened, and the next boot uses it. */
static int add_name(const struct sys *sys, const struct deliver_place *p,
		    const struct deliver_kept *second)
{
	int err;

	if (!second->taken)
		return sys->linkat(p->dirfd, p->name, p->dirfd, second->name);
	err = sys->linkat(p->dirfd, p->name, p->dirfd, p->temp);
	if (err < 0)
		return err;
	err = sys->renameat(p->dirfd, p->temp, p->dirfd, second->name);
	if (err < 0)
		(void)sys->unlinkat(p->dirfd, p->temp, 0);
	return err;
}

/*
 * The temporary file takes the name. Where no link could be made, what is there is renamed to its second
 * name (`aside`, else NULL) first: for a moment nothing has the name. After a power cut in that moment the
 * next boot delivers it again; after an error what was there comes back.
 */
static int replace(const struct sys *sys, const struct deliver_place *p, const char *path,
		   const char *aside, struct reason *r)
{
	int err = aside ? sys->renameat(p->dirfd, p->name, p->dirfd, aside) : 0;

	if (err < 0) {
		(void)sys->unlinkat(p->dirfd, p->temp, 0);
		return fail_to_keep(r, err, path);
	}
	err = sys->renameat(p->dirfd, p->temp, p->dirfd, p->name);
	if (err < 0) {
		if (aside)
			(void)sys->renameat(p->dirfd, aside, p->dirfd, p->name);
		(void)sys->unlinkat(p->dirfd, p->temp, 0);
		return fail(r, err, "replace", path);
	}
	return sync_dir(sys, p, path, r);
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

/* Of what is there and not known: whether it must be kept, and how. */
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

/* The second name that what is there needs. The first time it is the image's, also when it is `right`,
 * as what is wanted; later the image's needs none any more. */
static int choose_second(const struct deliver_place *p, const char *path, const struct stat *st,
			 const struct deliver_how *how, bool right, struct deliver_kept *ret_second,
			 struct reason *r)
{
	struct deliver_kept orig = { .orig = true };
	int found = DELIVER_ORIG_OTHER;

	if (how->flags & DELIVER_ORIG)
		found = deliver_find_orig(p, right ? NULL : st, orig.name);
	if (found < 0)
		return fail(r, found, "keep aside", path);
	if (found == DELIVER_ORIG_NONE)
		*ret_second = orig;
	if (right || found == DELIVER_ORIG_NONE || found >= DELIVER_ORIG_SAME)
		return 0;
	return choose_kept(p, path, st, how, ret_second, r);
}

static void fill_result(struct deliver_result *ret, bool changed, const struct deliver_kept *second)
{
	*ret = (struct deliver_result){ .changed = changed };
	if (!second->orig)
		memcpy(ret->kept, second->name, sizeof(ret->kept));
}

/* Second name and content, whichever are missing. */
static int put(const struct sys *sys, const struct deliver_place *p, const char *path,
	       const struct content *c, const struct deliver_attr *attr, bool done,
	       const struct deliver_kept *second, struct reason *r)
{
	bool named = !second->name[0] || second->there;
	int err = named ? 0 : add_name(sys, p, second);
	bool aside = cannot_link(err);

	if (err < 0 && !aside)
		return fail_to_keep(r, err, path);
	if (done && !aside)
		return sync_dir(sys, p, path, r);
	err = write_temp(sys, p, c, attr);
	if (err < 0)
		return reason_set(r, err, "write", path);
	return replace(sys, p, path, aside ? second->name : NULL, r);
}

int deliver_file(const struct sys *sys, int rootfd, const char *path, const void *data, size_t len,
		 const struct deliver_how *how, struct deliver_result *ret_result, struct reason *r)
{
	_cleanup_(deliver_place_end) struct deliver_place p = DELIVER_PLACE_INIT;
	const struct content content = { data, len };
	struct deliver_kept second = { 0 };
	bool right, done;
	struct stat st;
	int err, exists, leftover;

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
	leftover = remove_leftover(sys, &p);
	err = exists ? choose_second(&p, path, &st, how, right, &second, r) : 0;
	if (err < 0)
		return err;
	if (!done || second.name[0]) {
		if (leftover < 0)
			return reason_set(r, leftover, "remove the old temporary file of", path);
		err = put(sys, &p, path, &content, &how->attr, done, &second, r);
		if (err < 0)
			return err;
	}
	fill_result(ret_result, !done, &second);
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

/* What takes the place of a file that goes. */
struct former {
	char name[NAME_MAX + 1]; /* of the image's file */
	int found;		 /* enum deliver_orig */
};

static bool is_there(const struct former *f)
{
	return f->found >= DELIVER_ORIG_OTHER;
}

/* What is in the place is the image's own. */
static bool is_back(const struct former *f)
{
	return f->found >= DELIVER_ORIG_SAME;
}

/* Takes the name from what is there: for the image's file, when it waits; else what must be kept has, or
 * gets, another. */
static int take_away(const struct sys *sys, const struct deliver_place *p, const char *path,
		     const struct deliver_kept *kept, const struct former *f, struct reason *r)
{
	int err;

	if (f->found == DELIVER_ORIG_LINKED)
		err = sys->unlinkat(p->dirfd, f->name, 0);
	else if (is_there(f))
		err = sys->renameat(p->dirfd, f->name, p->dirfd, p->name);
	else if (kept->name[0] && !kept->there)
		err = sys->renameat(p->dirfd, p->name, p->dirfd, kept->name);
	else
		err = sys->unlinkat(p->dirfd, p->name, 0);
	if (err < 0)
		return fail(r, err, is_there(f) ? "restore" : "remove", path);
	return sync_dir(sys, p, path, r);
}

/* Whether what is there is nobody's that may go. The image's own goes only to come back. */
static bool must_stay(const struct deliver_place *p, const struct stat *st,
		      const struct deliver_how *how, const struct former *f)
{
	if (is_back(f))
		return false;
	/* Ours never stood over the image's, or the image's is back: the power went before that was known. */
	if (!is_there(f) && (how->flags & DELIVER_ORIG))
		return true;
	if (!is_there(f) && (!how->known || (how->flags & DELIVER_KEEP)))
		return false;
	return !deliver_is_known(p, st, how->known);
}

int deliver_remove(const struct sys *sys, int rootfd, const char *path,
		   const struct deliver_how *how, struct deliver_result *ret_result,
		   struct reason *r)
{
	_cleanup_(deliver_place_end) struct deliver_place p = DELIVER_PLACE_INIT;
	struct former former = { .found = DELIVER_ORIG_NONE };
	struct deliver_kept kept = { 0 };
	bool left, acts;
	int err, exists = 0;
	struct stat st;

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
	if (err >= 0 && (how->flags & DELIVER_ORIG))
		former.found = deliver_find_orig(&p, exists ? &st : NULL, former.name);
	if (former.found < 0)
		return fail(r, former.found, "restore", path);
	left = exists && must_stay(&p, &st, how, &former);
	acts = !left && (exists || is_there(&former));
	if (acts) {
		err = is_there(&former) ? 0 : choose_kept(&p, path, &st, how, &kept, r);
		if (err >= 0)
			err = take_away(sys, &p, path, &kept, &former, r);
		if (err < 0)
			return err;
	}
	fill_result(ret_result, acts, &kept);
	ret_result->left = left;
	ret_result->restored = acts && is_there(&former);
	return 0;
}
