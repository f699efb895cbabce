/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init/applets.h"
#include "init/boot.h"
#include "lib/cmdline.h"

struct applet {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the applet's name */
	const char *text;
};

static int applet_help(int argc, char **argv);

static const struct applet applets[] = {
	{ "init", applet_init, "boot the machine, as process 1 of an initramfs" },
	{ "hook", applet_hook, "early, target: the stages of a boot, from another initramfs" },
	{ "check", applet_check, "FILE: what is wrong with a config.json, line by line" },
	{ "plan", applet_plan, "what apply would do" },
	{ "apply", applet_apply, "deliver a configuration into a root that is not being booted" },
	{ "status", applet_status, "slots, what runs and why, what was delivered" },
	{ "slot", applet_slot, "arm, confirm, reject, switch: a step of the boot state" },
	{ "health", applet_health, "run the health checks, then confirm or reject" },
	{ "clock", applet_clock, "show what is known of the time, save it for the next boot" },
	{ "probe", applet_probe, "DEVICE: for udev, which part of the running system it is" },
	{ "help", applet_help, "this text" },
	{ "version", applet_version, "this build's; check V, compare A B: versions of host OSes" },
};

static int applet_help(int argc, char **argv)
{
	size_t n;
	const struct args_row *row = args_table(&n);

	(void)argc, (void)argv;
	printf("Usage: anteroot APPLET [ARGUMENT ...]\n\nApplets:\n");
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++)
		printf("  %-10s %s\n", applets[i].name, applets[i].text);
	printf("\nArguments of the kernel that `init` understands:\n");
	for (size_t i = 0; i < n; i++)
		printf("  %s%s%s\n      %s\n", row[i].key, *row[i].form ? "=" : "", row[i].form,
		       row[i].text);
	return 0;
}

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

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? base_name(argv[0]) : "init";

	/* As process 1 the kernel started us, under whatever name rdinit= has: what follows is for the
	 * target's init. */
	if (getpid() == 1 && (argc < 2 || strcmp(argv[1], "init") != 0))
		name = "init";
	if (strcmp(name, "resin_update_state_probe") == 0) {
		name = "probe"; /* balenaOS' name of it, that rules of udev call */
	} else if (strcmp(name, "init") != 0) {
		if (argc < 2) {
			(void)applet_help(argc, argv);
			return EXIT_USAGE;
		}
		argc--, argv++;
		name = argv[0];
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	else if (strcmp(name, "--version") == 0)
		name = "version";
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++)
		if (strcmp(applets[i].name, name) == 0)
			return flushed(applets[i].run(argc, argv));
	(void)fprintf(stderr, "anteroot: there is no applet %s; `anteroot help` lists them\n",
		      name);
	return EXIT_USAGE;
}
