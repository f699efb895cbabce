/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/blockdev.h"
#include "lib/layout.h"
#include "lib/reason.h"

/*
 * The boot disk, the slots and the root of a system that runs: for the applets that are called in it. Reads
 * only, asks neither udev nor its database, and looks at no disk but those that the mounts or the boot name.
 */

/** Where to look; a test has its own. */
struct running_paths {
	const char *sys;       /* "/sys" */
	const char *dev;       /* "/dev" */
	const char *mountinfo; /* "/proc/self/mountinfo" */
	const char *run_dir;   /* "/run/anteroot": what the boot left */
	const char *layout;    /* LAYOUT_PATH: the integrator's file, when the boot left no copy */
};

extern const struct running_paths running_paths_default;

/** How we know what the root is. */
enum running_proof {
	RUNNING_UNKNOWN, /* root is NULL */
	RUNNING_MOUNTED, /* its device is mounted at `mount_point` */
	RUNNING_RECORDED, /* the boot says so, and the device still has the PARTUUID (or UUID) it says */
};

struct running {
	struct layout layout;
	const char *layout_problem; /* why it is the default and not what a file says; NULL */
	struct blockdevs devs;	    /* all; only those of the disks that were asked are probed */
	const char *disk;	    /* boot disk, kernel name; NULL: not found */
	const struct blockdev *slot[2]; /* A and B on the boot disk; NULL: none, or more than one */
	const struct blockdev *root;	/* what runs; need not be a slot, nor on the boot disk */
	const char *root_slot;		/* "A", "B"; NULL: not a slot's, or not known */
	enum running_proof proof;
	const char *mount_point; /* "/", "/sysroot" or "/mnt/sysroot/active"; NULL unless mounted */
};

/**
 * Finds out what runs. The root is what is mounted at `/`; when that is no device (an overlay, a tmpfs), what the
 * boot recorded; else what is mounted at /sysroot (in an initramfs) or /mnt/sysroot/active. The first of these
 * that is a slot of its own disk counts. The boot disk is the slot's, else the one that the boot
 * recorded, else the root's; it has partitions of the layout in any case.
 *
 * @param a arena for all of it
 * @param ret_running result; complete also when nothing was found: then `disk` and `root` are NULL
 * @return 0, -ENOMEM, or a negative errno when sysfs or the mounts cannot be read
 */
int running_find(struct arena *a, const struct running_paths *paths, struct running *ret_running,
		 struct reason *r) _nonnull_(1, 2, 3) _must_check_;

/** @return true and the role when `dev` is the one partition of a role on the boot disk. */
bool running_role_of(const struct running *run, const struct blockdev *dev,
		     enum part_role *ret_role) _nonnull_all_;

/** @return "mounted", "recorded" or "unknown". */
const char *running_proof_name(enum running_proof proof);
