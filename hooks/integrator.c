/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/integrator.h"

#include <string.h>

#include "hooks/table.h"

/* The integrator's own executables, hooks.d: docs/HOOKS.md. A failure of one is a warning: what the boot cannot do
 * without, a root, is looked for afterwards. */

static void run_all(const struct facts *f, struct plan *p, enum hook_point point)
{
	const struct facts_hooks *h = &f->hooks[point];

	for (size_t i = h->n_run; i < h->n; i++)
		PLAN_ADD(p, .kind = OP_RUN, .on_failure = FAIL_WARN, .target = h->path[i],
			 .data = hook_point_name(point), .role = (int)point,
			 .usec = f->layout.hooks_msec * 1000);
}

static bool is_pending(const struct facts *f, enum hook_point point)
{
	return f->hooks[point].n_run < f->hooks[point].n;
}

bool pre_mount_pending(const struct facts *f)
{
	return is_pending(f, HOOK_PRE_MOUNT);
}

/* A disk of which all is known, and that has something to open, or boot files that something belongs to. */
static bool has_work(const struct facts *f)
{
	for (size_t i = 0; i < f->devs.n; i++) {
		const struct blockdev *dev = &f->devs.dev[i];
		const struct blockdev *disk = blockdev_by_name(&f->devs, dev->disk);
		bool container = dev->type && !dev->filesystem && strcmp(dev->type, "swap") != 0;

		if (disk && facts_disk_complete(f, disk) &&
		    (container || facts_has_layout(f, disk)))
			return true;
	}
	return false;
}

bool pre_mount_early(const struct facts *f, struct plan *p, bool late)
{
	if (!pre_mount_pending(f) || !(late || has_work(f)))
		return false;
	pre_mount_run(f, p);
	return true;
}

bool pre_mount_applies(const struct facts *f)
{
	return f->boot_disk && pre_mount_pending(f);
}

void pre_mount_run(const struct facts *f, struct plan *p)
{
	run_all(f, p, HOOK_PRE_MOUNT);
	PLAN_ADD(p, .kind = OP_AGAIN); /* devices have come up */
}

bool pre_handover_applies(const struct facts *f)
{
	return is_pending(f, HOOK_PRE_HANDOVER);
}

void pre_handover_run(const struct facts *f, struct plan *p)
{
	run_all(f, p, HOOK_PRE_HANDOVER);
}
