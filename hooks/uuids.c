/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/table.h"
#include "lib/fsuuid.h"

/*
 * File systems whose UUID says that it is every flashed image's get one of their own, before anything is mounted: the
 * new one is no such any more, so that what a cut has left is done by the next boot. docs/IDENTITY.md.
 */

bool uuids_applies(const struct facts *f)
{
	return f->boot_disk && f->layout.uuid_prefix;
}

void uuids_run(const struct facts *f, struct plan *p)
{
	for (unsigned int role = 0; role < PART_ROLES; role++) {
		const struct blockdev *dev = facts_part(f, (enum part_role)role, NULL);

		if (!dev || dev->read_only || f->mounted[role] || !dev->type ||
		    !(f->layout.uuid_roles & ~f->uuid_tried & 1u << role) ||
		    !fsuuid_has_prefix(dev->uuid, f->layout.uuid_prefix))
			continue;
		PLAN_ADD(p, .kind = OP_UUID, .on_failure = FAIL_WARN, .role = (int)role,
			 .source = arena_printf(p->arena, "/dev/%s", dev->name), .type = dev->type,
			 .data = dev->uuid);
	}
}
