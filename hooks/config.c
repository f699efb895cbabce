/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/table.h"

static void warn_of_file(const struct facts *f, struct plan *p)
{
	const struct config *c = &f->config;
	const char *instead = "no configuration holds";

	if (c->state == CONFIG_LEFTOVER)
		instead = arena_printf(p->arena, "%s, left by an interrupted replacement, holds",
				       c->origin);
	else if (c->state == CONFIG_KEPT)
		instead = "the last known good configuration holds";
	PLAN_ADD(p, .kind = OP_WARN, .data = arena_printf(p->arena, "%s; %s", c->error, instead));
}

static void warn_of_key(const struct config_entry *e, struct plan *p)
{
	const char *instead = "left out";

	if (!e->row && e->verdict == VERDICT_REJECTED)
		instead = "what is under it has its previous value or its default";
	else if (e->source == SOURCE_KEPT)
		instead = "its previous value holds";
	else if (e->source == SOURCE_EARLIER)
		instead = "what an earlier boot made of it stays";
	else if (e->row && strcmp(e->key, e->row->path) == 0)
		instead = "its default holds"; /* else it is one of several */
	PLAN_ADD(p, .kind = OP_WARN,
		 .data = arena_printf(p->arena, "config.json, line %zu: %s %s; %s", e->line, e->key,
				      config_entry_text(p->arena, e), instead));
}

#define KEYS_SHOWN 64 /* the report has all; the kernel's log is no place for thousands */

void config_run(const struct facts *f, struct plan *p)
{
	size_t wrong = 0;

	if (f->config.error)
		warn_of_file(f, p);
	for (size_t i = 0; i < f->config.n_entries; i++)
		if (f->config.entry[i].line &&
		    config_severity(&f->config.entry[i]) == CONFIG_ERROR && ++wrong <= KEYS_SHOWN)
			warn_of_key(&f->config.entry[i], p);
	if (wrong > KEYS_SHOWN)
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = arena_printf(p->arena, "config.json: %zu more keys are wrong",
					      wrong - KEYS_SHOWN));
}
