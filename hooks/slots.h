/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/plan.h"

/**
 * What the boot state says of this boot: plans that it is stored, and what protects a candidate.
 *
 * @param named the slot of root=, AB_NONE: none
 * @param ret_op gets record and decision, for the operation that settles the root or fails
 * @return the device of the slot; NULL: there is nothing to boot
 */
const struct blockdev *slots_choose(const struct facts *f, struct plan *p, enum ab_slot_id named,
				    struct op *ret_op) _nonnull_all_;
