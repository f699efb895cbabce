/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/mountopts.h"

#include <string.h>
#include <sys/mount.h>

#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25) /* linux/fs.h; younger than klibc's header */
#endif

static const struct {
	const char *name;
	unsigned long set;
	unsigned long clear;
} shared[] = {
	{ "defaults", 0, 0 },
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },
	{ "nodev", MS_NODEV, 0 },
	{ "dev", 0, MS_NODEV },
	{ "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },
	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "async", 0, MS_SYNCHRONOUS },
	{ "dirsync", MS_DIRSYNC, 0 },
	{ "noatime", MS_NOATIME, MS_STRICTATIME },
	{ "atime", 0, MS_NOATIME },
	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "diratime", 0, MS_NODIRATIME },
	{ "relatime", MS_RELATIME, MS_NOATIME | MS_STRICTATIME },
	{ "norelatime", 0, MS_RELATIME },
	{ "strictatime", MS_STRICTATIME, MS_NOATIME | MS_RELATIME },
	{ "nostrictatime", 0, MS_STRICTATIME },
	{ "lazytime", MS_LAZYTIME, 0 },
	{ "nolazytime", 0, MS_LAZYTIME },
	{ "silent", MS_SILENT, 0 },
	{ "loud", 0, MS_SILENT },
};

static bool take_shared(const char *option, size_t len, unsigned long *flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
		if (strlen(shared[i].name) != len || strncmp(shared[i].name, option, len) != 0)
			continue;
		*flags = (*flags & ~shared[i].clear) | shared[i].set;
		return true;
	}
	return len == 0;
}

int mountopts_split(struct arena *a, const char *options, unsigned long *flags,
		    const char **ret_rest)
{
	const char *p = options ? options : "";
	char *rest = arena_alloc(a, strlen(p) + 1);
	size_t at = 0;

	if (!rest)
		return -ENOMEM;
	while (*p) {
		size_t len = strcspn(p, ",");

		if (!take_shared(p, len, flags)) {
			if (at > 0)
				rest[at++] = ',';
			memcpy(rest + at, p, len);
			at += len;
		}
		p += len + (p[len] == ',');
	}
	*ret_rest = at > 0 ? rest : NULL;
	return 0;
}
