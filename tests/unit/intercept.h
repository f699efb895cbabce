/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/arena.h"

/*
 * Functions of the C library that a test needs to answer otherwise: memory runs out, a file cannot be
 * opened, "/" is another directory. They take the library's place in the one program that includes this
 * file, and do what the library does until a test says otherwise.
 */

static struct {
	volatile size_t refuse_from, refuse_to; /* allocations of so many bytes fail; 0, 0: none */
	volatile unsigned int spare;		/* so many of them do not */
	volatile unsigned int fail_open;	/* the Nth open of fail_path from now on, 0: none */
	const char *fail_path;
	int fail_err;
	volatile unsigned int fail_fstat; /* the Nth fstat from now on, 0: none */
	const char *root;		  /* stands for "/"; NULL: the machine's own */
	const char *const
		*mounts;       /* stat() finds these on a device of their own; NULL at the end */
	const char *read_only; /* access() says so of this path */
} intercept;

/* The sanitizers' allocator when they are linked in, else the library's own. */
void *__interceptor_calloc(size_t n, size_t size) __attribute__((weak));
void *__interceptor_malloc(size_t size) __attribute__((weak));
void *__libc_calloc(size_t n, size_t size);
void *__libc_malloc(size_t size);
void *__interceptor_realloc(void *p, size_t size) __attribute__((weak));
void *__libc_realloc(void *p, size_t size);

static inline bool refused(size_t bytes)
{
	if (bytes < intercept.refuse_from || bytes >= intercept.refuse_to)
		return false;
	if (intercept.spare > 0) {
		intercept.spare--;
		return false;
	}
	errno = ENOMEM;
	return true;
}

void *calloc(size_t n, size_t size)
{
	if (refused(n * size))
		return NULL;
	return __interceptor_calloc ? __interceptor_calloc(n, size) : __libc_calloc(n, size);
}

void *malloc(size_t size)
{
	if (refused(size))
		return NULL;
	return __interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);
}

void *realloc(void *p, size_t size)
{
	if (refused(size))
		return NULL;
	return __interceptor_realloc ? __interceptor_realloc(p, size) : __libc_realloc(p, size);
}

/** Makes allocations of so many bytes fail, until memory_is_back(). */
static inline void refuse_memory(size_t from, size_t to)
{
	intercept.refuse_from = from;
	intercept.refuse_to = to;
}

/* Of lib/arena.c: an arena takes memory in blocks of so many bytes and a header, and hands out units
 * of 16. */
#define ARENA_BLOCK 8192u
#define ARENA_UNITS 512u

enum shortage { NO_MEMORY, NO_BLOCKS };

/**
 * Leaves an arena so many units (fewer than ARENA_UNITS), and none behind them.
 *
 * @param shortage NO_MEMORY: nobody gets any more; NO_BLOCKS: arenas do not
 */
static inline void memory_runs_out(struct arena *a, unsigned int units, enum shortage shortage)
{
	bool failed = a->failed;

	intercept.refuse_from = ARENA_BLOCK;
	intercept.refuse_to = ARENA_BLOCK + 256;
	while (arena_alloc(a, 16))
		;
	a->failed = failed;
	if (units > 0) {
		intercept.refuse_to = 0;
		(void)arena_alloc(a, (ARENA_UNITS - units) * 16);
		intercept.refuse_to = ARENA_BLOCK + 256;
	}
	if (shortage == NO_MEMORY) {
		intercept.refuse_from = 0;
		intercept.refuse_to = SIZE_MAX;
	}
}

static inline void memory_is_back(void)
{
	intercept.refuse_from = intercept.refuse_to = 0;
	intercept.spare = 0;
}

/** Makes the Nth open of a path from now on fail once. The path is as the program gives it. */
static inline void fail_open(const char *path, unsigned int nth, int err)
{
	intercept.fail_path = path;
	intercept.fail_open = nth;
	intercept.fail_err = err;
}

/** Makes the Nth fstat() from now on fail once with EIO. */
static inline void fail_fstat(unsigned int nth)
{
	intercept.fail_fstat = nth;
}

/** Has the kernel's and the image's files looked up below another directory; NULL: no longer. */
static inline void other_root(const char *root)
{
	intercept.root = root;
}

/** Everything as the C library has it. */
static inline void intercept_reset(void)
{
	memset(&intercept, 0, sizeof(intercept));
}

static inline bool below_dir(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* "/" itself, and what an initramfs has; not what the tests and the sanitizers need. */
static inline const char *redirected(const char *path, char buf[static PATH_MAX])
{
	static const char *const dirs[] = { "/proc", "/sys",	  "/dev",     "/run",
					    "/etc",  "/lib",	  "/sysroot", "/sbin",
					    "/bin",  "/usr/sbin", "/usr/bin", "/usr/lib/anteroot" };

	if (!intercept.root || below_dir(path, "/proc/self") || strcmp(path, "/dev/null") == 0)
		return path;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (below_dir(path, dirs[i]) || strcmp(path, "/") == 0) {
			(void)snprintf(buf, PATH_MAX, "%s%s", intercept.root, path);
			return buf;
		}
	return path;
}

static inline bool open_fails(const char *path)
{
	if (intercept.fail_open == 0 || strcmp(path, intercept.fail_path) != 0 ||
	    --intercept.fail_open != 0)
		return false;
	errno = intercept.fail_err;
	return true;
}

int openat(int dirfd, const char *path, int flags, ...)
{
	char buf[PATH_MAX];
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (open_fails(path))
		return -1;
	return (int)syscall(SYS_openat, dirfd, redirected(path, buf), flags, mode);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return openat(AT_FDCWD, path, flags, mode);
}

int stat(const char *restrict path, struct stat *restrict st)
{
	char buf[PATH_MAX];
	int r = fstatat(AT_FDCWD, redirected(path, buf), st, 0);

	for (const char *const *m = intercept.mounts; m && *m; m++)
		if (strcmp(path, *m) == 0)
			st->st_dev++;
	return r;
}

int fstat(int fd, struct stat *st)
{
	if (intercept.fail_fstat > 0 && --intercept.fail_fstat == 0) {
		errno = EIO;
		return -1;
	}
	return fstatat(fd, "", st, AT_EMPTY_PATH);
}

int faccessat(int dirfd, const char *path, int mode, int flags)
{
	char buf[PATH_MAX];

	(void)flags;
	if ((mode & W_OK) && intercept.read_only && strcmp(path, intercept.read_only) == 0) {
		errno = EROFS;
		return -1;
	}
	return (int)syscall(SYS_faccessat, dirfd, redirected(path, buf), mode);
}
