/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/deliver.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

/* Deliveries into a scratch directory, for the tests of lib/deliver*.c. Include cmocka.h first. */

/* Owners are this user's, so that what is found needs no change and the tests need no root. */
static inline struct deliver_how how_to(mode_t mode, unsigned int flags, const char *known)
{
	return (struct deliver_how){
		.attr = { .mode = mode, .uid = geteuid(), .gid = getegid() },
		.flags = flags,
		.known = known,
	};
}

/* A root with /etc, below `parent`; NULL: where temporary files are. */
static inline struct scratch *delivery_root(void **state, const char *parent)
{
	struct scratch *s = calloc(1, sizeof(*s));

	scratch_make(s, parent);
	put_dir(s->fd, "etc");
	*state = s;
	return s;
}

static inline int delivery_setup(void **state)
{
	fakesys_reset(delivery_root(state, NULL)->path);
	return 0;
}

/* For tests that set fakesys themselves, a thousand times: no disk is synced. */
static inline int delivery_setup_in_memory(void **state)
{
	(void)delivery_root(state, "/dev/shm");
	return 0;
}

static inline int delivery_teardown(void **state)
{
	fakesys_reset(NULL);
	scratch_remove(*state);
	free(*state);
	return 0;
}

#define DELIVERY(name) cmocka_unit_test_setup_teardown(name, delivery_setup, delivery_teardown)

/* What holds after every call: a reason when, and only when, it failed, and then no result. */
static inline int delivery_checked(int err, const struct reason *r,
				   const struct deliver_result *result, struct deliver_result *ret)
{
	struct deliver_result untouched;

	memset(&untouched, 0xee, sizeof(untouched));
	assert_true(err <= 0);
	assert_true((err < 0) == (r->verb != NULL));
	assert_int_equal(-err, r->err);
	assert_true((err < 0) == (memcmp(result, &untouched, sizeof(untouched)) == 0));
	if (err == 0 && ret)
		*ret = *result;
	return err;
}

/** deliver_file(); `ret` and `r` may be NULL. */
static inline int file_as(const struct scratch *s, const char *path, const void *data, size_t len,
			  const struct deliver_how *how, struct deliver_result *ret,
			  struct reason *r)
{
	struct reason reason = REASON_INIT;
	struct deliver_result result;
	int err;

	memset(&result, 0xee, sizeof(result));
	err = deliver_file(&fakesys, s->fd, path, data, len, how, &result, &reason);
	if (r)
		*r = reason;
	return delivery_checked(err, &reason, &result, ret);
}

/** deliver_dir() */
static inline int dir_as(const struct scratch *s, const char *path, const struct deliver_how *how,
			 struct deliver_result *ret, struct reason *r)
{
	struct reason reason = REASON_INIT;
	struct deliver_result result;
	int err;

	memset(&result, 0xee, sizeof(result));
	err = deliver_dir(&fakesys, s->fd, path, how, &result, &reason);
	if (r)
		*r = reason;
	return delivery_checked(err, &reason, &result, ret);
}

/** deliver_remove() */
static inline int remove_as(const struct scratch *s, const char *path,
			    const struct deliver_how *how, struct deliver_result *ret,
			    struct reason *r)
{
	struct reason reason = REASON_INIT;
	struct deliver_result result;
	int err;

	memset(&result, 0xee, sizeof(result));
	err = deliver_remove(&fakesys, s->fd, path, how, &result, &reason);
	if (r)
		*r = reason;
	return delivery_checked(err, &reason, &result, ret);
}

/** The file type bits (S_IFMT) of what has the name. */
static inline mode_t type_of(const struct scratch *s, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(s->fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & S_IFMT;
}
