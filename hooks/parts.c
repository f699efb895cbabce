/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/parts.h"
#include "hooks/fsck.h"

#include <sys/mount.h>

const char *part_dir(const struct facts *f, struct plan *p, enum part_role role)
{
	return arena_printf(p->arena, "%s/mnt/%s", f->run_dir, f->layout.part[role].name);
}

const char *part_dir_in_target(const struct facts *f, struct plan *p, enum part_role role)
{
	const char *point = f->layout.part[role].mount_point;
	const struct facts_place *place = point ? facts_place(f, point) : NULL;

	return place && place->directory ? point : part_dir(f, p, role);
}

bool part_mount(const struct facts *f, struct plan *p, enum part_role role, unsigned long flags)
{
	const struct blockdev *dev;
	size_t count;

	dev = facts_part(f, role, &count);
	if (count > 1)
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = arena_printf(
				 p->arena, "%zu partitions of %s carry %s: none is used", count,
				 f->boot_disk, layout_part_text(p->arena, &f->layout.part[role])));
	if (!dev)
		return false;
	if (dev->type)
		plan_filesystem(p, dev->type);
	PLAN_ADD(p, .kind = OP_MOUNT_PART, .on_failure = FAIL_WARN, .role = (int)role,
		 .source = arena_printf(p->arena, "/dev/%s", dev->name),
		 .target = part_dir(f, p, role), .type = dev->type,
		 .flags = flags | (dev->read_only || fsck_is_damaged(f, dev) ? MS_RDONLY : 0));
	return true;
}
