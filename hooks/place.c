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
	const char *path = arena_printf(p->arena, "%s/%s", dir, name);

	if (path && manifest_find(&f->manifest, path))
		PLAN_ADD(p, .kind = OP_RETAIN, .target = place_path(f, p, path));
}

void place_retain_below(const struct facts *f, struct plan *p, const char *dir)
{
	size_t len = strlen(dir);

	for (size_t i = 0; i < f->manifest.n; i++)
		if (strncmp(f->manifest.file[i].path, dir, len) == 0 &&
		    f->manifest.file[i].path[len] == '/')
			PLAN_ADD(p, .kind = OP_RETAIN,
				 .target = place_path(f, p, f->manifest.file[i].path));
}

void place_file(const struct facts *f, struct plan *p, const struct place_file *file)
{
	const char *path = arena_printf(p->arena, "%s/%s", file->dir, file->name);
	const struct manifest_file *before;
	unsigned int guard = file->guard & ~PLACE_ACCESS;

	if (!path || !file->data || !place_open(f, p, file->dir))
		return;
	before = manifest_find(&f->manifest, path);
	if (f->target_writable && !(guard & PLACE_BLOCK)) {
		guard |= DELIVER_KEEP;
		if (before ? before->over : facts_found(f, path))
			guard |= DELIVER_ORIG;
	}
	PLAN_ADD(p, .kind = OP_FILE, .on_failure = FAIL_WARN, .target = place_path(f, p, path),
		 .data = file->data, .len = file->len, .mode = file->mode, .guard = guard,
		 .known = before ? before->known : NULL,
		 .access = (file->guard & PLACE_ACCESS) != 0, .key = file->key);
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
