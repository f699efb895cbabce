/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/plan.h"

/** @return true when executables of hooks.d/pre-mount have still to run. */
bool pre_mount_pending(const struct facts *f) _nonnull_all_;

/**
 * Runs hooks.d/pre-mount before anything is waited for, because the layout may be inside what they open: when a disk
 * with a container (LUKS, LVM, RAID) or a boot partition is there, or it is too late to wait.
 *
 * @param late the deadline has passed
 * @return true when they are planned, and the plan ends
 */
bool pre_mount_early(const struct facts *f, struct plan *p, bool late) _nonnull_all_;
