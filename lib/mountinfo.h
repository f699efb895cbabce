/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "lib/cleanup.h"

/* The lines of /proc/self/mountinfo (proc(5)). */

#define MOUNTINFO_PATH	    "/proc/self/mountinfo"
#define MOUNTINFO_MAX_BYTES (8u * 1024u * 1024u)

struct mountinfo {
	unsigned int major, minor; /* of the file system */
	const char *root;	   /* what of it is mounted; "/": all */
	const char *point;	   /* where, unescaped */
	const char *options;	   /* of this mount: "ro,relatime" */
	const char *source;	   /* "/dev/vda1" */
	bool read_only;		   /* this mount is */
};

/**
 * Takes the next line that can be read.
 *
 * @param text what is left; it is cut up, and the fields point into it
 * @return true; false at the end
 */
bool mountinfo_next(char **text, struct mountinfo *ret) _nonnull_all_;
