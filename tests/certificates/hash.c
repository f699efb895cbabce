/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads values of balenaRootCA, one a line; prints the subject's hash of each certificate in one, or
 * "- " and what is wrong. tests/tools/certificates compares that with OpenSSL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/certificate.h"

int main(void)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		_cleanup_(arena_free) struct arena a = ARENA_INIT;
		struct certificates c = { 0 };
		const char *wrong;

		line[strcspn(line, "\n")] = '\0';
		wrong = certificates_read(&a, line, &c);
		if (wrong)
			printf("- %s", wrong);
		for (size_t i = 0; !wrong && i < c.n; i++)
			printf("%s%08x", i > 0 ? " " : "",
			       (unsigned int)c.certificate[i].subject_hash);
		putchar('\n');
	}
	return 0;
}
