/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/plan.h"

/**
 * Plans the check of a file system when it is due and was not made in this boot yet. Where the image has no program
 * for it, a warning; none for a journal, which the kernel replays itself.
 *
 * @param on_failure what errors that are left mean; a check that cannot be made is a warning at most
 * @return true when it is planned
 */
bool fsck_plan(const struct facts *f, struct plan *p, const struct blockdev *dev,
	       enum on_failure on_failure) _nonnull_all_;

/** fsck_plan() for the state and data partitions, before they are mounted. @return true when one is planned */
bool fsck_plan_parts(const struct facts *f, struct plan *p) _nonnull_all_;

/** @return true when a check of this device has left errors: it is mounted read-only. */
bool fsck_is_damaged(const struct facts *f, const struct blockdev *dev) _nonnull_all_;
