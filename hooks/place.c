/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/place.h"

#include <string.h>

#include "lib/deliver_flags.h"

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

const char *place_known(const struct facts *f, struct plan *p, const char *dir, const char *name)
{
	const char *path = arena_printf(p->arena, "%s/%s", dir, name);
	const struct manifest_file *file = path ? manifest_find(&f->manifest, path) : NULL;

	return file ? file->known : NULL;
}

void place_retain(const struct facts *f, struct plan *p, const char *dir, const char *name)
{
	if (place_known(f, p, dir, name))
		PLAN_ADD(p, .kind = OP_RETAIN,
			 .target = arena_printf(p->arena, "%s%s/%s", f->target_dir, dir, name));
}

void place_file(const struct facts *f, struct plan *p, const struct place_file *file)
{
	const char *known = place_known(f, p, file->dir, file->name);
	unsigned int guard = file->guard;

	if (!file->data || !place_open(f, p, file->dir))
		return;
	if (f->target_writable && !(guard & PLACE_BLOCK))
		guard |= DELIVER_KEEP;
	PLAN_ADD(p, .kind = OP_FILE, .on_failure = FAIL_WARN,
		 .target = arena_printf(p->arena, "%s%s/%s", f->target_dir, file->dir, file->name),
		 .data = file->data, .len = file->len, .mode = file->mode, .guard = guard,
		 .known = known, .key = file->key);
}

void place_runtime(const struct facts *f, struct plan *p, const char *path, const char *text,
		   const char *key)
{
	if (!text)
		return;
	PLAN_ADD(p, .kind = OP_FILE, .on_failure = FAIL_WARN,
		 .target = arena_printf(p->arena, "%s%s", f->runtime_dir, path), .data = text,
		 .len = strlen(text), .mode = 0644, .key = key);
}
