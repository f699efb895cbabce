/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limit: the least an initramfs can do to reach a target's init. It loads
 * a fixed list of modules in a fixed order, mounts one fixed root, moves the
 * API mounts and executes init. It decides nothing and checks next to nothing.
 *
 * The list is LIST, one path of a plain module a line, in load order.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef ROOT
#define ROOT "/dev/vda2"
#endif
#ifndef LIST
#define LIST "/etc/limit.modules"
#endif

enum { WAIT_MSEC = 5000 };

static void say(const char *what)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)dprintf(fd, "limit: unable to %s: %m\n", what);
		(void)close(fd);
	}
}

static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0)
		say(path);
	if (fd >= 0)
		(void)close(fd);
}

static void load_modules(void)
{
	static char list[8192];
	int fd = open(LIST, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, list, sizeof(list) - 1) < 0)
		say("read " LIST);
	if (fd >= 0)
		(void)close(fd);
	for (char *path = strtok(list, "\n"); path; path = strtok(NULL, "\n"))
		load_module(path);
}

static int mount_root(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < WAIT_MSEC; i++) {
		if (mount(ROOT, "/sysroot", "ext4", MS_RDONLY, NULL) == 0)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	return -1;
}

int main(void)
{
	static const char *const moved[][2] = {
		{ "/dev", "/sysroot/dev" },
		{ "/proc", "/sysroot/proc" },
		{ "/run", "/sysroot/run" },
		{ "/sys", "/sysroot/sys" },
	};

	(void)mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
	(void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	(void)mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	(void)mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
	load_modules();
	if (mount_root() != 0) {
		say("mount " ROOT);
		return 1;
	}
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++)
		(void)mount(moved[i][0], moved[i][1], NULL, MS_MOVE, NULL);
	if (chdir("/sysroot") != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 ||
	    chroot(".") != 0 || chdir("/") != 0) {
		say("switch the root");
		return 1;
	}
	(void)execl("/sbin/init", "/sbin/init", (char *)NULL);
	say("execute /sbin/init");
	return 1;
}
