/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"

/*
 * A directory for one test and small ways to fill it and look into it. Everything asserts: include
 * cmocka.h first. Paths are relative to the directory's descriptor.
 */

struct scratch {
	char path[256];
	int fd;
};

/** @param parent directory to make it in, NULL: $TMPDIR or /tmp */
static inline void scratch_make(struct scratch *s, const char *parent)
{
	if (!parent)
		parent = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	snprintf(s->path, sizeof(s->path), "%s/anteroot-test.XXXXXX", parent);
	assert_non_null(mkdtemp(s->path));
	assert_int_equal(chmod(s->path, 0755), 0);
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->fd >= 0);
}

static inline void scratch_remove(struct scratch *s)
{
	char command[600];

	assert_true(s->fd >= 0);
	close(s->fd);
	s->fd = -1;
	snprintf(command, sizeof(command), "chmod -R u+rwX '%s'; rm -rf '%s'", s->path, s->path);
	assert_int_equal(system(command), 0);
}

static inline void put_bytes(int dirfd, const char *path, const void *data, size_t len, mode_t mode)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static inline void put_text(int dirfd, const char *path, const char *text, mode_t mode)
{
	put_bytes(dirfd, path, text, strlen(text), mode);
}

static inline void put_dir(int dirfd, const char *path)
{
	assert_int_equal(mkdirat(dirfd, path, 0755), 0);
}

static inline void put_link(int dirfd, const char *path, const char *content)
{
	assert_int_equal(symlinkat(content, dirfd, path), 0);
}

/** Reads a small file; static storage, terminated. */
static inline const char *get_text(int dirfd, const char *path)
{
	static char buf[65536];
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, buf, sizeof(buf) - 1);
	assert_true(n >= 0);
	close(fd);
	buf[n] = '\0';
	return buf;
}

static inline bool is_there(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline unsigned int get_mode(int dirfd, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return (unsigned int)st.st_mode & 07777;
}
