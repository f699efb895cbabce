/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/parts.h"
#include "hooks/table.h"

/*
 * The data partition fills the disk. Behind the root, which can be booted by now, and before the partition is
 * mounted; its file system grows when it is. docs/GROW.md has the order of the writes.
 */

/* What the kernel has begun it ends: this is when no more is begun. */
#define FS_LIMIT_USEC (20 * INT64_C(1000000))
#define MIB	      (1u << 20)

bool grow_applies(const struct facts *f)
{
	return (f->grow.table.n > 0 || f->grow.refusal) && !f->table_written;
}

void grow_run(const struct facts *f, struct plan *p)
{
	const struct grow *g = &f->grow;
	const char *data;

	if (g->refusal) {
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = arena_printf(p->arena, "%s; the space behind it stays unused",
					      g->refusal));
		return;
	}
	data = arena_printf(p->arena, "grows from %llu to %llu MiB",
			    (unsigned long long)(g->part->size_bytes / MIB),
			    (unsigned long long)(g->bytes / MIB));
	PLAN_ADD(p, .kind = OP_GROW_TABLE, .on_failure = FAIL_WARN,
		 .source = arena_printf(p->arena, "/dev/%s", g->disk->name),
		 .target = g->part->name, .data = data, .grow = g);
}

bool grow_fs_applies(const struct facts *f)
{
	return f->grow.part && (f->grow.fs_behind || f->grow.table.n > 0) && !f->fs_grown &&
	       !f->gave_up[PART_DATA];
}

void grow_fs_run(const struct facts *f, struct plan *p)
{
	const struct grow *g = &f->grow;

	if (g->fs_behind)
		PLAN_ADD(p, .kind = OP_GROW_FS, .on_failure = FAIL_WARN,
			 .source = arena_printf(p->arena, "/dev/%s", g->part->name),
			 .target = part_dir(f, p, PART_DATA), .usec = FS_LIMIT_USEC, .grow = g);
	else if (g->part->type && strcmp(g->part->type, "ext4") != 0)
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = arena_printf(p->arena,
					      "%s has grown, its %s has not: anteroot grows ext4 only",
					      g->part->name, g->part->type));
}
