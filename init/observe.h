/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/**
 * Looks at the kernel, the disks and the files, and fills b->facts for a stage. Reads only. What cannot
 * be seen is logged and stays unknown: the decision is made on what there is.
 *
 * @return 0, or -ENOMEM
 */
int observe(struct boot *b, enum stage stage) _nonnull_all_ _must_check_;
