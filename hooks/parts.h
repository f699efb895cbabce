/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/plan.h"

/** @return where the target finds a partition: its mount point when it has that, else as part_dir(). */
const char *part_dir_in_target(const struct facts *f, struct plan *p, enum part_role role);

/**
 * Mounts the partition of a role in run_dir/mnt; a failure is a warning. A partition whose device is
 * read-only, or has errors that its check left, is mounted read-only. Two with one label are reported and neither is used.
 *
 * @param flags MS_* of mount(2)
 * @return false when the boot disk has no such partition, or more than one
 */
bool part_mount(const struct facts *f, struct plan *p, enum part_role role, unsigned long flags);

/** @return where part_mount() mounts a role, in the plan's arena. */
const char *part_dir(const struct facts *f, struct plan *p, enum part_role role);
