/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/filesystem.h"

#include <string.h>

/* FAT opens its code page (FAT_DEFAULT_CODEPAGE) and its character set (FAT_DEFAULT_IOCHARSET) while it
 * mounts and fails with EINVAL without them. Which ones is the kernel's configuration: Debian has
 * cp437 and ascii, others iso8859-1 or utf8. */
static const char *const fat_companions[] = { "nls_cp437", "nls_ascii", "nls_iso8859-1", "nls_utf8",
					      NULL };
static const char *const none[] = { NULL };

static const struct {
	const char *type;
	const char *const *companions;
} table[] = {
	{ "vfat", fat_companions },
	{ "msdos", fat_companions },
};

/* Lines are "nodev\tproc" or "\text4". */
bool filesystem_listed(const char *proc_filesystems, const char *type)
{
	const char *p = proc_filesystems;
	size_t len = strlen(type);

	while ((p = strchr(p, '\t'))) {
		p++;
		if (strncmp(p, type, len) == 0 && (p[len] == '\n' || p[len] == '\0'))
			return true;
	}
	return false;
}

const char *const *filesystem_companions(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strcmp(table[i].type, type) == 0)
			return table[i].companions;
	return none;
}
