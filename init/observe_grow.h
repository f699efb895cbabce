/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/**
 * Fills facts.grow: what the data partition of the boot disk can gain, unless the integrator does not want it to.
 *
 * @return 0 or -ENOMEM
 */
int observe_grow(struct boot *b) _nonnull_all_ _must_check_;

/**
 * Fills facts.backup when a disk shows no partitions though its backup GPT has some. Asked once of each disk.
 */
void observe_backup(struct boot *b) _nonnull_all_;
