/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/**
 * Looks for the boot state on the boot disk, once, after the boot partition was mounted (or given up), and fills
 * b->facts.state. A record that is lost is rebuilt from what there is, in memory. What is wrong is warned about.
 */
void observe_state(struct boot *b) _nonnull_all_;

/**
 * Where the boot state is, for loading and storing.
 *
 * @param ret ret->dirfd is a descriptor that the caller closes, or -1
 */
void observe_state_place(struct boot *b, struct abstore *ret) _nonnull_all_;
