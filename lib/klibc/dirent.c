/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rewinddir(): alone here, because it looks into klibc's DIR. */
#include <stddef.h>

#define __KLIBC_DIRENT_INTERNALS
#include <dirent.h>
#include <unistd.h>

void rewinddir(DIR *dir)
{
	lseek(dir->__fd, 0, SEEK_SET);
	dir->bytes_left = 0;
}
