/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/reason.h"
#include "lib/sys.h"

/*
 * Files placed in the target root: confined to it (lib/confine.h), atomic, and skipped when nothing
 * would change. Looking goes to the kernel directly, changing through struct sys.
 */

struct deliver_attr {
	mode_t mode; /* permission bits, set-id bits included */
	uid_t uid;
	gid_t gid;
};

/**
 * Makes a file have this content, mode and owner: a temporary file beside it (`.NAME.anteroot`, left
 * over ones are removed first) gets owner, mode, content and fsync, is renamed over it, and the
 * directory is synced. Missing directories above it are made 0755 root:root.
 *
 * @param rootfd target root
 * @param path below it, absolute
 * @param ret_changed false when bytes, mode and owner were right already: then nothing is written
 * @return 0; -EISDIR when a directory has this name, -ENOTDIR when a file or a link to nowhere is
 *         where a directory must be (a link, FIFO or device under the last name is replaced, never
 *         followed; links in the directories are followed inside the root); -EBUSY when something is
 *         mounted on it; or a negative errno. On failure no temporary file is left (as far as the disk
 *         lets us) and the old file is whole; only when the last sync failed it is the new one.
 */
int deliver_file(const struct sys *sys, int rootfd, const char *path, const void *data, size_t len,
		 const struct deliver_attr *attr, bool *ret_changed, struct reason *r)
	_nonnull_(1, 3, 4, 6, 7) _must_check_;

/**
 * Makes a directory exist with this mode and owner (and those above it, 0755 root:root). A link to a
 * directory inside the root will do, and that directory gets mode and owner.
 * It is not synced, unlike what deliver_file() makes: lost in a power cut it is made again at the next
 * boot, and a sync of a disk is among the longest waits of a boot.
 */
int deliver_dir(const struct sys *sys, int rootfd, const char *path,
		const struct deliver_attr *attr, bool *ret_changed, struct reason *r)
	_nonnull_(1, 3, 4, 5) _must_check_;

/** Makes a file not exist. A directory is -EISDIR. Something absent is a success, unchanged. */
int deliver_remove(const struct sys *sys, int rootfd, const char *path, bool *ret_changed,
		   struct reason *r) _nonnull_(1, 3, 4) _must_check_;
