/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/deliver_flags.h"
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

struct deliver_how {
	struct deliver_attr attr;
	unsigned int flags; /* DELIVER_* */
	/* SHA-1s (lower-case hex, one blank between) of what we wrote there on earlier boots; NULL: nothing */
	const char *known;
};

struct deliver_result {
	bool changed; /* false: nothing was written */
	bool left;    /* deliver_remove(): it is not `known`, so it stays */
	/* Name, in the same directory, under which a file of somebody else was kept aside; "". */
	char kept[NAME_MAX + 1];
};

/**
 * Makes a file have this content, mode and owner: a temporary file beside it (`.NAME.anteroot`, left
 * over ones are removed first) gets owner, mode, content and fsync, is renamed over it, and the
 * directory is synced. Missing directories above it are made 0755 root:root.
 *
 * With DELIVER_KEEP a file (or link, FIFO, …) in its place that differs and whose content is not `known`
 * gets a second name first, `.NAME.anteroot-kept` (cut to fit NAME_MAX), or with a number from 1 to 9
 * behind it when that is taken by something else; a kept one of the same content is enough. With all
 * ten taken nothing is written: -EEXIST.
 *
 * @param rootfd target root
 * @param path below it, absolute
 * @param ret_result filled on success only
 * @return 0; -EISDIR when a directory has this name, -ENOTDIR when a file or a link to nowhere is
 *         where a directory must be (a link, FIFO or device under the last name is replaced, never
 *         followed; links in the directories are followed inside the root); -EBUSY when something is
 *         mounted on it; or a negative errno. On failure no temporary file is left (as far as the disk
 *         lets us) and the old file is whole; only when the last sync failed it is the new one.
 */
int deliver_file(const struct sys *sys, int rootfd, const char *path, const void *data, size_t len,
		 const struct deliver_how *how, struct deliver_result *ret_result, struct reason *r)
	_nonnull_(1, 3, 4, 6, 7) _must_check_;

/**
 * Makes a directory exist with this mode and owner (and those above it, 0755 root:root). A link to a
 * directory inside the root will do (unless DELIVER_OWN_DIR), and that directory gets mode and owner.
 * It is not synced, unlike what deliver_file() makes: lost in a power cut it is made again at the next
 * boot, and a sync of a disk is among the longest waits of a boot.
 */
int deliver_dir(const struct sys *sys, int rootfd, const char *path, const struct deliver_how *how,
		struct deliver_result *ret_result, struct reason *r)
	_nonnull_(1, 3, 4, 5) _must_check_;

/**
 * Makes a file not exist. A directory is -EISDIR. Something absent is a success, unchanged.
 * With `known` set, a file with other content stays where it is (`left`); with DELIVER_KEEP it is renamed
 * aside as deliver_file() does, so that no reader finds it. Without both it is removed whatever it is.
 */
int deliver_remove(const struct sys *sys, int rootfd, const char *path,
		   const struct deliver_how *how, struct deliver_result *ret_result,
		   struct reason *r) _nonnull_(1, 3, 4, 5) _must_check_;
