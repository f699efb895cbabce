/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/mount.h>

#include "hooks/integrator.h"
#include "hooks/parts.h"
#include "hooks/table.h"

bool boot_mount_applies(const struct facts *f)
{
	return f->boot_disk && !f->mounted[PART_BOOT] && !f->gave_up[PART_BOOT];
}

void boot_mount_run(const struct facts *f, struct plan *p)
{
	/* What they open may have it. */
	if (!part_mount(f, p, PART_BOOT, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC) &&
	    !pre_mount_pending(f))
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = arena_printf(
				 p->arena, "no usable boot partition %s on %s: no configuration",
				 layout_part_text(p->arena, &f->layout.part[PART_BOOT]),
				 f->boot_disk));
}
