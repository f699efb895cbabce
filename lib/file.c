/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP_BYTES 4096u

/* procfs and sysfs report sizes that are not those of the content, so the size is only a hint. */
static size_t first_capacity(const struct stat *st, size_t max_bytes)
{
	size_t hint = st->st_size > 0 ? (size_t)st->st_size + 1 : READ_STEP_BYTES;

	return hint < max_bytes + 1 ? hint : max_bytes + 1;
}

int file_read_fd(struct arena *a, int fd, size_t max_bytes, char **ret_data, size_t *ret_len)
{
	_cleanup_free_ char *buf = NULL;
	size_t cap, len = 0;
	struct stat st;
	char *copy;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;

	cap = first_capacity(&st, max_bytes);
	buf = malloc(cap);
	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, buf + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (len > max_bytes)
			return -EFBIG;
		if (n == 0)
			break;
		if (len == cap) {
			char *more = realloc(buf, cap = cap * 2 < max_bytes + 1 ? cap * 2
										: max_bytes + 1);

			if (!more)
				return -ENOMEM;
			buf = more;
		}
	}
	copy = arena_memdup(a, buf, len);
	if (!copy)
		return -ENOMEM;
	*ret_data = copy;
	if (ret_len)
		*ret_len = len;
	return 0;
}

int file_read(struct arena *a, int dirfd, const char *path, size_t max_bytes, char **ret_data,
	      size_t *ret_len)
{
	/* O_NONBLOCK: a FIFO under this name must not stop a boot. */
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return file_read_fd(a, fd, max_bytes, ret_data, ret_len);
}

int file_read_line(int dirfd, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = read(fd, buf, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

bool file_exists(int dirfd, const char *path)
{
	return faccessat(dirfd, path, F_OK, 0) == 0;
}
