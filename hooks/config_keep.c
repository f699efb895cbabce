/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/keep.h"
#include "hooks/table.h"

/* What holds because nothing better could be read is kept already; and what lacks a value that was lost is
 * not good enough to be kept. */
bool config_keep_applies(const struct facts *f)
{
	return f->keep_dir && !config_any_lost(&f->config) &&
	       (f->config.state == CONFIG_READ || f->config.state == CONFIG_LEFTOVER);
}

void config_keep_run(const struct facts *f, struct plan *p)
{
	size_t len;
	const char *text = config_text(p->arena, &f->config, &len);

	if (len > CONFIG_KEPT_MAX_BYTES)
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = "the configuration is too large to be kept for bad times");
	else
		keep_file(f, p, NULL, "config.json", text, len);
}
