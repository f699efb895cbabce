/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/table.h"

#define PLAN_ROOM 64 /* for the steps behind this one */

bool udev_rules_applies(const struct facts *f)
{
	return f->config.udev_rules.n > 0;
}

void udev_rules_run(const struct facts *f, struct plan *p)
{
	plan_reserve(p, f->config.udev_rules.n + PLAN_ROOM);
	for (size_t i = 0; i < f->config.udev_rules.n; i++) {
		const struct config_rule *rule = &f->config.udev_rules.rule[i];

		place_file(f, p,
			   &(struct place_file){
				   .dir = "/etc/udev/rules.d",
				   .name = arena_printf(p->arena, "%s.rules", rule->name),
				   .data = rule->text,
				   .len = strlen(rule->text),
				   .mode = 0644,
				   .key = rule->key,
			   });
	}
}
