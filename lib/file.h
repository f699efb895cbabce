/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdbool.h>

#include "lib/arena.h"

/* Reading of files. Nothing here changes anything. */

/**
 * Reads a whole regular, proc or sysfs file.
 *
 * @param a arena that gets the content
 * @param dirfd directory for a relative path, or AT_FDCWD
 * @param path file
 * @param max_bytes largest content accepted
 * @param ret_data content, NUL-terminated behind its last byte
 * @param ret_len bytes without that NUL; may be NULL
 * @return 0, -EFBIG when there is more than max_bytes, -ENOMEM, or open(2)'s and read(2)'s errno.
 *         -EISDIR for a directory, -EINVAL for a FIFO, socket or device: those could block.
 */
int file_read(struct arena *a, int dirfd, const char *path, size_t max_bytes, char **ret_data,
	      size_t *ret_len) _nonnull_(1, 3, 5) _must_check_;

/** file_read() on a descriptor; reads from its current position. */
int file_read_fd(struct arena *a, int fd, size_t max_bytes, char **ret_data, size_t *ret_len)
	_nonnull_(1, 4) _must_check_;

/**
 * Reads one line of a small file (sysfs attribute), without its newline.
 *
 * @param buf destination, terminated on success
 * @param size of buf; a longer line is cut
 * @return 0 or a negative errno
 */
int file_read_line(int dirfd, const char *path, char *buf, size_t size) _nonnull_all_ _must_check_;

/** @return true when the path exists, following links. */
bool file_exists(int dirfd, const char *path) _nonnull_(2);
