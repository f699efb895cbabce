/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "lib/deliver_place.h"

/* What somebody else has put in a delivery's place: for lib/deliver.c alone. Nothing here changes anything. */

/* The second name of a file. */
struct deliver_kept {
	char name[NAME_MAX + 1]; /* "" = it needs none */
	bool there;		 /* a file of the same content has this name already */
};

/**
 * @param st of what is in the place, not followed
 * @param known SHA-1s as in struct deliver_how, or NULL
 * @return true for a regular file that we wrote. One that cannot be read, and one of more than 1 MiB, is
 *         not known.
 */
bool deliver_is_known(const struct deliver_place *p, const struct stat *st, const char *known)
	_nonnull_(1, 2);

/**
 * Chooses the name under which what is in the place is kept.
 *
 * @return 0, -EEXIST when all names are taken by something else, or another negative errno
 */
int deliver_choose_kept(const struct deliver_place *p, const struct stat *st,
			struct deliver_kept *ret_kept) _nonnull_all_ _must_check_;
