/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "init/boot.h"
#include "init/handover.h"
#include "init/rescue.h"
#include "init/version.h"

/* With console=null the kernel starts us with descriptors 0 to 2 closed, and the first three files we
 * open would get messages meant for a person. Fill them before anything else is opened. */
static void fill_standard_descriptors(const struct sys *sys)
{
	struct stat st;
	int fd;

	if (fstat(STDIN_FILENO, &st) == 0 && fstat(STDOUT_FILENO, &st) == 0 &&
	    fstat(STDERR_FILENO, &st) == 0)
		return;
	fd = sys->open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	if (fd < 0) {
		/* An image without the node: /dev is not mounted yet, so it can be made. */
		(void)sys->mkdirat(AT_FDCWD, "/dev", 0755);
		(void)sys->mknodat(AT_FDCWD, "/dev/null", S_IFCHR | 0666, makedev(1, 3));
		fd = sys->open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	}
	while (fd >= 0 && fd < STDERR_FILENO)
		fd = dup(fd);
	if (fd > STDERR_FILENO)
		(void)close(fd); /* one that was not needed */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)fcntl(fd, F_SETFD, 0); /* the target's init inherits these three */
}

int applet_init(int argc, char **argv)
{
	/* Too large for the stack of a kernel that gives PID 1 little, and there is only one boot. */
	static struct boot boot;
	char *no_args[] = { NULL };
	int err;

	if (getpid() != 1) {
		(void)fprintf(stderr,
			      "anteroot: unable to run init: only process 1 of an initramfs can\n");
		return 2;
	}
	fill_standard_descriptors(&sys_real);
	boot_init(&boot, &sys_real);
	boot.hooks = true;
	log_line(&boot.log, LOG_LEVEL_INFO, "anteroot %s%s", anteroot_version,
		 anteroot_development ? " (development build)" : "");
	err = boot_stages(&boot, STAGE_TARGET);
	if (err == 0)
		err = handover(&boot, argc > 0 ? argv + 1 : no_args, environ);
	(void)err; /* both return with boot.error filled, or not at all */
	return rescue(&boot);
}
