/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/table.h"

bool modules_applies(const struct facts *f)
{
	return f->modules.n > 0;
}

void modules_run(const struct facts *f, struct plan *p)
{
	for (size_t i = 0; i < f->modules.n; i++)
		PLAN_ADD(p, .kind = OP_MODULE, .on_failure = FAIL_WARN,
			 .module = &f->modules.module[i]);
	/* A driver brings devices, and those ask for drivers. */
	PLAN_ADD(p, .kind = OP_AGAIN);
}
