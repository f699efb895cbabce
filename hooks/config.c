/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/table.h"

void config_run(const struct facts *f, struct plan *p)
{
	for (size_t i = 0; i < f->config_problems.n; i++) {
		const struct config_problem *c = &f->config_problems.problem[i];

		PLAN_ADD(p, .kind = OP_WARN,
			 .data = arena_printf(p->arena,
					      "config.json: %s %s, expected %s; key left out",
					      c->key, c->wrong, c->expected));
	}
	if (f->config_state == CONFIG_MISSING)
		PLAN_ADD(p, .kind = OP_WARN, .data = "config.json is not on the boot partition");
	else if (f->config_state == CONFIG_BAD)
		PLAN_ADD(p, .kind = OP_WARN, .data = f->config_error);
}
