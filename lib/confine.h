/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/cleanup.h"

/*
 * Paths that must not leave a directory tree: what is looked up in a target root is looked up as if
 * that root were "/" already, so that a link to /etc means the target's /etc, and `..` stops at it.
 * openat2(2) RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS where the kernel has it (5.6). On an older one
 * (ENOSYS, or EPERM from a filter that does not know the call) a walk, component by component, that
 * opens nothing but O_NOFOLLOW and reads links itself: /sbin is a link on every current Debian.
 */

/**
 * Opens a path inside a root without changing anything.
 *
 * @param rootfd directory that counts as "/"
 * @param path absolute or relative, both start at rootfd
 * @param flags of open(2); O_CLOEXEC is added; -EINVAL with O_CREAT, O_TMPFILE or O_TRUNC
 * @return descriptor, or a negative errno
 */
int confine_open(int rootfd, const char *path, int flags) _nonnull_all_ _must_check_;

#define CONFINE_ONE_FS 0x1u /* a mount point on the way or at its end is not entered: -EXDEV */

/**
 * As confine_open(), within limits. The walk tells mounts apart by their numbers in /proc/self/fdinfo.
 * Without /proc it has only st_dev, and does not see what is bound there from the same file system.
 *
 * @param limits CONFINE_*
 */
int confine_open_in(int rootfd, const char *path, int flags,
		    unsigned int limits) _nonnull_all_ _must_check_;

/** The walk that confine_open_in() falls back to; apart so that tests reach it on a new kernel. */
int confine_open_walk(int rootfd, const char *path, int flags,
		      unsigned int limits) _nonnull_all_ _must_check_;

/**
 * Opens a regular file inside a root for reading. What is not one is not opened at all: a FIFO would
 * block, and a device may act.
 *
 * @return descriptor; -EISDIR for a directory, -EINVAL for a FIFO, socket or device; or another
 *         negative errno
 */
int confine_open_regular(int rootfd, const char *path) _nonnull_all_ _must_check_;

/** @return true when the path resolves inside the root. */
bool confine_exists(int rootfd, const char *path) _nonnull_all_;
