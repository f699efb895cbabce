/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/abstore_backend.h"
#include "lib/inplace.h"

/* The record that anteroot keeps itself: two files on the boot partition, or two places of a raw partition. */

/* A file has a whole page, so that the two copies never share what a disk writes at once. */
#define FILE_BYTES 4096u

static const char *const default_names[ABRECORD_COPIES] = { "abstate.0", "abstate.1" };

static const char *name_of(const struct abstore *s, int copy)
{
	return s->conf->file[copy] ? s->conf->file[copy] : default_names[copy];
}

static int open_copy(const struct abstore *s, int copy, struct inplace *ret, struct reason *r)
{
	const struct abconf *conf = s->conf;
	int err;

	if (conf->partition) {
		if (!s->raw || conf->n_offsets < ABRECORD_COPIES)
			return reason_setf(r, ENOENT, "find", conf->partition,
					   "no partition, or more than one, has this PARTLABEL, or "
					   "there are not two offsets");
		return inplace_open_raw(s->raw, conf->offset[copy], ABRECORD_BYTES, ret, r);
	}
	if (s->dirfd < 0 || !s->device)
		return reason_setf(r, ENOENT, "find", name_of(s, copy),
				   "the boot partition is not mounted");
	err = inplace_open_file(s->device, s->dirfd, name_of(s, copy), ret, r);
	if (err == 0 && ret->size < ABRECORD_BYTES) {
		inplace_close(ret);
		err = reason_setf(r, EINVAL, "use", name_of(s, copy), "expected %u bytes or more",
				  ABRECORD_BYTES);
	}
	if (err == 0 && ret->size > ABRECORD_BYTES)
		ret->size = ABRECORD_BYTES; /* the rest keeps the copies apart */
	return err;
}

static int read_copy(const struct abstore *s, int copy, unsigned char bytes[static ABRECORD_BYTES],
		     struct reason *r)
{
	struct inplace p;
	int err = open_copy(s, copy, &p, r);

	if (err < 0)
		return err;
	err = inplace_read(&p, bytes, r);
	inplace_close(&p);
	return err;
}

static int record_load(struct arena *a, const struct abstore *s, struct abstore_found *ret,
		       struct reason *r)
{
	unsigned char bytes[ABRECORD_COPIES][ABRECORD_BYTES];
	const unsigned char *copy[ABRECORD_COPIES] = { NULL };
	struct reason why[ABRECORD_COPIES];
	struct abrecord_pair pair;
	int err[ABRECORD_COPIES];

	for (int i = 0; i < ABRECORD_COPIES; i++) {
		why[i] = REASON_INIT;
		err[i] = read_copy(s, i, bytes[i], &why[i]);
		copy[i] = err[i] == 0 ? bytes[i] : NULL;
	}
	if (!copy[0] && !copy[1]) {
		*r = why[0];
		return err[0];
	}
	abrecord_choose(copy, &pair);
	ret->record = pair.record;
	ret->read_only = pair.read_only;
	ret->lost = pair.lost;
	ret->blank = pair.current < 0 && !pair.lost && !pair.read_only;
	ret->spare = pair.spare;
	for (int i = 0; i < ABRECORD_COPIES; i++) {
		char text[REASON_OBJECT_MAX + REASON_CAUSE_MAX + 32];

		ret->copy[i] = copy[i] ? abrecord_health_name(pair.health[i]) : "unreadable";
		ret->damaged |= pair.health[i] == ABRECORD_DAMAGED;
		if (!copy[i])
			ret->problem = arena_strdup(a, reason_render(&why[i], text, sizeof(text)));
	}
	/* Without its other copy a cut could cost the only one there is. */
	if (!copy[pair.spare]) {
		ret->read_only = true;
		return arena_failed(a) ? reason_set(r, ENOMEM, "read", "the boot state") : 0;
	}
	return 0;
}

static int record_store(const struct sys *sys, const struct abstore *s, struct abstore_found *found,
			const struct ab_record *rec, struct reason *r)
{
	unsigned char want[ABRECORD_BYTES];
	struct inplace p;
	int err = open_copy(s, found->spare, &p, r);

	if (err < 0)
		return err;
	abrecord_encode(rec, want);
	err = inplace_write(sys, &p, want, r); /* reads it back, too */
	inplace_close(&p);
	if (err < 0)
		return err;
	found->copy[found->spare] = abrecord_health_name(ABRECORD_GOOD);
	found->spare = !found->spare;
	return 0;
}

static int fill_file(const struct sys *sys, int dirfd, const char *name)
{
	static unsigned char zero[FILE_BYTES]; /* not const: that would be a page of the program */
	_cleanup_close_ int fd =
		sys->open(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	size_t done = 0;

	if (fd < 0)
		return fd;
	while (done < sizeof(zero)) {
		ssize_t n = sys->write(fd, zero + done, sizeof(zero) - done);

		if (n < 0)
			return (int)n;
		done += (size_t)n;
	}
	return sys->fsync(fd);
}

/* Under another name until it is whole: after a cut a short one would be taken for a copy, and never be filled. */
static int make_file(const struct sys *sys, const struct abstore *s, const char *name,
		     struct reason *r)
{
	char part[NAME_MAX + sizeof(".new")];
	struct stat st;
	int err;

	if (fstatat(s->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != ENOENT)
		return reason_set(r, errno, "look at", name);
	if (snprintf(part, sizeof(part), "%s.new", name) >= (int)sizeof(part))
		return reason_set(r, ENAMETOOLONG, "make", name);
	err = fill_file(sys, s->dirfd, part);
	if (err == 0)
		err = sys->renameat(s->dirfd, part, s->dirfd, name);
	if (err < 0)
		(void)sys->unlinkat(s->dirfd, part, 0);
	return err < 0 ? reason_set(r, err, "make", name) : 0;
}

static int record_create(const struct sys *sys, const struct abstore *s, struct reason *r)
{
	int err = 0;

	if (s->conf->partition)
		return 0; /* a partition is there, or is not */
	if (s->dirfd < 0)
		return reason_setf(r, ENOENT, "make", name_of(s, 0),
				   "the boot partition is not mounted");
	for (int i = 0; i < ABRECORD_COPIES && err == 0; i++)
		err = make_file(sys, s, name_of(s, i), r);
	if (err == 0) {
		err = sys->fsync(s->dirfd);
		if (err < 0)
			(void)reason_set(r, err, "sync", "the boot partition");
	}
	return err;
}

const struct abstore_backend abstore_record = {
	.kind = AB_RECORD,
	.load = record_load,
	.store = record_store,
	.create = record_create,
};
