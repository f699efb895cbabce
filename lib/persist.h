/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/reason.h"
#include "lib/sys.h"

/*
 * Files of one device, copied between the target and the state partition: whole or not at all, wherever the power
 * goes. Owners and modes are kept; times and extended attributes are not.
 */

#define PERSIST_BYTES_MAX   (8u * 1024u * 1024u)
#define PERSIST_ENTRIES_MAX 1024u
#define PERSIST_DEPTH_MAX   16

/**
 * Copies a file, or a directory with all that is in it, to where nothing has the name yet. It is made under a
 * temporary name (`.NAME.anteroot`; what a cut has left of one is removed), synced, and renamed. Directories above it are
 * made, 0755. A link at `from` is followed inside its tree; links in a directory are copied as links. FIFOs and
 * sockets are left out.
 *
 * @param from_tree, to_tree what the paths cannot lead out of
 * @param from, to absolute, below the trees
 * @return 0, also when `to` is there already; -EFBIG when there is more than PERSIST_*_MAX; -EINVAL for what is
 *         neither file nor directory; -ENOSPC, -EROFS, … : then `to` is not there
 */
int persist_copy(const struct sys *sys, int from_tree, const char *from, int to_tree,
		 const char *to, struct reason *r) _nonnull_(1, 3, 5) _must_check_;
