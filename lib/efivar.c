/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/efivar.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EFIVAR_ATTRIBUTES_BYTES 4
#define LOADER_VARIABLE \
	"firmware/efi/efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* The loader's text is UTF-16, little endian, with or without a NUL behind it. */
static int read_uuid(const unsigned char *text, size_t len, char ret[static EFIVAR_PARTUUID_MAX])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	char uuid[sizeof(form)] = "";

	if (len == 2 * sizeof(form) && text[len - 2] == 0 && text[len - 1] == 0)
		len -= 2;
	if (len != 2 * (sizeof(form) - 1))
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		uuid[i] = (char)text[2 * i];
		if (text[2 * i + 1] != 0 || uuid[i] == '\0' ||
		    !strchr(form[i] == '-' ? "-" : "0123456789abcdefABCDEF", uuid[i]))
			return -EBADMSG;
	}
	memcpy(ret, uuid, sizeof(form));
	return 0;
}

static int why_not(int sysfd)
{
	struct stat efi, variables;

	if (fstatat(sysfd, "firmware/efi", &efi, 0) < 0 ||
	    fstatat(sysfd, "firmware/efi/efivars", &variables, 0) < 0)
		return -ENOTSUP;
	return efi.st_dev == variables.st_dev ? -ENODEV : -ENOENT;
}

int efivar_loader_partuuid(int sysfd, char ret[static EFIVAR_PARTUUID_MAX])
{
	_cleanup_close_ int fd = openat(sysfd, LOADER_VARIABLE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char data[256];
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? why_not(sysfd) : -errno;
	/* One read: the firmware is asked anew at each. */
	n = read(fd, data, sizeof(data));
	if (n < 0)
		return -errno;
	if (n < EFIVAR_ATTRIBUTES_BYTES)
		return -EBADMSG;
	return read_uuid(data + EFIVAR_ATTRIBUTES_BYTES, (size_t)n - EFIVAR_ATTRIBUTES_BYTES, ret);
}
