/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/cleanup.h"
#include "lib/sys.h"

/** The host tool (dist/mkinitramfs, as it is installed). */
#define MKINITRAMFS "anteroot-mkinitramfs"

/**
 * Becomes the host tool: the one beside this program, else the first of PATH.
 *
 * @param self this program's own path, "": not known
 * @param path as the variable PATH, "": none
 * @param argv for the tool; its first word is set
 * @return only when there is none, with a message on stderr: an exit status
 */
int mkinitramfs_exec(const struct sys *sys, const char *self, const char *path,
		     char **argv) _nonnull_all_;
