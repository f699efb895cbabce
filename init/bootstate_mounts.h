/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/bootstate.h"

/* The mounts of a running system. */

/**
 * Finds where the boot and the state partition are mounted, and opens the former. When it is mounted nowhere it
 * is mounted read-only, in mounts of our own, which end with this process.
 */
int bootstate_mounts(struct bootstate *b, struct reason *r) _nonnull_(1) _must_check_;

/**
 * Finds where a device is mounted as a whole: of several mounts one that can be written to.
 *
 * @param text of MOUNTINFO_PATH; it is cut up
 * @param ret_read_only whether that mount is read-only
 * @return path; NULL: nowhere, or memory is out
 */
const char *bootstate_find_point(struct arena *a, char *text, const struct blockdev *dev,
				 bool *ret_read_only) _nonnull_all_;

/** Makes the boot partition writable, or read-only again, when it is we who have mounted it. */
int bootstate_writable(struct bootstate *b, bool writable, struct reason *r)
	_nonnull_(1) _must_check_;

/** Undoes what bootstate_mounts() has mounted. */
void bootstate_unmount(struct bootstate *b) _nonnull_all_;
