/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/arena.h"

/**
 * Takes mount options apart, as mount(8) does: those that every file system shares become MS_* flags
 * (mount(2)), what is left is the file system's own and its driver's to understand. The last of several
 * that contradict each other wins.
 *
 * @param a arena for the rest
 * @param options "noatime,data=journal", NULL counts as empty
 * @param flags MS_* flags, changed by the options
 * @param ret_rest options for the driver, NULL when none are left
 * @return 0 or -ENOMEM
 */
int mountopts_split(struct arena *a, const char *options, unsigned long *flags,
		    const char **ret_rest) _nonnull_(1, 3, 4) _must_check_;
