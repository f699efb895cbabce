/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "lib/deliver_place.h"

/* What somebody else, or the image, has in a delivery's place: for lib/deliver.c alone. Nothing here changes
 * anything. */

/* The second name of a file. */
struct deliver_kept {
	char name[NAME_MAX + 1]; /* "" = it needs none */
	bool there;		 /* a file of the same content has this name already */
	bool taken;		 /* a file of other content has it, and gives way */
	bool orig;		 /* the image's name, none of the ten */
};

/* What is under the name that the image's file waits under. */
enum deliver_orig {
	DELIVER_ORIG_NONE,
	DELIVER_ORIG_DIRECTORY, /* made by somebody: it is in the way, and no file of the image */
	DELIVER_ORIG_OTHER,	/* not what is in the place */
	DELIVER_ORIG_SAME,	/* as what is in the place */
	DELIVER_ORIG_LINKED,	/* one inode with it: no rename would take one of the names */
};

/**
 * @param st of what is in the place, not followed
 * @param known SHA-1s as in struct deliver_how, or NULL
 * @return true for a regular file that we wrote, of any size. One that cannot be read is not known.
 */
bool deliver_is_known(const struct deliver_place *p, const struct stat *st, const char *known)
	_nonnull_(1, 2);

/**
 * Chooses the name under which what is in the place is kept. With all ten taken by other content it is the
 * last one (that is no directory).
 *
 * @return 0, -EEXIST when all names are taken by directories, or another negative errno
 */
int deliver_choose_kept(const struct deliver_place *p, const struct stat *st,
			struct deliver_kept *ret_kept) _nonnull_all_ _must_check_;

/**
 * Looks for the image's file.
 *
 * @param st of what is in the place, to be compared; NULL: nothing is, or it does not matter
 * @param ret_name its name, set whether something has it or not
 * @return enum deliver_orig or a negative errno
 */
int deliver_find_orig(const struct deliver_place *p, const struct stat *st,
		      char ret_name[static NAME_MAX + 1]) _nonnull_(1, 3) _must_check_;
