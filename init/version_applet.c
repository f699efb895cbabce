/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/osversion.h"

#include <stdio.h>
#include <string.h>

#include "init/options.h"
#include "init/version.h"

static bool is_version(const char *text)
{
	struct osversion v;

	if (osversion_parse(text, &v) == 0)
		return true;
	(void)fprintf(stderr,
		      "anteroot: unable to use version %s: expected %s, numbers without leading "
		      "zeros\n",
		      *text ? text : "\"\"", OSVERSION_FORM);
	return false;
}

static int compare(const char *a, const char *b)
{
	int r;

	if (!is_version(a) || !is_version(b) || osversion_compare_text(a, b, &r) < 0)
		return EXIT_USAGE;
	(void)puts(r < 0 ? "<" : r > 0 ? ">" : "=");
	return EXIT_DONE;
}

int applet_version(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "check") == 0)
		return is_version(argv[2]) ? EXIT_DONE : EXIT_NO;
	if (argc == 4 && strcmp(argv[1], "compare") == 0)
		return compare(argv[2], argv[3]);
	if (argc > 1) {
		struct options o;

		options_open(&o, "version", argc, argv);
		return strcmp(argv[1], "check") == 0 || strcmp(argv[1], "compare") == 0
			       ? options_usage(&o, "more or fewer versions than it takes")
			       : options_bad_word(&o, argv[1]);
	}
	printf("anteroot %s\n", anteroot_version);
	printf("%s\n", anteroot_development
			       ? "development build: rescue shell and verbose console allowed"
			       : "production build: no rescue shell, no verbose console");
	return EXIT_DONE;
}
