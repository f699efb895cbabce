/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/parts.h"
#include "hooks/place.h"
#include "hooks/table.h"

/* A target without the mount point finds them in run_dir/mnt, which moves along with /run. */
void mounts_run(const struct facts *f, struct plan *p)
{
	static const enum part_role roles[] = { PART_BOOT, PART_STATE, PART_DATA };

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		const char *point = f->layout.part[roles[i]].mount_point;
		const struct facts_place *place = point ? facts_place(f, point) : NULL;

		if (f->mounted[roles[i]] && place && place->directory)
			PLAN_ADD(p, .kind = OP_MOVE, .on_failure = FAIL_WARN,
				 .source = part_dir(f, p, roles[i]),
				 .target = place_path(f, p, point));
	}
}
