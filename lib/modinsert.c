/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/modules.h"

#define INIT_COMPRESSED_FILE 4 /* MODULE_INIT_COMPRESSED_FILE of linux/module.h, since 5.17 */

static bool is_compressed(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && strcmp(dot, ".ko") != 0;
}

int modules_insert(const struct sys *sys, const struct module *module, struct reason *r)
{
	bool compressed = is_compressed(module->path);
	_cleanup_close_ int fd = open(module->path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return reason_setf(r, errno, "load module", module->name, "%s: %s", module->path,
				   strerror(errno));
	err = sys->module_insert(fd, module->options, compressed ? INIT_COMPRESSED_FILE : 0);
	if (err == -EEXIST || err >= 0)
		return 0;
	if (compressed && (err == -EINVAL || err == -EOPNOTSUPP))
		return reason_setf(r, err, "load module", module->name,
				   "%s: this kernel does not decompress modules", module->path);
	return reason_setf(r, err, "load module", module->name, "%s: %s", module->path,
			   strerror(-err));
}
