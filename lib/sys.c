/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/blkpg.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"

#define TICK_MSEC 1000

/* fs/ext4/ext4.h; not in every C library's copy of the kernel's headers. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

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

static int real_unshare_mounts(void)
{
	/* <sched.h> of klibc has no CLONE_NEWNS. */
	if (syscall(__NR_unshare, 0x20000L) < 0)
		return -errno;
	/* What others mount is still seen here, and nothing of ours there. */
	return neg(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
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

static int blkpg(int fd, int op, unsigned int number, uint64_t start_bytes, uint64_t bytes)
{
	struct blkpg_partition part = {
		.start = (long long)start_bytes,
		.length = (long long)bytes,
		.pno = (int)number,
	};
	struct blkpg_ioctl_arg arg = {
		.op = op,
		.datalen = sizeof(part),
		.data = &part,
	};

	return neg(ioctl(fd, BLKPG, &arg));
}

static int real_partition_add(int fd, unsigned int number, uint64_t start_bytes, uint64_t bytes)
{
	return blkpg(fd, BLKPG_ADD_PARTITION, number, start_bytes, bytes);
}

static int real_partition_resize(int fd, unsigned int number, uint64_t start_bytes, uint64_t bytes)
{
	return blkpg(fd, BLKPG_RESIZE_PARTITION, number, start_bytes, bytes);
}

static int real_ext4_resize(int fd, uint64_t blocks)
{
	return neg(ioctl(fd, EXT4_IOC_RESIZE_FS, &blocks));
}

static int real_watchdog_set(int fd, int seconds)
{
	int taken = seconds;

	return ioctl(fd, WDIOC_SETTIMEOUT, &taken) < 0 ? -errno : taken;
}

static int real_watchdog_stop(int fd)
{
	int options = WDIOS_DISABLECARD;

	return neg(ioctl(fd, WDIOC_SETOPTIONS, &options));
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

static int real_start(const char *path, char *const argv[], char *const envp[], int out)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);

		(void)setpgid(0, 0);
		(void)dup2(null,
			   STDIN_FILENO); /* another group's read of a terminal would stop it */
		if (out >= 0) {
			(void)dup2(out, STDOUT_FILENO);
			(void)dup2(out, STDERR_FILENO);
		}
		(void)execve(path, argv, envp);
		_exit(errno == ENOENT ? 127 : 126);
	}
	(void)setpgid(pid,
		      pid); /* whoever comes first: the group is there before the first signal */
	return pid;
}

static int real_reap(int pid, int *ret_status)
{
	int status;
	pid_t done = waitpid(pid, &status, WNOHANG);

	if (done < 0)
		return errno == EINTR ? 0 : -errno;
	if (done != pid)
		return 0;
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 1;
}

static int real_kill_group(int pid, int sig)
{
	return neg(kill(-pid, sig));
}

/* The program and what it has started end by one signal; what left the group is not ours to end. */
static int wait_limited(pid_t pid, const struct sys_limits *limits, struct sys_end *end)
{
	int64_t start = clock_monotonic_usec(), next_tick = TICK_MSEC, limit = limits->timeout_msec;
	int pause_msec = 1, sig = SIGTERM, done;

	while ((done = real_reap(pid, &end->status)) == 0) {
		int64_t spent = (clock_monotonic_usec() - start) / 1000;

		if (spent >= limit) {
			(void)kill(-pid, sig);
			end->timed_out = true;
			limit = sig == SIGTERM ? spent + limits->grace_msec : INT64_MAX;
			sig = SIGKILL;
		}
		if (spent >= next_tick) {
			next_tick = spent + TICK_MSEC;
			if (limits->tick)
				limits->tick(limits->data);
		}
		(void)poll(NULL, 0, pause_msec);
		pause_msec = pause_msec < 50 ? pause_msec * 2 : 100;
	}
	if (done < 0)
		return done;
	/* What it left behind would go on beside the next one. */
	(void)kill(-pid, SIGKILL);
	return 0;
}

static int real_run_limited(const char *path, char *const argv[], char *const envp[],
			    const struct sys_limits *limits, struct sys_end *ret_end)
{
	struct sys_end end = { 0 };
	int pid = real_start(path, argv, envp, -1);
	int err = pid < 0 ? pid : wait_limited(pid, limits, &end);

	if (err == 0)
		*ret_end = end;
	return err;
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
	.unshare_mounts = real_unshare_mounts,
	.clock_set = real_clock_set,
	.hostname_set = real_hostname_set,
	.module_insert = real_module_insert,
	.partition_add = real_partition_add,
	.partition_resize = real_partition_resize,
	.ext4_resize = real_ext4_resize,
	.watchdog_set = real_watchdog_set,
	.watchdog_stop = real_watchdog_stop,
	.reboot = real_reboot,
	.exec = real_exec,
	.run = real_run,
	.run_limited = real_run_limited,
	.start = real_start,
	.reap = real_reap,
	.kill_group = real_kill_group,
	.sleep_msec = real_sleep_msec,
};
