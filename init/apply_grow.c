/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/apply_ops.h"

#define MIB (1u << 20)

static const char *node(struct boot *b, const char *name, struct reason *r)
{
	const char *path = arena_printf(&b->arena, "%s/%s", b->dev_dir, name);

	if (!path)
		(void)reason_set(r, ENOMEM, "write", name);
	return path;
}

int apply_partitions(struct boot *b, const struct op *op, struct reason *r)
{
	const char *disk = node(b, b->facts.backup_disk, r);

	b->facts.backup_told = true;
	b->disks_seen = false;
	return disk ? grow_tell(b->sys, disk, op->backup, r) : -ENOMEM;
}

int apply_restore(struct boot *b, const struct op *op, struct reason *r)
{
	const char *disk = node(b, b->facts.backup_disk, r);

	b->facts.restored = true;
	return disk ? grow_write(b->sys, disk, &op->backup->restore, r) : -ENOMEM;
}

int apply_grow_table(struct boot *b, const struct op *op, struct reason *r)
{
	const char *disk = node(b, op->grow->disk->name, r);
	int err = disk ? grow_table(b->sys, disk, &op->grow->table, r) : -ENOMEM;

	b->facts.table_written = true;
	if (err == 0)
		log_line(&b->log, LOG_LEVEL_INFO, "%s %s", op->target, op->data);
	else
		b->facts.fs_grown =
			true; /* to a size that the kernel does not know: no use in trying */
	return err;
}

/* ext4 counts its groups before it plays the journal back, and growing goes by that count: one that was cut while it
 * grew has more by then, and fs/ext4/resize.c ends in BUG(). The second mount counts right. */
static int mount_again(struct boot *b, const struct op *op, struct reason *r)
{
	int err = b->sys->umount(op->target, 0);

	if (err < 0)
		return reason_set(r, err, "unmount", op->target);
	err = b->sys->mount(op->source, op->target, "ext4", 0, NULL);
	if (err < 0) {
		b->facts.mounted[PART_DATA] = NULL;
		b->facts.gave_up[PART_DATA] = true;
		return reason_set(r, err, "mount", op->source);
	}
	return 0;
}

int apply_grow_fs(struct boot *b, const struct op *op, struct reason *r)
{
	const char *device = node(b, op->grow->part->name, r);
	struct extfs_grown grown;
	int err;

	if (b->facts.fs_grown || !b->facts.mounted[PART_DATA])
		return 0;
	b->facts.fs_grown = true;
	if (!device)
		return -ENOMEM;
	err = op->grow->fs_recovers ? mount_again(b, op, r) : 0;
	if (err < 0)
		return err;
	err = extfs_grow(b->sys, device, op->target, op->grow->bytes, op->usec / 1000, &grown, r);
	if (err < 0)
		return err;
	log_line(&b->log, LOG_LEVEL_INFO, "the file system of %s grew from %llu to %llu MiB%s",
		 op->source, (unsigned long long)(grown.from_bytes / MIB),
		 (unsigned long long)(grown.to_bytes / MIB),
		 grown.whole ? "" : "; the next boot goes on");
	return 0;
}
