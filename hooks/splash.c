/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/place.h"
#include "hooks/table.h"

/* The theme of balenaOS and the one of resinOS, whichever the target has. */
static const struct {
	const char *dir, *name;
} themes[] = {
	{ "/usr/share/plymouth/themes/balena", "balena-logo.png" },
	{ "/usr/share/plymouth/themes/resin", "resin-logo.png" },
};

/* Without a boot partition that can be read, the picture of an earlier boot is all there is. */
bool splash_applies(const struct facts *f)
{
	return f->splash.name || !f->connections.readable;
}

static bool is_there(const struct facts *f, size_t theme)
{
	const struct facts_place *place = facts_place(f, themes[theme].dir);

	return place && place->directory;
}

void splash_run(const struct facts *f, struct plan *p)
{
	const char *key, *wrong;

	if (!f->splash.name) {
		for (size_t i = 0; i < ARRAY_SIZE(themes); i++)
			place_retain(f, p, themes[i].dir, themes[i].name);
		return;
	}
	key = arena_printf(p->arena, "splash/%s", f->splash.name);
	if (!is_there(f, 0) && !is_there(f, 1)) {
		PLAN_ADD(p, .kind = OP_SKIP, .key = key,
			 .data = "the target has no plymouth theme that shows it");
		return;
	}
	wrong = splash_problem(&f->splash);
	if (wrong)
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = arena_printf(p->arena, "splash/%s %s; the image's own is shown",
					      f->splash.name, wrong));
	for (size_t i = 0; i < ARRAY_SIZE(themes) && !wrong; i++)
		if (is_there(f, i))
			place_file(f, p,
				   &(struct place_file){ .dir = themes[i].dir,
							 .name = themes[i].name,
							 .data = f->splash.data,
							 .len = f->splash.len,
							 .mode = 0644,
							 .key = key });
}
