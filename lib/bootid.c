/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/bootid.h"

#include <fcntl.h>
#include <string.h>

#include "lib/file.h"

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) % 16 : -1;
}

bool bootid_parse(const char *text, unsigned char ret[static AB_BOOT_ID_LEN])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t n = 0, i = 0;

	memset(ret, 0, AB_BOOT_ID_LEN);
	for (; form[i]; i++) {
		int digit = hex(text[i]);

		if (form[i] == '-' ? text[i] != '-' : digit < 0)
			break;
		if (form[i] == '-')
			continue;
		ret[n / 2] = (unsigned char)(ret[n / 2] << 4 | digit);
		n++;
	}
	if (!form[i] && !text[i])
		return true;
	memset(ret, 0, AB_BOOT_ID_LEN);
	return false;
}

int bootid_read(const char *path, unsigned char ret[static AB_BOOT_ID_LEN])
{
	char text[64];
	int err = file_read_line(AT_FDCWD, path, text, sizeof(text));

	memset(ret, 0, AB_BOOT_ID_LEN);
	if (err < 0)
		return err;
	return bootid_parse(text, ret) ? 0 : -EBADMSG;
}
