/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/plan.h"

/*
 * Writing to a target that may be read-only. A writable root gets the file itself. On a read-only one
 * a tmpfs overlay goes over just the directory that needs files (over the deepest one above it that
 * exists, when it does not), once for all who write there; nothing of it stays after this boot.
 */

/** @return path of `path` (absolute, in the target) as the initramfs sees it. */
const char *place_path(const struct facts *f, struct plan *p, const char *path);

/**
 * Makes sure that files can be made in a directory of the target; it must be in a hook's `places`.
 *
 * @return false, and a warning is planned, when a read-only root has nothing on the way but its own "/":
 *         an overlay over all of it would be another root than the one that was updated and tested
 */
bool place_open(const struct facts *f, struct plan *p, const char *dir);

/** Guard of a file of somebody else's in which only a block is ours. */
#define PLACE_BLOCK 0x100u
/** Guard of a file without which nobody gets in. */
#define PLACE_ACCESS 0x200u

/** A file for a directory of the target. */
struct place_file {
	const char *dir, *name;
	const char *data; /* NULL: memory is out, nothing is planned */
	size_t len;
	mode_t mode;
	unsigned int guard; /* more DELIVER_*, PLACE_* */
	const char *key;    /* of config.json */
};

/**
 * Plans a file DIR/NAME of the target, after place_open(); nothing but its warning when that fails. On a
 * writable root it enters the manifest, and what somebody else has there is kept aside.
 */
void place_file(const struct facts *f, struct plan *p, const struct place_file *file);

/** place_retain() for every file below a directory that we wrote. */
void place_retain_below(const struct facts *f, struct plan *p, const char *dir);

/** Plans that DIR/NAME, if we wrote it on an earlier boot, is neither written nor removed. */
void place_retain(const struct facts *f, struct plan *p, const char *dir, const char *name);

/** @return the SHA-1s of what we wrote to DIR/NAME on earlier boots, or NULL. */
const char *place_known(const struct facts *f, struct plan *p, const char *dir, const char *name);

/** Plans a file of the target's /run: a path below it, mode 0644. It is gone with the next boot. */
void place_runtime(const struct facts *f, struct plan *p, const char *path, const char *text,
		   const char *key);
