/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls on files that klibc has no wrapper for. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;

	va_start(args, request);
	int ret = klibc_ioctl_pointer(fd, (int)(unsigned int)request, va_arg(args, void *));
	va_end(args);
	return ret;
}

int reboot(int how)
{
	return klibc_reboot_with(how, NULL);
}

int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *ret_statx)
{
	return (int)syscall(__NR_statx, (long)dirfd, path, (long)flags, (unsigned long)mask,
			    ret_statx);
}

int syncfs(int fd)
{
	return (int)syscall(__NR_syncfs, (long)fd);
}

/* An off_t has 64 bits everywhere; on 32 bits it goes in two registers, the lower half first. */
int posix_fadvise(int fd, off_t offset, off_t len, int advice)
{
	int saved = errno, err = 0;
	long r;

#if defined(__arm__)
	r = syscall(__NR_arm_fadvise64_64, (long)fd, (long)advice, (long)offset,
		    (long)(offset >> 32), (long)len, (long)(len >> 32));
#elif defined(__i386__)
	r = syscall(__NR_fadvise64_64, (long)fd, (long)offset, (long)(offset >> 32), (long)len,
		    (long)(len >> 32), (long)advice);
#else
	r = syscall(__NR_fadvise64, (long)fd, (long)offset, (long)len, (long)advice);
#endif
	if (r < 0)
		err = errno;
	errno = saved; /* POSIX has the error as the result */
	return err;
}

#ifdef __arm__
/* Declared by klibc and, on arm, left out of it. As its open() does: files of any size. */
int openat(int dirfd, const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	unsigned int mode = flags & O_CREAT ? va_arg(args, unsigned int) : 0;
	va_end(args);
	return (int)syscall(__NR_openat, (long)dirfd, path, (long)flags | O_LARGEFILE, (long)mode);
}
#endif

int futimens(int fd, const struct timespec times[2])
{
	/* Without a path the kernel takes the descriptor itself. */
	/* cppcheck-suppress nullPointer */
	return utimensat(fd, NULL, times, 0);
}

ssize_t getrandom(void *buffer, size_t size, unsigned int flags)
{
	return syscall(__NR_getrandom, buffer, size, (unsigned long)flags);
}

char *get_current_dir_name(void)
{
	char path[PATH_MAX];

	return getcwd(path, sizeof(path)) ? strdup(path) : NULL;
}

int mkostemp(char *path, int flags)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t length = strlen(path);

	if (length < 6 || strcmp(path + length - 6, "XXXXXX") != 0) {
		errno = EINVAL;
		return -1;
	}
	for (int attempt = 0; attempt < 100; attempt++) {
		unsigned char random[6];

		if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
			memset(random, attempt, sizeof(random));
		for (size_t i = 0; i < sizeof(random); i++)
			path[length - 6 + i] = letters[random[i] % (sizeof(letters) - 1)];

		int fd = open(path, flags | O_RDWR | O_CREAT | O_EXCL, 0600);

		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

int mkstemp(char *path)
{
	return mkostemp(path, 0);
}
