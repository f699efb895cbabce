/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/keep.h"
#include "hooks/table.h"

/* What holds because nothing better could be read is kept already, or was accepted by nobody. */
bool config_keep_applies(const struct facts *f)
{
	return f->keep_dir && f->config.state == CONFIG_READ;
}

void config_keep_run(const struct facts *f, struct plan *p)
{
	size_t len;
	const char *text = config_text(p->arena, &f->config, &len);

	if (!keep_is_open(f))
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = "the configuration is not kept for bad times: the state partition "
				 "is read-only");
	else if (len > CONFIG_KEPT_MAX_BYTES)
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = "the configuration is too large to be kept for bad times");
	else
		keep_file(f, p, NULL, "config.json", text, len);
}
