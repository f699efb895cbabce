/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Ownership by scope. A variable that owns something says so where it is declared; what leaves the
 * function is taken with steal_fd() or steal_ptr(). Never mixed with `goto out` in one function.
 */

#define _cleanup_(f)	   __attribute__((cleanup(f)))
#define _cleanup_free_	   _cleanup_(free_ptr)
#define _cleanup_close_	   _cleanup_(close_fd)
#define _cleanup_closedir_ _cleanup_(closedir_ptr)

#define _must_check_	    __attribute__((warn_unused_result))
#define _nonnull_(...)	    __attribute__((nonnull(__VA_ARGS__)))
#define _nonnull_all_	    __attribute__((nonnull))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

/* Keeps errno: a cleanup runs between a failure and the caller's look at it. */
static inline void close_fd(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = saved;
}

static inline void closedir_ptr(DIR **dir)
{
	int saved = errno;

	if (*dir)
		(void)closedir(*dir);
	errno = saved;
}

static inline int steal_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}
