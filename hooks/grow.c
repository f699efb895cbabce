/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/parts.h"
#include "hooks/table.h"

/*
 * The data partition fills the disk. Behind the root, which can be booted by now, and before the partition is
 * mounted; its file system grows when it is. docs/STORAGE.md has the order of the writes.
 */

/* What the kernel has begun it ends: this is when no more is begun. */
#define FS_LIMIT_USEC (20 * INT64_C(1000000))
#define MIB	      (1u << 20)

/* The kernel goes by the primary GPT alone. Nothing is written before this is known to be the boot disk. */
bool backup_table_applies(const struct facts *f)
{
	return f->backup_disk && !f->backup_told;
}

void backup_table_run(const struct facts *f, struct plan *p)
{
	PLAN_ADD(p, .kind = OP_WARN,
		 .data = arena_printf(p->arena,
				      "the primary GPT of %s is damaged: booting by its backup",
				      f->backup_disk));
	PLAN_ADD(p, .kind = OP_PARTITIONS, .on_failure = FAIL_WARN,
		 .source = arena_printf(p->arena, "/dev/%s", f->backup_disk), .backup = &f->backup);
	PLAN_ADD(p, .kind = OP_AGAIN);
}

static bool is_to_restore(const struct facts *f)
{
	return f->backup.restore.n > 0 && !f->restored && f->boot_disk &&
	       strcmp(f->boot_disk, f->backup_disk) == 0;
}

bool grow_applies(const struct facts *f)
{
	return is_to_restore(f) || ((f->grow.table.n > 0 || f->grow.refusal) && !f->table_written);
}

void grow_run(const struct facts *f, struct plan *p)
{
	const struct grow *g = &f->grow;
	const char *data;

	if (is_to_restore(f)) {
		PLAN_ADD(p, .kind = OP_RESTORE, .on_failure = FAIL_WARN,
			 .source = arena_printf(p->arena, "/dev/%s", f->backup_disk),
			 .backup = &f->backup);
		return;
	}
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
	/* One with errors that are left is mounted read-only, and stays as it is. */
	return f->grow.part && (f->grow.fs_behind || f->grow.table.n > 0) && !f->fs_grown &&
	       !f->gave_up[PART_DATA] &&
	       (!f->mounted[PART_DATA] || facts_part_writable(f, PART_DATA));
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
			 .data = arena_printf(
				 p->arena, "%s has grown, its %s has not: anteroot grows ext4 only",
				 g->part->name, g->part->type));
}
