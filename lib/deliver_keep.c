/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/deliver_keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/digest.h"

#define KEPT_SUFFIX ".anteroot-kept"
#define ORIG_SUFFIX ".anteroot-orig"
#define KEPT_NAMES  10u

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
	_cleanup_close_ int fd = -1;
	char hex[DIGEST_SHA1_HEX];

	if (!known || !known[0] || !S_ISREG(st->st_mode))
		return false;
	fd = open_content(p, p->name);
	return fd >= 0 && digest_sha1_fd(fd, hex) >= 0 && has_word(known, hex);
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

static bool same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether nothing is lost when only the other one stays. One inode under both names is what a power cut
 * between link and rename leaves. */
static bool same_content(const struct deliver_place *p, const struct stat *st, const char *other,
			 const struct stat *st_other)
{
	if (same_inode(st, st_other))
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

/* The name with a dot before it and this behind it, cut so that so many more bytes fit; its length. */
static int second_name(const struct deliver_place *p, const char *suffix, size_t spare,
		       char ret[static NAME_MAX + 1])
{
	size_t len = strlen(p->name), max = NAME_MAX - 1 - strlen(suffix) - spare;

	return snprintf(ret, NAME_MAX + 1, ".%.*s%s", (int)(len < max ? len : max), p->name,
			suffix);
}

/* All ten are cut alike, so that the number fits too. */
static void kept_name(const struct deliver_place *p, unsigned int number,
		      char ret[static NAME_MAX + 1])
{
	int n = second_name(p, KEPT_SUFFIX, strlen("9"), ret);

	if (number > 0)
		(void)snprintf(ret + n, (size_t)(NAME_MAX + 1 - n), "%u", number);
}

/* The first free name, unless any of them has the same content: somebody may have removed one. The last
 * one is used again and again where something writes a new content at every boot. */
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
			if (!kept.name[0] || kept.taken)
				memcpy(kept.name, name, sizeof(name));
			kept.taken = false;
		} else if (same_content(p, st, name, &other)) {
			memcpy(kept.name, name, sizeof(name));
			kept.there = true;
			kept.taken = false;
			break;
		} else if (!S_ISDIR(other.st_mode) && (!kept.name[0] || kept.taken)) {
			memcpy(kept.name, name, sizeof(name));
			kept.taken = true;
		}
	}
	if (!kept.name[0])
		return -EEXIST;
	*ret_kept = kept;
	return 0;
}

int deliver_find_orig(const struct deliver_place *p, const struct stat *st,
		      char ret_name[static NAME_MAX + 1])
{
	struct stat orig;

	(void)second_name(p, ORIG_SUFFIX, 0, ret_name);
	if (fstatat(p->dirfd, ret_name, &orig, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? DELIVER_ORIG_NONE : -errno;
	if (S_ISDIR(orig.st_mode))
		return DELIVER_ORIG_DIRECTORY;
	if (!st)
		return DELIVER_ORIG_OTHER;
	if (same_inode(st, &orig))
		return DELIVER_ORIG_LINKED;
	return same_content(p, st, ret_name, &orig) ? DELIVER_ORIG_SAME : DELIVER_ORIG_OTHER;
}
