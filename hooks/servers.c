/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/servers.h"

#include <string.h>

bool target_has(const struct facts *f, const char *path)
{
	const struct facts_place *place = facts_place(f, path);

	return place && place->exists;
}

bool servers_none(const struct config_strings *servers)
{
	return servers->n == 1 && strcmp(servers->item[0], "null") == 0;
}

const char *servers_text(struct plan *p, const struct config_strings *servers, const char *before,
			 const char *after)
{
	const char *text = "";

	for (size_t i = 0; i < servers->n && text; i++)
		text = arena_printf(p->arena, "%s%s%s%s", text, before, servers->item[i], after);
	return text;
}

const char *servers_words(struct plan *p, const struct config_strings *servers,
			  const char *(*render)(struct plan *p, const char *server))
{
	const char *text = "";

	for (size_t i = 0; i < servers->n && text; i++) {
		const char *one = render ? render(p, servers->item[i]) : servers->item[i];

		text = one ? arena_printf(p->arena, "%s%s%s", text, i ? " " : "", one) : NULL;
	}
	return text;
}
