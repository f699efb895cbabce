/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/cleanup.h"

/* What the kernel needs before it can mount a file system. */

/** @return true when the text of /proc/filesystems lists the type. */
bool filesystem_listed(const char *proc_filesystems, const char *type) _nonnull_all_;

/**
 * Modules that a file system uses without depending on them: the kernel asks modprobe for them in the
 * middle of a mount, and in an initramfs there is none. They must be there before.
 *
 * @return names ended by NULL, perhaps none; one that the image lacks is no error (it may be built in)
 */
const char *const *filesystem_companions(const char *type) _nonnull_all_;
