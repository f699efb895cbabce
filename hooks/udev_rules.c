/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/table.h"

bool udev_rules_applies(const struct facts *f)
{
	return f->config.n_udev_rules > 0;
}

void udev_rules_run(const struct facts *f, struct plan *p)
{
	for (size_t i = 0; i < f->config.n_udev_rules; i++) {
		const struct config_rule *rule = &f->config.udev_rule[i];

		place_file(f, p, "/etc/udev/rules.d",
			   arena_printf(p->arena, "%s.rules", rule->name), rule->text,
			   strlen(rule->text), 0644);
	}
}
