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

/** Plans a file DIR/NAME of the target, after place_open(); nothing but its warning when that fails. */
void place_file(const struct facts *f, struct plan *p, const char *dir, const char *name,
		const char *data, size_t len, mode_t mode);
