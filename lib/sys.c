/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* From the kernel's headers, under a name of our own: glibc's and klibc's timespec differ from it on
 * 32 bits, where the *_time64 calls must be used (klibc's time_t ends in 2038 there). */
struct kernel_timespec64 {
	int64_t sec;
	int64_t nsec;
};

#if defined(SYS_clock_settime64)
#define CLOCK_SETTIME SYS_clock_settime64
#elif defined(__NR_clock_settime64)
#define CLOCK_SETTIME __NR_clock_settime64
#else
#define CLOCK_SETTIME __NR_clock_settime
#endif

static int neg(int r)
{
	return r < 0 ? -errno : r;
}

static int real_open(int dirfd, const char *path, int flags, mode_t mode)
{
	return neg(openat(dirfd, path, flags | O_CLOEXEC, mode));
}

static ssize_t real_write(int fd, const void *data, size_t len)
{
	ssize_t n;

	do
		n = write(fd, data, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t real_pwrite(int fd, const void *data, size_t len, int64_t offset)
{
	ssize_t n;

	do
		n = pwrite(fd, data, len, offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int real_fsync(int fd)
{
	return neg(fsync(fd));
}

static int real_fchmod(int fd, mode_t mode)
{
	return neg(fchmod(fd, mode));
}

static int real_fchown(int fd, uid_t uid, gid_t gid)
{
	return neg(fchown(fd, uid, gid));
}

static int real_mkdirat(int dirfd, const char *path, mode_t mode)
{
	return neg(mkdirat(dirfd, path, mode));
}

static int real_mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)
{
	return neg(mknodat(dirfd, path, mode, dev));
}

static int real_symlinkat(const char *content, int dirfd, const char *path)
{
	return neg(symlinkat(content, dirfd, path));
}

static int real_linkat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath)
{
	return neg(linkat(olddirfd, oldpath, newdirfd, newpath, 0));
}

static int real_renameat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath)
{
	return neg(renameat(olddirfd, oldpath, newdirfd, newpath));
}

static int real_unlinkat(int dirfd, const char *path, int flags)
{
	return neg(unlinkat(dirfd, path, flags));
}

static int real_mount(const char *source, const char *target, const char *type, unsigned long flags,
		      const char *data)
{
	return neg(mount(source, target, type, flags, data));
}

static int real_umount(const char *target, int flags)
{
	return neg(umount2(target, flags));
}

static int real_chdir(const char *path)
{
	return neg(chdir(path));
}

static int real_chroot(const char *path)
{
	return neg(chroot(path));
}

static int real_clock_set(int64_t realtime_usec)
{
	struct kernel_timespec64 ts = {
		.sec = realtime_usec / 1000000,
		.nsec = realtime_usec % 1000000 * 1000,
	};

	return neg((int)syscall(CLOCK_SETTIME, CLOCK_REALTIME, &ts));
}

static int real_hostname_set(const char *name)
{
	size_t len = 0;

	while (name[len])
		len++;
	return neg(sethostname(name, len));
}

static int real_module_insert(int fd, const char *options, int flags)
{
	return neg((int)syscall(__NR_finit_module, fd, options, flags));
}

static int real_watchdog_set(int fd, int seconds)
{
	int taken = seconds;

	return ioctl(fd, WDIOC_SETTIMEOUT, &taken) < 0 ? -errno : taken;
}

static int real_reboot(int how)
{
	return neg(reboot(how));
}

static int real_exec(const char *path, char *const argv[], char *const envp[])
{
	(void)execve(path, argv, envp);
	return -errno;
}

static int real_run(const char *path, char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)execve(path, argv, environ);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int real_sleep_msec(int64_t msec)
{
	/* A negative time-out of poll(2) has no end. */
	if (msec < 0)
		msec = 0;
	return neg(poll(NULL, 0, msec < INT_MAX ? (int)msec : INT_MAX));
}

const struct sys sys_real = {
	.open = real_open,
	.write = real_write,
	.pwrite = real_pwrite,
	.fsync = real_fsync,
	.fchmod = real_fchmod,
	.fchown = real_fchown,
	.mkdirat = real_mkdirat,
	.mknodat = real_mknodat,
	.symlinkat = real_symlinkat,
	.linkat = real_linkat,
	.renameat = real_renameat,
	.unlinkat = real_unlinkat,
	.sync = sync,
	.mount = real_mount,
	.umount = real_umount,
	.chdir = real_chdir,
	.chroot = real_chroot,
	.clock_set = real_clock_set,
	.hostname_set = real_hostname_set,
	.module_insert = real_module_insert,
	.watchdog_set = real_watchdog_set,
	.reboot = real_reboot,
	.exec = real_exec,
	.run = real_run,
	.sleep_msec = real_sleep_msec,
};
