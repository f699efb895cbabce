/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "init/facts.h"
#include "init/plan.h"

/*
 * What the data partition of a case can gain, [grow]: lines
 *
 *	part NAME MIB MIB		the partition, its size, and what the table could give it (the same: nothing)
 *	refused TEXT			why not
 *	fs-behind			its ext4 is smaller
 *
 * and a disk that the kernel shows without partitions, [backup]: its name on the first line, then "restorable" if its
 * primary GPT can be written, then those partitions, as in [devices].
 */

static void case_read_grow(struct facts *f, struct arena *a, char *text)
{
	struct grow *g = &f->grow;
	unsigned long long before, after;
	char *line, name[32];

	if (f->grow_seen || !f->layout.grow_data)
		return;
	f->grow_seen = true;
	while ((line = strsep(&text, "\n"))) {
		if (sscanf(line, "part %31s %llu %llu", name, &before, &after) == 3) {
			struct blockdev *part = (struct blockdev *)blockdev_by_name(&f->devs, name);

			g->part = part;
			g->disk = blockdev_by_name(&f->devs, part->whole);
			part->size_bytes = before << 20;
			g->bytes = after << 20;
			g->table.n = after > before;
		} else if (strncmp(line, "refused ", 8) == 0) {
			g->refusal = arena_strdup(a, line + 8);
		} else if (strcmp(line, "fs-behind") == 0) {
			g->fs_behind = true;
		}
	}
}

static void case_settle_grow(struct facts *f, const struct op *op, bool failed)
{
	if (op->kind == OP_GROW_TABLE) {
		f->table_written = true;
		f->fs_grown = failed;
	} else if (op->kind == OP_GROW_FS) {
		f->fs_grown = true;
	} else if (op->kind == OP_PARTITIONS) {
		f->backup_told = true;
	} else if (op->kind == OP_RESTORE) {
		f->restored = true;
	}
}
