/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/mount.h>

#include "hooks/parts.h"
#include "hooks/place.h"
#include "hooks/table.h"

/* A tmpfs where the target expects a state or data partition that is absent or could not be mounted: its services
 * start, and what they write does not fill the root. */

static const struct {
	enum part_role role;
	const char *options; /* a share of the memory */
} stand_ins[] = {
	{ PART_STATE, "mode=0755,size=5%" },
	{ PART_DATA, "mode=0755,size=25%" },
};

bool stand_in_applies(const struct facts *f)
{
	return !f->offline;
}

void stand_in_run(const struct facts *f, struct plan *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(stand_ins); i++) {
		const struct layout_part *part = &f->layout.part[stand_ins[i].role];
		const struct facts_place *place =
			part->mount_point ? facts_place(f, part->mount_point) : NULL;

		if (f->mounted[stand_ins[i].role] || !place || !place->directory)
			continue;
		PLAN_ADD(
			p, .kind = OP_WARN,
			.data = arena_printf(p->arena,
					     "no usable %s partition: an empty tmpfs is at %s, and "
					     "nothing in it is kept",
					     part->name, part->mount_point));
		PLAN_ADD(p, .kind = OP_MOUNT, .on_failure = FAIL_WARN, .source = "tmpfs",
			 .target = part_dir(f, p, stand_ins[i].role), .type = "tmpfs",
			 .flags = MS_NOSUID | MS_NODEV, .data = stand_ins[i].options);
		PLAN_ADD(p, .kind = OP_MOVE, .on_failure = FAIL_WARN,
			 .source = part_dir(f, p, stand_ins[i].role),
			 .target = place_path(f, p, part->mount_point));
	}
}
