/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in for a shell in an initramfs: says that it runs, repeats one line, ends. */

#include <stdio.h>

int main(void)
{
	char line[128];

	(void)puts("SHELL-READY");
	(void)fflush(stdout);
	if (fgets(line, sizeof(line), stdin))
		(void)printf("SHELL-GOT %s", line);
	return 0;
}
