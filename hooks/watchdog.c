/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/table.h"

bool watchdog_applies(const struct facts *f)
{
	return f->state.decided && f->state.decision.candidate &&
	       f->layout.state.watchdog_sec > 0 && !f->offline;
}

void watchdog_run(const struct facts *f, struct plan *p)
{
	PLAN_ADD(p, .kind = OP_WATCHDOG, .on_failure = FAIL_WARN, .target = "/dev/watchdog",
		 .usec = f->layout.state.watchdog_sec * 1000000);
}
