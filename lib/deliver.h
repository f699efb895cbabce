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
	bool changed;  /* false: what has the name is what had it */
	bool left;     /* deliver_remove(): it is not `known`, so it stays */
	bool restored; /* deliver_remove(): the image's file has its place again */
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
 * ten taken the last one (that is no directory) gives way: the others stay.
 *
 * With DELIVER_ORIG, and nothing under the name `.NAME.anteroot-orig` (cut to fit: names that begin with the
 * same 240 bytes share it), what is in the place is the image's, also when it is `known` or as wanted: it
 * gets that name, durably, and no other. In the latter case that is all, and `changed` stays false. Once
 * something has that name it is not touched, whatever it is; what is as it needs no kept name.
 *
 * Where hard links cannot be made (-EPERM, -EOPNOTSUPP, -EMLINK) what is in the place is renamed to its second
 * name instead, when the new file is whole: between two renames nothing has the name. A power cut there
 * leaves the second name, and the next delivery makes the file. Also a file that is as wanted is then
 * written anew, as the image's needs a name of its own.
 *
 * @param rootfd target root
 * @param path below it, absolute
 * @param ret_result filled on success only
 * @return 0; -EISDIR when a directory has this name, -ENOTDIR when a file or a link to nowhere is
 *         where a directory must be (a link, FIFO or device under the last name is replaced, never
 *         followed; links in the directories are followed inside the root); -EBUSY when something is
 *         mounted on it; -EEXIST when directories have all ten kept names; -EPERM when what must be kept
 *         is immutable; or a negative errno. On failure no temporary file is left (as far as the disk
 *         lets us) and the old file is whole, perhaps with a second name already; only when the last
 *         sync failed it is the new one.
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
 * Makes a file not exist. Something absent is a success, unchanged.
 * With `known` set, a file with other content stays where it is (`left`); with DELIVER_KEEP it is renamed
 * aside as deliver_file() does, so that no reader finds it. Without both it is removed whatever it is.
 *
 * With DELIVER_ORIG the image's file, when it waits under its name, takes the place of what goes, or of
 * nothing, in one step (`restored`, and `changed`). What is in the place and as the image's (of other owner
 * or mode perhaps) needs not be `known` for that: afterwards it has one name. All else that is not `known` is
 * `left`, DELIVER_KEEP or not, and the image's waits on. With nothing under the image's name, what is in the
 * place is the image's (ours never came to stand there, or the image's is back already), and is `left`. A
 * directory under that name is no file of the image, and is ignored.
 *
 * @return 0; -EISDIR when a directory has this name; -EBUSY when something is mounted on it, or on the
 *         second name that is wanted; -EEXIST when it must be kept, and directories have all ten names;
 *         -EPERM when it, or its directory, is immutable, or when the directory belongs to somebody else
 *         (DELIVER_OWN_DIR); or a negative errno. On failure everything still has a name.
 */
int deliver_remove(const struct sys *sys, int rootfd, const char *path,
		   const struct deliver_how *how, struct deliver_result *ret_result,
		   struct reason *r) _nonnull_(1, 3, 4, 5) _must_check_;
