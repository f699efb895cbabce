/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "lib/arena.h"

/* The target's own passwd(5) and group(5): our libc knows nothing of them. */

/** @return 0 and the group's id; -ENOENT when the target has no such group; or a negative errno. */
int accounts_gid(int rootfd, const char *group, gid_t *ret_gid) _nonnull_all_ _must_check_;

/**
 * @param ret_home absolute home directory of the user
 * @return 0; -ENOENT when there is no such user or its home is not an absolute path; -ENOMEM; …
 */
int accounts_home(struct arena *a, int rootfd, const char *user,
		  char **ret_home) _nonnull_all_ _must_check_;

/** @return 0 and the ids of a user and of its group; -ENOENT when there is no such user; … */
int accounts_user(int rootfd, const char *user, uid_t *ret_uid,
		  gid_t *ret_gid) _nonnull_all_ _must_check_;
