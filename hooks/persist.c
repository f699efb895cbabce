/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/table.h"

/*
 * Paths that an integrator wants on the state partition (docs/IDENTITY.md). What is stored there wins; what only the
 * target has is copied there first, and when that fails the target's own stays as it is.
 */

bool persist_applies(const struct facts *f)
{
	return !f->offline && f->layout.n_persist > 0;
}

static bool is_at_or_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* What a step has written below would be hidden. */
static bool hides(const struct plan *p, const char *target)
{
	for (size_t i = 0; i < p->n; i++)
		if ((p->op[i].kind == OP_FILE || p->op[i].kind == OP_DIR ||
		     p->op[i].kind == OP_BIND || p->op[i].kind == OP_PERSIST) &&
		    is_at_or_below(p->op[i].target, target))
			return true;
	return false;
}

static void warn(struct plan *p, const char *path, const char *why)
{
	PLAN_ADD(p, .kind = OP_WARN,
		 .data = arena_printf(p->arena, "%s is not kept: %s", path, why));
}

static const char *dir_of(struct plan *p, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" : arena_memdup(p->arena, path, (size_t)(slash - path));
}

static void keep(const struct facts *f, struct plan *p, const struct facts_persist *item)
{
	const char *source = arena_printf(p->arena, "%s/persist%s", f->keep_dir, item->path);
	const char *target = place_path(f, p, item->path), *dir = dir_of(p, item->path);
	const char *copy_to = item->stored ? NULL : "state";

	if (!source || !target || !dir)
		return;
	if (item->wrong) {
		warn(p, item->path, item->directory ? "it is no directory" : "it is no file");
		return;
	}
	if (hides(p, target)) {
		warn(p, item->path, "settings are delivered there");
		return;
	}
	if (!item->stored && !item->there && !item->directory)
		return; /* nobody has made it yet; the next boot looks again */
	if (!item->there && !place_open(f, p, dir))
		return;
	plan_directory(p, f->keep_dir, 0700);
	if (!item->there && item->directory) {
		/* As it is made in one step, a cut leaves no other mode; who wants one has it in the image. */
		plan_directory(p, target, 0700);
		if (!item->stored)
			plan_directory(p, source, 0700);
		copy_to = NULL;
	} else if (!item->there) {
		copy_to = "target";
	}
	PLAN_ADD(p, .kind = OP_PERSIST, .on_failure = FAIL_WARN, .source = source, .target = target,
		 .data = copy_to);
}

void persist_run(const struct facts *f, struct plan *p)
{
	if (!f->keep_dir) {
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = "no state partition: what should persist is the target's own");
		return;
	}
	for (size_t i = 0; i < f->n_persist; i++)
		keep(f, p, &f->persist[i]);
}
