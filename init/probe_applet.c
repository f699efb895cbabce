/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/probe_applet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "init/options.h"

#define LABEL_MAX 72 /* a GPT name has 36 characters */

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_balena(const char *label)
{
	return starts_with(label, "resin-") || starts_with(label, "balena-");
}

/* It becomes the name of a link below /dev. */
static bool is_plain(const char *label)
{
	return *label && *label != '.' && strlen(label) <= LABEL_MAX &&
	       label[strspn(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._-")] == '\0';
}

static const char *use_of(struct arena *a, const struct layout_part *part,
			  const struct blockdev *dev)
{
	for (size_t i = 0; part->by == LAYOUT_BY_LABEL && i < LAYOUT_LABELS_MAX && part->label[i];
	     i++)
		if (is_balena(part->label[i]) && is_plain(part->label[i]) &&
		    blockdev_has_label(dev, part->label[i]))
			return part->label[i];
	return arena_printf(a, "resin-%s", part->name);
}

const char *probe_lines(struct arena *a, const struct running *run, const struct blockdev *dev,
			const char *label)
{
	enum part_role role;
	const char *use, *state;

	if (!run->disk)
		return NULL;
	if (!running_role_of(run, dev, &role)) {
		/* Of other partitions, those of a board's firmware for one; not what only looks like ours. */
		if (!label || !dev->partno || strcmp(dev->disk, run->disk) != 0 ||
		    is_balena(label) || !is_plain(label))
			return NULL;
		return arena_printf(a, "BALENA_FS_USE=%s\n", label);
	}
	use = use_of(a, &run->layout.part[role], dev);
	if (!use)
		return NULL;
	if ((role != PART_ROOT_A && role != PART_ROOT_B) || !run->root_slot)
		return arena_printf(a, "BALENA_FS_USE=%s\n", use);
	state = dev == run->root ? "active" : "inactive";
	return arena_printf(a, "BALENA_FS_USE=%s\nBALENA_UPDATE_STATE=%s\nRESIN_UPDATE_STATE=%s\n",
			    use, state, state);
}

static const struct blockdev *find_device(const struct blockdevs *devs, dev_t number)
{
	const struct tag tag = { .kind = TAG_DEVNO,
				 .major = (unsigned int)major(number),
				 .minor = (unsigned int)minor(number) };

	return blockdev_find(devs, &tag, NULL, NULL);
}

static int probe(struct arena *a, dev_t number, const char *label)
{
	char message[REASON_OBJECT_MAX + REASON_CAUSE_MAX + 32];
	struct reason r = REASON_INIT;
	const struct blockdev *dev;
	struct running run;
	const char *lines;

	if (running_find(a, &running_paths_default, &run, &r) < 0) {
		(void)fprintf(stderr, "anteroot: %s\n",
			      reason_render(&r, message, sizeof(message)));
		return EXIT_SYSTEM;
	}
	dev = find_device(&run.devs, number);
	lines = dev ? probe_lines(a, &run, dev, label) : NULL;
	if (arena_failed(a)) {
		(void)fprintf(stderr, "anteroot: unable to probe a device: out of memory\n");
		return EXIT_SYSTEM;
	}
	if (!lines)
		return EXIT_NO;
	(void)fputs(lines, stdout);
	return EXIT_DONE;
}

int applet_probe(int argc, char **argv)
{
	/* balenaOS' rules pass the parent too: the disk is found without it. */
	const char *word[3] = { 0 };
	struct arena a = ARENA_INIT;
	struct options o;
	struct stat st;
	size_t n = 0;
	int status;

	options_open(&o, "probe", argc, argv);
	while (options_next(&o) && n < ARRAY_SIZE(word) + 1)
		if (n++ < ARRAY_SIZE(word))
			word[n - 1] = o.value;
	if (o.status)
		return o.status;
	if (n < 1 || n > ARRAY_SIZE(word))
		return options_usage(&o, NULL);
	if (stat(word[0], &st) < 0 || !S_ISBLK(st.st_mode)) {
		(void)fprintf(stderr, "anteroot: unable to probe %s: expected a block device\n",
			      word[0]);
		return EXIT_USAGE;
	}
	status = probe(&a, st.st_rdev, word[1]);
	arena_free(&a);
	return status;
}
