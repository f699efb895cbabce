/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/table.h"

bool clock_floor_applies(const struct facts *f)
{
	return f->realtime_usec < f->build_usec;
}

void clock_floor_run(const struct facts *f, struct plan *p)
{
	PLAN_ADD(p, .kind = OP_CLOCK, .on_failure = FAIL_WARN, .usec = f->build_usec);
}
