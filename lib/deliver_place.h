/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/deliver.h"

/* Directories of deliveries, for lib/deliver.c and lib/deliver_keep.c alone. */

/* Where a delivery goes: the directory that holds it, and its names there. */
struct deliver_place {
	int dirfd;
	char name[NAME_MAX + 1];
	char temp[NAME_MAX + 1];
	char parent[PATH_MAX]; /* "" for the root itself */
};

#define DELIVER_PLACE_INIT ((struct deliver_place){ .dirfd = -1 })

void deliver_place_end(struct deliver_place *p) _nonnull_all_;

/**
 * Cuts a path in two. The directory is not opened.
 *
 * @return 0, -EINVAL for a path without a name of its own, -ENAMETOOLONG
 */
int deliver_place_split(const char *path, struct deliver_place *p) _nonnull_all_ _must_check_;

/**
 * Opens a directory as `how` wants it.
 *
 * @return descriptor; -ENOENT or -ENOTDIR without a reason, because not every caller minds; or another
 *         negative errno, with one
 */
int deliver_open_dir(int rootfd, const char *path, const struct deliver_how *how, struct reason *r)
	_nonnull_(2, 3) _must_check_;

/**
 * Opens a directory, making what is missing of it. What is there may be reached through links inside
 * the root.
 *
 * @param for_file it is the parent of a file: made durably, 0755 root:root; else as `how` says
 * @return 1 when its last part was made, else 0
 */
int deliver_make_dir(const struct sys *sys, int rootfd, const char *path,
		     const struct deliver_how *how, bool for_file, int *ret_fd, struct reason *r)
	_nonnull_(1, 3, 4, 6) _must_check_;

/** Gives a file its owner and mode; *ret_changed is set when that needed a call, else untouched. */
int deliver_set_attr(const struct sys *sys, int fd, const struct deliver_attr *attr,
		     bool *ret_changed) _nonnull_all_ _must_check_;

/** Syncs a directory, on file systems that can. */
int deliver_sync_dir(const struct sys *sys, int dirfd) _nonnull_all_ _must_check_;

/** Whether the file in the place has these bytes and no others. What cannot be read has not. */
bool deliver_same_content(const struct deliver_place *p, const char *data, size_t len)
	_nonnull_(1) _must_check_;
