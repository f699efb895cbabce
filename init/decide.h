/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/plan.h"

/**
 * Runs the hooks of a stage over the facts. Pure: no input or output, no clock, no globals.
 *
 * @param plan empty plan; gets the operations in the order of hooks/table.c. A plan that holds
 *        OP_WAIT, OP_AGAIN or OP_FAIL ends there: what would follow is decided on newer facts.
 */
void decide(enum stage stage, const struct facts *facts, struct plan *plan) _nonnull_all_;

/**
 * Lists the files that the steps of the TARGET stage would write to a writable root and that the manifest
 * does not know: whether the image has them already is to be observed, and then decided again.
 *
 * @param ret_paths in the target, in the arena
 * @return number of paths, or -ENOMEM
 */
int decide_files(const struct facts *facts, struct arena *a, const char ***ret_paths) _nonnull_all_;

/**
 * Lists the paths of the target that hooks write to, from the table and the layout's mount points,
 * with root's home filled in. A path without a known home is left out.
 *
 * @param ret_paths array in the arena
 * @return number of paths, or -ENOMEM
 */
int decide_places(const struct facts *facts, struct arena *a,
		  const char ***ret_paths) _nonnull_all_;
