/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/mkinitramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init/applets.h"
#include "lib/file.h"

/* Returns when it is not there (-ENOENT, and nothing was said), or cannot be executed, which is said. */
static int try_folder(const struct sys *sys, const char *folder, size_t len, char **argv)
{
	char file[PATH_MAX];
	int err;

	if (len == 0 || len > sizeof(file) - sizeof("/" MKINITRAMFS))
		return -ENOENT;
	(void)snprintf(file, sizeof(file), "%.*s/" MKINITRAMFS, (int)len, folder);
	if (!file_exists(AT_FDCWD, file))
		return -ENOENT;
	err = sys->exec(file, argv, environ);
	(void)fprintf(stderr, "anteroot: unable to execute %s: %s\n", file,
		      err == -ENOENT ? "the interpreter of its first line is not there"
				     : strerror(-err));
	return err < 0 && err != -ENOENT ? err : -ENOEXEC;
}

int mkinitramfs_exec(const struct sys *sys, const char *self, const char *path, char **argv)
{
	const char *slash = strrchr(self, '/');
	int err = -ENOENT;

	argv[0] = (char *)MKINITRAMFS;
	if (slash)
		err = try_folder(sys, self, (size_t)(slash - self), argv);
	while (err == -ENOENT && *path) {
		size_t len = strcspn(path, ":");

		err = try_folder(sys, path, len, argv);
		path += len + (path[len] == ':');
	}
	if (err == -ENOENT)
		(void)fprintf(stderr,
			      "anteroot: unable to find " MKINITRAMFS ": not beside this program, "
			      "not in PATH; it is installed where images are made\n");
	return EXIT_SYSTEM;
}

int applet_mkinitramfs(int argc, char **argv)
{
	const char *path = getenv("PATH");
	char self[PATH_MAX];
	ssize_t n = readlinkat(AT_FDCWD, "/proc/self/exe", self, sizeof(self) - 1);

	(void)argc;
	self[n > 0 ? n : 0] = '\0';
	return mkinitramfs_exec(&sys_real, self, path ? path : "", argv);
}
