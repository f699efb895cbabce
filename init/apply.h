/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

enum apply_result {
	APPLY_NEXT,   /* the stage is done */
	APPLY_AGAIN,  /* observe and decide again */
	APPLY_WAITED, /* the same, and time has passed or a device has come */
};

/**
 * Executes a plan in order, records what was settled in b->facts and what was done in b->report. A
 * failed operation is warned about, costs the root its turn (APPLY_AGAIN, the root is unmounted and in
 * facts.failed), or ends the boot, as its on_failure says.
 *
 * @return enum apply_result, or a negative errno with b->error filled
 */
int apply(struct boot *b, const struct plan *plan) _nonnull_all_ _must_check_;
