/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init/applets.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What was printed and did not arrive was not done. */
static int flushed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	(void)fprintf(stderr, "anteroot: unable to write the output\n");
	return EXIT_SYSTEM;
}

/* `init` takes what follows for the target's init; to who asks for it by name it is an applet like the others. */
static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? base_name(argv[0]) : "init";
	const struct applet *applet;
	bool booting = false;

	/* As process 1 the kernel started us, under whatever name rdinit= has: what follows is for the
	 * target's init. */
	if (getpid() == 1 && (argc < 2 || strcmp(argv[1], "init") != 0))
		name = "init";
	if (strcmp(name, "resin_update_state_probe") == 0) {
		name = "probe"; /* balenaOS' name of it, that rules of udev call */
	} else if (strcmp(name, "init") == 0) {
		booting = true;
	} else {
		if (argc < 2) {
			(void)applet_help(argc, argv);
			return EXIT_USAGE;
		}
		argc--, argv++;
		name = argv[0];
		booting = getpid() == 1;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	else if (strcmp(name, "--version") == 0)
		name = "version";
	applet = applet_find(name);
	if (!applet)
		return applet_unknown(name);
	if (booting || !wants_help(argc, argv))
		return flushed(applet->run(argc, argv));
	applet_print_help(applet);
	return flushed(EXIT_DONE);
}
