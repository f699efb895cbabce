/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "init/boot.h"
#include "init/options.h"
#include "init/rescue.h"
#include "init/version.h"
#include "lib/discard.h"

/*
 * `anteroot hook`: the same stages as /init, called by the initramfs of somebody else (dracut, initramfs-tools,
 * initramfs-framework), which has mounted /proc, /sys, /dev and /run and makes the hand-over.
 */

#define IN_INITRAMFS "/" /* what this applet looks at to know where it is */

struct hook_options {
	enum stage last;  /* the stages up to this one */
	const char *root; /* where the target is mounted */
	bool reboot;
};

static int wrong_root(const char *path, const char *why)
{
	(void)fprintf(stderr, "anteroot: unable to use %s as --root: %s\n", path, why);
	return EXIT_USAGE;
}

/* Mounted over, what is there would be hidden, and unmounted in the place of ours after a failure. */
static bool is_mounted(const char *path)
{
	char above[300];
	struct stat st, parent;

	(void)snprintf(above, sizeof(above), "%s/..", path);
	return stat(path, &st) == 0 && stat(above, &parent) == 0 && st.st_dev != parent.st_dev;
}

static int check_root(char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	if (*path != '/' || len < 2 || len > 200)
		return wrong_root(path, "expected an absolute path, and not /");
	return is_mounted(path) ? wrong_root(path, "something is mounted there already") : 0;
}

static int read_options(struct hook_options *o, int argc, char **argv)
{
	const char *stage = NULL, *name;
	struct options given;
	char *root = NULL;

	options_open(&given, "hook", argc, argv);
	while ((name = options_next(&given)))
		if (strcmp(name, "--root") == 0)
			root = (char *)given.value; /* of argv */
		else if (*name)
			o->reboot = true;
		else if (stage)
			return options_usage(&given, "one stage is enough");
		else
			stage = given.value;
	if (given.status)
		return given.status;
	o->root = root;
	if (stage && strcmp(stage, "early") == 0)
		return root || o->reboot ? options_usage(&given, "early takes no option") : 0;
	o->last = STAGE_TARGET;
	if (stage && strcmp(stage, "target") != 0)
		return options_bad_word(&given, stage);
	if (!stage || !root)
		return options_usage(&given, stage ? "--root is missing" : NULL);
	return check_root(root);
}

/* In a system that runs, this would count an attempt of a candidate and write into a root that is in use. */
static int check_place(void)
{
	_cleanup_close_ int fd = open(IN_INITRAMFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && discard_in_memory(fd) > 0)
		return 0;
	(void)fprintf(stderr, "anteroot: unable to run hook: only in an initramfs, and / is not "
			      "in memory\n");
	return EXIT_USAGE;
}

static int run(struct boot *b, const struct hook_options *o)
{
	_cleanup_close_ int rundir = -1;
	int err = boot_stages(b, o->last);

	if (err < 0 && o->reboot)
		return rescue(b);
	if (err < 0) {
		rescue_leave(b);
		return EXIT_SYSTEM;
	}
	if (o->last != STAGE_TARGET)
		return EXIT_DONE;
	log_line(&b->log, LOG_LEVEL_INFO, "%s is ready for the hand-over", o->root);
	rundir = report_open_dir(b);
	if (rundir < 0 || report_save(b, rundir) < 0)
		log_line(&b->log, LOG_LEVEL_WARNING, "unable to write the report, ignoring");
	return EXIT_DONE;
}

int applet_hook(int argc, char **argv)
{
	/* As in applet_init(): too large for a stack, and there is only one boot. */
	static struct boot boot;
	struct hook_options options = { .last = STAGE_EARLY };
	int status = read_options(&options, argc, argv);

	if (status == 0)
		status = check_place();
	if (status != 0)
		return status;
	boot_init(&boot, &sys_real);
	boot.hooks = true;
	boot.clock_only = options.last == STAGE_EARLY;
	if (options.root)
		boot.facts.target_dir = options.root;
	log_line(&boot.log, LOG_LEVEL_INFO, "anteroot %s%s, %s", anteroot_version,
		 anteroot_development ? " (development build)" : "",
		 boot.clock_only ? "for the clock" : "beside another init");
	status = run(&boot, &options);
	boot_close(&boot);
	return status;
}
