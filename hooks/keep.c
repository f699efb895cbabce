/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/keep.h"

static const char *keep_path(const struct facts *f, struct plan *p, const char *dir,
			     const char *name)
{
	return arena_printf(p->arena, "%s%s%s/%s", f->keep_dir, dir ? "/" : "", dir ? dir : "",
			    name);
}

bool keep_is_open(const struct facts *f)
{
	return f->keep_dir && (!f->mounted[PART_STATE] || facts_part_writable(f, PART_STATE));
}

/* Its directories are made first, closed to everybody: those that a file's delivery makes are not. */
void keep_file_mode(const struct facts *f, struct plan *p, const char *dir, const char *name,
		    const char *data, size_t len, mode_t mode)
{
	if (!data || !keep_is_open(f))
		return;
	plan_directory(p, f->keep_dir, 0700);
	if (dir)
		plan_directory(p, arena_printf(p->arena, "%s/%s", f->keep_dir, dir), 0700);
	PLAN_ADD(p, .kind = OP_FILE, .on_failure = FAIL_WARN, .target = keep_path(f, p, dir, name),
		 .data = data, .len = len, .mode = mode);
}

void keep_file(const struct facts *f, struct plan *p, const char *dir, const char *name,
	       const char *data, size_t len)
{
	keep_file_mode(f, p, dir, name, data, len, 0600);
}

void keep_remove(const struct facts *f, struct plan *p, const char *dir, const char *name)
{
	if (keep_is_open(f))
		PLAN_ADD(p, .kind = OP_REMOVE, .on_failure = FAIL_WARN,
			 .target = keep_path(f, p, dir, name));
}
