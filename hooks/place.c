/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/place.h"

#include <string.h>

const char *place_path(const struct facts *f, struct plan *p, const char *path)
{
	return arena_printf(p->arena, "%s%s", f->target_dir, strcmp(path, "/") == 0 ? "" : path);
}

bool place_open(const struct facts *f, struct plan *p, const char *dir)
{
	const struct facts_place *place = facts_place(f, dir);
	const char *over;

	if (f->target_writable)
		return true;
	if (!place || strcmp(place->deepest, "/") == 0) {
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = arena_printf(
				 p->arena, "the read-only root has no %s, nor a directory above it",
				 dir));
		return false;
	}
	over = place_path(f, p, place->deepest);
	if (!over || plan_find(p, OP_OVERLAY, over))
		return true;
	plan_filesystem(p, "overlay");
	PLAN_ADD(p, .kind = OP_OVERLAY, .on_failure = FAIL_WARN, .target = over);
	return true;
}

void place_file(const struct facts *f, struct plan *p, const char *dir, const char *name,
		const char *data, size_t len, mode_t mode)
{
	if (!place_open(f, p, dir))
		return;
	PLAN_ADD(p, .kind = OP_FILE, .on_failure = FAIL_WARN,
		 .target = arena_printf(p->arena, "%s%s/%s", f->target_dir, dir, name),
		 .data = data, .len = len, .mode = mode);
}
