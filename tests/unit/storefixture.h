/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/abstore.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

/*
 * The record that anteroot keeps itself, on a raw partition: a regular file in its place. Include cmocka.h first.
 */

#define FIRST  0
#define SECOND 4096

static struct scratch s;
static struct arena a;
static char raw[300];
static struct abconf conf;
static struct abstore place;
static struct abstore_found found;
static struct reason why;
static int fds;

static inline int store_setup(void **state)
{
	static const char zero[8192];

	(void)state;
	scratch_make(&s, "/dev/shm");
	(void)snprintf(raw, sizeof(raw), "%s/raw", s.path);
	put_bytes(s.fd, "raw", zero, sizeof(zero), 0600);
	conf = abconf_default;
	conf.backend = AB_RECORD;
	conf.partition = "state";
	place = (struct abstore){ .conf = &conf, .dirfd = -1, .raw = raw, .partno = { 2, 3 } };
	fakesys_reset(s.path);
	why = REASON_INIT;
	fds = fakesys_open_fds();
	return 0;
}

static inline int store_teardown(void **state)
{
	(void)state;
	assert_int_equal(fakesys_open_fds(), fds);
	fakesys_reset(NULL);
	arena_free(&a);
	scratch_remove(&s);
	return 0;
}

static inline struct ab_record armed(unsigned int attempts)
{
	struct ab_record rec;

	ab_blank(AB_A, &rec);
	rec.transaction = 7;
	rec.slot[AB_B].state = attempts ? AB_TRYING : AB_CANDIDATE;
	rec.slot[AB_B].tries = 3;
	rec.slot[AB_B].attempts = attempts;
	assert_true(ab_valid(&rec));
	return rec;
}

static inline int load(void)
{
	memset(&found, 0xff, sizeof(found));
	why = REASON_INIT;
	return abstore_load(&a, &place, &found, &why);
}

static inline void must_load(void)
{
	assert_int_equal(load(), 0);
	assert_int_equal(found.backend, AB_RECORD);
}

static inline void must_store(unsigned int attempts)
{
	const struct ab_record rec = armed(attempts);

	assert_int_equal(abstore_store(&fakesys, &place, &found, &rec, &why), 0);
}

/** Two stores: generation 1 lies in the first place, 2 in the second, and the first is the next. */
static inline void store_twice(void)
{
	must_load();
	must_store(1);
	must_store(2);
}

static inline void put_at(long at, const void *data, size_t len)
{
	_cleanup_close_ int fd = open(raw, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, at), (ssize_t)len);
}

static inline void assert_why(const char *verb, const char *object, const char *cause)
{
	char message[500];

	assert_non_null(why.verb);
	assert_string_equal(why.verb, verb);
	assert_string_equal(why.object, object);
	if (!strstr(reason_render(&why, message, sizeof(message)), cause))
		fail_msg("\"%s\" does not say \"%s\"", message, cause);
}
