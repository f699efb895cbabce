/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/mount.h>

#include "hooks/fsck.h"
#include "hooks/parts.h"
#include "hooks/table.h"

static void mount_once(const struct facts *f, struct plan *p, enum part_role role,
		       unsigned long flags)
{
	if (!f->mounted[role] && !f->gave_up[role])
		(void)part_mount(f, p, role, flags);
}

void state_data_run(const struct facts *f, struct plan *p)
{
	/* How they are mounted is decided when it is known what came of it. */
	if (plan_find_kind(p, OP_CHECK) || fsck_plan_parts(f, p)) {
		PLAN_ADD(p, .kind = OP_AGAIN);
		return;
	}
	mount_once(f, p, PART_STATE, MS_NOSUID | MS_NODEV);
	/* Containers on the data partition have set-id programs and device nodes of their own. */
	mount_once(f, p, PART_DATA, 0);
}
