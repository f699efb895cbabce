/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/deliver_keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/file.h"

#define KEPT_SUFFIX	".anteroot-kept"
#define KEPT_NAMES	10u
#define KNOWN_MAX_BYTES 1048576

static int open_content(const struct deliver_place *p, const char *name)
{
	return openat(p->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (*words) {
		size_t n = strcspn(words, " ");

		if (n == len && memcmp(words, word, len) == 0)
			return true;
		words += n + (words[n] == ' ');
	}
	return false;
}

bool deliver_is_known(const struct deliver_place *p, const struct stat *st, const char *known)
{
	struct arena scratch = ARENA_INIT;
	_cleanup_close_ int fd = -1;
	char hex[DIGEST_SHA1_HEX] = "";
	char *data;
	size_t len;

	if (!known || !known[0] || !S_ISREG(st->st_mode) || st->st_size > KNOWN_MAX_BYTES)
		return false;
	fd = open_content(p, p->name);
	if (fd >= 0 && file_read_fd(&scratch, fd, KNOWN_MAX_BYTES, &data, &len) >= 0)
		digest_sha1(data, len, hex);
	arena_free(&scratch);
	return hex[0] && has_word(known, hex);
}

/* Fills the buffer as far as the file goes. */
static ssize_t read_chunk(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool same_bytes(const struct deliver_place *p, const char *other)
{
	_cleanup_close_ int fd_a = open_content(p, p->name), fd_b = open_content(p, other);
	char a[4096], b[4096];
	ssize_t n;

	if (fd_a < 0 || fd_b < 0)
		return false;
	do {
		n = read_chunk(fd_a, a, sizeof(a));
		if (n < 0 || read_chunk(fd_b, b, sizeof(b)) != n || memcmp(a, b, (size_t)n) != 0)
			return false;
	} while (n > 0);
	return true;
}

static bool same_link(const struct deliver_place *p, const char *other)
{
	char a[PATH_MAX], b[PATH_MAX];
	ssize_t n = readlinkat(p->dirfd, p->name, a, sizeof(a));

	return n >= 0 && readlinkat(p->dirfd, other, b, sizeof(b)) == n &&
	       memcmp(a, b, (size_t)n) == 0;
}

/* Whether nothing is lost when only the other one stays. One inode under both names is what a power cut
 * between link and rename leaves. */
static bool same_content(const struct deliver_place *p, const struct stat *st, const char *other,
			 const struct stat *st_other)
{
	if (st->st_dev == st_other->st_dev && st->st_ino == st_other->st_ino)
		return true;
	if ((st->st_mode & S_IFMT) != (st_other->st_mode & S_IFMT))
		return false;
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return st->st_size == st_other->st_size && same_bytes(p, other);
	case S_IFLNK:
		return same_link(p, other);
	case S_IFCHR:
	case S_IFBLK:
		return st->st_rdev == st_other->st_rdev;
	default:
		return true; /* a FIFO or a socket has nothing but its kind */
	}
}

/* All ten are cut alike, so that the number fits too. */
static void kept_name(const struct deliver_place *p, unsigned int number,
		      char ret[static NAME_MAX + 1])
{
	size_t len = strlen(p->name), max = NAME_MAX - strlen("." KEPT_SUFFIX "9");
	int n = snprintf(ret, NAME_MAX + 1, ".%.*s%s", (int)(len < max ? len : max), p->name,
			 KEPT_SUFFIX);

	if (number > 0)
		(void)snprintf(ret + n, (size_t)(NAME_MAX + 1 - n), "%u", number);
}

/* The first free name, unless any of them has the same content: somebody may have removed one. */
int deliver_choose_kept(const struct deliver_place *p, const struct stat *st,
			struct deliver_kept *ret_kept)
{
	struct deliver_kept kept = { 0 };

	for (unsigned int i = 0; i < KEPT_NAMES; i++) {
		char name[NAME_MAX + 1];
		struct stat other;

		kept_name(p, i, name);
		if (fstatat(p->dirfd, name, &other, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno != ENOENT)
				return -errno;
			if (!kept.name[0])
				memcpy(kept.name, name, sizeof(name));
		} else if (same_content(p, st, name, &other)) {
			memcpy(kept.name, name, sizeof(name));
			kept.there = true;
			break;
		}
	}
	if (!kept.name[0])
		return -EEXIST;
	*ret_kept = kept;
	return 0;
}
